"""What the server does at a key before and after the model, in files of 100 to 50,000 lines.

A line is typed in the middle of each file, key by key. Python files are made of its standard
library; one of them is a single class. Those of other languages repeat a short file of the tests.
The tree is asked for at every key, though most keys do without. `--quick` has no index.

| figure | over all keys in files of 10,000 lines |
|---|---|
| `parse_p95_ms` | the edit, and a tree of what surrounds it |
| `window_p95_ms` | what the model is to read, secrets masked |
| `gate_p95_ms` | whether anything is offered, with strings and comments switched off |
| `tidy_p95_ms` | a line the model wrote, cut and checked; not on the event loop |
| `index_files_per_s`, `index_update_p95_ms`, `index_memory_mb` | see `benchmarks.index_tree` |
"""

from __future__ import annotations

import asyncio
import functools
import re
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import index_tree, typist
from benchmarks.lengths import file_of
from benchmarks.report import Figures, command_line, percentile, publish
from slm_lsp.completion.eligibility import gate, gate_by_syntax
from slm_lsp.completion.generate import Draft
from slm_lsp.completion.postprocess import tidy
from slm_lsp.completion.request import Request
from slm_lsp.context.window import Budget, window
from slm_lsp.inference.protocol import Token
from slm_lsp.server.documents import Documents
from slm_lsp.settings.schema import CompletionSettings, Settings
from slm_lsp.text.document import (
    Cursor,
    Document,
    Edit,
    Span,
)
from tests.unit.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = (100, 1_000, 10_000, 50_000)
QUICK_LINES = (100, 10_000)
REPORTED_LINES = 10_000
"""The length of the files that the figures are of."""

LANGUAGES = ("typescript", "go", "rust", "java", "cpp", "csharp", "ruby")
TYPED = 'value = call(first, "second", [third])'
WRITTEN = "result = call(value, 1)"
STEPS = ("parse", "window", "gate", "tidy")
SETTINGS = Settings(completion=CompletionSettings(in_strings=False, in_comments=False))
BUDGET = Budget(SETTINGS.context.prefix_tokens, SETTINGS.context.suffix_tokens)
INDEX = ("index_files_per_s", "index_update_p95_ms", "index_memory_mb")

Times = dict[str, list[float]]
"""Milliseconds by step, one value a key."""


@dataclass(frozen=True)
class Place:
    """A file without the line that is typed at `cursor`."""

    name: str
    document: Document
    cursor: Cursor
    typed: str


def places(lines: int) -> Iterator[Place]:
    """Yield files of about `lines` lines."""
    text, hole = file_of(lines, 60)
    typed = text[hole.start : hole.end]
    yield _place("python", "python", typist.without(text, [hole]), hole.start, typed)
    yield _one_class(lines)
    for language in LANGUAGES:
        sample = next(it for it in SAMPLES if it.language == language)
        code = "".join(sample.text.splitlines(keepends=True)[max(sample.imports, default=-1) + 1 :])
        plain = re.sub("‹.›", "", code)
        half = plain * (lines // (2 * plain.count("\n")) or 1)
        before, after = (re.sub("‹.›", "", part) for part in code.split("‹k›"))
        yield _place(language, language, half + before + after + half, len(half + before), TYPED)


def _one_class(lines: int) -> Place:
    method = "    def f(self, a, b):\n        c = [a, b, self.f(a)]\n        return c\n\n"
    half = method * (lines // 8)
    head = "class A:\n" + half + "    def g(self):\n        "
    return _place("python, one class", "python", head + "\n\n" + half, len(head), TYPED)


def _place(name: str, language: str, text: str, start: int, typed: str) -> Place:
    above = text[:start].split("\n")
    document = Document.of(text, uri=f"file:///{name}", language=language)
    return Place(name, document, Cursor(len(above) - 1, len(above[-1])), typed)


async def measure(place: Place) -> Times:
    """Type at `place` and return what each step took at each key."""
    documents = Documents()
    documents.open(place.document)
    await documents.parsed(place.document.uri)
    times: Times = {step: [] for step in STEPS}
    cursor = place.cursor
    for version, character in enumerate(place.typed, 1):
        cursor = _press(documents, place, cursor, character, version, times)
        await asyncio.sleep(0)
    documents.close_all()
    return times


def _press(
    documents: Documents, place: Place, at: Cursor, character: str, version: int, times: Times
) -> Cursor:
    """Type one character, and return where the cursor is then."""
    uri, started = place.document.uri, time.perf_counter()
    documents.edit(uri, Edit(Span.at(at), character), version)
    buffer = documents.get(uri)
    assert buffer is not None
    cursor = Cursor(at.line + 1, 0) if character == "\n" else Cursor(at.line, at.column + 1)
    settled = documents.settle(buffer, cursor.line)
    times["parse"].append((time.perf_counter() - started) * 1e3)

    settle = functools.partial(documents.settle, buffer)
    asked = Request(buffer.document, buffer.parsed, cursor, settle=settle)
    request = Request(buffer.document, settled, cursor)
    written = Draft([Token(0, WRITTEN, -0.1)], WRITTEN, "stop")
    steps = (
        ("window", lambda: window(asked.document, asked.outline, cursor, BUDGET)),
        ("gate", lambda: gate(asked, SETTINGS) or gate_by_syntax(asked, SETTINGS)),
        ("tidy", lambda: tidy(request, [written])),
    )
    for step, work in steps:
        started = time.perf_counter()
        work()
        times[step].append((time.perf_counter() - started) * 1e3)
    return cursor


def figures(found: dict[tuple[str, int], Times]) -> Figures:
    """Return the figures that the module's docstring explains."""
    reported = [times for (_, lines), times in found.items() if lines == REPORTED_LINES]
    made: Figures = {
        f"{step}_p95_ms": percentile([ms for times in reported for ms in times[step]], 95)
        for step in STEPS
    }
    return made


def rows(found: dict[tuple[str, int], Times]) -> list[dict[str, Any]]:
    """Return one row for each file and step."""
    return [
        {"file": name, "lines": lines, "step": step, "keys": len(times[step])}
        | {f"p{rank}_ms": percentile(times[step], rank) for rank in (50, 95)}
        for (name, lines), times in found.items()
        for step in STEPS
    ]


def main() -> int:
    """Parse the command line, measure, report."""
    parser = command_line("benchmarks.context", __doc__, "two lengths, at most 50 seconds")
    options = parser.parse_args()
    found = {
        (place.name, lines): asyncio.run(measure(place))
        for lines in (QUICK_LINES if options.quick else LINES)
        for place in places(lines)
    }
    index = {} if options.quick else index_tree.measure(index_tree.FILES)[0]
    made = figures(found) | {name: index.get(name) for name in INDEX}
    publish("benchmarks.context", made, rows(found), options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
