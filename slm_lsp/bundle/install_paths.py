"""Where a bundle is installed, for one user and without root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class InstallPaths:
    """The user's folders for `data` and for `programs`.

    The VS Code extension and the Neovim plugin know `server`: change it here and there.
    """

    data: Path
    programs: Path

    @property
    def versions(self) -> Path:
        """The folder of the virtual environments, one for each time that a bundle was installed."""
        return self.data / "slm-lsp" / "versions"

    @property
    def server(self) -> Path:
        """A link to the one in use; it changes in one step."""
        return self.data / "slm-lsp" / "server"

    @property
    def program(self) -> Path:
        """A link to slm-lsp on the PATH, as most systems have it."""
        return self.programs / "slm-lsp"

    @property
    def nvim_plugin(self) -> Path:
        """Where Neovim looks for packages."""
        return self.data / "nvim" / "site" / "pack" / "slm-lsp" / "start" / "slm-lsp"


def install_paths(environ: Mapping[str, str]) -> InstallPaths:
    """Return the user's place, the same on Linux and on macOS: `~/.local`, or what XDG says."""
    home = Path(environ.get("HOME") or Path.home())
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return InstallPaths(data.absolute(), home / ".local" / "bin")
