"""A model's weights with the contexts that use them: on graphics cards, or on the processor."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from slm_lsp.errors import CardFailed
from slm_lsp.inference.llama.context import BRANCHES, LlamaContext
from slm_lsp.inference.llama.library import Llama, unheard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slm_lsp.inference.model import AbortFlag

ANSWER_TOKENS = 512 + 8
"""Room for one answer: the largest `completion.maxTokens`, and healing."""

SHORT_TOKENS = 512
"""Room for the end of a prompt; who can read more in time hardly ever has to leave anything out."""


class Loaded(NamedTuple):
    """The weights, and a context each for a whole prompt and for the end of one.

    `room` is how many tokens the first has for a prompt; `placement` says what computes.
    """

    llama: Llama
    room: int
    contexts: list[LlamaContext]
    placement: str


def load(
    path: Path,
    adapter: Path | None,
    *,
    threads: int,
    context_tokens: int,
    gpu_layers: int,
    abort: AbortFlag,
    progress: Callable[[float], None] = unheard,
) -> Loaded:
    """Load them, without graphics cards where those fail. Raises ModelUnusable."""
    attempt = functools.partial(
        _load,
        path,
        adapter,
        threads=threads,
        context_tokens=context_tokens,
        abort=abort,
        progress=progress,
    )
    try:
        return attempt(gpu_layers=gpu_layers)
    except CardFailed as error:
        found = attempt(gpu_layers=0)
        alone = replace(found.llama.placement, reason=str(error))
        return found._replace(placement=str(alone))


def _load(
    path: Path,
    adapter: Path | None,
    *,
    threads: int,
    context_tokens: int,
    gpu_layers: int,
    abort: AbortFlag,
    progress: Callable[[float], None] = unheard,
) -> Loaded:
    """Raise as `Llama` and `LlamaContext` do; nothing of it stays in memory then."""
    answers = BRANCHES * ANSWER_TOKENS
    with contextlib.ExitStack() as undo:
        tokens = context_tokens + SHORT_TOKENS + 2 * answers
        llama = Llama(path, adapter, gpu_layers=gpu_layers, tokens=tokens, progress=progress)
        undo.callback(llama.close)
        trained = llama.trained_tokens or context_tokens
        # Some models know a fixed number of positions, and an answer needs some of them.
        room = min(context_tokens, max(trained // 2, trained - ANSWER_TOKENS))
        contexts = []
        for tokens in (room, SHORT_TOKENS):
            context = LlamaContext(llama, threads=threads, tokens=tokens + answers, abort=abort)
            undo.callback(context.close)
            contexts.append(context)
        undo.pop_all()
    return Loaded(llama, room, contexts, str(llama.placement))
