"""The way from the bare model to what is offered, one part more at each step, and what it costs."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from unittest.mock import patch

import msgspec

from benchmarks.variants import LINE, with_definitions, written
from slm_lsp.completion.prompt import prompt_for
from slm_lsp.completion.request import Request
from slm_lsp.completion.stop import stop_rule
from slm_lsp.completion.tidy import tidy
from slm_lsp.context.syntax import parse
from slm_lsp.context.window import CHARACTERS_PER_TOKEN
from slm_lsp.engine import fim
from slm_lsp.engine.protocol import Generate, Prompt, next_id
from slm_lsp.evaluation.metrics import judged
from slm_lsp.evaluation.run import definitions_of, evaluate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slm_lsp.completion.stop import Stop
    from slm_lsp.config import Settings
    from slm_lsp.engine.protocol import Engine
    from slm_lsp.evaluation.cases import Case
    from slm_lsp.evaluation.metrics import Result

DEFINITION_TOKENS = 256
"""Budget of the last step. The setting is off by default."""

UNLIKELY = "\N{SNOWMAN} = \N{SNOWMAN}\n"
"""What no model writes in code, and longer than what token healing takes back."""


async def ladder(case: Case, settings: Settings, engine: Engine) -> dict[str, Result]:
    """Return what becomes of `case`, by the names of the steps. Raises EngineError.

    `prefix`: as much text before the cursor as the window may have, and what the model writes after
    it up to the end of the line. `healing`, `window` (a prompt as the server makes it), `stop` (a
    block where the cursor opens one) and `tidy` change one thing each. `gate` is the path that a
    key takes: it says nothing where ghost text would annoy, and ends in doubt. `definitions` is the
    same with definitions from other files, which are off by default.

    Each step begins with its prompt read and nothing written, as a key finds it. Its time is that
    of all it does from there; for definitions, that includes looking them up.
    """
    document = case.document()
    request = Request(document, parse(document), document.clamp(case.cursor))
    room = int(settings.context.prefix_tokens * CHARACTERS_PER_TOKEN)
    plain = Prompt(document.path, document.language, case.prefix[-room:], "")
    steps = _Steps(request, settings, engine, plain)
    climbed: dict[str, Result] = {}
    for step in (steps.prefix, steps.healing, steps.window, steps.stop, steps.tidy):
        unread = plain if step in (steps.prefix, steps.healing) else prompt_for(request, settings)
        climbed[step.__name__] = await _timed(case, engine, unread, step)
    await _unwritten(engine, prompt_for(request, settings))
    climbed["gate"] = await evaluate(case, with_definitions(settings, 0), engine)
    climbed["definitions"] = await _defined(case, settings, engine, request)
    return climbed


@dataclass(frozen=True)
class _Steps:
    """Each step returns what it would show, and why it shows nothing."""

    request: Request
    settings: Settings
    engine: Engine
    plain: Prompt

    async def prefix(self) -> tuple[str, str]:
        with patch.object(fim, "healed", lambda tokens, _pieces: (list(tokens), b"")):
            return await self.healing()

    async def healing(self) -> tuple[str, str]:
        return (
            await written(self.engine, self.plain, LINE, self.settings.completion.max_tokens)
        ).text, ""

    async def window(self) -> tuple[str, str]:
        prompt = prompt_for(self.request, self.settings)
        return (
            await written(self.engine, prompt, LINE, self.settings.completion.max_tokens)
        ).text, ""

    async def stop(self) -> tuple[str, str]:
        prompt, stop = prompt_for(self.request, self.settings), self._rule()
        return (
            await written(self.engine, prompt, stop, self.settings.completion.max_tokens)
        ).text, ""

    async def tidy(self) -> tuple[str, str]:
        prompt, stop = prompt_for(self.request, self.settings), self._rule()
        draft = await written(self.engine, prompt, stop, self.settings.completion.max_tokens)
        completions, dropped = tidy(self.request, [draft])
        return completions[0].text if completions else "", dropped

    def _rule(self) -> Stop:
        return stop_rule(self.request, self.settings)


async def _defined(case: Case, settings: Settings, engine: Engine, request: Request) -> Result:
    settings = with_definitions(settings, DEFINITION_TOKENS)
    started = time.perf_counter()
    found = definitions_of(case, request.syntax, settings)
    looked_up_ms = (time.perf_counter() - started) * 1e3
    await _unwritten(engine, prompt_for(replace(request, definitions=found), settings))
    result = await evaluate(case, settings, engine)
    return msgspec.structs.replace(result, latency_ms=result.latency_ms + looked_up_ms)


async def _timed(
    case: Case, engine: Engine, prompt: Prompt, step: Callable[[], Awaitable[tuple[str, str]]]
) -> Result:
    await _unwritten(engine, prompt)
    started = time.perf_counter()
    text, dropped = await step()
    took_ms = (time.perf_counter() - started) * 1e3
    return judged(
        case,
        text.rstrip() or None,
        confidence=None,
        dropped=dropped,
        latency_ms=took_ms,
        asked=True,
    )


async def _unwritten(engine: Engine, prompt: Prompt) -> None:
    """Let the engine read `prompt`, and make it forget what it may have written after it."""
    other = msgspec.structs.replace(prompt, prefix=prompt.prefix + UNLIKELY)
    for unread in (other, prompt):
        async with aclosing(engine.generate(Generate(next_id(), "", unread, 0))) as events:
            async for _ in events:
                pass
