"""Which method goes to which handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from slm_lsp.lsp.code_action import OPTIONS as CODE_ACTIONS
from slm_lsp.lsp.code_action import RUN, code_action, code_action_resolve, run_action
from slm_lsp.lsp.completion import completion
from slm_lsp.lsp.did_change import did_change
from slm_lsp.lsp.did_change_configuration import did_change_configuration
from slm_lsp.lsp.did_change_workspace_folders import did_change_workspace_folders
from slm_lsp.lsp.did_close import did_close
from slm_lsp.lsp.did_move_cursor import did_move_cursor
from slm_lsp.lsp.did_open import did_open
from slm_lsp.lsp.did_save import did_save
from slm_lsp.lsp.document_hash import document_hash
from slm_lsp.lsp.execute_command import ACCEPT, accept, restart
from slm_lsp.lsp.exit import exit_
from slm_lsp.lsp.feedback import did_partially_accept_completion, did_show_completion
from slm_lsp.lsp.guard import Handler, guarded
from slm_lsp.lsp.initialize import initialize, initialized
from slm_lsp.lsp.inline_completion import inline_completion
from slm_lsp.lsp.notebook_document import (
    did_change_notebook,
    did_close_notebook,
    did_open_notebook,
)
from slm_lsp.lsp.rewrite import rewrite
from slm_lsp.lsp.session import Session
from slm_lsp.lsp.status import RESTART
from slm_lsp.lsp.watched_files import did_change_watched_files

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
