"""Code actions: what is offered where, and what becomes of the text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.actions import (
    CLIENT,
    chosen,
    listed,
    put_in,
    refused,
    resolving,
)
from tests.harness.editor import Editor
from tests.harness.world import serving

if TYPE_CHECKING:
    from tests.harness.world import World

CANCELLED, CONTENT_MODIFIED = -32800, -32801


async def result(world: World, name: str, language: str, text: str, *replies: Any) -> str:
    """Return the text of a file in `language` after the action `name` at its `|`."""
    options = {"model": world.fake(*replies)}
    async with serving(world, options, capabilities=CLIENT) as client:
        editor = Editor(client, text, language=language)
        action = await chosen(editor, name)
        assert "edit" not in action
        answer = await editor.client.answer(resolving(editor, action))
        assert answer["title"] == action["title"]
        return put_in(editor, answer["edit"])


@pytest.mark.parametrize(
    ("name", "language", "text", "after", "written", "expected"),
    [
        (
            "body",
            "python",
            "def add(a, b):\n    pa|ss\n\n\nx = 1\n",
            "def add(a, b):\n    ",
            "return a + b\n\n\ndef more",
            "def add(a, b):\n    return a + b\n\n\nx = 1\n",
        ),
        (
            "body",
            "python",
            "class A:\n\t@cached\n\tasync def f|(self):\n\t\t'''Größe 🐍'''\n",
            "'''Größe 🐍'''\n\t\t",
            "return 1\n\tdef g",
            "class A:\n\t@cached\n\tasync def f(self):\n\t\t'''Größe 🐍'''\n\t\treturn 1\n",
        ),
        (
            "body",
            "python",
            "def f(a):|\r\n    # TODO: sort\r\n    raise NotImplementedError\r\n",
            "# TODO: sort\n    ",
            "a.sort()\n    return a\n",
            "def f(a):\r\n    # TODO: sort\r\n    a.sort()\r\n    return a\r\n",
        ),
        (
            "body",
            "python",
            "def f(a): |...\n",
            "def f(a):\n    ",
            "return a\n",
            "def f(a):\n    return a\n",
        ),
        (
            "body",
            "typescript",
            "export function add(a: number): number {|}\n",
            "number {\n  ",
            "return a + 1;\n}\n",
            "export function add(a: number): number {\n  return a + 1;\n}\n",
        ),
        (
            "body",
            "typescript",
            "class A {\n  f(a: number) {|\n    // twice\n  }\n}\n",
            "// twice\n    ",
            "return 2 * a;\n  }\n",
            "class A {\n  f(a: number) {\n    // twice\n    return 2 * a;\n  }\n}\n",
        ),
        (
            "body",
            "go",
            'func F(a int) int {\n\tpanic("not |implemented")\n}\n',
            "int {\n\t",
            "return a\n}\n",
            "func F(a int) int {\n\treturn a\n}\n",
        ),
        (
            "body",
            "rust",
            "fn outer() {\n    fn f(a: u8) -> u8 {\n        todo!()|\n    }\n    f(1);\n}\n",
            "-> u8 {\n        ",
            "a + 1\n    }\n",
            "fn outer() {\n    fn f(a: u8) -> u8 {\n        a + 1\n    }\n    f(1);\n}\n",
        ),
        (
            "docstring",
            "python",
            "x = 1\n\n\ndef add(a|, b):\n    return a + b\n",
            '    return a + b\n\n\ndef add(a, b):\n    """',
            'Add `a` and `b`."""\n',
            'x = 1\n\n\ndef add(a, b):\n    """Add `a` and `b`."""\n    return a + b\n',
        ),
        (
            "docstring",
            "python",
            "class A:\r\n    def f|(self, a):\r\n        return a\r\n",
            '    def f(self, a):\n        """',
            'Give it back.\n\n        Args:\n            a (int): what comes back\n        """\n',
            (
                'class A:\r\n    def f(self, a):\r\n        """Give it back.\r\n\r\n'
                "        Args:\r\n"
                '            a (int): what comes back\r\n        """\r\n        return a\r\n'
            ),
        ),
        (
            "docstring",
            "python",
            "def f(a|):\n    return a\n",
            'def f(a):\n    """',
            'Give it back. Do.\n\n    Args:\n        b: no such thing\n    """\n',
            'def f(a):\n    """Give it back. Do."""\n    return a\n',
        ),
        (
            "docstring",
            "typescript",
            "class A {\n  f|(a: number) {\n    return a;\n  }\n}\n",
            "  /**\n   * ",
            "Gives 🐍 back.\n   * @param a what comes back\n   */\n",
            (
                "class A {\n  /**\n   * Gives 🐍 back.\n   * @param a what comes back\n   */\n"
                "  f(a: number) {\n    return a;\n  }\n}\n"
            ),
        ),
        (
            "docstring",
            "go",
            "func F|(a int) int {\n\treturn a\n}\n",
            "// F ",
            "gives a back.\nfunc",
            "// F gives a back.\nfunc F(a int) int {\n\treturn a\n}\n",
        ),
        (
            "docstring",
            "rust",
            "impl A {\n    fn f|(&self) -> u8 {\n        1\n    }\n}\n",
            "    /// ",
            "Is one.\n",
            "impl A {\n    /// Is one.\n    fn f(&self) -> u8 {\n        1\n    }\n}\n",
        ),
        (
            "body",
            "python",
            "for a in b:\n    if a:\n        f()\n    else:|\n        pass\n",
            "else:\n        ",
            "g(a)\n",
            "for a in b:\n    if a:\n        f()\n    else:\n        g(a)\n",
        ),
        (
            "body",
            "typescript",
            "for (const a of b) {|}\nf();\n",
            "{\n  ",
            "g(a);\n}\n",
            "for (const a of b) {\n  g(a);\n}\nf();\n",
        ),
        (
            "body",
            "python",
            "from a import add\n\n\ndef test_add_takes_negative_numbers():|\n    ...\n",
            "def test_add_takes_negative_numbers():\n    ",
            "assert add(-1, 1) == 0\n\n\ndef test",
            (
                "from a import add\n\n\ndef test_add_takes_negative_numbers():\n"
                "    assert add(-1, 1) == 0\n"
            ),
        ),
        (
            "body",
            "typescript",
            'describe("add", () => {\n  it("takes negative numbers", () => {|});\n});\n',
            '  it("takes negative numbers", () => {\n    ',
            "expect(add(-1, 1)).toBe(0);\n  });\n",
            (
                'describe("add", () => {\n  it("takes negative numbers", () => {\n'
                "    expect(add(-1, 1)).toBe(0);\n  });\n});\n"
            ),
        ),
        (
            "body",
            "go",
            "package a\n\nfunc TestAdd(t *testing.T) {|}\n",
            "func TestAdd(t *testing.T) {\n\t",
            "if Add(-1, 1) != 0 {\n\t\tt.Fail()\n\t}\n}\n",
            (
                "package a\n\nfunc TestAdd(t *testing.T) {\n"
                "\tif Add(-1, 1) != 0 {\n\t\tt.Fail()\n\t}\n}\n"
            ),
        ),
        (
            "body",
            "rust",
            "#[test]\nfn adds() {|\n    todo!()\n}\n",
            "fn adds() {\n    ",
            "assert_eq!(add(-1, 1), 0);\n}\n",
            "#[test]\nfn adds() {\n    assert_eq!(add(-1, 1), 0);\n}\n",
        ),
        (
            "todo",
            "python",
            "def f(a):\n    # TODO: sort a|\n    return a\n",
            "# TODO: sort a\n    ",
            "a.sort()\n    return a\n",
            "def f(a):\n    # TODO: sort a\n    a.sort()\n    return a\n",
        ),
        (
            "todo",
            "python",
            "def f(a):\n    # TODO: sort a|\n    return len(a)\n",
            "# TODO: sort a\n    ",
            "a.sort()\n    return max(a)\n",
            "def f(a):\n    # TODO: sort a\n    a.sort()\n    return len(a)\n",
        ),
        (
            "todo",
            "go",
            "func F(a []int) {\n\t// FIXME: print them|\n\tG()\n}\n",
            "them\n\t",
            "P(a)\n\tG()\n",
            "func F(a []int) {\n\t// FIXME: print them\n\tP(a)\n\tG()\n}\n",
        ),
        ("arguments", "python", "x = f(|)\n", "f(", '1, g(2, ")"))\n', 'x = f(1, g(2, ")"))\n'),
        ("arguments", "python", "x = f(|)\n", "f(", "1", "x = f(1)\n"),
        (
            "arguments",
            "java",
            "class A { int a = f(|); }\n",
            "f(",
            "1); }\n",
            "class A { int a = f(1); }\n",
        ),
        (
            "hints",
            "typescript",
            "class A {\r\n  f(|a, b = 1, c?: A) {\r\n    return a;\r\n  }\r\n}\r\n",
            "  f(a:",
            " string, b = 1, c?: A): string {\n",
            "class A {\r\n  f(a: string, b = 1, c?: A): string {\r\n    return a;\r\n  }\r\n}\r\n",
        ),
        (
            "hints",
            "typescript",
            "const f = async (größe|) => {\n  return größe;\n};\n",
            "const f = async (größe:",
            " number): Promise<number> => {\n",
            "const f = async (größe: number): Promise<number> => {\n  return größe;\n};\n",
        ),
        (
            "hints",
            "php",
            "<?php\nfunction f(|$a, $b = []) {\n    return $a;\n}\n",
            "function f(",
            "int $a, array $b = []): int {",
            "<?php\nfunction f(int $a, array $b = []): int {\n    return $a;\n}\n",
        ),
        (
            "hints",
            "php",
            "<?php\nclass A {\n    public function f(|int $a) {\n        return $a;\n    }\n}\n",
            "f(int $a):",
            " int\n    {",
            (
                "<?php\nclass A {\n    public function f(int $a): int {\n"
                "        return $a;\n    }\n}\n"
            ),
        ),
        (
            "hints",
            "python",
            "class A:\n    @x\n    def f(|self, a, *, b=1):\n        return a\n",
            "    def f(self, a:",
            " str, *, b: int = 1) -> str:\n        return a\n",
            "class A:\n    @x\n    def f(self, a: str, *, b: int = 1) -> str:\n        return a\n",
        ),
        (
            "hints",
            "python",
            "def f(|a: int):\n    return a\n",
            "def f(a: int) ->",
            " int:\n    return a\n",
            "def f(a: int) -> int:\n    return a\n",
        ),
    ],
)
async def test_writes_what_is_missing(world, name, language, text, after, written, expected):
    reply = {"after": after, "text": written}
    assert await result(world, name, language, text, reply) == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "def add(a, b):\n    return |a + b\n"),
        ("python", '|def add(a: int) -> int:\n    """Add."""\n    return a\n'),
        ("python", "x = f(|1)\n"),
        ("python", "def f(a):\n    # sort a|\n    return a\n"),
        ("python", "def add(a, b)|:\n    return (a + b\n"),
        ("python", "x = |1\n"),
        ("typescript", "/** Adds. */\nfunction add(a: number): number {|\n  return a;\n}\n"),
        ("plaintext", "def add(a, b):\n    pa|ss\n"),
    ],
)
async def test_offers_nothing_where_it_makes_no_sense(world, language, text):
    async with serving(world, {"model": world.fake()}, capabilities=CLIENT) as client:
        assert await listed(Editor(client, text, language=language)) == []


