"""What a URI says about a document besides where it is."""

from __future__ import annotations

CELL = "vscode-notebook-cell"

EDITABLE = {
    *("file", "untitled", CELL, "vscode-interactive-input"),
    *("vscode-vfs", "vscode-remote", "vscode-userdata"),
}
"""Where people write code. Other schemes show something: an older version from git, an output, the
inside of an archive."""


def is_editable(uri: str) -> bool:
    """Tell whether completions make sense in the document."""
    return uri.partition(":")[0] in EDITABLE


def file_uri(uri: str) -> str:
    """Return the URI of the notebook's file for a cell's, and any other as it is."""
    if uri.startswith(f"{CELL}:"):
        return "file" + uri.removeprefix(CELL).partition("#")[0]
    return uri
