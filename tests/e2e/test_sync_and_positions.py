"""The server's text equals the editor's, whatever is edited, in every position encoding.

The server shows no text; `slm-lsp/documentHash` tells enough to compare.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness import wire
from tests.harness.buffer import addressable, line_starts
from tests.harness.client import RpcError
from tests.harness.editor import Editor
from tests.harness.world import ADD, serving

if TYPE_CHECKING:
    from tests.harness.client import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENCODINGS = ["utf-8", "utf-16", "utf-32"]

PIECES = ["a", "(", "  ", "\t", "é", "e\u0301", "ß", "한", "\u200d", "😀", "👩‍💻", "𝒳", "\ufeff"]
BREAKS = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
texts = st.lists(st.sampled_from(PIECES + BREAKS), max_size=30).map("".join)
edits = st.tuples(st.integers(0, 60), st.integers(0, 60), texts, st.booleans())


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=ENCODINGS)
async def any_server(request, shared_world):
    options = {"model": shared_world.fake(ADD)}
    async with serving(shared_world, options, encodings=[request.param]) as client:
        assert client.encoding == request.param
        yield client


@pytest.fixture
def any_client(any_server):
    yield any_server
    any_server.check()


def expected(text: str, version: int) -> dict[str, object]:
    return {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "lines": len(line_starts(text)),
        "version": version,
    }


async def assert_same(editor: Editor) -> None:
    assert await editor.server_hash() == expected(editor.text, editor.buffer.version)


def send_edits(editor: Editor, sequence) -> None:
    """Send `sequence`; an edit whose flag is set travels in one message with the one before."""
    changes: list[dict[str, object]] = []
    for one, other, text, joined in sequence:
        if changes and not joined:
            editor.client.notify("textDocument/didChange", editor.buffer.did_change(*changes))
            changes = []
        start, end = sorted((addressable(editor.text, one), addressable(editor.text, other)))
        changes.append(editor.buffer.replace(start, end, text))
    editor.client.notify("textDocument/didChange", editor.buffer.did_change(*changes))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of the server
)
@given(text=texts, sequence=st.lists(edits, min_size=1, max_size=8))
async def test_any_sequence_of_edits_arrives(any_server: Client, text, sequence):
    editor = Editor(any_server, text, caret=0)
    await assert_same(editor)
    send_edits(editor, sequence)
    await assert_same(editor)
    editor.close()
    any_server.check()


async def test_a_thousand_keys_in_a_row_arrive(any_client):
    editor = Editor(any_client, "# 😀\r\n|\r\n# é\r\n")
    for key in itertools.islice(itertools.cycle("x = 'é😀'\n"), 1000):
        editor.type(key)
    await assert_same(editor)


async def test_keys_in_the_middle_of_a_large_file_arrive(any_client):
    editor = Editor(any_client, "value = 'é😀'\n" * 20_000 + "|" + "other = 1\n" * 20_000)
    editor.type("x")
    editor.type("\n")
    editor.backspace(2)
    editor.type("y")
    await assert_same(editor)
    editor.close()


async def test_the_whole_text_can_be_replaced(any_client):
    editor = Editor(any_client, "old\n")
    editor.buffer.text = "new 😀\r\n"
    change = editor.buffer.did_change({"text": editor.text})
    any_client.notify("textDocument/didChange", change)
    await assert_same(editor)


async def test_a_position_past_the_end_of_its_line_means_the_end(any_client):
    editor = Editor(any_client, "é😀\r\nsecond")
    ends = {"line": 0, "character": 999}
    change = {"range": {"start": ends, "end": ends}, "text": "!"}
    any_client.notify("textDocument/didChange", editor.buffer.did_change(change))
    editor.buffer.text = "é😀!\r\nsecond"
    await assert_same(editor)


async def test_a_position_past_the_last_line_means_the_end_of_the_text(any_client):
    editor = Editor(any_client, "first\nsecond 😀")
    start, end = {"line": 1, "character": 0}, {"line": 99, "character": 5}
    change = {"range": {"start": start, "end": end}, "text": "!"}
    any_client.notify("textDocument/didChange", editor.buffer.did_change(change))
    editor.buffer.text = "first\n!"
    await assert_same(editor)


async def test_ghost_text_stands_where_the_caret_is(any_client):
    editor = Editor(any_client, "s = '👩‍💻é'\r\ndef add(a, b):\r\n    |\r\n# 😀\r\n")
    assert await editor.ghost() == "return a + b"
    editor.type("return ")
    [item] = await editor.items()
    await editor.accept(item)
    assert editor.text == "s = '👩‍💻é'\r\ndef add(a, b):\r\n    return a + b\r\n# 😀\r\n"
    await assert_same(editor)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-32", "utf-8"], "utf-32"),
        (["utf-16", "utf-8"], "utf-16"),
        (["utf-7", "utf-32"], "utf-32"),
        (["utf-7"], "utf-16"),
        ([], "utf-16"),
        (None, "utf-16"),
    ],
)
async def test_the_first_encoding_the_editor_names_is_taken(shared_world, offered, chosen):
    async with serving(shared_world, {"model": shared_world.fake()}, encodings=offered) as client:
        assert client.encoding == chosen


async def test_half_a_surrogate_pair_neither_harms_nor_hangs(client):
    editor = Editor(client, "😀😀\n")
    inside = {"line": 0, "character": 1}
    change = {"range": {"start": inside, "end": inside}, "text": "x"}
    client.notify("textDocument/didChange", editor.buffer.did_change(change))
    assert (await editor.server_hash())["lines"] == 2


async def test_lone_surrogates_become_replacement_characters(client):
    editor = Editor(client, "", uri="file:///project/surrogates.py")
    change = editor.buffer.did_change({"text": "a\ud800b\n"})
    message = {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": change}
    client.write(wire.frame(json.dumps(message, ensure_ascii=True).encode()))
    assert await editor.server_hash() == expected("a\ufffdb\n", 2)


async def assert_unknown(editor: Editor) -> None:
    with pytest.raises(RpcError) as caught:
        await editor.server_hash()
    assert caught.value.code == -32602


async def test_a_closed_document_is_forgotten_and_can_be_opened_again(client):
    editor = Editor(client, "one\n", uri="file:///project/again.py")
    await assert_same(editor)
    editor.close()
    await assert_unknown(editor)
    await assert_same(Editor(client, "two\n", uri="file:///project/again.py"))


async def test_opening_twice_takes_the_second_text(client):
    Editor(client, "one\n", uri="file:///project/twice.py")
    await assert_same(Editor(client, "two\n", uri="file:///project/twice.py"))


async def test_edits_of_a_document_nobody_opened_are_ignored(client):
    editor = Editor(client, "x", uri="file:///project/ghost.py")
    editor.close()
    editor.type("y")
    editor.close()
    await assert_unknown(editor)


async def test_documents_do_not_mix(client):
    editors = [Editor(client, f"{n} 😀\n|") for n in range(20)]
    for round_ in range(5):
        for editor in editors:
            editor.type(f"{round_}\n")
    for editor in editors:
        await assert_same(editor)


async def test_any_uri_is_taken_as_it_is(client):
    for uri in ("untitled:Untitled-1", "file:///a%20b/%C3%A9.py", "vscode-notebook-cell:/x#W0"):
        await assert_same(Editor(client, "x = 1\n", uri=uri))