async def test_a_long_file_that_was_just_opened_is_parsed_first(world):
    text = "x = [1, (2, 3)]\n" * 30_000 + "def f(a):|\n    pass\n"
    async with serving(world, {"model": world.fake()}, capabilities=CLIENT) as client:
        assert await listed(Editor(client, text))


@pytest.mark.parametrize("uri", ["file:///project/.env", "git:/project/a.py"])
async def test_a_file_that_is_none_of_our_business(world, uri):
    async with serving(world, {"model": world.fake()}, capabilities=CLIENT) as client:
        editor = Editor(client, "def f(a):|\n    pass\n", uri=uri)
        assert await listed(editor) == []
        cursor = {"line": 0, "column": 9}
        selection = {"start": cursor, "end": cursor}
        data = {"action": "body", "uri": uri, "version": 1, "selection": selection}
        action = {"title": "x", "kind": "refactor", "data": data}
        error = await refused(client, client.send("codeAction/resolve", action))
        assert "nothing to write" in error.message


async def test_languages_that_are_switched_off(world):
    options = {"model": world.fake(), "languages": {"python": False}}
    async with serving(world, options, capabilities=CLIENT) as client:
        assert await listed(Editor(client, "def f(a):|\n    pass\n")) == []


async def test_offers_the_kinds_that_are_asked_for(world):
    async with serving(world, {"model": world.fake()}, capabilities=CLIENT) as client:
        editor = Editor(client, "def f(a):|\n    pass\n")
        kind = "refactor.rewrite.slm-lsp.body"
        for only, found in (
            (["refactor"], 1),
            ([kind], 1),
            (["refactor.rew", "quickfix"], 0),
            ([], 0),
        ):
            actions = await listed(editor, only=only)
            assert len([action for action in actions if action["kind"] == kind]) == found


