"""What a bundle does for editors, and the places that they know."""

import os
from pathlib import Path

import pytest

from slm_lsp.bundle import editors
from slm_lsp.bundle.install_paths import InstallPaths, install_paths
from slm_lsp.bundle.manifest import NVIM, VSIX

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / NVIM / "lua").mkdir(parents=True)
    (folder / NVIM / "lua" / "new.lua").touch()
    (folder / VSIX).write_bytes(b"extension")
    return folder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def own(tmp_path: Path) -> InstallPaths:
    return InstallPaths(tmp_path / "data", tmp_path / "bin")


def test_without_editors_there_is_a_line_for_each(bundle: Path, programs: Path, tmp_path: Path):
    said = " ".join(editors.install(bundle, own(tmp_path)))
    assert f"copy {bundle / NVIM} to {own(tmp_path).nvim_plugin}" in said
    assert f"code --install-extension {bundle / VSIX}" in said
    assert not own(tmp_path).data.exists()


def test_editors_get_their_parts(bundle: Path, programs: Path, tmp_path: Path):
    program(programs / "nvim", "")
    program(programs / "code", f'echo "$@" > {tmp_path}/asked')
    program(programs / "codium", "exit 1")
    old = own(tmp_path).nvim_plugin / "lua" / "old.lua"
    old.parent.mkdir(parents=True)
    old.touch()
    said = list(editors.install(bundle, own(tmp_path)))
    assert [path.name for path in old.parent.iterdir()] == ["new.lua"]
    assert (tmp_path / "asked").read_text() == f"--install-extension {bundle / VSIX} --force\n"
    assert "`code`) has the extension" in said[1]
    assert "`codium` did not take the extension" in said[2]
    said = list(editors.uninstall(own(tmp_path)))
    assert not own(tmp_path).nvim_plugin.exists()
    assert "code --uninstall-extension slm-lsp.slm-lsp" in said[1]


def test_the_place_is_where_the_editors_look():
    found = install_paths({"HOME": "/home/me"})
    assert str(found.server) == "/home/me/.local/share/slm-lsp/server"
    assert str(found.program) == "/home/me/.local/bin/slm-lsp"
    assert install_paths({"HOME": "/home/me", "XDG_DATA_HOME": "/data"}).server == Path(
        "/data/slm-lsp/server"
    )
    assert install_paths(os.environ).server.is_absolute()
    for source in ("editors/nvim/lsp/slm_lsp.lua", "editors/vscode/src/server.ts"):
        text = (CHECKOUT / source).read_text()
        assert "slm_lsp/bundle/install_paths.py" in text
        assert (
            "/slm-lsp/server/bin/slm-lsp" in text or "'slm-lsp', 'server', 'bin', 'slm-lsp'" in text
        )
