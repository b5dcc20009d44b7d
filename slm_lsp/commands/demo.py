"""`slm-lsp demo`: types a real file and shows what the model offers at every key."""

from __future__ import annotations

import asyncio
import inspect
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from slm_lsp.commands.demo_view import show_live, show_table
from slm_lsp.commands.playback import Passage, play
from slm_lsp.commands.settings import settings_for
from slm_lsp.commands.source import read_document
from slm_lsp.engine.client import EngineClient
from slm_lsp.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from slm_lsp.config import Settings
    from slm_lsp.text import Document

DEFAULT_LINES = 24
"""Lines typed: long enough to see it work, short enough to watch (about a minute)."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("demo", help="watch it complete a real file")
    parser.add_argument("file", nargs="?", help="the file to type (default: one of Python's own)")
    parser.add_argument("--line", type=int, help="the first line to type, from 1")
    parser.add_argument("--lines", type=int, default=DEFAULT_LINES, help="how many lines to type")
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Type a passage: live where there is a terminal, else as a table."""
    document, passage = _passage(options)
    settings = settings_for(Path.cwd())
    asyncio.run(_run(document, passage, settings))
    return 0


def _passage(options: argparse.Namespace) -> tuple[Document, Passage]:
    if options.file is None:
        document = read_document(Path(inspect.getfile(textwrap)))
        constructor = (n for n, line in enumerate(document.lines) if "def __init__(" in line)
        first = 1 + next(constructor)
    else:
        document = read_document(Path(options.file))
        first = max(1, len(document.lines) // 2)
    line = options.line or first
    if not 1 <= line <= len(document.lines) or options.lines < 1:
        raise UsageError(f"{document.path} has the lines 1 to {len(document.lines)}.")
    return document, Passage(line - 1, min(line - 1 + options.lines, len(document.lines)))


async def _run(document: Document, passage: Passage, settings: Settings) -> None:
    console = Console()
    engine = EngineClient(settings)
    try:
        with console.status(f"Starting {escape(settings.model)} …"):
            await engine.ready()
        frames = play(document, passage, settings, engine)
        if console.is_terminal:
            await show_live(console, document, frames)
        else:
            await show_table(console, document, frames)
    finally:
        await engine.close()
