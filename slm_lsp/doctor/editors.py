"""Which editors are there, and which of them know of this server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 1_000_000
"""Bytes of a configuration file that is read."""

_DATA = ("nvim/site/pack/*/*/*", "nvim/lazy/*", "nvim/plugged/*")


class Editor(msgspec.Struct, frozen=True):
    """An editor we know how to set up.

    `extensions` are where our extension would be, `configurations` the files that would name this
    server; both are patterns below the home folder, or that of configurations or data where they
    begin so. `page` of the documentation says how to do it.
    """

    name: str
    programs: tuple[str, ...]
    page: str
    extensions: tuple[str, ...] = ()
    configurations: tuple[str, ...] = ()


EDITORS = (
    Editor(
        "VS Code",
        ("code", "codium", "code-insiders", "code-server", "cursor"),
        "editors/vscode/README.md",
        extensions=(
            ".vscode*/extensions/slm-lsp.slm-lsp-*",
            ".cursor*/extensions/slm-lsp.slm-lsp-*",
            ".local/share/code-server/extensions/slm-lsp.slm-lsp-*",
        ),
    ),
    Editor(
        "Neovim",
        ("nvim",),
        "editors/nvim/README.md",
        extensions=tuple(f".local/share/{folder}/lua/slm_lsp" for folder in _DATA),
        configurations=(
            ".config/nvim/*.lua",
            ".config/nvim/*.vim",
            ".config/nvim/lsp/*.lua",
            ".config/nvim/plugin/*.lua",
            ".config/nvim/lua/**/*.lua",
        ),
    ),
    Editor(
        "Emacs",
        ("emacs",),
        "docs/editors/emacs.md",
        configurations=(".emacs", ".emacs.d/*.el", ".config/emacs/*.el", ".doom.d/*.el"),
    ),
    Editor(
        "Helix",
        ("hx", "helix"),
        "docs/editors/helix.md",
        configurations=(".config/helix/languages.toml",),
    ),
    Editor(
        "Zed",
        ("zed", "zeditor"),
        "docs/editors/zed.md",
        configurations=(".config/zed/settings.json",),
    ),
    Editor(
        "Sublime Text",
        ("subl",),
        "docs/editors/sublime.md",
        configurations=(".config/sublime-text/Packages/User/LSP*.sublime-settings",),
    ),
    Editor(
        "Kate",
        ("kate",),
        "docs/editors/kate.md",
        configurations=(".config/kate/lspclient/settings.json",),
    ),
)


def look() -> Iterator[Finding]:
    """Yield one finding for each editor that is there."""
    found = [one for one in EDITORS if any(shutil.which(program) for program in one.programs)]
    ready = [one for one in found if is_set_up(one)]
    for one in found:
        if one in ready:
            yield Finding("editor", "ok", f"{one.name} is set up")
        else:
            detail = f"{one.name} is there, and not set up as far as can be seen"
            yield Finding("editor", "ok" if ready else "warning", detail, f"{one.page} says how.")
    if not found:
        yield Finding("editor", "warning", "none is on the PATH", "See docs/editors/README.md.")


def is_set_up(editor: Editor) -> bool:
    """Tell whether our extension is there, or a configuration file names this server."""
    if any(True for _ in _files(editor.extensions)):
        return True
    return any(_names_us(file) for file in _files(editor.configurations))


def _files(patterns: tuple[str, ...]) -> Iterator[Path]:
    roots = {".config/": "XDG_CONFIG_HOME", ".local/share/": "XDG_DATA_HOME"}
    for pattern in patterns:
        root, rest = Path.home(), pattern
        for beginning, variable in roots.items():
            if pattern.startswith(beginning) and (moved := os.environ.get(variable)):
                root, rest = Path(moved), pattern.removeprefix(beginning)
        yield from root.glob(rest)


def _names_us(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            text = content.read(LARGEST)
    except OSError:
        return False
    return b"slm-lsp" in text or b"slm_lsp" in text
