"""Which method goes to which handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from slm_lsp.server.guard import Handler, guarded
from slm_lsp.server.handlers.code_action import OPTIONS as CODE_ACTIONS
from slm_lsp.server.handlers.code_action import (
    RUN,
    code_action,
    code_action_resolve,
    rewrite,
    run_action,
)
from slm_lsp.server.handlers.commands import ACCEPT, accept, restart
from slm_lsp.server.handlers.completion import completion
from slm_lsp.server.handlers.feedback import did_partially_accept_completion, did_show_completion
from slm_lsp.server.handlers.inline_completion import inline_completion
from slm_lsp.server.handlers.lifecycle import exit_, initialize, initialized
from slm_lsp.server.handlers.notebooks import (
    did_change_notebook,
    did_close_notebook,
    did_open_notebook,
)
from slm_lsp.server.handlers.prefetch import did_move_cursor
from slm_lsp.server.handlers.sync import did_change, did_close, did_open, did_save, document_hash
from slm_lsp.server.handlers.workspace import (
    did_change_configuration,
    did_change_watched_files,
    did_change_workspace_folders,
)
from slm_lsp.server.session import Session
from slm_lsp.server.status import RESTART

if TYPE_CHECKING:
    from collections.abc import Callable

HANDLERS: dict[str, Handler] = {
    types.INITIALIZE: initialize,
    types.INITIALIZED: initialized,
    types.EXIT: exit_,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: did_change_configuration,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: did_change_watched_files,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: did_change_workspace_folders,
    types.TEXT_DOCUMENT_DID_OPEN: did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: did_change,
    types.TEXT_DOCUMENT_DID_CLOSE: did_close,
    types.TEXT_DOCUMENT_DID_SAVE: did_save,
    types.NOTEBOOK_DOCUMENT_DID_OPEN: did_open_notebook,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: did_change_notebook,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE: did_close_notebook,
    types.TEXT_DOCUMENT_INLINE_COMPLETION: inline_completion,
    types.TEXT_DOCUMENT_COMPLETION: completion,
    types.TEXT_DOCUMENT_CODE_ACTION: code_action,
    types.CODE_ACTION_RESOLVE: code_action_resolve,
    "textDocument/didShowCompletion": did_show_completion,
    "textDocument/didPartiallyAcceptCompletion": did_partially_accept_completion,
    "slm-lsp/didMoveCursor": did_move_cursor,
    "slm-lsp/documentHash": document_hash,
    "slm-lsp/rewrite": rewrite,
}

COMMANDS: dict[str, Callable[..., Any]] = {
    ACCEPT: accept,
    RESTART: restart,
    RUN: run_action,
}

OPTIONS = {
    # pygls advertises this capability only when it is given options.
    types.TEXT_DOCUMENT_INLINE_COMPLETION: types.InlineCompletionOptions(),
    types.TEXT_DOCUMENT_CODE_ACTION: CODE_ACTIONS,
}


def create() -> Session:
    """Return a server that answers every method in the tables above."""
    session = Session()
    for method, handler in HANDLERS.items():
        session.feature(method, OPTIONS.get(method))(guarded(method, handler))
    for name, command in COMMANDS.items():
        session.command(name)(command)
    return session
