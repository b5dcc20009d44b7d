"""The VS Code extension offers the settings of the server, and a folder may not make them all."""

import json
from pathlib import Path

from slm_lsp import __version__
from slm_lsp.settings import schema
from tools import vscode_settings

FOLDER = Path(__file__).parents[2] / "editors" / "vscode"
MANIFEST = json.loads((FOLDER / "package.json").read_text("utf-8"))
PROPERTIES = MANIFEST["contributes"]["configuration"]["properties"]


def test_the_settings_are_the_servers() -> None:
    assert vscode_settings.updated(MANIFEST, schema.schema()) == MANIFEST, (
        "run: slm-lsp config schema | python3 -m tools.vscode_settings"
    )


def test_no_setting_is_left_out() -> None:
    ours = [f"slm-lsp.{name}" for name in vscode_settings.SERVER]
    assert list(PROPERTIES) == [f"slm-lsp.{name}" for name in schema.setting_names()] + ours


def test_no_folder_chooses_a_model_or_a_program() -> None:
    trust = MANIFEST["capabilities"]["untrustedWorkspaces"]
    assert trust["supported"] == "limited"
    for name in ("model", "offline", "engine.sharing", "server.path", "server.wheelhouse"):
        assert PROPERTIES[f"slm-lsp.{name}"]["scope"] == "machine"
        assert f"slm-lsp.{name}" in trust["restrictedConfigurations"]
    assert PROPERTIES["slm-lsp.completion.maxTokens"]["scope"] == "window"


def test_each_folder_of_a_window_may_turn_ghost_text_off() -> None:
    for name in ("enabled", "languages", "completion.trigger"):
        assert PROPERTIES[f"slm-lsp.{name}"]["scope"] == "resource"


def test_values_that_the_server_refuses_are_marked_by_the_editor() -> None:
    assert PROPERTIES["slm-lsp.completion.trigger"]["enum"] == ["automatic", "manual"]
    assert PROPERTIES["slm-lsp.completion.maxTokens"]["maximum"] == 512
    assert PROPERTIES["slm-lsp.languages"]["additionalProperties"] == {"type": "boolean"}


def test_the_extension_has_the_servers_version() -> None:
    assert MANIFEST["version"] == __version__
    lock = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))
    assert lock["version"] == lock["packages"][""]["version"] == __version__


def test_every_command_is_registered() -> None:
    source = (FOLDER / "src" / "commands.ts").read_text("utf-8")
    for command in MANIFEST["contributes"]["commands"]:
        name = command["command"].removeprefix("slm-lsp.")
        assert f"\n    {name}:" in source or f"\n    {name},\n" in source
