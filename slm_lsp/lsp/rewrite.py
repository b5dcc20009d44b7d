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
from slm_lsp.lsp.code_action import Chosen, edit_of, span_of

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session


async def rewrite(ls: Session, params: Any) -> types.WorkspaceEdit:
    """Let the model write the edit. Raises ActionRefused or EngineError."""
    uri = getattr(getattr(params, "textDocument", None), "uri", "")
    instruction = getattr(params, "instruction", None)
    place = _range(getattr(params, "range", None))
    buffer = ls.documents.get(uri)
    if buffer is None or place is None or not isinstance(instruction, str):
        raise ActionRefused("Rewriting takes an open document, a range and an instruction.")
    if not instruction.strip():
        raise ActionRefused("Say what is to be changed.")
    document = buffer.document
    selection = span_of(ls, document, place)
    chosen = Chosen(
        REWRITE.name, document.uri, document.version, selection, instruction=instruction
    )
    return await edit_of(ls, chosen)


def _range(given: Any) -> types.Range | None:
    ends = []
    for name in ("start", "end"):
        position = getattr(given, name, None)
        line, character = getattr(position, "line", None), getattr(position, "character", None)
        if not isinstance(line, int) or not isinstance(character, int):
            return None
        ends.append(types.Position(max(line, 0), max(character, 0)))
    return types.Range(*ends)
