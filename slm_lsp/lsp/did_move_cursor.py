"""`slm-lsp/didMoveCursor`: the user went to another place, and may type there.

Not in the specification, which tells a server where the cursor is only when it is asked for
something. Parameters: `textDocument` and `position`, as in a request for ghost text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slm_lsp.completion.request import Request
from slm_lsp.lsp.positions import given_position, to_cursor
from slm_lsp.lsp.preparation import expect
from slm_lsp.lsp.schemes import is_editable

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session


def did_move_cursor(ls: Session, params: Any) -> None:
    """Let the model read what surrounds the cursor."""
    place = given_position(getattr(params, "position", None))
    buffer = ls.documents.get(getattr(getattr(params, "textDocument", None), "uri", ""))
    if place is None or buffer is None or not is_editable(buffer.document.uri):
        return
    cursor = to_cursor(buffer.document, place, ls.encoding)
    definitions = ls.definitions_for(buffer, cursor)
    cells = ls.notebooks.above(buffer.document)
    document, parsed = buffer.document, buffer.parsed
    expect(ls, Request(document, parsed, cursor, definitions=definitions, cells=cells))
