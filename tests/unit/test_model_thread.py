"""One thread does everything that a model does."""

from __future__ import annotations

import asyncio
import threading

import pytest

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Generate, Prompt
from slm_lsp.inference.worker.fake import FakeModel, Script
from slm_lsp.inference.worker.model_thread import ModelThread
from slm_lsp.inference.worker.scheduler import Scheduler


class Observed(FakeModel):
    """A model that notes which threads it is loaded, used and closed in."""

    def __init__(self, threads: set[int]) -> None:
        super().__init__(Script(default="a"))
        self._threads = threads
        self._note()

    def prefill(self, *arguments, **options):
        self._note()
        return super().prefill(*arguments, **options)

    def close(self) -> None:
        self._note()

    def _note(self) -> None:
        self._threads.add(threading.get_ident())


async def test_a_model_works_in_the_thread_that_loaded_it():
    """OpenMP starts a team for each thread that calls it, and two teams wait at every barrier."""
    threads: set[int] = set()
    thread, abort = ModelThread(), AbortFlag()
    model = await thread.result_of(lambda: Observed(threads))
    scheduler = Scheduler(model, abort, thread=thread)
    request = Generate(1, "a.py", Prompt("a.py", "python", "x", ""), 8, ("\n",))
    assert [event async for event in scheduler.generate(request)]
    await scheduler.close()
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


async def test_what_cannot_be_loaded_is_raised():
    def fail() -> None:
        raise ModelUnusable("no")

    thread = ModelThread()
    with pytest.raises(ModelUnusable):
        await thread.result_of(fail)
    assert await thread.result_of(lambda: 3) == 3
    await thread.close(lambda: None)


async def test_nobody_waits_any_more():
    thread, gate = ModelThread(), threading.Event()
    waiting = asyncio.create_task(thread.result_of(gate.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    gate.set()
    assert await thread.result_of(lambda: 3) == 3
    await thread.close(lambda: None)
