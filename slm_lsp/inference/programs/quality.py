"""How well a model file fills holes in code: enough to notice that a quantisation broke it.

The sample lies in `sample.json` beside this file: pieces of this program's own sources, and a few
written for it in other languages. Each `‸` begins a hole that reaches to the end of its line. The
holes of one piece follow one another, so most of every prompt is in the KV cache already and the
whole sample takes some seconds on two cores.
"""

from __future__ import annotations

import asyncio
import functools
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import (
    Generate,
    Prompt,
    RequestFinished,
    Token,
    next_id,
)
from slm_lsp.inference.worker.model_thread import Background, ModelThread
from slm_lsp.inference.worker.scheduler import Scheduler

if TYPE_CHECKING:
    from slm_lsp.inference.protocol import Engine

MAX_TOKENS = 16
"""More than the longest hole of the sample needs, with any usual tokenizer."""

CONTEXT_TOKENS = 512
"""More than the longest piece of the sample has."""

_MARK = "‸"

_SUFFIX_LINES = 2
"""Lines after the hole that a model for filling in gets to see."""


class Hole(NamedTuple):
    """What the model reads, and what it should write up to the end of the line."""

    prompt: Prompt
    expected: str


class _Piece(msgspec.Struct, frozen=True):
    path: str
    language: str
    lines: tuple[str, ...]


def sample() -> tuple[Hole, ...]:
    """Return the holes of the sample, those of one piece in their order."""
    content = Path(__file__).with_name("sample.json").read_bytes()
    pieces = msgspec.json.decode(content, type=tuple[_Piece, ...])
    return tuple(hole for piece in pieces for hole in _holes(piece))


def _holes(piece: _Piece) -> list[Hole]:
    lines = [line.replace(_MARK, "") for line in piece.lines]
    found = []
    for number, line in enumerate(piece.lines):
        before, mark, expected = line.partition(_MARK)
        if mark:
            prefix = "\n".join([*lines[:number], before])
            suffix = "".join("\n" + line for line in lines[number + 1 :][:_SUFFIX_LINES])
            found.append(Hole(Prompt(piece.path, piece.language, prefix, suffix), expected))
    return found


def exact_match(path: Path, threads: int) -> float:
    """Return the share (0 to 1) of the sample's holes that the model at `path` fills exactly.

    Greedy and healed, by the way that requests go in the engine. Raises ModelUnusable.
    """
    return asyncio.run(_served(path, threads))


async def _served(path: Path, threads: int) -> float:
    abort, thread = AbortFlag(), ModelThread()
    load = functools.partial(
        LlamaModel, path, threads=threads, context_tokens=CONTEXT_TOKENS, abort=abort
    )
    scheduler = Scheduler(await thread.result_of(load), abort, Background(share=0), thread)
    try:
        return await share(scheduler, sample())
    finally:
        await scheduler.close()


async def share(engine: Engine, holes: tuple[Hole, ...]) -> float:
    """Return the share of `holes` that `engine` fills exactly. Raises ModelUnusable."""
    return sum([await _filled(engine, hole) for hole in holes]) / len(holes)


async def _filled(engine: Engine, hole: Hole) -> bool:
    """Tell whether the answer is what is expected; leave as soon as it cannot be any more."""
    text = ""
    request = Generate(next_id(), hole.prompt.path, hole.prompt, MAX_TOKENS, ("\n",))
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            match event:
                case Token():
                    text += event.text
                    if not hole.expected.startswith(text.rstrip()):
                        return False
                case RequestFinished(reason="failed"):
                    raise ModelUnusable(event.detail)
    return text.rstrip() == hole.expected
