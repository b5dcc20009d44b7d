"""Reading a source file that a command names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slm_lsp.errors import UsageError
from slm_lsp.syntax.languages import language_of
from slm_lsp.text.document import Document
from slm_lsp.text.terminal import encodable

if TYPE_CHECKING:
    from pathlib import Path


def read_document(path: Path) -> Document:
    """Read a UTF-8 file, with or without a byte order mark. Raises UsageError."""
    try:
        # newline="" keeps the line endings as they are
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, not a file.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text; convert it first (iconv -t UTF-8).") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    uri = path.resolve().as_uri()
    return Document.of(text, uri=uri, language=language_of(path.name), path=encodable(path.name))


def in_workspace(document: Document, path: Path, root: Path | None) -> Document:
    """Return `document`, read from `path`, under its path in the workspace at `root`.

    That is what the server tells the model. Outside of it, it keeps its name.
    """
    path = path.resolve()
    if root is None or root not in path.parents:
        return document
    inside = encodable(path.relative_to(root).as_posix())
    return replace(document, path=inside, repository=encodable(root.name))
