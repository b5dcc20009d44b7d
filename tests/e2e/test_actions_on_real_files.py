"""Every code action in whole files of three languages: the one place changes, and nothing else."""

from __future__ import annotations

import argparse
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tree_sitter_yaml

from tests.harness.actions import SHOWS, chosen, explained, put_in, resolving, rewriting
from tests.harness.editor import Editor
from tests.harness.world import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.harness.world import World

ROOT = Path(__file__).parents[2]
FILES = {
    "python": Path(argparse.__file__),
    "typescript": ROOT / "editors" / "vscode" / "src" / "ghostText.ts",
    "c": Path(tree_sitter_yaml.__file__).parent / "binding.c",
    "php": Path(__file__).parent / "files" / "Ledger.php",
}
PY = (
    "    if type(items) is list:\n        return items[:]\n"
    "    import copy\n    return copy.copy(items)\n"
)
TS = "  if (byHand) {\n    return undefined;\n  }\n"
C = "    return PyModuleDef_Init(&module);\n"


def from_there(language: str, start: str) -> str:
    """Return the rest of the file from `start` on."""
    text = FILES[language].read_text(encoding="utf-8")
    return text[text.index(start) :]


PY_REST = from_there("python", "def _copy_items(items):")
TS_REST = from_there("typescript", "function reasonAgainst(\n  document")
C_REST = from_there("c", "PyMODINIT_FUNC PyInit__binding(void) {")

# What stands there, what is made of it with the cursor at the mark, how the prompt then ends, what
# the model writes, and what has to stand there in the end.
PLACES: dict[tuple[str, str], tuple[str, str, str, str, str]] = {
    ("body", "python"): (
        PY,
        f"{PY}\n\ndef _first(items‹):\n    ...\n",
        "def _first(items):\n    ",
        "return items[0]\n\n\ndef",
        f"{PY}\n\ndef _first(items):\n    return items[0]\n",
    ),
    ("body", "typescript"): (
        TS,
        TS + "  const never = () => {‹};\n",
        "=> {\n    ",
        "return false;\n  };\n",
        TS + "  const never = () => {\n    return false;\n  };\n",
    ),
    ("body", "c"): (
        C,
        "    if (!module.m_name) {‹}\n" + C,
        "{\n        ",
        "return NULL;\n    }\n",
        "    if (!module.m_name) {\n        return NULL;\n    }\n" + C,
    ),
    ("todo", "python"): (
        PY,
        f"    # TODO: count them‹\n{PY}",
        "count them\n    ",
        "count = len(items)\n    if type(items) is list:",
        f"    # TODO: count them\n    count = len(items)\n{PY}",
    ),
    ("todo", "typescript"): (
        TS,
        f"  // FIXME: say so‹\n{TS}",
        "say so\n  ",
        "log.debug(language);\n  if (byHand) {\n",
        f"  // FIXME: say so\n  log.debug(language);\n{TS}",
    ),
    ("todo", "c"): (
        C,
        f"    // TODO: say so‹\n{C}",
        "say so\n    ",
        'puts("here");\n    return PyModuleDef_Init(&module);',
        f'    // TODO: say so\n    puts("here");\n{C}',
    ),
    ("arguments", "python"): (
        "copy.copy(items)",
        "copy.copy(‹)",
        "copy.copy(",
        "items)\n",
        "copy.copy(items)",
    ),
    ("arguments", "typescript"): (
        "enabledFor(document)",
        "enabledFor(‹)",
        "enabledFor(",
        "document)) {",
        "enabledFor(document)",
    ),
    ("arguments", "c"): ("Init(&module)", "Init(‹)", "Init(", "&module);\n", "Init(&module)"),
    ("docstring", "python"): (
        "def _copy_items(items):\n",
        "def _copy_items(items‹):\n",
        '"""',
        'Return a copy of items.\n    """',
        'def _copy_items(items):\n    """Return a copy of items."""\n',
    ),
    ("docstring", "typescript"): (
        "function reasonAgainst(\n  document",
        "function reasonAgainst(\n  ‹document",
        "/** ",
        "Says why not. */\n",
        "/** Says why not. */\nfunction reasonAgainst(\n  document",
    ),
    ("docstring", "c"): (
        "PyMODINIT_FUNC PyInit__binding(void) {",
        "PyMODINIT_FUNC PyInit__binding(‹void) {",
        "/**\n * ",
        "Makes the module.\n */\n",
        "/**\n * Makes the module.\n */\nPyMODINIT_FUNC PyInit__binding(void) {",
    ),
    ("simplify", "python"): (
        PY,
        f"‹{PY}›",
        "```python\n",
        "import copy\nreturn copy.copy(items)\n```",
        "    import copy\n    return copy.copy(items)\n",
    ),
    ("simplify", "typescript"): (
        TS,
        f"‹{TS}›",
        "```typescript\n",
        "if (byHand) return undefined;\n```",
        "  if (byHand) return undefined;\n",
    ),
    ("simplify", "c"): (C, f"‹{C}›", "```c\n", "return NULL;\n```", "    return NULL;\n"),
    ("fix", "python"): (
        PY,
        PY.replace("return items", "return ‹itmes"),
        "```python\n",
        "return items[:]\n```",
        PY,
    ),
    ("fix", "typescript"): (
        TS,
        TS.replace("byHand", "‹byHnd"),
        "```typescript\n",
        TS + "```",
        TS,
    ),
    ("fix", "c"): (C, C.replace("&", "‹"), "```c\n", C + "```", C),
    ("translate", "python"): (
        PY,
        PY.replace("    import", "    # Kopiert die‹ Liste\n    import"),
        "Kopiert die Liste\n",
        "Copies the list",
        PY.replace("    import", "    # Copies the list\n    import"),
    ),
    ("translate", "typescript"): (
        TS,
        f"  // Von Hand‹ verlangt\n{TS}",
        "Von Hand verlangt\n",
        "Asked for by hand",
        f"  // Asked for by hand\n{TS}",
    ),
    ("translate", "c"): (
        C,
        f"    // Macht das‹ Modul\n{C}",
        "Macht das Modul\n",
        "Makes the module",
        f"    // Makes the module\n{C}",
    ),
    ("hints", "typescript"): (
        "byHand: boolean,\n  snooze: Snooze",
        "byHand‹,\n  snooze: Snooze",
        "byHand:",
        " boolean,\n  snooze: Snooze,\n): string | undefined {",
        "byHand: boolean,\n  snooze: Snooze",
    ),
    ("hints", "python"): (
        "def _copy_items(items):\n",
        "def _copy_items(items‹):\n",
        "def _copy_items(items:",
        " list) -> list:\n    if",
        "def _copy_items(items: list) -> list:\n",
    ),
    ("hints", "php"): (
        "public function entriesOf($account, $atLeast = 0)\n    {",
        "public function entriesOf($account‹, $atLeast = 0)\n    {",
        "public function entriesOf(",
        "string $account, int $atLeast = 0): array\n    {",
        "public function entriesOf(string $account, int $atLeast = 0): array\n    {",
    ),
    ("test", "python"): (
        PY_REST,
        PY_REST.replace("(items)", "(items‹)", 1),
        "def test__copy_items():\n    ",
        "assert _copy_items([1]) == [1]\n```",
        f"{PY_REST}\n\ndef test__copy_items():\n    assert _copy_items([1]) == [1]\n",
    ),
    ("test", "typescript"): (
        TS_REST,
        TS_REST.replace("document", "‹document", 1),
        'test("reasonAgainst", () => {\n  ',
        'expect(reasonAgainst("go", true, never)).toBe(undefined);\n});\n```',
        (
            f'{TS_REST}\n\ntest("reasonAgainst", () => {{\n'
            '  expect(reasonAgainst("go", true, never)).toBe(undefined);\n});\n'
        ),
    ),
    ("test", "c"): (
        C_REST,
        C_REST.replace("void", "‹void", 1),
        "void test_PyInit__binding(void) {\n    ",
        "assert(PyInit__binding() != NULL);\n}\n\nint main(",
        (
            f"{C_REST}\n\nvoid test_PyInit__binding(void) {{\n"
            "    assert(PyInit__binding() != NULL);\n}\n"
        ),
    ),
}


