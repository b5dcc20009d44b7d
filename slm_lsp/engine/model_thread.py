"""The thread that a model is loaded and works in.

It is one for the process's whole life: the runtime starts threads of its own for each thread that
calls it, also while it loads. `concurrent.futures` would do the same with a lock, a condition and
two futures for each piece of work, which every key would wait for.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class ModelThread:
    """Does one piece of work after the other and says on the event loop what came of it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="model", daemon=True).start()

    def do(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Let the thread do `work`, which must not raise, and call `done` with what it returns."""

        def all_of_it() -> None:
            self._loop.call_soon_threadsafe(done, work())

        self._work.put(all_of_it)

    async def result_of(self, work: Callable[[], T]) -> T:
        """Let the thread do `work` and return what comes of it. Raises what `work` raises."""
        future: asyncio.Future[T] = self._loop.create_future()

        def attempt() -> Callable[[], None]:
            try:
                return functools.partial(future.set_result, work())
            except Exception as error:  # noqa: BLE001 (it is raised again where it is waited for)
                return functools.partial(future.set_exception, error)

        self.do(attempt, lambda settle: None if future.done() else settle())
        return await future

    async def close(self, last: Callable[[], None]) -> None:
        """Wait until the thread has done everything, `last` at the end, and let it end."""
        over = asyncio.Event()
        self.do(last, lambda _: over.set())
        self._work.put(None)
        await over.wait()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
