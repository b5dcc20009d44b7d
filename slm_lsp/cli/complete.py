"""`slm-lsp complete FILE:LINE:COL`: one completion for a real file, the way the server does it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.cli.arguments import settings_for
from slm_lsp.cli.source_file import in_workspace, read_document
from slm_lsp.completion.answers import Answers
from slm_lsp.completion.complete import complete
from slm_lsp.completion.request import Request
from slm_lsp.errors import UsageError
from slm_lsp.index.database import database_path
from slm_lsp.index.definitions import definition_lines
from slm_lsp.index.files import workspace_of
from slm_lsp.inference.client.client import EngineClient
from slm_lsp.syntax.syntax import parse
from slm_lsp.text.document import Cursor

if TYPE_CHECKING:
    import argparse

    from slm_lsp.completion.request import CompletionResult
    from slm_lsp.settings.schema import Settings
    from slm_lsp.text.document import Document, Span

_PLACE = re.compile(r"(?P<file>.+):(?P<line>\d{1,9}):(?P<column>\d{1,9})\Z", re.DOTALL)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("complete", help="one completion for a place in a file")
    parser.add_argument("place", metavar="FILE:LINE:COL", help="line and column count from 1")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Print what is offered there; exit code 0 also when that is nothing."""
    path, line, column = parse_place(options.place)
    document = read_document(path)
    if line > len(document.lines):
        raise UsageError(f"{path} has {len(document.lines)} lines; line {line} is not one of them.")
    cursor = Cursor(line - 1, column - 1)
    if document.clamp(cursor) != cursor:
        width = document.clamp(cursor).column + 1
        raise UsageError(f"Line {line} of {path} has columns 1 to {width}, not {column}.")
    settings = settings_for(path.parent)
    outcome = asyncio.run(_complete(path, document, cursor, settings))
    print(_as_json(outcome, settings) if options.json else _as_text(outcome))
    return 0


def parse_place(place: str) -> tuple[Path, int, int]:
    """Split `FILE:LINE:COL`, both from 1. Raises UsageError."""
    match = _PLACE.match(place)
    if match is None:
        raise UsageError(f"'{place}' is not FILE:LINE:COL, for example src/app.py:12:5.")
    line, column = int(match["line"]), int(match["column"])
    if line < 1 or column < 1:
        raise UsageError("Lines and columns count from 1, as editors show them.")
    return Path(match["file"]), line, column


async def _complete(
    path: Path, document: Document, cursor: Cursor, settings: Settings
) -> CompletionResult:
    root = workspace_of(path)
    document = in_workspace(document, path, root)
    syntax = parse(document)
    definitions = ""
    if root and (tokens := settings.context.definition_tokens):
        definitions = definition_lines(database_path(root), document, syntax, cursor, tokens)
    request = Request(document, syntax, cursor, invoked=True, definitions=definitions)
    engine = EngineClient(settings)
    try:
        return await complete(request, settings, Answers(), engine)
    finally:
        await engine.close()


def _as_text(outcome: CompletionResult) -> str:
    if not outcome.completions:
        return f"(nothing: {outcome.dropped})"
    return outcome.completions[0].text


def _as_json(outcome: CompletionResult, settings: Settings) -> str:
    answer = {
        "items": [
            {
                "insert_text": completion.text,
                "range": _range(completion.span),
                "confidence": completion.confidence,
            }
            for completion in outcome.completions
        ],
        "model": settings.model,
        "timings": outcome.timings,
        "dropped": outcome.dropped or None,
    }
    return msgspec.json.encode(answer).decode()


def _range(span: Span) -> dict[str, dict[str, int]]:
    """Return the span as on the command line: from 1, in code points."""
    return {
        name: {"line": place.line + 1, "column": place.column + 1}
        for name, place in (("start", span.start), ("end", span.end))
    }
