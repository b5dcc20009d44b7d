"""The way from the bare model to what is offered, one part more at each step."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

from benchmarks.variants import LINE, with_definitions, written
from slm_lsp.completion.prompt import prompt_for
from slm_lsp.completion.request import Request
from slm_lsp.completion.stop import stop_rule
from slm_lsp.completion.tidy import tidy
from slm_lsp.context.syntax import parse
from slm_lsp.context.window import CHARACTERS_PER_TOKEN
from slm_lsp.engine import fim
from slm_lsp.engine.protocol import Prompt
from slm_lsp.evaluation.metrics import judged
from slm_lsp.evaluation.run import evaluate

if TYPE_CHECKING:
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
    request = Request(document, parse(document), document.clamp(case.cursor))
    room = int(settings.context.prefix_tokens * CHARACTERS_PER_TOKEN)
    plain = Prompt(document.path, document.language, case.prefix[-room:], "")
    windowed = prompt_for(request, settings)
    with patch.object(fim, "healed", lambda tokens, _pieces: (list(tokens), b"")):
        prefix = await written(engine, plain, LINE, settings)
    healing = await written(engine, plain, LINE, settings)
    window = await written(engine, windowed, LINE, settings)
    stop = await written(engine, windowed, stop_rule(request, settings), settings)
    completions, dropped = tidy(request, [stop])
    drafts = {"prefix": prefix, "healing": healing, "window": window, "stop": stop}
    return {
        **{name: _judged(case, draft.text) for name, draft in drafts.items()},
        "tidy": _judged(case, completions[0].text if completions else "", dropped),
        "gate": await evaluate(case, with_definitions(settings, 0), engine),
        "definitions": await evaluate(case, with_definitions(settings, DEFINITION_TOKENS), engine),
    }


def _judged(case: Case, text: str, dropped: str = "") -> Result:
    """Judge `text`; one step often finds remembered what another wrote, so no time is taken."""
    offered = text.rstrip() or None
    return judged(case, offered, confidence=None, dropped=dropped, latency_ms=0.0, asked=False)
