"""`slm-lsp/rewrite`: code changed by an instruction that somebody typed.

Not in the specification: code actions carry nothing that was typed. Parameters: `textDocument` and
`range` as in a code action, and `instruction`. The answer is a WorkspaceEdit, for the client to
apply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from slm_lsp.actions.rewrite import REWRITE
from slm_lsp.errors import ActionRefused
from slm_lsp.lsp.code_action import Chosen, edit_of
from slm_lsp.lsp.positions import given_position, to_span

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session


async def rewrite(ls: Session, params: Any) -> types.WorkspaceEdit:
    """Let the model write the edit. Raises ActionRefused or EngineError."""
    uri = getattr(getattr(params, "textDocument", None), "uri", "")
    instruction = getattr(params, "instruction", None)
    place = getattr(params, "range", None)
    start, end = (given_position(getattr(place, side, None)) for side in ("start", "end"))
    buffer = ls.documents.get(uri)
    if not (buffer and start and end and isinstance(instruction, str)):
        raise ActionRefused("Rewriting takes an open document, a range and an instruction.")
    if not instruction.strip():
        raise ActionRefused("Say what is to be changed.")
    document = buffer.document
    selection = to_span(document, types.Range(start, end), ls.encoding)
    chosen = Chosen(
        REWRITE.name, document.uri, document.version, selection, instruction=instruction
    )
    return await edit_of(ls, chosen)
