"""Tells the client that menus are answered, where it could not be told in the first answer.

Settings in files are read only after that answer, and the editor's may change at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from slm_lsp.lsp.handshake import TRIGGER_CHARACTERS

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session

METHOD = types.TEXT_DOCUMENT_COMPLETION
NUMBER = "slm-lsp-completion"

CANNOT = (
    "slm-lsp: this editor takes up 'completion.menu' only when it starts the server. "
    "Put it into the initializationOptions and restart."
)


async def register_completion(ls: Session) -> None:
    """Register `textDocument/completion`, or take that back, as `completion.menu` says.

    Only after `initialized`. What was advertised in the first answer stays, and is then answered
    with null while the setting is off.
    """
    wanted = ls.settings.completion.menu
    if ls.server_capabilities.completion_provider or wanted == ls.completion_registered:
        return
    ls.completion_registered = wanted
    if not _is_dynamic(ls):
        if wanted:
            ls.window_log_message(types.LogMessageParams(types.MessageType.Warning, CANNOT))
        return
    if wanted:
        options = types.CompletionRegistrationOptions(trigger_characters=TRIGGER_CHARACTERS)
        registration = types.Registration(NUMBER, METHOD, options)
        await ls.client_register_capability_async(types.RegistrationParams([registration]))
    else:
        taken_back = types.Unregistration(NUMBER, METHOD)
        await ls.client_unregister_capability_async(types.UnregistrationParams([taken_back]))


def _is_dynamic(ls: Session) -> bool:
    document = ls.client_capabilities.text_document
    completion = document.completion if document else None
    return bool(completion and completion.dynamic_registration)
