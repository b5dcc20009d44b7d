"""The engine of one editor, and a small model that answers until its model is loaded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from slm_lsp.completion.answers import Answers
from slm_lsp.errors import SlmLspError
from slm_lsp.inference.client.client import EngineClient
from slm_lsp.inference.protocol import State
from slm_lsp.settings.schema import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from slm_lsp.server.status import Status

FIRST_S = 10.0
"""Seconds for which the small model has the disk to itself, at the most."""

LAST_ANSWERS_S = 2.0
"""Seconds that the small model has to answer what it was asked before it was replaced."""


class Answering(NamedTuple):
    """What completions are computed with; the three belong to one model."""

    settings: Settings
    answers: Answers
    engine: EngineClient


class Engines:
    """The engine for the settings, and perhaps an interim one for as long as that loads.

    The interim one is a process of this server alone, which ends with its use.
    """

    def __init__(
        self,
        status: Status,
        on_change: Callable[[State], None],
        on_other_answers: Callable[[], None],
    ) -> None:
        """Start nothing before `warm_up` or the first use.

        `status` and `on_change` hear what becomes of the engine, `on_other_answers` that what was
        answered before does not count any more.
        """
        self._status, self._on_change, self._on_other_answers = status, on_change, on_other_answers
        self._chosen = self._for(Settings())
        self._interim: Answering | None = None
        self._interim_settings: Settings | None = None
        self._used = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def engine(self) -> EngineClient:
        """The engine for the settings."""
        self._used = True
        return self._chosen.engine

    @property
    def answering(self) -> Answering:
        """What completions are computed with now."""
        self._used = True
        return self._interim or self._chosen

    async def configure(
        self, settings: Settings, interim: Settings | None, *, same_engine: bool
    ) -> None:
        """Take over `settings`; `same_engine` tells whether the engine is one for them, too.

        `interim` are those of a model that answers while theirs is loaded.
        """
        if settings != self._chosen.settings:
            self._end_interim()  # it has the settings of before
            engine = self._chosen.engine
            self._chosen.answers.close()
            self._chosen = Answering(settings, Answers(), engine)
            self._on_other_answers()
        if not self._used:
            self._chosen = self._for(settings)
        if not same_engine or not self._used:
            self._interim_settings = interim
        if not same_engine and self._used:
            await self.restart()

    def warm_up(self) -> None:
        """Start the engine in the background, if completions are on."""
        small, self._interim_settings = self._interim_settings, None
        if not self._chosen.settings.enabled:
            return
        self._used = True
        if small is None:
            self._chosen.engine.start()
            return
        self._status.engine_changed(State("loading", self._chosen.settings.model))
        client = EngineClient(small, self._status.interim_changed)
        self._interim = Answering(small, Answers(), client)
        self._background(self._load_behind(self._interim))

    async def restart(self) -> None:
        """Leave the engine and start or reach one anew, in which what was wrong may be right."""
        self._end_interim()
        old, self._chosen = self._chosen, self._for(self._chosen.settings)
        self._on_other_answers()
        old.answers.close()
        await old.engine.close()
        self.warm_up()

    async def close(self) -> None:
        """Give up what is being computed and leave the engine to others."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for one in filter(None, (self._interim, self._chosen)):
            one.answers.close()
            await one.engine.close()

    def _for(self, settings: Settings) -> Answering:
        return Answering(settings, Answers(), EngineClient(settings, self._changed))

    async def _load_behind(self, interim: Answering) -> None:
        """Start the engine once the `interim` model is loaded, so that they do not share a disk."""
        usable = True
        try:
            async with asyncio.timeout(FIRST_S):
                await interim.engine.ready()
        except TimeoutError:  # they share it for the rest
            pass
        except SlmLspError:
            usable = False
        if self._interim is interim:
            if not usable:
                self._end_interim()
            self._chosen.engine.start()

    def _changed(self, state: State) -> None:
        if state.kind != "loading":
            self._end_interim()
        self._status.engine_changed(state)
        self._on_change(state)

    def _end_interim(self) -> None:
        """Let the model in use answer what is asked from now on."""
        interim, self._interim = self._interim, None
        if interim is not None:
            self._on_other_answers()
            self._background(_release(interim))

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _release(interim: Answering) -> None:
    try:
        await asyncio.sleep(LAST_ANSWERS_S)
    finally:
        interim.answers.close()
        await interim.engine.close()
