"""`workspace/executeCommand`."""

from __future__ import annotations

from slm_lsp.lsp.session import Session  # noqa: TC001 (pygls reads the annotations at run time)

ACCEPT = "slm-lsp.accept"
"""Sent by the editor when the user took a whole completion over; its argument is the offer's id."""


def accept(ls: Session, number: str = "") -> None:
    """Record that an offer was accepted; an editor that sends no id says nothing by it."""
    ls.offers.accepted(number)
