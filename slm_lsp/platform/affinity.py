"""The threads that evaluate a model together: each keeps to cores of its own.

They wait for one another several hundred times in each token. When the first wakes the others after
a pause between two keys, Linux likes to put them on its own processor, and moves them apart only
milliseconds later, or not at all while something else runs beside them. One token after a pause of
100 ms took 18 ms, and 11 ms with this; with a busy loop on one of two cores 243 ms, and 21 ms with
this (default model, medians, 2 cores).
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.platform.machine import fast_cores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAME = "slm-lsp model"
"""What the threads are called, in `top` for one. Linux lets a new thread inherit the name of the
one that starts it, which tells the runtime's threads from all others; at most 15 bytes."""

_TASKS = Path("/proc/self/task")


class ThreadAffinity:
    """The calling thread and those that the runtime starts for it."""

    def __init__(self, threads: int, cores: Sequence[frozenset[int]] | None = None) -> None:
        """Expect so many threads. Where there are fewer cores than that, none gets its own.

        This comes before the runtime does anything: loading weights for AMX starts its threads.
        """
        self._shares = shares(fast_cores() if cores is None else cores, threads)
        if self._shares and not _is_first():
            with contextlib.suppress(OSError):
                (_TASKS / str(threading.get_native_id()) / "comm").write_text(NAME)

    @contextlib.contextmanager
    def placed(self) -> Iterator[None]:
        """Place the threads once they were started, which the first evaluation inside of this does.

        Nothing happens where the system has no such thing, nor to a process's first thread: what
        it starts later would be kept to its cores, too.
        """
        yield
        if not self._shares or _is_first():
            return
        with contextlib.suppress(OSError):
            members = [int(task.name) for task in _TASKS.iterdir() if _name(task) == NAME]
            if len(members) == len(self._shares):
                for member, processors in zip(sorted(members), self._shares, strict=True):
                    os.sched_setaffinity(member, processors)
                self._shares = []


def shares(cores: Sequence[frozenset[int]], threads: int) -> list[frozenset[int]]:
    """Divide `cores` among `threads`; a thread alone, or without a core, gets none."""
    if not 1 < threads <= len(cores):
        return []
    return [frozenset[int]().union(*cores[number::threads]) for number in range(threads)]


def _is_first() -> bool:
    return threading.current_thread() is threading.main_thread()


def _name(task: Path) -> str:
    return (task / "comm").read_text().rstrip("\n")
