"""`workspace/executeCommand`."""

from __future__ import annotations

from lsprotocol import types

from slm_lsp.server.session import Session  # noqa: TC001 (pygls reads the annotations at run time)

ACCEPT = "slm-lsp.accept"
"""Sent by the editor when the user took a whole completion over; its argument is the offer's id."""


def accept_command(number: str) -> types.Command:
    """Return the command that an item with the offer `number` carries."""
    return types.Command("Accept", ACCEPT, arguments=[number])


def accept(ls: Session, number: str = "") -> None:
    """Record that an offer was accepted; an editor that sends no id says nothing by it."""
    ls.usage.accepted(number)


async def restart(ls: Session) -> None:
    """Start or reach the engine anew, for instance after a model was installed."""
    await ls.engines.restart()
