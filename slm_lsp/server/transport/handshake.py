"""`initialize`, answered before the libraries that do the rest are imported.

Importing pygls and the protocol's types takes some hundred milliseconds, in which an editor would
wait for nothing but a list of what this server can do. Here it gets that list at once; pygls then
handles the same message and its answer, which a test holds equal to this one, is dropped.
"""

from __future__ import annotations

import json
from typing import Any

from slm_lsp import __version__

SECTION = "slm-lsp"
"""The same as in `config`, whose import takes long."""

ENCODINGS = ("utf-8", "utf-16", "utf-32")
TRIGGER_CHARACTERS = (".", "(")
"""Menus open at these and at letters. Not at spaces and brackets of all kinds: where a menu holds
nothing but a guess, Enter would put it in."""

NOTEBOOKS = {"notebookDocumentSync": {"notebookSelector": [{"notebook": "*"}], "save": False}}

DEFAULT_ENCODING = "utf-16"
"""What the specification prescribes where a client says nothing."""

ACTIONS = (
    "quickfix.slm-lsp.fix",
    "refactor.rewrite.slm-lsp.body",
    "refactor.rewrite.slm-lsp.todo",
    "refactor.rewrite.slm-lsp.arguments",
    "refactor.rewrite.slm-lsp.docstring",
    "refactor.rewrite.slm-lsp.hints",
    "refactor.rewrite.slm-lsp.test",
    "refactor.rewrite.slm-lsp.simplify",
    "slm-lsp.explain",
    "refactor.rewrite.slm-lsp.translate",
    "refactor.rewrite.slm-lsp.rewrite",
)
COMMANDS = ("slm-lsp.accept", "slm-lsp.restartEngine", "slm-lsp.runAction")
"""What `server` and `actions.registry` have, too, which take too long to import."""


def reply_to(body: bytes) -> tuple[int | str, bytes] | None:
    """Return the id of a well-formed `initialize` request and the framed answer to it, or None."""
    try:
        message = json.loads(body)
        number, params = message["id"], message["params"]
        capabilities, options = params["capabilities"], params.get("initializationOptions")
        ours = message["jsonrpc"] == "2.0" and message["method"] == "initialize"
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    if not ours or not isinstance(number, int | str) or not isinstance(capabilities, dict):
        return None
    answer = {"jsonrpc": "2.0", "id": number, "result": result(capabilities, options)}
    body = json.dumps(answer).encode()
    return number, b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def result(client: dict[str, Any], options: Any = None) -> dict[str, Any]:
    """Return what this server can do for a client with the capabilities `client`.

    `options` are its `initializationOptions`, whatever they are.
    """
    menu = {"completionProvider": {"triggerCharacters": list(TRIGGER_CHARACTERS)}}
    return {
        "capabilities": {
            **(menu if menu_wanted(options) else {}),
            **(NOTEBOOKS if client.get("notebookDocument") is not None else {}),
            "positionEncoding": _encoding(client),
            "textDocumentSync": {"openClose": True, "change": 2, "save": True},
            "inlineCompletionProvider": {},
            "codeActionProvider": {"codeActionKinds": list(ACTIONS), "resolveProvider": True},
            "executeCommandProvider": {"commands": list(COMMANDS)},
            "workspace": {
                "workspaceFolders": {"supported": True, "changeNotifications": True},
                "fileOperations": {},
            },
        },
        "serverInfo": {"name": "slm-lsp", "version": __version__},
    }


def menu_wanted(options: Any) -> bool:
    """Tell whether the editor's settings, bare or inside our section, turn `completion.menu` on."""
    section = options.get(SECTION, options) if isinstance(options, dict) else None
    completion = section.get("completion") if isinstance(section, dict) else None
    return isinstance(completion, dict) and completion.get("menu") is True


def _encoding(client: dict[str, Any]) -> str:
    general = client.get("general")
    offered = general.get("positionEncodings") if isinstance(general, dict) else None
    known = (one for one in offered or () if one in ENCODINGS) if isinstance(offered, list) else ()
    return next(iter(known), DEFAULT_ENCODING)
