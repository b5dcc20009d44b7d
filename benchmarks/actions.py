"""What code actions make of real functions whose body or documentation was taken out.

The functions are those of the files that the evaluation set's holes are in (`make eval-set`), in
seven languages. Type hints are asked for where there are none, in Python and TypeScript. Everything
runs on the default model in this process.

| figure, for `body`, `docstring` and `hints` | |
|---|---|
| `_shown` | share that passed the checks: the others are refused with a reason |
| `_parse` | share of what is shown that leaves no syntax error, parsed from scratch |
| `_p50_ms`, `_p95_ms` | from choosing the action to its edit, or its refusal |
| `docstring_own_names` | share of what is shown that names only parameters that exist |
| `list_p95_ms` | which actions there are at a place |
| `cancel_p95_ms` | from cancelling one in the middle to the start of the next request |
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from benchmarks.engine_here import default_settings, engine_here
from benchmarks.evaluation_set import case_file
from benchmarks.report import Figures, command_line, percentile, publish
from slm_lsp.actions.doc_style import named_parameters
from slm_lsp.actions.frame import ActionContext, replaced
from slm_lsp.actions.registry import ACTIONS, offers
from slm_lsp.actions.writing import write
from slm_lsp.errors import ActionRefused
from slm_lsp.evaluation.cases import read_cases
from slm_lsp.inference.protocol import (
    Generate,
    Prefilled,
    Prompt,
    next_id,
)
from slm_lsp.syntax.functions import Function, function_at
from slm_lsp.syntax.holes import sound
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import (
    Cursor,
    Document,
    Span,
    unix,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slm_lsp.inference.protocol import Engine

FUNCTIONS = 100
"""For each action."""

QUICK_FUNCTIONS = 5
LATEST_CANCEL_S = 1.5
"""Many have ended by then, most of the others are being written."""

SEED = 20261124
PLACEHOLDERS = {"python": "pass", "rust": "todo!()", "go": 'panic("not implemented")'}


def places(name: str, count: int) -> Iterator[tuple[Document, Cursor]]:
    """Yield documents that lack what the action `name` writes, and where it is to be offered."""
    cases = read_cases(case_file("reported"))
    random.Random(SEED).shuffle(cases)
    found = 0
    for case in cases:
        text = f"{case.prefix}{case.expected}{case.suffix}"
        document = Document.of(text, uri=f"file:///{case.path}", language=case.language)
        place = _place(name, document, random.Random(case.id))
        if place is not None:
            yield place
            found += 1
        if found == count:
            return


def _place(name: str, document: Document, chance: random.Random) -> tuple[Document, Cursor] | None:
    lines = list(range(len(document.lines)))
    chance.shuffle(lines)
    parsed = parse(document)
    for line in lines[:200]:
        if not isinstance(parsed, Syntax):
            break
        function = function_at(parsed, Cursor(line, 0))
        if function is None or not function.statements:
            continue
        bare = BARED[name](document, function)
        made, cursor = bare
        syntax = parse(made)
        if (
            sound(made)
            and isinstance(syntax, Syntax)
            and ACTIONS[name].find(ActionContext(syntax, Span.at(cursor)))
        ):
            return bare
    return None


def _without_body(document: Document, function: Function) -> tuple[Document, Cursor]:
    written = Span(function.statements[0].start, function.statements[-1].end)
    placeholder = PLACEHOLDERS.get(document.language, "")
    return replaced(document, written, placeholder), function.header.start


def _without_docstring(document: Document, function: Function) -> tuple[Document, Cursor]:
    start, line = function.header.start, function.header.start.line
    if document.language == "python":
        first = function.statements[0].start
        gap = Span(function.header.end, first)
        return replaced(document, gap, f"\n{document.before(first)}"), start
    above = line
    while above and document.lines[above - 1].strip().startswith(("//", "/*", "*")):
        above -= 1
    bare = replaced(document, Span(Cursor(above, 0), Cursor(line, 0)), "")
    return bare, Cursor(above, start.column)


BARED: dict[str, Callable[[Document, Function], tuple[Document, Cursor]]] = {
    "body": _without_body,
    "docstring": _without_docstring,
    "hints": lambda document, function: (document, function.header.start),
}
"""What is measured, and how a function comes to lack it."""


async def measure(engine: Engine, name: str, count: int) -> list[dict[str, Any]]:
    """Return one row for each place."""
    rows = []
    for document, cursor in places(name, count):
        syntax = parse(document)
        assert isinstance(syntax, Syntax)
        started = time.perf_counter()
        frames = {
            action.name: frame
            for action, frame, _ in offers(ActionContext(syntax, Span.at(cursor)), (), chats=True)
        }
        listed = time.perf_counter()
        row: dict[str, Any] = {"action": name, "language": document.language}
        row["list_ms"] = (listed - started) * 1e3
        try:
            edit = await write(
                frames[name], document, default_settings(), engine, lambda _text: None
            )
        except ActionRefused as error:
            row |= {"shown": False, "refused": str(error)}
        else:
            function = function_at(syntax, cursor)
            names = named_parameters(edit.text) if name == "docstring" else []
            row |= {"shown": True, "text": edit.text}
            row["parses"] = sound(replaced(document, edit.span, unix(edit.text)))
            row["own_names"] = function is not None and set(names) <= set(function.parameters)
        row["ms"] = (time.perf_counter() - listed) * 1e3
        rows.append(row)
    return rows


async def cancels(engine: Engine, count: int) -> list[dict[str, Any]]:
    """Cancel actions at random moments; return one row for each that had not ended by then."""
    chance = random.Random(SEED)
    rows = []
    for document, cursor in places("body", count):
        syntax = parse(document)
        assert isinstance(syntax, Syntax)
        frame = ACTIONS["body"].find(ActionContext(syntax, Span.at(cursor)))
        assert frame is not None
        writing = write(frame, document, default_settings(), engine, lambda _text: None)
        task = asyncio.create_task(writing)
        await asyncio.wait([task], timeout=chance.uniform(0.05, LATEST_CANCEL_S))
        if not task.done():
            task.cancel()
            rows.append({"action": "cancelled", "freed_ms": await _freed_ms(engine)})
        await asyncio.gather(task, return_exceptions=True)
    return rows


async def _freed_ms(engine: Engine) -> float:
    request = Generate(next_id(), "file:///next", Prompt("", "python", "x = 1\n", ""), 1)
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            if isinstance(event, Prefilled):
                return event.queue_ms
    raise AssertionError("the engine ended a request before it read it")


def figures(rows: list[dict[str, Any]]) -> Figures:
    """Return the figures that the module's docstring explains."""
    made: Figures = {}
    for name in BARED:
        own = [row for row in rows if row["action"] == name]
        shown = [row for row in own if row["shown"]]
        made[f"{name}_n"] = len(own)
        made[f"{name}_shown"] = len(shown) / len(own) if own else None
        made[f"{name}_parse"] = _share(shown, "parses")
        made |= {
            f"{name}_p{rank}_ms": percentile([it["ms"] for it in own], rank) for rank in (50, 95)
        }
    documented = [row for row in rows if row["action"] == "docstring" and row["shown"]]
    made["docstring_own_names"] = _share(documented, "own_names")
    made["list_p95_ms"] = percentile([row["list_ms"] for row in rows if "list_ms" in row], 95)
    made["cancel_p95_ms"] = percentile([it["freed_ms"] for it in rows if "freed_ms" in it], 95)
    return made


def _share(rows: list[dict[str, Any]], name: str) -> float | None:
    return sum(bool(row[name]) for row in rows) / len(rows) if rows else None


async def _run(count: int) -> list[dict[str, Any]]:
    async with engine_here(default_settings()) as engine:
        rows = [row for name in BARED for row in await measure(engine, name, count)]
        return rows + await cancels(engine, count)


def main() -> int:
    """Run the benchmark."""
    parser = command_line("benchmarks.actions", __doc__, "fifteen functions, under 50 seconds")
    options = parser.parse_args()
    if not case_file("reported").exists():
        parser.error("the evaluation set is not here yet; `make eval-set` fetches it")
    rows = asyncio.run(_run(QUICK_FUNCTIONS if options.quick else FUNCTIONS))
    publish("benchmarks.actions", figures(rows), rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
