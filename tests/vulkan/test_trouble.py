"""A card that is missing, too small or broken is told, and the processor does its work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llama_cpp
import pytest

from slm_lsp.inference.llama import backends
from slm_lsp.models import runtime

if TYPE_CHECKING:
    from slm_lsp.inference.llama.hardware import Device
    from slm_lsp.models import InstalledModel

pytestmark = pytest.mark.model

PLACED = """
import sys
from pathlib import Path
from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Prompt
abort = AbortFlag()
layers = int(sys.argv[2])
model = LlamaModel(
    Path(sys.argv[1]), threads=2, context_tokens=8192, gpu_layers=layers, abort=abort
)
model.prefill(Prompt("a.py", "python", "def add(a, b):\\n    return", ""), 0.0, abort)
next(model.decode({0}, abort))
print(model.placement)
"""


def run(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a Python that sees another machine."""
    command = [sys.executable, *map(str, arguments)]
    changed = os.environ | environ
    return subprocess.run(
        command, env=changed, capture_output=True, text=True, check=False, timeout=500
    )


def findings(**environ: str) -> dict[str, dict[str, Any]]:
    """What doctor says, by its name; the engine that it starts is stopped."""
    ended = run("-m", "slm_lsp", "doctor", "--json", **environ)
    run("-m", "slm_lsp", "engine", "stop", **environ)
    return {one["name"]: one for one in json.loads(ended.stdout)["findings"]}


def test_doctor_names_the_card_and_what_is_on_it(small_model: InstalledModel, card: Device):
    found = findings()
    assert found["backend"]["state"] == "ok"
    assert f"{card.description} ({card.name}, " in found["backend"]["detail"]
    assert found["computes"]["state"] == "ok"
    assert found["computes"]["detail"] == f"31 of 31 layers on {card.description} ({card.name})"
    assert found["engine"]["state"] == "ok"
    assert "sealed" in found["network"]["detail"]


def test_without_a_driver_the_processor_computes_and_doctor_says_why(
    small_model: InstalledModel, tmp_path: Path
):
    found = findings(VK_ICD_FILENAMES=str(tmp_path / "none.json"))
    assert found["backend"]["state"] == "warning"
    assert "no card for Vulkan" in found["backend"]["detail"]
    assert "driver" in found["backend"]["advice"]
    assert found["computes"]["detail"] == "the processor alone"
    assert found["engine"]["state"] == "ok"


@pytest.mark.parametrize("layers", [-1, 31])
@pytest.mark.parametrize(
    ("megabytes", "said"), [(64, "could not be put there"), (180, "no memory for the context")]
)
def test_a_card_that_has_too_little_memory_leaves_it_to_the_processor(
    small_model: InstalledModel, layers: int, megabytes: int, said: str
):
    limit = str(megabytes * 2**20)
    ended = run("-c", PLACED, small_model.path, layers, GGML_VK_FORCE_MAX_BUFFER_SIZE=limit)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("the processor alone: ")
    assert said in ended.stdout


def test_a_machine_without_the_drivers_library_is_told_its_name(
    small_model: InstalledModel, tmp_path: Path
):
    shutil.copytree(Path(llama_cpp.__file__).parent / "lib", tmp_path / "lib")
    for library in (tmp_path / "lib").glob("libggml-vulkan.so*"):
        content = library.read_bytes()
        assert b"libvulkan.so.1\0" in content
        library.write_bytes(content.replace(b"libvulkan.so.1\0", b"libvulkan.so.9\0"))
    found = findings(LLAMA_CPP_LIB_PATH=str(tmp_path / "lib"))
    for name in ("runtime", "engine"):
        assert found[name]["state"] == "failed"
        assert "libvulkan.so.9" in found[name]["detail"]


def test_a_model_is_tried_within_bounds_of_memory_and_without_the_card(
    small_model: InstalledModel,
):
    assert runtime.attempt(small_model.path, 2).architecture == "llama"


def test_this_runtime_looks_for_a_card_and_finds_it():
    assert backends.cardless() == ()
