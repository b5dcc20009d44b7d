"""Examples of any length as rows of one length.

Examples are never cut: each row holds as many as fit, and `shards.nothing` is in what is left of
it. That is plain packing: a row's later examples see the earlier ones, as texts did when the base
model was trained, and attention stays causal, which is what has the fastest kernels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from slm_lsp.training.data.shards import nothing, switch

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Sequence

    from slm_lsp.training.data.shards import Rows

T = TypeVar("T")

HELD = 4096
"""Examples that are mixed, some tens of megabytes."""

SWITCH = -1
"""Stands in an example between what is learned to be written and what is only read, such as a
prompt: that is most of an example, and what belongs into the hole would hardly count beside it. An
example begins and ends with the former."""

OPEN_ROWS = 64
"""Rows that are filled side by side; a further one closes the fullest."""


class Packer:
    """Puts examples into rows of `row` tokens; none may be longer than that.

    A row never has two examples of one source: the second would find its answer in the first.
    """

    def __init__(self, row: int, *, wide: bool) -> None:
        self._row, self._kind = row, np.uint32 if wide else np.uint16
        self._open: list[tuple[list[int], set[str]]] = []

    def add(self, example: Sequence[int], source: str) -> Iterator[Rows]:
        """Put `example` into the fullest row that takes it, and yield one that is given up."""
        fitting = [
            it
            for it in self._open
            if len(it[0]) + len(example) <= self._row and source not in it[1]
        ]
        if fitting:
            tokens, sources = max(fitting, key=lambda it: len(it[0]))
            tokens.extend(example)
            sources.add(source)
            return
        if len(self._open) == OPEN_ROWS:
            fullest = max(self._open, key=lambda it: len(it[0]))
            self._open.remove(fullest)
            yield _row(fullest[0], self._row, self._kind)
        self._open.append((list(example), {source}))

    def rest(self) -> Iterator[Rows]:
        """Yield the rows that are left."""
        for tokens, _ in self._open:
            yield _row(tokens, self._row, self._kind)


def mixed(items: Iterable[T], chance: random.Random) -> Iterator[T]:
    """Yield `items` in an order by chance, of which some thousand are held at a time.

    Those of one source come one after the other, and would fill the open rows up.
    """
    held: list[T] = []
    for item in items:
        held.append(item)
        if len(held) > HELD:
            at = chance.randrange(len(held))
            held[at], held[-1] = held[-1], held[at]
            yield held.pop()
    chance.shuffle(held)
    yield from held


def _row(tokens: list[int], row: int, kind: type[np.unsignedinteger[Any]]) -> Rows:
    found = np.full(row, nothing(kind), kind)
    found[: len(tokens)] = [switch(kind) if it == SWITCH else it for it in tokens]
    return found
