"""Code actions as an editor asks for them and carries them out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from tests.harness.client import RpcError

if TYPE_CHECKING:
    from tests.harness.client import Client, Pending
    from tests.harness.editor import Editor

RESOLVES = {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}
VERSIONED = {"workspaceEdit": {"documentChanges": True}}
CLIENT = {"textDocument": RESOLVES, "workspace": VERSIONED}
SHOWS = {**CLIENT, "window": {"showDocument": {"support": True}}}


async def listed(editor: Editor, length: int = 0, **context: Any) -> list[Any]:
    """Return the actions for the `length` characters behind the caret."""
    start, end = map(editor.buffer.position, (editor.caret, editor.caret + length))
    params = {
        "textDocument": {"uri": editor.buffer.uri},
        "range": {"start": start, "end": end},
        "context": {"diagnostics": [], **context},
    }
    return list(await editor.client.request("textDocument/codeAction", params))


async def chosen(editor: Editor, name: str, length: int = 0, **context: Any) -> Any:
    """Return the first action called `name`."""
    actions = await listed(editor, length, **context)
    return next(it for it in actions if it["kind"].rpartition(".")[2] == name)


def resolving(editor: Editor, action: Any) -> Pending:
    """Ask for the edit of `action`."""
    return editor.client.send("codeAction/resolve", action)


def put_in(editor: Editor, edit: Any) -> str:
    """Return the text with `edit`, which must be one change of the document as it is."""
    [change] = edit["documentChanges"]
    assert change["textDocument"] == {"uri": editor.buffer.uri, "version": editor.buffer.version}
    [one] = change["edits"]
    start, end = (editor.buffer.offset(one["range"][side]) for side in ("start", "end"))
    new: str = one["newText"]
    return editor.text[:start] + new + editor.text[end:]


def rewriting(editor: Editor, length: int, instruction: object) -> Pending:
    """Ask for the `length` characters behind the caret to be changed as `instruction` says."""
    start, end = map(editor.buffer.position, (editor.caret, editor.caret + length))
    params = {
        "textDocument": {"uri": editor.buffer.uri},
        "range": {"start": start, "end": end},
        "instruction": instruction,
    }
    return editor.client.send("slm-lsp/rewrite", params)


async def explained(editor: Editor, length: int = 0) -> str:
    """Choose to have code explained; return the text of the document that is shown then."""
    action = await chosen(editor, "explain", length)
    assert action["kind"] == "slm-lsp.explain"
    await editor.client.request("workspace/executeCommand", action["command"])
    shown = await editor.client.wait_for_notification("window/showDocument")
    assert shown["takeFocus"] is False
    assert not editor.client.inbox.take("workspace/applyEdit")
    return written_at(shown["uri"])


def written_at(uri: str) -> str:
    """Return the text of the file that a URI names."""
    return Path(url2pathname(urlsplit(uri).path)).read_text(encoding="utf-8")


async def refused(client: Client, pending: Pending) -> RpcError:
    """Return the error that a request ends with."""
    with pytest.raises(RpcError) as caught:
        await client.answer(pending)
    return caught.value
