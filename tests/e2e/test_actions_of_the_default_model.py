"""Every code action with the real weights of the default model, in a real file."""

from __future__ import annotations

import ast
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.actions import SHOWS, chosen, explained, put_in, resolving, rewriting
from tests.harness.client import Client, RpcError
from tests.harness.editor import Editor
from tests.harness.world import REPOSITORY, World, initialize

if TYPE_CHECKING:
    from collections.abc import Awaitable

REASON = "nothing came of it. The model "
"""What every refusal for the model's sake says."""

pytestmark = pytest.mark.model

SOURCE = (REPOSITORY / "slm_lsp" / "text" / "lines.py").read_text(encoding="utf-8") + "\n\n"

DOCUMENTED = 'def longest(lines: list[str]) -> int:\n    """Return the greatest length."""\n'
WHOLE = "def |longest(lines: list[str]) -> int:\n    return max(map(len, lines))\n"
ADULT = "def |adult(age):\n    if age > 17:\n        return True\n    else:\n        return False\n"

MADE = {
    "body": f"{DOCUMENTED}    |pass\n",
    "docstring": WHOLE,
    "todo": f"{DOCUMENTED}    # TODO: sort the lines by their length|\n    return len(lines[-1])\n",
    "arguments": f"{DOCUMENTED}    return max(|)\n",
    "simplify": ADULT,
    "test": "def |add(a, b):\n    return a + b\n",
}
"""Code with a caret (|) that the default model is known to have an answer to."""

TRIED = {
    "hints": "def |longest(lines, least=0):\n    return max(map(len, lines), default=least)\n",
    "fix": f"{DOCUMENTED}    return max(len(line) for line in |lnes)\n",
    "translate": "# Gibt die Summe der|\n# Zahlen zurück.\ntotal = sum([1, 2])\n",
}
"""Code that is beyond it, perhaps: it may be refused, but with a reason."""


@asynccontextmanager
async def server():
    world = World(test_model=True)
    client = await Client.start(world.env, "serve", "--stdio", cwd=world.project)
    try:
        await initialize(client, {}, capabilities=SHOWS)
        await client.wait_for_notification(
            "didChangeStatus", lambda it: it["message"].endswith("is ready"), within=60
        )
        yield client
        assert await client.stop() == 0
        client.check()
    finally:
        await client.close()
        world.close()


async def made(client: Client, name: str, code: str) -> str:
    """Return what an action makes of `code` below the real file, whose text must stay."""
    text = SOURCE + code.replace("|", "")
    editor = Editor(client, text, caret=len(SOURCE) + code.index("|"))
    start, end = map(editor.buffer.position, (editor.caret, editor.caret + 4))
    told = {"range": {"start": start, "end": end}, "message": "Undefined name `lnes`"}
    action = await chosen(editor, name, diagnostics=[told])
    text = put_in(editor, (await client.answer(resolving(editor, action), 60))["edit"])
    editor.close()
    assert text.startswith(SOURCE)
    ast.parse(text)
    return text.removeprefix(SOURCE)


async def test_what_the_default_model_can_do():
    async with server() as client:
        result = {name: await made(client, name, code) for name, code in MADE.items()}
    assert all(result[name] != code.replace("|", "") for name, code in MADE.items())
    assert "pass" not in result["body"]
    assert result["docstring"].count('"""') == 2
    assert result["todo"].count("\n") > MADE["todo"].count("\n")
    assert "max()" not in result["arguments"]
    assert "    else:" not in result["simplify"]
    assert "def test_add():\n" in result["test"]


async def test_what_may_be_beyond_the_default_model():
    async with server() as client:
        for name, code in TRIED.items():
            result = await outcome(made(client, name, code))
            assert REASON in result or result != code.replace("|", "")


async def test_what_the_default_model_rewrites_and_explains():
    code = WHOLE.replace("|", "")
    async with server() as client:
        editor = Editor(client, SOURCE + code, caret=len(SOURCE))
        pending = rewriting(editor, len(code), "Use a for loop instead of max()")
        result = await outcome(client.answer(pending, 60))
        assert REASON in result or ast.parse(put_in(editor, result)).body
        assert len(await explained(editor, len(code))) > 20


async def outcome(answer: Awaitable[Any]) -> Any:
    """Return what a request is answered with, or the message of its error."""
    try:
        return await answer
    except RpcError as error:
        return error.message
