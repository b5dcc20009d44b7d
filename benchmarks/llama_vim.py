"""How llama.vim asks `llama-server` for ghost text, written anew from reading what it does.

Modelled, with its default settings:
- A look into the cache and a request at every move of the caret, unless more than 8 characters of
  the line follow it. A running request is never given up: the next one is tried again every 100 ms.
- 256 lines before the line of the caret and 64 after it; an empty line is asked for from its
  beginning; 128 tokens at most; `top_k` 40, `top_p` 0.9, `infill`. The first request for a place
  may predict for 250 ms, a speculative one for 1000 ms; the server ends at the next line break
  after that. It ignores `t_max_prompt_ms`.
- Answers are kept for their context and for the contexts that lack up to three of its first lines,
  250 in all, the least recently used one leaves. What was typed since, up to 128 characters, must
  be what the answer began with.
- When an answer is shown, the one that would follow its acceptance is asked for. Answers that
  repeat the lines below count as empty.

Left out, each time in favour of llama.vim:
- A `curl` process for each request (here one connection stays open), and a hash of the whole
  context for each of the 128 characters (here contexts are compared).
- The ring of chunks from elsewhere (`input_extra`). Chunks are queued when the caret jumps by more
  than 32 lines, and sent when it has rested for 3 s or the editor is in normal mode; each time the
  whole prompt after them has to be read anew. This typist does neither.
- A speculative request that waits for a running one is dropped when the caret moves on; llama.vim
  sends it still, for a context that never existed.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from benchmarks.place import Place, rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.place import Context

PREDICT_TOKENS = 128
FIRST_MS, SPECULATIVE_MS, PROMPT_MS = 250, 1000, 500
RETRY_S = 0.1
MAX_LINE_SUFFIX = 8
CACHE_SIZE = 250
LOOK_BACK = 128
TRIMMED_LINES = 3

Ask = Callable[[dict[str, Any]], Coroutine[Any, Any, dict[str, Any]]]

_FIELDS = ("content", "timings/prompt_n", "timings/predicted_n")


class Cache:
    """Answers by the text before the caret and the text after it."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], str] = OrderedDict()

    def put(self, context: Context, answer: str) -> None:
        """Keep `answer` for `context` and for what is left of it some lines further down."""
        for prefix in _trimmed(context.prefix):
            key = (prefix + context.middle, context.suffix)
            if key not in self._answers and len(self._answers) >= CACHE_SIZE:
                self._answers.popitem(last=False)
            self._answers[key] = answer
            self._answers.move_to_end(key)

    def holds(self, context: Context) -> bool:
        """Tell whether a request for `context` is unnecessary."""
        keys = [(p + context.middle, context.suffix) for p in _trimmed(context.prefix)]
        found = next((key for key in keys if key in self._answers), None)
        if found is not None:
            self._answers.move_to_end(found)
        return found is not None

    def get(self, context: Context) -> str | None:
        """Return the answer for `context`, or the longest that is left of an earlier one."""
        before = context.prefix + context.middle
        if (key := (before, context.suffix)) in self._answers:
            self._answers.move_to_end(key)
            return self._answers[key]
        rests = []
        for (earlier, after), answer in list(self._answers.items()):
            typed = len(before) - len(earlier)
            if not 0 < typed <= LOOK_BACK or after != context.suffix:
                continue
            if before.startswith(earlier):
                self._answers.move_to_end((earlier, after))
                if answer.startswith(before[-typed:]) and len(answer) > typed:
                    rests.append(answer[typed:])
        return max(rests, key=len, default=None)


class LlamaVim:
    """The plugin in one buffer.

    `ask` posts a request to `/infill` and returns the answer; what it raises ends `tasks`.
    """

    def __init__(self, ask: Ask, tasks: asyncio.TaskGroup) -> None:
        self._ask = ask
        self._tasks = tasks
        self._cache = Cache()
        self._place = Place([""], 0, 0)
        self._shown: Sequence[str] | None = None
        self._known: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._running: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._last_indent = 0
        self.requests = self.evaluated = self.generated = 0

    @property
    def has_text(self) -> bool:
        """Whether ghost text is on the screen."""
        return self._shown is not None and _visible(self._shown)

    def moved(self, text: str, caret: int) -> asyncio.Future[float]:
        """Take in an edit or a move of the caret to the offset `caret`.

        The result is the `time.perf_counter` at which the ghost text for this place was known, be
        it none; it is cancelled when the caret moves first.
        """
        self._known.cancel()
        self._known = asyncio.get_running_loop().create_future()
        self._place = Place.at(text, caret)
        self._shown = None
        self._show_cached()
        self._request(())
        return self._known

    async def finish(self) -> None:
        """Wait until no request runs or waits."""
        while self._running is not None or self._retry is not None:
            if self._running is not None:
                await asyncio.wait([self._running])
            else:
                await asyncio.sleep(RETRY_S)

    def _show_cached(self) -> None:
        answer = self._cache.get(self._place.context())
        if answer is None:
            return
        self._shown = rendered(answer, self._place)
        self._settle()
        self._request(self._shown)

    def _settle(self) -> None:
        if not self._known.done():
            self._known.set_result(time.perf_counter())

    def _request(self, shown: Sequence[str]) -> None:
        """Ask for this place, or for the one after accepting `shown`; later if one is running."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        place = self._place
        if self._running is not None:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(RETRY_S, self._again, place, shown)
            return
        context = place.accepted(shown, self._last_indent) if shown else place.context()
        if len(context.rest) > MAX_LINE_SUFFIX:
            self._settle()
        elif not self._cache.holds(context):
            self._last_indent = context.indent
            budget_ms = SPECULATIVE_MS if shown else FIRST_MS
            self._running = self._tasks.create_task(self._run(context, budget_ms))

    def _again(self, place: Place, shown: Sequence[str]) -> None:
        self._retry = None
        if place is self._place:
            self._request(shown)

    async def _run(self, context: Context, budget_ms: int) -> None:
        try:
            answer = await self._ask(_body(context, budget_ms))
            self.requests += 1
            self.evaluated += answer["timings/prompt_n"]
            self.generated += answer["timings/predicted_n"]
            self._cache.put(context, answer["content"])
            if self._shown is None or not _visible(self._shown):
                self._show_cached()
        finally:
            self._running = None


def _visible(shown: Sequence[str]) -> bool:
    return any(line.strip() for line in shown)


def _trimmed(prefix: str) -> list[str]:
    """Return `prefix` and what is left of it without one, two and three of its first lines."""
    found = [prefix]
    for _ in range(TRIMMED_LINES):
        prefix = prefix.partition("\n")[2]
        if not prefix:
            break
        found.append(prefix)
    return found


def _body(context: Context, budget_ms: int) -> dict[str, Any]:
    return {
        "id_slot": 0,
        "input_prefix": context.prefix,
        "input_suffix": context.suffix,
        "input_extra": [],
        "prompt": context.middle,
        "n_predict": PREDICT_TOKENS,
        "stop": [],
        "n_indent": context.indent,
        "top_k": 40,
        "top_p": 0.90,
        "samplers": ["top_k", "top_p", "infill"],
        "stream": False,
        "cache_prompt": True,
        "t_max_prompt_ms": PROMPT_MS,
        "t_max_predict_ms": budget_ms,
        "response_fields": _FIELDS,
    }
