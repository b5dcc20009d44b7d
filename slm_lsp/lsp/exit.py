"""`exit`. What `shutdown` has to do, ending the requests that are running, pygls does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session


def exit_(ls: Session, _params: Any) -> None:
    """Leave: exit code 0 after `shutdown`, else 1."""
    ls.exit_code = 0 if ls.protocol.was_shut_down else 1
    ls.stopped.set()
