"""The bar: the same weights, asked plainly.

Plain means the publisher's prompt, nothing healed, the text around the cursor as it is, and greedy
decoding: up to the end of the line, or for a hole of several lines up to the model's own end or the
first line outside the block. What the rest of the cursor's line begins with is cut from the answer.
Nothing is refused.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import patch

from slm_lsp.completion.generate import generate
from slm_lsp.completion.stop import LINE, Stop
from slm_lsp.context.window import CHARACTERS_PER_TOKEN
from slm_lsp.evaluation.metrics import judged
from slm_lsp.inference.prompts import fim, recognition
from slm_lsp.inference.prompts.families import FAMILIES
from slm_lsp.inference.protocol import Generate, Prompt, next_id
from slm_lsp.syntax.position import indentation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.completion.generate import Draft
    from slm_lsp.evaluation.cases import Case
    from slm_lsp.evaluation.metrics import Result
    from slm_lsp.inference.llama.model import LlamaModel
    from slm_lsp.inference.protocol import Engine
    from slm_lsp.settings.schema import Settings

PUBLISHED = {"qwen": "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>"}
"""Prompts of publishers, where the family's own prompt is another."""


LONGEST = 200
"""Tokens of an answer of several lines."""


class BlockStop(Stop):
    """Ends a text at the first line outside the block, however many lines that takes."""

    def end(self, text: str) -> int | None:
        """Return where `text` is to be cut, or None."""
        at = text.find("\n") + 1
        for line in text[at:].split("\n") if at else ():
            if line.strip() and not line.startswith(self.indent or ""):
                return max(at - 1, 0)
            at += len(line) + 1
        return None


@contextmanager
def asked_plainly(weights: LlamaModel) -> Iterator[None]:
    """Let `weights` read prompts as their publisher lays them out, without healing."""
    with (
        published(weights),
        patch.object(fim, "healed", lambda tokens, _pieces: (list(tokens), b"")),
    ):
        yield


@contextmanager
def published(weights: LlamaModel) -> Iterator[None]:
    """Let `weights` read prompts as their publisher lays them out."""
    family = next((it for it in FAMILIES if it.name == weights.fills_in), None)
    form = weights._format  # noqa: SLF001 (no user chooses another than the family's)
    if family is not None and family.name in PUBLISHED:
        model = replace(family, prompt=PUBLISHED[family.name])
        form = recognition.of_family(model, weights._llama.token)  # noqa: SLF001
    with (
        patch.object(weights, "_format", form),
        patch.object(fim, "PSM_SUFFIX_TOKENS", weights.room),
    ):
        yield


async def plain(case: Case, settings: Settings, engine: Engine, weights: LlamaModel) -> Result:
    """Return what becomes of `case`. Raises EngineError."""
    with asked_plainly(weights):
        return await written_plainly(case, plain_prompt(case, settings), engine)


async def written_plainly(case: Case, prompt: Prompt, engine: Engine) -> Result:
    """Return what becomes of `case` where the answer to `prompt` is shown. Raises EngineError."""
    whole = "\n" in case.expected.strip()
    indent = indentation(case.document().before(case.cursor))
    draft = await written(engine, prompt, BlockStop((), indent) if whole else LINE, LONGEST)
    text = without_rest(draft.text, case.suffix.split("\n", 1)[0])
    return judged(
        case,
        text.rstrip() or None,
        confidence=draft.confidence(len(draft.text)),
        dropped="",
        latency_ms=0.0,
        asked=True,
    )


async def written(engine: Engine, prompt: Prompt, stop: Stop, longest: int) -> Draft:
    """Return what the model writes after `prompt` until `stop`, `longest` tokens at most.

    Raises EngineError.
    """
    request = Generate(next_id(), "", prompt, longest, stop.strings, opener=stop.opener)
    generation = await generate(engine, request, stop, lambda _text: None)
    return generation.drafts[0]


def plain_prompt(case: Case, settings: Settings) -> Prompt:
    """Return as many whole lines around the cursor as the window of `settings` may have."""
    before = int(settings.context.prefix_tokens * CHARACTERS_PER_TOKEN)
    behind = int(settings.context.suffix_tokens * CHARACTERS_PER_TOKEN)
    prefix, suffix = case.prefix, case.suffix
    if len(prefix) > before:
        prefix = prefix[-before:].partition("\n")[2]
    if len(suffix) > behind:
        suffix = suffix[:behind].rpartition("\n")[0]
    return Prompt(case.path, case.language, prefix, suffix)


def without_rest(text: str, rest: str) -> str:
    """Cut from the first line of `text` the longest end that `rest` begins with.

    `rest` is what stands behind the cursor on its line; where it has text, the answer is one line.
    """
    rest = rest.strip()
    if not rest:
        return text
    line = text.split("\n", 1)[0].rstrip()
    starts = range(max(len(line) - len(rest), 0), len(line))
    return line[: next((at for at in starts if rest.startswith(line[at:])), len(line))]
