"""Which cores the threads that evaluate a model keep to."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.platform.affinity import ThreadAffinity, shares

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux moves threads")


@given(sizes=st.lists(st.integers(1, 2), max_size=16), threads=st.integers(1, 20))
def test_every_thread_gets_cores_of_its_own_and_none_is_left_over(sizes, threads):
    numbers = iter(range(64))
    cores = [frozenset(next(numbers) for _ in range(size)) for size in sizes]
    divided = shares(cores, threads)
    if not 1 < threads <= len(cores):
        assert divided == []
        return
    assert len(divided) == threads
    assert all(divided)
    assert sorted(cpu for share in divided for cpu in share) == list(range(sum(sizes)))


class Colleague:
    """A thread that the calling one starts, as the runtime does at the first evaluation."""

    def __init__(self) -> None:
        self.leave = threading.Event()
        self._begun = threading.Event()
        self.thread = threading.Thread(target=self._wait)
        self.thread.start()
        self._begun.wait()

    def _wait(self) -> None:
        self._begun.set()
        self.leave.wait()


@linux
def test_the_members_are_placed_and_nobody_else():
    everywhere = frozenset(os.sched_getaffinity(0))
    if len(everywhere) < 2:
        pytest.skip("needs two processors")
    one, two = sorted(everywhere)[:2]
    other = Colleague()

    def work() -> list[set[int]]:
        team = ThreadAffinity(2, [frozenset({one}), frozenset({two})])
        with team.placed():
            pass  # the runtime has started nothing yet: it was interrupted
        assert os.sched_getaffinity(0) == everywhere
        with team.placed():
            colleague = Colleague()
        found = [os.sched_getaffinity(0), os.sched_getaffinity(colleague.thread.native_id or 0)]
        colleague.leave.set()
        colleague.thread.join()
        return found

    with ThreadPoolExecutor(1) as pool:
        assert sorted(map(sorted, pool.submit(work).result())) == [[one], [two]]
    assert os.sched_getaffinity(other.thread.native_id or 0) == everywhere
    assert os.sched_getaffinity(0) == everywhere
    other.leave.set()


@linux
def test_a_first_thread_stays_as_it_is():
    everywhere = os.sched_getaffinity(0)
    with ThreadAffinity(2, [frozenset({cpu}) for cpu in (0, 1)]).placed():
        colleague = Colleague()
    assert os.sched_getaffinity(0) == everywhere
    assert os.sched_getaffinity(colleague.thread.native_id or 0) == everywhere
    colleague.leave.set()