async def test_what_fails_the_checks_is_tried_again_and_then_refused(world):
    text = "def add(a, b):|\n    pass\n"
    bad, good = "return (a\n", "return a\n"
    place = "def add(a, b):\n    "
    again = await result(
        world, "body", "python", text, {"after": place, "text": bad, "others": [good]}
    )
    assert again == "def add(a, b):\n    return a\n"
    async with serving(
        world, {"model": world.fake({"after": place, "text": bad})}, capabilities=CLIENT
    ) as client:
        editor = Editor(client, text)
        error = await refused(client, resolving(editor, await chosen(editor, "body")))
        assert "would break the syntax" in str(error)


async def test_what_would_keep_the_code_below_from_being_reached_is_refused(world):
    reply = {"after": "# TODO: sort a\n    ", "text": "return sorted(a)\n"}
    async with serving(world, {"model": world.fake(reply)}, capabilities=CLIENT) as client:
        editor = Editor(client, "def f(a):\n    # TODO: sort a|\n    return len(a)\n")
        error = await refused(client, resolving(editor, await chosen(editor, "todo")))
        assert "nothing to write there" in str(error)


SLOW = {"after": "def f(a):\n    ", "text": "x = a\n    " * 200}


async def test_is_cancelled_in_the_middle(world):
    options = {"model": world.fake(SLOW, token_ms=20)}
    async with serving(world, options, capabilities=CLIENT) as client:
        editor = Editor(client, "def f(a):|\n    pass\n")
        pending = resolving(editor, await chosen(editor, "body"))
        await asyncio.sleep(0.3)
        client.cancel(pending)
        assert (await refused(client, pending)).code == CANCELLED
        written = (await world.engine_status())["decoded_tokens"]
        await asyncio.sleep(0.2)
        assert (await world.engine_status())["decoded_tokens"] == written


