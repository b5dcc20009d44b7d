"""`slm-lsp/documentHash`: lets a client check that both sides hold the same text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session


def document_hash(ls: Session, params: Any) -> dict[str, Any]:
    """Return the SHA-256 of the document's text in UTF-8, its number of lines and its version."""
    buffer = ls.documents.get(getattr(params, "uri", ""))
    if buffer is None:
        raise JsonRpcInvalidParams("No such document is open.")
    document = buffer.document
    return {
        "sha256": hashlib.sha256(document.lines.text().encode()).hexdigest(),
        "lines": len(document.lines),
        "version": document.version,
    }
