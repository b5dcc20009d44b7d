"""`textDocument/didShowCompletion` and `textDocument/didPartiallyAcceptCompletion`.

Not in the specification: these are the names and parameters Copilot's clients send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slm_lsp.server.session import Session


def did_show_completion(ls: Session, params: Any) -> None:
    """Record that an item is on screen."""
    if number := _offer_id(params):
        ls.usage.shown(number)


def did_partially_accept_completion(ls: Session, params: Any) -> None:
    """Record how much of an item was taken over: `acceptedLength`, UTF-16 units from its start."""
    length = getattr(params, "acceptedLength", None)
    if (number := _offer_id(params)) and isinstance(length, int):
        ls.usage.accepted(number, length)


def _offer_id(params: Any) -> str | None:
    """Return the id in the item's command, or None where the client sent something else."""
    command = getattr(getattr(params, "item", None), "command", None)
    arguments = getattr(command, "arguments", None) or []
    return arguments[0] if arguments and isinstance(arguments[0], str) else None
