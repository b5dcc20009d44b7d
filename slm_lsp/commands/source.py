"""Reading a source file that a command names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.context.languages import language_of
from slm_lsp.errors import UsageError
from slm_lsp.text import Document

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
    return Document.of(text, uri=uri, language=language_of(path.name), path=path.name)
