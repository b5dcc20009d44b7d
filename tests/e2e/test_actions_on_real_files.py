"""Every code action in real files of three languages: the one place changes, and nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tree_sitter_yaml

from tests.harness.actions import CLIENT, chosen, put_in, resolving
from tests.harness.editor import Editor
from tests.harness.world import serving

if TYPE_CHECKING:
    from tests.harness.world import World

ROOT = Path(__file__).parents[2]
FILES = {
    "python": Path(argparse.__file__),
    "typescript": ROOT / "editors" / "vscode" / "src" / "ghostText.ts",
    "c": Path(tree_sitter_yaml.__file__).parent / "binding.c",
}
PY = (
    "    if type(items) is list:\n        return items[:]\n"
    "    import copy\n    return copy.copy(items)\n"
)
TS = "  if (byHand) {\n    return undefined;\n  }\n"
C = "    return PyModuleDef_Init(&module);\n"

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
        "enabledFor(language)",
        "enabledFor(‹)",
        "enabledFor(",
        "language)) {",
        "enabledFor(language)",
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
        "function reasonAgainst(language",
        "function reasonAgainst(‹language",
        "/**\n * ",
        "Says why not.\n */\n",
        "/**\n * Says why not.\n */\nfunction reasonAgainst(language",
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
        "reasonAgainst(language: string, byHand",
        "reasonAgainst(language‹, byHand",
        "reasonAgainst(language:",
        " string, byHand: boolean, snooze: Snooze): string | undefined {",
        "reasonAgainst(language: string, byHand",
    ),
    ("hints", "python"): (
        "def _copy_items(items):\n",
        "def _copy_items(items‹):\n",
        "def _copy_items(items:",
        " list) -> list:\n    if",
        "def _copy_items(items: list) -> list:\n",
    ),
}


@pytest.mark.parametrize(("name", "language"), PLACES, ids=map("-".join, PLACES))
async def test_only_the_one_place_changes(world: World, name: str, language: str):
    old, marked, after, written, new = PLACES[name, language]
    original = FILES[language].read_text(encoding="utf-8")
    assert original.count(old) == 1
    before, _, rest = original.replace(old, marked).partition("‹")
    selection, mark, below = rest.partition("›")
    text, length = (before + selection + below, len(selection)) if mark else (before + rest, 0)
    model = world.fake({"after": after, "text": written})
    async with serving(world, {"model": model}, capabilities=CLIENT) as client:
        editor = Editor(client, text, caret=len(before), language=language)
        await client.wait_for_notification(
            "didChangeStatus", lambda it: it["message"].endswith("is ready")
        )
        action = await chosen(editor, name, length, diagnostics=told(editor))
        answer = await client.answer(resolving(editor, action))
        assert put_in(editor, answer["edit"]) == original.replace(old, new)


def told(editor: Editor) -> list[Any]:
    start, end = map(editor.buffer.position, (editor.caret, editor.caret + 4))
    return [{"range": {"start": start, "end": end}, "message": "not defined"}]
