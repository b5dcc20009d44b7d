"""Ghost text: what is offered, where it goes, and what typing on makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.editor import Editor, offered
from tests.harness.world import ADD, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

FUNCTION = "def add(a, b):\n    |\n"

REPLIES = [
    ADD,
    {"after": "def pick(items):\n    ", "text": "for item in items:\n        use(item)\n"},
    {"after": "combine(", "text": "left, right)\n"},
    {"after": "names = [", "text": '"one", "two"]\n'},
    {"after": "sound = 1\n", "text": "broken = ((\n)]\n"},
    {"after": "echo = 1\n", "text": "other = 2\n"},
    {"after": "trail = ", "text": "value   \n"},
]


async def timings(editor: Editor) -> Any:
    """Return what the server reports about the last answer for the editor's text."""

    def ours(params: Any) -> bool:
        return (params["uri"], params["version"]) == (editor.buffer.uri, editor.buffer.version)

    return await editor.client.wait_for_notification("slm-lsp/timings", ours)


async def test_an_item_has_everything_an_editor_needs(client):
    editor = Editor(client, FUNCTION)
    [item] = await editor.items()
    assert editor.shown(item) == "return a + b"
    assert item["command"]["command"] == "slm-lsp.accept"
    assert item["command"]["title"]
    assert len(item["command"]["arguments"]) == 1


async def test_accepting_it_gives_the_promised_text(client):
    editor = Editor(client, FUNCTION)
    [item] = await editor.items()
    await editor.accept(item)
    assert editor.text == "def add(a, b):\n    return a + b\n"


async def test_a_block_is_offered_where_one_begins(client):
    editor = Editor(client, "def pick(items):\n    |\n")
    assert await editor.ghost() == "for item in items:\n        use(item)"


async def test_line_ends_are_the_documents_own(client):
    editor = Editor(client, "def pick(items):\r\n    |\r\n")
    [item] = await editor.items()
    await editor.accept(item)
    assert editor.text == "def pick(items):\r\n    for item in items:\r\n        use(item)\r\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = combine(|)\n", "x = combine(left, right)\n"),
        ("x = combine(|\n", "x = combine(left, right)\n"),
        ("names = [|]\n", 'names = ["one", "two"]\n'),
    ],
)
async def test_what_already_follows_is_not_repeated(client, before, after):
    editor = Editor(client, before)
    [item] = await editor.items()
    await editor.accept(item)
    assert editor.text == after


async def test_the_line_below_is_not_repeated(client):
    editor = Editor(client, "echo = 1\n|\nother = 2\n")
    assert await editor.items() == []


async def test_ghost_text_never_breaks_sound_syntax(client):
    editor = Editor(client, "sound = 1\n|\n\ndef f():\n    return sound\n")
    assert await editor.ghost() == ""  # without its open brackets, a lone name is left


async def test_trailing_blanks_are_not_offered(client):
    assert await Editor(client, "trail = |\n").ghost() == "value"


async def test_both_triggers_are_answered(client):
    editor = Editor(client, FUNCTION)
    assert await editor.ghost(invoked=True) == "return a + b"
    assert await editor.ghost(invoked=False) == "return a + b"


async def test_the_same_text_gets_the_same_answer(client):
    ghosts = [await Editor(client, FUNCTION).ghost() for _ in range(3)]
    assert ghosts == ["return a + b"] * 3


async def test_the_editors_own_menu_does_not_disturb(client):
    editor = Editor(client, FUNCTION)
    params = editor.buffer.inline_completion(editor.caret)
    here = {"start": params["position"], "end": params["position"]}
    params["context"]["selectedCompletionInfo"] = {"range": here, "text": "return"}
    result = await client.request("textDocument/inlineCompletion", params)
    assert [editor.shown(item) for item in offered(result)] in ([], ["return a + b"])


async def test_typing_what_was_offered_gives_the_rest_without_the_model(client):
    editor = Editor(client, FUNCTION)
    assert await editor.ghost() == "return a + b"
    first = await timings(editor)
    assert first["cacheHit"] is False
    assert first["timings"]["generated_tokens"] > 0
    rest = "return a + b"
    for key in "return":
        editor.type(key)
        rest = rest.removeprefix(key)
        assert await editor.ghost() == rest
        hit = await timings(editor)
        assert hit["cacheHit"] is True
        assert (hit["timings"]["generated_tokens"], hit["timings"]["evaluated_tokens"]) == (0, 0)


