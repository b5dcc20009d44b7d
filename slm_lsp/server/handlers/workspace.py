"""`workspace/didChangeConfiguration`: settings take effect at once, without a restart.

Tells the client that menus are answered, where it could not be told in the first answer.

Settings in files are read only after that answer, and the editor's may change at any time.

`workspace/didChangeWorkspaceFolders`.

`workspace/didChangeWatchedFiles`, and asking the client to watch them.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import to_fs_path

from slm_lsp.index.files import IGNORE_FILES
from slm_lsp.server.transport.handshake import TRIGGER_CHARACTERS
from slm_lsp.settings.schema import SECTION
from slm_lsp.settings.sources import Source
from slm_lsp.syntax.languages import LANGUAGES
from slm_lsp.syntax.symbols import has_symbols

if TYPE_CHECKING:
    from slm_lsp.server.session import Session

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


async def did_change_configuration(ls: Session, params: types.DidChangeConfigurationParams) -> None:
    """Take the settings in the notification, or ask for them where it carries none.

    An editor that has none there either keeps those that it started with: eglot sends an empty
    object and then null to everybody.
    """
    settings = params.settings
    if not settings and _can_be_asked(ls):
        item = types.ConfigurationItem(section=SECTION)
        answer = await ls.workspace_configuration_async(types.ConfigurationParams([item]))
        settings = answer[0] if answer else None
    if settings:
        ls.editor_settings = settings_in(settings)
    await ls.configure()
    await register_completion(ls)


def settings_in(value: Any) -> Source:
    """Return our settings out of what an editor sent: bare, or inside our section."""
    section = _plain(value)
    if isinstance(section, dict):
        section = section.get(SECTION, section)
    if isinstance(section, dict):
        return Source("editor", section, "camel")
    # Editors without settings send null, and those written in Lua an empty list.
    return Source("editor", {}, "camel", error="the settings must be an object" if section else "")


def _can_be_asked(ls: Session) -> bool:
    workspace = ls.client_capabilities.workspace
    return bool(workspace and workspace.configuration)


def _plain(value: Any) -> Any:
    """Undo pygls's wrapping of JSON objects of unknown type."""
    if hasattr(value, "_asdict"):
        return {key: _plain(inner) for key, inner in value._asdict().items()}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


async def did_change_workspace_folders(
    ls: Session, _params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Read the first folder's settings and index what is open now; pygls keeps the list itself."""
    await ls.configure()
    await register_completion(ls)


def did_change_watched_files(ls: Session, params: types.DidChangeWatchedFilesParams) -> None:
    """Take what happened to files into the index."""
    paths = (to_fs_path(change.uri) for change in params.changes)
    ls.indexing.changed([Path(path) for path in paths if path])


async def watch(ls: Session) -> None:
    """Ask the client to watch the files that the index is made of, if it can be asked."""
    workspace = ls.client_capabilities.workspace
    able = workspace and workspace.did_change_watched_files
    if not able or not able.dynamic_registration:
        return
    patterns = await asyncio.to_thread(_patterns)
    options = types.DidChangeWatchedFilesRegistrationOptions(
        [types.FileSystemWatcher(f"**/{pattern}") for pattern in patterns]
    )
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    registration = types.Registration("slm-lsp.index", method, options)
    await ls.client_register_capability_async(types.RegistrationParams([registration]))


def _patterns() -> list[str]:
    names = [name for row in LANGUAGES if has_symbols(row.id) for name in row.files]
    return [*IGNORE_FILES, *(f"*{name}" if name.startswith(".") else name for name in names)]
