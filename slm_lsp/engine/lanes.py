"""The threads the model works in: one for answers, and a humble one for reading ahead.

The runtime starts its own threads for each thread that calls it, and they inherit its priority. So
reading ahead never takes the processor from the editor or a compiler. An answer that is prepared
may be wanted at any moment, and a priority cannot be raised again: it uses the first thread.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from slm_lsp.engine.protocol import Urgency

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

NICE = 10
"""The priority of background work (nice(1)); 19 would be starved by a compiler on all cores."""

P = ParamSpec("P")
R = TypeVar("R")


class Lanes:
    """Both threads; the caller sees to it that they do not work at the same time."""

    def __init__(self) -> None:
        self._urgent = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._humble = ThreadPoolExecutor(
            1, thread_name_prefix="background", initializer=_step_back
        )

    async def run(
        self,
        loop: asyncio.AbstractEventLoop,
        urgency: Urgency,
        work: Callable[P, R],
        *args: P.args,
        **_: P.kwargs,
    ) -> R:
        """Call `work` in the thread for `urgency`."""
        lane = self._humble if urgency is Urgency.WARM_UP else self._urgent
        return await loop.run_in_executor(lane, work, *args)

    def close(self) -> None:
        """End the threads."""
        self._urgent.shutdown()
        self._humble.shutdown()


def _step_back() -> None:
    # On Linux a thread has a priority of its own; elsewhere this would be the whole process's.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
