"""`workspace/didChangeConfiguration`: settings take effect at once, without a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from slm_lsp.config import SECTION
from slm_lsp.lsp.registration import register_completion
from slm_lsp.sources import Source

if TYPE_CHECKING:
    from slm_lsp.lsp.session import Session


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
