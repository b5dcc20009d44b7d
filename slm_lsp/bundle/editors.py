"""What a bundle has for editors: put where they look for it, or a line that says how."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from slm_lsp.bundle.manifest import NVIM, VSIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.bundle.install_paths import InstallPaths

VSCODES = ("code", "codium", "code-insiders")
_TIMEOUT_S = 120.0


def install(bundle: Path, place: InstallPaths) -> Iterator[str]:
    """Install what the bundle has for the editors on the PATH; yield a sentence for each."""
    if (bundle / NVIM).is_dir():
        yield _install_nvim(bundle / NVIM, place)
    if (bundle / VSIX).is_file():
        yield from _install_vsix(bundle / VSIX)


def uninstall(place: InstallPaths) -> Iterator[str]:
    """Remove what `install` has copied; yield a sentence for each, and for what is left."""
    if place.nvim_plugin.exists():
        shutil.rmtree(place.nvim_plugin)
        yield f"Removed {place.nvim_plugin}."
    for program in filter(shutil.which, VSCODES):
        yield f"`{program} --uninstall-extension slm-lsp.slm-lsp` removes VS Code's extension."


def _install_nvim(source: Path, place: InstallPaths) -> str:
    how = "put `require('slm_lsp').setup()` into its init.lua"
    target = place.nvim_plugin
    if shutil.which("nvim") is None:
        return f"Neovim is not on the PATH; for it, copy {source} to {target} and {how}."
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return f"Neovim has the plugin, in {target}; {how}."


def _install_vsix(vsix: Path) -> Iterator[str]:
    found = [program for program in VSCODES if shutil.which(program)]
    if not found:
        yield f"VS Code is not on the PATH; for it, `code --install-extension {vsix}`."
    for program in found:
        command = [program, "--install-extension", str(vsix), "--force"]
        try:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                timeout=_TIMEOUT_S,
            )
        except (OSError, subprocess.SubprocessError):
            yield f"`{program}` did not take the extension: in it, “Install from VSIX…”, {vsix}."
        else:
            yield f"VS Code (`{program}`) has the extension; reload its windows."
