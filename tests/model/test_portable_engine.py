"""The engine of a bundle computes on processors that know less than this one."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from typing import TYPE_CHECKING

import pytest

from slm_lsp.inference.llama import backends, hardware
from tests.harness.world import REPOSITORY
from tools import engine_wheel, portable_engine
from tools.machine import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIAL = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from slm_lsp.inference.llama import backends
from slm_lsp.inference.programs import trial
print(backends.in_use().cpu_variant, trial.attempt(Path({model!r}), 1).architecture)
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine's package, unpacked."""
    wheel = engine_wheel.cached(cache_folder(os.environ), portable_engine.key())
    if wheel is None:
        pytest.fail("This test needs the portable engine; `make wheels` builds it.")
    folder = tmp_path_factory.mktemp("engine")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(engine: Path, model: Path, *emulator: str) -> str:
    paths = [str(engine), str(REPOSITORY), sysconfig.get_path("purelib")]
    program = TRIAL.format(paths=paths, model=str(model))
    command = [*emulator, os.path.realpath(sys.executable), "-c", program]
    # numpy's OpenBLAS can be told what processor it is on, and would believe that.
    env = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_the_best_variant_for_this_machine_is_taken(engine, tiny_model: Callable[..., Path]):
    variant, architecture = run(engine, tiny_model("StarCoder2")).split()
    assert (engine / "llama_cpp" / "lib" / f"libggml-cpu-{variant}.so").exists()
    assert architecture == "starcoder2"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the processors are of another kind")
@pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="sudo apt install qemu-user")
@pytest.mark.parametrize(("processor", "variant"), [("Nehalem", "sse42"), ("Haswell", "haswell")])
def test_an_older_processor_meets_no_instruction_that_it_does_not_know(
    engine, tiny_model: Callable[..., Path], processor: str, variant: str
):
    said = run(engine, tiny_model("StarCoder2"), "qemu-x86_64", "-cpu", processor)
    assert said == f"{variant} starcoder2"


def test_the_engine_that_was_built_here_says_what_it_computes_with():
    found = backends.in_use()
    assert found.cpu_variant == hardware.NATIVE
    assert [device.name for device in found.devices if not device.is_card] == ["CPU"]
    assert found.devices[-1].free_bytes > 0
    if platform.machine() == "x86_64":
        assert "SSE3" in found.cpu_features
