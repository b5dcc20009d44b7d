"""Code actions as an editor asks for them and carries them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.client import RpcError

if TYPE_CHECKING:
    from tests.harness.client import Client, Pending
    from tests.harness.editor import Editor

RESOLVES = {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}
VERSIONED = {"workspaceEdit": {"documentChanges": True}}
CLIENT = {"textDocument": RESOLVES, "workspace": VERSIONED}


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


async def refused(client: Client, pending: Pending) -> RpcError:
    """Return the error that a request ends with."""
    with pytest.raises(RpcError) as caught:
        await client.answer(pending)
    return caught.value
