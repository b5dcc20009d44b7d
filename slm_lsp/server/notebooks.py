"""The open notebooks: the cells of each, in their order. Their texts are documents like others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slm_lsp.server.documents import Documents
    from slm_lsp.text.document import Document

NEAREST = 64
"""Cells above that are looked at; no budget reaches further."""


class Notebooks:
    """Cells by the URIs of their notebooks."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._cells: dict[str, list[str]] = {}
        self._notebook: dict[str, str] = {}  # by the URI of a cell

    def splice(self, uri: str, start: int, deleted: int, cells: Iterable[str]) -> None:
        """Put `cells` in place of `deleted` cells from `start` on; opens a notebook that is new."""
        known = self._cells.setdefault(uri, [])
        for cell in known[start : start + deleted]:
            self._notebook.pop(cell, None)
        known[start : start + deleted] = cells
        self._notebook |= dict.fromkeys(known, uri)

    def close(self, uri: str) -> None:
        """Forget a notebook."""
        for cell in self._cells.pop(uri, ()):
            self._notebook.pop(cell, None)

    def above(self, document: Document) -> tuple[Document, ...]:
        """Return the cells above `document` in its language; none if it is not a cell."""
        notebook = self._notebook.get(document.uri)
        if notebook is None:
            return ()
        cells = self._cells[notebook]
        here = cells.index(document.uri)
        buffers = map(self._documents.get, cells[max(0, here - NEAREST) : here])
        return tuple(
            it.document for it in buffers if it and it.document.language == document.language
        )
