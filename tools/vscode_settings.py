"""Write the settings into the VS Code extension.

    slm-lsp config schema | python3 -m tools.vscode_settings

The server declares them once; `editors/vscode/package.json` has to repeat them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = Path(__file__).resolve().parents[1] / "editors" / "vscode" / "package.json"

SECTION = "slm-lsp"

SERVER = {
    "server.path": "The server's program. Empty: it is looked for in the active Python "
    "environment, on the PATH, and in the extension's own folder.",
    "server.wheelhouse": "A folder of Python wheels that the server and its model are installed "
    "from, without any network. Empty: wherever pip is set up to look.",
}
"""The extension's own settings. They choose a program, so no folder may make them."""

BY_FOLDER = ("enabled", "languages", "completion.trigger")
"""Settings that the extension looks up for each document: folders of one window may differ."""

_TAKEN_OVER = (
    *("type", "anyOf", "description", "default"),
    *("enum", "minimum", "maximum", "exclusiveMinimum"),
)


def main() -> int:
    """Read the schema from stdin and bring the manifest up to date."""
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    MANIFEST.write_text(
        json.dumps(updated(manifest, json.load(sys.stdin)), indent=2, ensure_ascii=False) + "\n",
        "utf-8",
    )
    return 0


def updated(manifest: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return `manifest` with the settings of the server's JSON `schema` in it."""
    properties = {f"{SECTION}.{name}": _setting(about) for name, about in _leaves(schema)}
    for name, description in SERVER.items():
        about = {"type": "string", "description": description, "default": "", "restricted": True}
        properties[f"{SECTION}.{name}"] = _setting(about)
    for name in BY_FOLDER:
        properties[f"{SECTION}.{name}"]["scope"] = "resource"
    restricted = [name for name, about in properties.items() if about["scope"] == "machine"]
    untrusted = manifest["capabilities"]["untrustedWorkspaces"]
    capabilities = {
        **manifest["capabilities"],
        "untrustedWorkspaces": {**untrusted, "restrictedConfigurations": restricted},
    }
    configuration = {"title": SECTION, "properties": properties}
    contributes = {**manifest["contributes"], "configuration": configuration}
    return {**manifest, "capabilities": capabilities, "contributes": contributes}


def _leaves(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every setting's dotted name and what the schema says about it."""
    structs = {f"#/$defs/{name}": struct for name, struct in schema["$defs"].items()}

    def walk(struct: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, about in struct["properties"].items():
            inner = structs.get(about.get("$ref", ""))
            if inner is None:
                yield path + name, about
            else:
                yield from walk(inner, f"{path}{name}.")

    yield from walk(structs[schema["$ref"]], "")


def _setting(about: dict[str, Any]) -> dict[str, Any]:
    setting = {key: about[key] for key in _TAKEN_OVER if key in about}
    if "enum" in about:
        setting["type"] = "string"
    if about.get("additionalProperties"):
        setting["additionalProperties"] = about["additionalProperties"]
    return {**setting, "scope": "machine" if about.get("restricted") else "window"}


if __name__ == "__main__":
    sys.exit(main())
