"""What tree-sitter reads a document through."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Point

    from slm_lsp.text import Document

READ_BYTES = 65536
"""The most text the parser gets at a time; ordinary chunks of lines are shorter."""


class Reader:
    """Reads a document to the parser, and afterwards for whoever wants the text of nodes.

    tree-sitter 0.26.1 never lets go of what it is given while it parses: a kilobyte at each read,
    and 12 KB at each key, if that were always a new object. So it is one object for each thread.
    Nodes must be given `bytes`: with anything else their text ends the process.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._parsing: bytearray | None = _lent.piece

    def __call__(self, offset: int, _at: Point) -> bytes | bytearray:
        """Return some of the UTF-8 bytes from `offset` on, none at the end."""
        source = self._document.lines.source(offset, READ_BYTES)
        if self._parsing is None:
            return source
        self._parsing[:] = source
        return self._parsing

    def parsed(self) -> None:
        """Note that the parser is done."""
        self._parsing = None


class _Lent(threading.local):
    def __init__(self) -> None:
        self.piece = bytearray()


_lent = _Lent()
