"""Code actions for models that follow instructions: what is asked, and what may come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.actions import (
    CLIENT,
    SHOWS,
    chosen,
    explained,
    listed,
    put_in,
    refused,
    resolving,
    rewriting,
)
from tests.harness.editor import Editor
from tests.harness.world import serving

if TYPE_CHECKING:
    from tests.harness.client import Client

PYTHON, TYPESCRIPT, GO, RUST = "```python\n", "```typescript\n", "```go\n", "```rust\n"


async def opened(client: Client, text: str, language: str = "python") -> tuple[Editor, int]:
    """Open `text` without its `|` and `¦`; return the length of what is between them."""
    before, _, rest = text.partition("|")
    selection, mark, after = rest.partition("¦")
    if not mark:
        selection, after = "", rest
    editor = Editor(client, before + selection + after, caret=len(before), language=language)
    await client.wait_for_notification(
        "didChangeStatus", lambda it: it["message"].endswith("is ready")
    )
    return editor, len(selection)


def about(editor: Editor, text: str, message: str) -> dict[str, Any]:
    start = editor.text.index(text)
    ends = map(editor.buffer.position, (start, start + len(text)))
    place = dict(zip(("start", "end"), ends, strict=True))
    return {"range": place, "message": message}


@pytest.mark.parametrize(
    ("name", "language", "text", "after", "written", "expected"),
    [
        pytest.param(
            "simplify",
            "python",
            "def f(a):\n    |if a == True:\n        return True\n¦    return False\n",
            PYTHON,
            "return bool(a)\n```\nThis is simpler.",
            "def f(a):\n    return bool(a)\n    return False\n",
            id="lines of python",
        ),
        pytest.param(
            "simplify",
            "typescript",
            "class A {\r\n\tf(a: boolean) {|\r\n\t\treturn a ? true : false;\r\n\t}\r\n}\r\n",
            TYPESCRIPT,
            "f(a: boolean) {\n\treturn a;\n}\n```",
            "class A {\r\n\tf(a: boolean) {\r\n\t\treturn a;\r\n\t}\r\n}\r\n",
            id="a method with tabs and CRLF",
        ),
        pytest.param(
            "simplify",
            "go",
            "package a\n\nfunc F(größe int) int {|\n\tx := größe\n\treturn x // 🐍\n}\n",
            GO,
            "func F(größe int) int {\n\treturn größe // 🐍\n}\n```",
            "package a\n\nfunc F(größe int) int {\n\treturn größe // 🐍\n}\n",
            id="go",
        ),
        pytest.param(
            "test",
            "python",
            "@cache\nasync def add(a, b|):\n    return a + b\n",
            "def test_add():\n    ",
            "assert add(1, 2) == 3\n```",
            "@cache\nasync def add(a, b):\n    return a + b\n"
            "\n\ndef test_add():\n    assert add(1, 2) == 3\n",
            id="a test in python",
        ),
        pytest.param(
            "test",
            "typescript",
            "function add(a: number|) {\n  return a + 1;\n}",
            'test("add", () => {\n  ',
            "expect(add(1)).toBe(2);\n});\n\ntest(",
            "function add(a: number) {\n  return a + 1;\n}"
            '\n\n\ntest("add", () => {\n  expect(add(1)).toBe(2);\n});\n',
            id="a test in typescript",
        ),
        pytest.param(
            "test",
            "go",
            "package a\n\nfunc Add(a int|) int {\n\treturn a + 1\n}\n",
            "func TestAdd(t *testing.T) {\n\t",
            'if Add(1) != 2 {\n\t\tt.Fatal("no")\n\t}\n}\n```',
            "package a\n\nfunc Add(a int) int {\n\treturn a + 1\n}\n\n\n"
            'func TestAdd(t *testing.T) {\n\tif Add(1) != 2 {\n\t\tt.Fatal("no")\n\t}\n}\n',
            id="a test in go",
        ),
        pytest.param(
            "test",
            "rust",
            "fn add(a: i32|) -> i32 {\n    a + 1\n}\n",
            "#[test]\nfn test_add() {\n    ",
            "assert_eq!(add(1), 2);\n}\n```",
            "fn add(a: i32) -> i32 {\n    a + 1\n}\n\n\n"
            "#[test]\nfn test_add() {\n    assert_eq!(add(1), 2);\n}\n",
            id="a test in rust",
        ),
        pytest.param(
            "translate",
            "python",
            "def f():\n    # Gibt die|\n    # Summe zurück.\n    return 1\n",
            "Gibt die Summe zurück.\n",
            " Returns the sum.\n\nThat means",
            "def f():\n    # Returns the sum.\n    return 1\n",
            id="a comment in python",
        ),
        pytest.param(
            "translate",
            "rust",
            "/// Calcule la|  somme\nfn f() {}\n",
            "Calcule la  somme\n",
            "Computes the sum",
            "/// Computes the sum\nfn f() {}\n",
            id="documentation in rust",
        ),
        pytest.param(
            "translate",
            "go",
            "package a\n\n// Más|\tgrande\nfunc F() {}\n",
            "Más\tgrande\n",
            "Bigger",
            "package a\n\n// Bigger\nfunc F() {}\n",
            id="a comment in go",
        ),
    ],
)
async def test_edits(world, name, language, text, after, written, expected):
    options = {"model": world.fake({"after": after, "text": written})}
    async with serving(world, options, capabilities=CLIENT) as client:
        editor, length = await opened(client, text, language)
        action = await chosen(editor, name, length)
        assert action["kind"] == f"refactor.rewrite.slm-lsp.{name}"
        answer = await client.answer(resolving(editor, action))
        assert put_in(editor, answer["edit"]) == expected


@pytest.mark.parametrize(
    ("language", "text", "wrong", "after", "written", "expected"),
    [
        pytest.param(
            "python",
            "def f(a):\n    return a + |bb\n\n\nx = bb\n",
            "bb",
            PYTHON,
            "return a + b\n```",
            "def f(a):\n    return a + b\n\n\nx = bb\n",
            id="python",
        ),
        pytest.param(
            "typescript",
            'const x = {\r\n  a: |"1" as number,\r\n};\r\n',
            '"1" as number',
            TYPESCRIPT,
            "a: 1,\n```",
            "const x = {\r\n  a: 1,\r\n};\r\n",
            id="a line of an object",
        ),
        pytest.param(
            "go",
            "package a\n\nfunc f() {\n\tif |x == nil {\n\t\treturn\n\t}\n}\n",
            "x",
            GO,
            "if y == nil {\n\treturn\n}\n```",
            "package a\n\nfunc f() {\n\tif y == nil {\n\t\treturn\n\t}\n}\n",
            id="a whole statement",
        ),
    ],
)
async def test_a_diagnostic_is_fixed(world, language, text, wrong, after, written, expected):
    reply = {"after": after, "contains": "not\tdefined".replace("\t", " "), "text": written}
    async with serving(world, {"model": world.fake(reply)}, capabilities=CLIENT) as client:
        editor, _ = await opened(client, text, language)
        diagnostic = about(editor, wrong, "not\n defined")
        action = await chosen(editor, "fix", diagnostics=[diagnostic])
        assert action["kind"] == "quickfix.slm-lsp.fix"
        assert action["title"] == "Fix: not defined"
        answer = await client.answer(resolving(editor, action))
        assert put_in(editor, answer["edit"]) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("if a:\n    b = 2\n```", "changed something else"),
        ("if a:\n    b = 1\n```", "changed nothing"),
        ("if (a:\n    b = 1\n```", "break the syntax"),
        ("```", "changed nothing"),
        ("def g(values):\n    return sum(values)\n```", "wrote another statement"),
        ("if all(one > 2 for one in a[1:]):\n    return sum(a)\n```", "wrote something else"),
        ("".join(f"x{n} = {n}\n" for n in range(300)), "wrote more than it may"),
    ],
)
async def test_what_is_no_fix_is_refused(world, written, reason):
    reply = {"after": PYTHON, "text": written, "others": [written, written]}
    async with serving(world, {"model": world.fake(reply)}, capabilities=CLIENT) as client:
        editor, _ = await opened(client, "def f(a):\n    if |a:\n        b = 1\n")
        told = about(editor, "a:\n        b", "not defined")
        told["range"]["end"] = {"line": 1, "character": 8}
        action = await chosen(editor, "fix", diagnostics=[told])
        assert reason in (await refused(client, resolving(editor, action))).message


@pytest.mark.parametrize(
    ("name", "text", "after", "written", "reason"),
    [
        ("simplify", "x = |1¦\n", PYTHON, "x = 1 + 0\n```", "made it longer"),
        ("test", "def f(|):\n    pass\n", "f():\n    ", "assert True\n```", "does not call f"),
        (
            "test",
            "def f(|a, b):\n    pass\n",
            "f():\n    ",
            "b = 1\n    assert f(a, b) == 'a'\n```",
            "gives a no value",
        ),
        ("translate", "# Die| Summe\n", "Die Summe\n", "The comment says: sum " * 9, "translate"),
    ],
)
async def test_what_is_not_what_was_asked_for_is_refused(world, name, text, after, written, reason):
    reply = {"after": after, "text": written, "others": [written, written]}
    async with serving(world, {"model": world.fake(reply)}, capabilities=CLIENT) as client:
        editor, length = await opened(client, text)
        action = await chosen(editor, name, length)
        assert reason in (await refused(client, resolving(editor, action))).message


async def test_what_is_selected_is_rewritten_as_somebody_says(world):
    reply = {"after": PYTHON, "contains": "use a set", "text": "x = {1, 2}\n```"}
    async with serving(world, {"model": world.fake(reply)}, capabilities=CLIENT) as client:
        editor, length = await opened(client, "if a:\n    |x = [1, 2]¦\n    f(x)\n")
        edit = await client.answer(rewriting(editor, length, " use\na set "))
        assert put_in(editor, edit) == "if a:\n    x = {1, 2}\n    f(x)\n"
        for wrong, reason in ((" ", "Say what"), (1, "takes an open document")):
            error = await refused(client, rewriting(editor, length, wrong))
            assert reason in error.message


async def test_an_explanation_is_shown_and_edits_nothing(world):
    reply = {"after": "```\n", "contains": "return a", "text": "It returns *a*. And"}
    options = {"model": world.fake(reply)}
    async with serving(world, options, capabilities=SHOWS) as client:
        editor, _ = await opened(client, "def f(a|):\n    return a\n")
        assert await explained(editor) == "It returns *a*. And\n"


async def test_an_explanation_is_a_message_where_no_document_can_be_shown(world):
    reply = {"after": "```\n", "text": "It returns a."}
    async with serving(world, {"model": world.fake(reply)}) as client:
        editor, _ = await opened(client, "def f(a|):\n    return a\n")
        command = (await chosen(editor, "explain"))["command"]
        await client.request("workspace/executeCommand", command)
        shown = await client.wait_for_notification("window/showMessage")
        assert shown["message"] == "It returns a."


async def test_a_model_that_follows_no_instructions_is_given_none(world):
    reply = {"after": "def f(a):\n    ", "text": "return a\n"}
    model = world.fake(reply, chats=False)
    async with serving(world, {"model": model}, capabilities=CLIENT) as client:
        editor, length = await opened(client, "|def f(a):\n    pass\n¦")
        told = [about(editor, "pass", "no body")]
        names = [it["kind"].rpartition(".")[2] for it in await listed(editor, 0, diagnostics=told)]
        assert names == ["body", "docstring", "hints"]
        error = await refused(client, rewriting(editor, length, "do it"))
        assert "follows no instructions" in error.message


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("x = |1\n", {"simplify", "explain", "test", "translate", "fix", "rewrite"}),
        ("|" + "x = 1\n" * 61 + "¦", {"simplify", "explain"}),
        ("class A:\n    def f(self|):\n        return 1\n", {"test"}),
        ("# This is the| sum\n", {"translate"}),
        ("# noqa|\n", {"translate"}),
        ("x = '# Gibt die Summe|'\n", {"translate"}),
        ("|  \n\n¦x = 1\n", {"simplify", "explain"}),
    ],
)
async def test_is_offered_only_where_it_makes_sense(world, text, absent):
    async with serving(world, {"model": world.fake()}, capabilities=CLIENT) as client:
        editor, length = await opened(client, text)
        names = {it["kind"].rpartition(".")[2] for it in await listed(editor, length)}
        assert not names & absent
