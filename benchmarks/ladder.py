"""The way from the bare model to what is offered, one part more at each step."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from unittest.mock import patch

import msgspec

from benchmarks.variants import LINE, syntax_of, written
from slm_lsp.completion.prompt import prompt_for
from slm_lsp.completion.request import Request
from slm_lsp.completion.stop import stop_rule
from slm_lsp.completion.tidy import tidy
from slm_lsp.context.window import CHARACTERS_PER_TOKEN
from slm_lsp.engine import fim
from slm_lsp.engine.protocol import Prompt
from slm_lsp.evaluation.metrics import judged
from slm_lsp.evaluation.run import Patient, evaluate

if TYPE_CHECKING:
    from slm_lsp.completion.stop import Stop
    from slm_lsp.config import Settings
    from slm_lsp.engine.protocol import Engine
    from slm_lsp.evaluation.cases import Case
    from slm_lsp.evaluation.metrics import Result

DEFINITION_TOKENS = 256
"""Budget of the last step. The setting is off by default."""


async def ladder(case: Case, settings: Settings, engine: Engine) -> dict[str, Result]:
    """Return what becomes of `case`, by the names of the steps. Raises EngineError.

    `prefix`: as much text before the cursor as the window may have, and what the model writes after
    it up to the end of the line. `healing`, `window` (a prompt as the server makes it), `stop` (a
    block where the cursor opens one) and `tidy` change one thing each. `gate` is the path that a
    key takes: it says nothing where ghost text would annoy, and ends in doubt. `definitions` is the
    same with definitions from other files, which are off by default.
    """
    document = case.document()
    request = Request(document, syntax_of(document), document.clamp(case.cursor))
    line = _Step(case, request, settings, engine)
    room = int(settings.context.prefix_tokens * CHARACTERS_PER_TOKEN)
    plain = Prompt(document.path, document.language, case.prefix[-room:], "")
    with patch.object(fim, "healed", lambda tokens, _pieces: (list(tokens), b"")):
        prefix = await line(plain, LINE)
    healing = await line(plain, LINE)
    windowed = prompt_for(request, settings)
    window = await line(windowed, LINE)
    stop = await line(windowed, stop_rule(request, settings))
    tidied = await line(windowed, stop_rule(request, settings), tidied=True)
    return {
        "prefix": prefix,
        "healing": healing,
        "window": window,
        "stop": stop,
        "tidy": tidied,
        "gate": await evaluate(case, _with_definitions(settings, 0), engine),
        "definitions": await evaluate(case, _with_definitions(settings, DEFINITION_TOKENS), engine),
    }


class _Step:
    """Lets the model write without the rest of the path, and takes the time."""

    def __init__(self, case: Case, request: Request, settings: Settings, engine: Engine) -> None:
        self._case, self._request = case, request
        self._settings, self._engine = settings, engine

    async def __call__(self, prompt: Prompt, stop: Stop, *, tidied: bool = False) -> Result:
        engine = Patient(self._engine)
        started = time.perf_counter()
        draft = await written(engine, prompt, stop, self._settings)
        text, dropped = draft.text.rstrip(), "" if draft.text.strip() else "nothing to offer"
        if tidied:
            completions, dropped = tidy(self._request, [draft])
            text = completions[0].text if completions else ""
        took_ms = (time.perf_counter() - started) * 1e3 - engine.reading_ms
        return judged(
            self._case,
            text or None,
            confidence=draft.confidence(len(text)),
            dropped=dropped,
            latency_ms=took_ms,
            asked=True,
        )


def _with_definitions(settings: Settings, tokens: int) -> Settings:
    context = msgspec.structs.replace(settings.context, definition_tokens=tokens)
    return msgspec.structs.replace(settings, context=context)
