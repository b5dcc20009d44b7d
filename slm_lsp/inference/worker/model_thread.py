"""The thread that a model is loaded and works in.

It is one for the process's whole life: the runtime starts threads of its own for each thread that
calls it, also while it loads. `concurrent.futures` would do the same with a lock, a condition and
two futures for each piece of work, which every key would wait for.

How much of the processor's time may go into what nobody waits for.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

LEAVES_S = 0.01
"""Seconds in which an answer reaches the editor, and the server has done what comes after it. Work
that began before took a core from them until the system's next tick, 4 ms later."""

BATTERY_CHECK_S = 30.0
"""Seconds between two looks at the power supply, which read a file of the system's."""


class Background:
    """Allows work in turns: after each piece of it comes a rest in proportion."""

    def __init__(self, share: float) -> None:
        """Allow `share` (0 to 1) of the time; 0 is none at all."""
        self._share = share
        self._rest_until = self._leaves_until = 0.0
        self._on_battery = False
        self._looked_at = -BATTERY_CHECK_S

    def pause_s(self, *, brief: bool = False) -> float | None:
        """Return the seconds until work may begin, 0 for now, or None for never.

        What is `brief` need not wait for the end of a rest, only until an answer has left.
        """
        if self._share <= 0:
            return None
        until = self._leaves_until if brief else max(self._leaves_until, self._rest_until)
        return max(0.0, until - time.monotonic())

    def answered(self) -> None:
        """Leave the processor to an answer that was just found."""
        self._leaves_until = time.monotonic() + LEAVES_S

    def worked(self, seconds: float) -> None:
        """Count work that has just been done; what was done in a rest makes that longer."""
        if self._share > 0:
            begins = max(self._rest_until, time.monotonic())
            self._rest_until = begins + seconds * (1 / self._share - 1)

    @property
    def speculates(self) -> bool:
        """Whether work may be done on suspicion: not on a battery."""
        return self._share > 0 and not self._on_battery_now()

    def _on_battery_now(self) -> bool:
        now = time.monotonic()
        if now - self._looked_at > BATTERY_CHECK_S:
            self._looked_at = now
            battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
            self._on_battery = battery is not None and battery.power_plugged is False
        return self._on_battery


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
