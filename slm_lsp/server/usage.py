"""What this editor's users do with what they are offered, written down now and then."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from slm_lsp.errors import UsageUnavailable
from slm_lsp.usage import store
from slm_lsp.usage.calibration import NOTHING_LEARNED, Calibration
from slm_lsp.usage.recorder import Recorder

if TYPE_CHECKING:
    from slm_lsp.server.documents import Documents
    from slm_lsp.text.document import Document, Edit
    from slm_lsp.usage.recorder import Items

log = logging.getLogger(__name__)

WRITE_EVERY_S = 5.0
"""Seconds between two looks at what was counted; nothing is written where nothing was."""


class Usage:
    """Counts while `enabled`, and follows nothing while not."""

    def __init__(self, documents: Documents) -> None:
        self.enabled = True
        self.learns = True
        self._calibration = NOTHING_LEARNED
        self._documents = documents
        self._recorder = Recorder()
        self._complained = False

    @property
    def calibration(self) -> Calibration:
        """What the user's answers have taught so far; nothing unless `enabled` and `learns`."""
        return self._calibration if self.enabled and self.learns else NOTHING_LEARNED

    def answered(self, document: Document, items: Items, latency_ms: float) -> None:
        """Take in what was just answered for `document`."""
        if self.enabled:
            self._recorder.answered(document, items, latency_ms, time.monotonic())

    def edited(self, edit: Edit | None, document: Document) -> None:
        """Follow an edit that led to `document`; None stands for a text replaced as a whole."""
        self._recorder.edited(edit, document, time.monotonic())

    def shown(self, number: str) -> None:
        """Take in that an item is on screen; ids that are not remembered are ignored."""
        self._recorder.shown(number)

    def accepted(self, number: str, length: int | None = None) -> None:
        """Take in that the first `length` UTF-16 units of an item were taken over, or all of it."""
        self._recorder.accepted(number, length, time.monotonic())

    def closing(self, document: Document) -> None:
        """Draw the conclusions about a `document` that is about to be closed."""
        self._recorder.close(document, time.monotonic())

    async def keep_writing(self) -> None:
        """Write what is counted until this is cancelled."""
        await self._learn()
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            self._recorder.look(self._documents.all(), time.monotonic())
            await self._write()

    async def close(self) -> None:
        """Draw all conclusions and write them."""
        for document in self._documents.all():
            self.closing(document)
        await self._write()

    async def _write(self) -> None:
        counts = self._recorder.take()
        if not counts:
            return
        try:
            await asyncio.to_thread(store.add, counts, store.usage_path())
        except UsageUnavailable as error:
            self._recorder.give_back(counts)
            if not self._complained:
                log.warning("%s", error)
            self._complained = True
        await self._learn()

    async def _learn(self) -> None:
        try:
            counts = await asyncio.to_thread(store.read, store.usage_path())
        except UsageUnavailable:
            return  # said where it is written
        self._calibration = Calibration.of(counts)