@asynccontextmanager
async def at_place(
    world: World, name: str, language: str, reply: dict[str, str]
) -> AsyncIterator[tuple[Editor, int, str]]:
    """Yield an editor at a place of `PLACES`, the length of its selection, and what it becomes."""
    old, marked, *_, new = PLACES[name, language]
    original = FILES[language].read_text(encoding="utf-8")
    assert original.count(old) == 1
    before, _, rest = original.replace(old, marked).partition("‹")
    selection, mark, below = rest.partition("›")
    text, length = (before + selection + below, len(selection)) if mark else (before + rest, 0)
    async with serving(world, {"model": world.fake(reply)}, capabilities=SHOWS) as client:
        editor = Editor(client, text, caret=len(before), language=language)
        await client.wait_for_notification(
            "didChangeStatus", lambda it: it["message"].endswith("is ready")
        )
        yield editor, length, original.replace(old, new)


@pytest.mark.parametrize(("name", "language"), PLACES, ids=map("-".join, PLACES))
async def test_only_the_one_place_changes(world: World, name: str, language: str):
    _, _, after, written, _ = PLACES[name, language]
    reply = {"after": after, "text": written}
    async with at_place(world, name, language, reply) as (editor, length, expected):
        action = await chosen(editor, name, length, diagnostics=told(editor))
        answer = await editor.client.answer(resolving(editor, action))
        assert put_in(editor, answer["edit"]) == expected


@pytest.mark.parametrize("language", ["python", "typescript", "c"])
async def test_what_is_selected_is_rewritten(world: World, language: str):
    _, _, after, written, _ = PLACES["simplify", language]
    reply = {"after": after, "contains": "Change this code: in one line", "text": written}
    async with at_place(world, "simplify", language, reply) as (editor, length, expected):
        edit = await editor.client.answer(rewriting(editor, length, "in one line"))
        assert put_in(editor, edit) == expected


@pytest.mark.parametrize("language", ["python", "typescript", "c"])
async def test_what_is_selected_is_explained(world: World, language: str):
    line = PLACES["simplify", language][0].strip().split("\n")[0]
    reply = {"after": "```\n", "contains": line, "text": f"It does {line}."}
    async with at_place(world, "simplify", language, reply) as (editor, length, _):
        assert await explained(editor, length) == f"It does {line}.\n"


def told(editor: Editor) -> list[Any]:
    start, end = map(editor.buffer.position, (editor.caret, editor.caret + 4))
    return [{"range": {"start": start, "end": end}, "message": "not defined"}]