async def test_a_text_that_changes_meanwhile_is_left_alone(world):
    options = {"model": world.fake(SLOW, token_ms=10)}
    async with serving(world, options, capabilities=CLIENT) as client:
        editor = Editor(client, "def f(a):|\n    pass\n")
        action = await chosen(editor, "body")
        pending = resolving(editor, action)
        await asyncio.sleep(0.2)
        editor.type(" ")
        assert (await refused(client, pending)).code == CONTENT_MODIFIED
        assert (await refused(client, resolving(editor, action))).code == CONTENT_MODIFIED


async def test_ghost_text_does_not_wait_for_an_action(world):
    options = {"model": world.fake(SLOW, {"after": "y = ", "text": "1\n"}, token_ms=10)}
    async with serving(world, options, capabilities=CLIENT) as client:
        editor = Editor(client, "def f(a):|\n    pass\n")
        other = Editor(client, "y = |\n")
        pending = resolving(editor, await chosen(editor, "body"))
        await asyncio.sleep(0.1)
        items = (await client.answer(other.ask()))["items"]
        assert [item["insertText"] for item in items] == ["1"]
        assert not pending.answer.done()
        assert "x = a" in put_in(editor, (await client.answer(pending))["edit"])


async def test_clients_that_resolve_nothing_get_a_command(world):
    reply = {"after": "def f(a):\n    ", "text": "return a\n"}
    async with serving(world, {"model": world.fake(reply)}) as client:
        editor = Editor(client, "def f(a):|\n    pass\n")
        action = await chosen(editor, "body")
        assert "data" not in action
        await client.request("workspace/executeCommand", action["command"])
        applied = await client.wait_for_notification("workspace/applyEdit")
        [change] = applied["edit"]["changes"][editor.buffer.uri]
        assert change["newText"] == "return a"


async def test_a_command_that_is_resolved_all_the_same_stays_what_it_is(world):
    async with serving(world, {"model": world.fake()}) as client:
        editor = Editor(client, "def f|():\n    pass\n")
        action = await chosen(editor, "body")
        answer = await client.answer(resolving(editor, action))
        assert answer == action


async def test_shows_what_is_written_and_can_be_stopped_there(world):
    options = {"model": world.fake(SLOW, token_ms=10)}
    capabilities = {**CLIENT, "window": {"workDoneProgress": True}}
    async with serving(world, options, capabilities=capabilities) as client:
        editor = Editor(client, "def f(a):|\n    pass\n")
        pending = resolving(editor, await chosen(editor, "body"))
        begun = await client.wait_for_notification(
            "$/progress",
            lambda it: it["value"]["kind"] == "begin" and "body" in it["value"]["title"],
        )
        assert begun["value"]["cancellable"]
        said = await client.wait_for_notification(
            "$/progress", lambda it: it["token"] == begun["token"] and it["value"].get("message")
        )
        assert said["value"]["message"]
        client.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
        assert (await refused(client, pending)).code == CANCELLED


@pytest.mark.parametrize("data", [None, {}, {"action": "x"}, [1], "body"])
async def test_an_action_that_is_none_of_ours_is_refused(world, data):
    async with serving(world, {"model": world.fake()}, capabilities=CLIENT) as client:
        action = {"title": "x", "kind": "refactor", "data": data}
        assert str(await refused(client, client.send("codeAction/resolve", action)))