async def test_typing_something_else_does_not_get_the_old_rest(client):
    editor = Editor(client, FUNCTION)
    assert await editor.ghost() == "return a + b"
    editor.type("x = ")
    assert await editor.ghost() != "return a + b"


async def test_deleting_what_was_typed_offers_it_again(client):
    editor = Editor(client, FUNCTION)
    assert await editor.ghost() == "return a + b"
    editor.type("re")
    assert await editor.ghost() == "turn a + b"
    for _ in range(2):
        editor.backspace()
    assert await editor.ghost() == "return a + b"


async def test_the_timings_add_up(client):
    editor = Editor(client, "x = 0\n" + FUNCTION)
    await editor.items()
    report = await timings(editor)
    assert report["dropped"] is None
    costs = report["timings"]
    assert costs["cached_tokens"] + costs["evaluated_tokens"] == costs["prompt_tokens"]
    parts = sum(costs[f"{part}_ms"] for part in ("context", "queue", "prefill", "decode"))
    assert 0 < parts <= costs["total_ms"] + 5


async def test_why_nothing_is_offered_is_told(client):
    editor = Editor(client, "echo = 1\n|\nother = 2\n")
    assert await editor.items() == []
    report = await timings(editor)
    assert isinstance(report["dropped"], str)
    assert report["dropped"]


async def test_a_document_nobody_opened_gets_nothing(client):
    editor = Editor(client, FUNCTION)
    params = editor.buffer.inline_completion(editor.caret)
    params["textDocument"]["uri"] = "file:///no/such.py"
    assert offered(await client.request("textDocument/inlineCompletion", params)) == []


async def test_a_caret_outside_the_text_is_answered(client):
    editor = Editor(client, FUNCTION)
    params = editor.buffer.inline_completion(editor.caret)
    for position in ({"line": 99, "character": 0}, {"line": 0, "character": 9_999}):
        params["position"] = position
        offered(await client.request("textDocument/inlineCompletion", params))


async def test_an_empty_document_is_answered(client):
    await Editor(client, "").items()


@pytest.mark.parametrize("language", ["python", "cobol", "plaintext", ""])
async def test_any_language_is_answered(client, language):
    editor = Editor(client, FUNCTION, language=language)
    assert await editor.ghost() == "return a + b"


@pytest.mark.parametrize(
    ("typed", "asks"),
    [("oth", True), ("first + second", True), ("oth", False)],
    ids=["else", "the whole", "at once"],
)
async def test_what_is_deleted_key_by_key_is_not_offered_again(world, typed, asks):
    reply = {"after": "total = ", "text": "first + second\n"}
    settings = {"model": world.fake(reply), "completion": {"prefetch": False}}
    async with serving(world, settings) as client:
        editor = Editor(client, "x = 1\ntotal = |\n")
        assert await editor.ghost() == "first + second"
        editor.type(typed)
        if asks:
            await editor.items()
        editor.backspace()
        editor.type(typed[-1])
        for _ in typed:
            editor.backspace()
        assert await editor.items() == []
        await client.wait_for_notification(
            "slm-lsp/timings", lambda report: report["dropped"] == "just rejected"
        )
        assert offered(await client.answer(editor.ask(invoked=True)))
        editor.type("f")
        assert await editor.ghost() == "irst + second"
        editor.backspace()
        assert await editor.ghost() == "first + second"


async def test_after_an_undo_there_is_silence_until_the_next_key(world):
    reply = {"after": "total = ", "text": "first + second\n"}
    settings = {"model": world.fake(reply), "completion": {"prefetch": False}}
    async with serving(world, settings) as client:
        editor = Editor(client, "x = 1\ntotal = |\n")
        assert await editor.ghost() == "first + second"
        editor.type("other()")
        editor.backspace(len("other()"))
        assert await editor.items() == []
        assert offered(await client.answer(editor.ask(invoked=True)))
        editor.type(" ")
        editor.backspace()
        assert await editor.ghost() == "first + second"
        await client.wait_for_notification(
            "slm-lsp/timings", lambda report: report["dropped"] == "just undone"
        )
        client.inbox.take("window/logMessage")
