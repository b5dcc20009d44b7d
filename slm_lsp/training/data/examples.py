"""What a model learns from: places in files as it will meet them, and what belongs there.

A hole is punched as `slm-lsp eval` punches them, in characters, before anything is tokenized. What
the model reads of the file is made by the window and the layout that requests go through, so it
learns what it will be asked. A model that only continues text gets stretches of text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slm_lsp.context.window import Budget, window
from slm_lsp.evaluation.holes import KINDS, Source, hole
from slm_lsp.index.definitions import definition_lines
from slm_lsp.inference.prompts.fim import Format, layout, named
from slm_lsp.syntax.syntax import parse
from slm_lsp.text.document import unix
from slm_lsp.training.data.packing import SWITCH

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from slm_lsp.evaluation.cases import Case
    from slm_lsp.text.document import Document

KIND_WEIGHTS = dict(zip(KINDS, (25, 20, 15, 15, 10, 15), strict=True))
"""How often each kind of hole is made; random spans make the model robust, and are 15 %."""

PLAIN_SHARE = 0.1
"""Of the examples: text without a hole, so that nothing is forgotten."""

PLAIN_TOKENS = 256
"""Of such a text, so that a tenth of the tokens is in them, too."""

OTHER_ORDER_SHARE = 0.2
"""Of the holes: prefix and suffix change places, for programs that ask that way."""

PREFIX_PARTS = (8, 8, 4, 4, 2, 1)
SUFFIX_PARTS = (0, 16, 8, 4)
"""What a prefix and a suffix may have is the room divided by one of them; with 0 nothing follows,
as at the end of a file. Most are short: a hole teaches little more with more before it, and what it
costs is what is read."""

DEFINITIONS_SHARE = 0.25
"""Of the holes in a file whose workspace is indexed: definitions of other files stand above."""

DEFINITION_TOKENS = 256

NAMED_SHARE = 0.8
"""Of the examples: the file's path is told."""

REPOSITORY_SHARE = 0.4
"""Of the examples: the repository's name is told."""

CHARACTERS = 1600
"""A file has one example for so many of its characters, about as many as an example has."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a model reads: the format it fills in with, its tokenizer, the bytes of its tokens.

    `start` is put before every text (empty where nothing is), `end` ends an answer and a file. The
    loss at it counts `end_weight` times.
    Programs that do not know `form` ask in the `other` one.
    """

    form: Format
    other: Format
    tokenize: Callable[[str], Sequence[int]]
    pieces: Sequence[bytes]
    start: tuple[int, ...]
    end: int
    end_weight: float

    @property
    def fills_in(self) -> bool:
        """Whether it reads what follows a hole."""
        return self.form.order != "prefix"


class Examples:
    """Makes examples of at most `room` tokens out of files, always the same for a seed.

    With `whole`, all of a file is among them as plain text, whatever else is.
    """

    def __init__(
        self, reading: Reading, room: int, chance: random.Random, *, whole: bool = False
    ) -> None:
        self._reading, self._room, self._chance, self._whole = reading, room, chance, whole

    def of(self, document: Document, database: Path | None = None) -> Iterator[list[int]]:
        """Yield the examples in a file; `database` is the index of its workspace."""
        text = unix(document.lines.text())
        fills_in = self._reading.fills_in
        whole = self._whole or not fills_in
        room = self._room if whole else min(self._room, PLAIN_TOKENS)
        stretches = list(self._stretches(text, room))
        if whole:
            yield from stretches
        if not fills_in:
            return
        source = Source.of(document.path, document)
        taken: dict[str, Case] = {}
        kinds, weights = list(KIND_WEIGHTS), list(KIND_WEIGHTS.values())
        for _ in range(max(1, len(text) // CHARACTERS)):
            if not whole and self._chance.random() < PLAIN_SHARE:
                yield self._chance.choice(stretches)
                continue
            [kind] = self._chance.choices(kinds, weights)
            case = hole(source, kind, self._chance, taken)
            if case is not None:
                taken[case.id] = case
                found = self.filled(case, document.repository, database)
                if len(found) <= self._room:
                    yield found

    def filled(self, case: Case, repository: str, database: Path | None) -> list[int]:
        """Return the prompt of `case`, what belongs into its hole, and the end."""
        chance, reading = self._chance, self._reading
        document = replace(case.document(), repository=repository)
        syntax = parse(document)
        cursor = document.clamp(case.cursor)
        part = chance.choice(SUFFIX_PARTS)
        suffix = self._room // part if part else 0
        above = ""
        if database is not None and chance.random() < DEFINITIONS_SHARE:
            above = definition_lines(database, document, syntax, cursor, DEFINITION_TOKENS)
        budget = Budget(self._room // chance.choice(PREFIX_PARTS), suffix)
        prompt = window(document, syntax, cursor, budget, above)
        path = prompt.path if chance.random() < NAMED_SHARE else ""
        within = prompt.repository if chance.random() < REPOSITORY_SHARE else ""
        expected = unix(case.expected)
        form = reading.other if chance.random() < OTHER_ORDER_SHARE else reading.form
        laid_out = layout(
            form,
            named(path, within),
            reading.tokenize(prompt.prefix),
            reading.tokenize(prompt.suffix if suffix else ""),
            tokenize=reading.tokenize,
            pieces=reading.pieces,
            room=self._room - len(reading.start) - len(reading.tokenize(expected)) - 3,
            suffix_room=self._room // 4,
        )
        middle = reading.tokenize(laid_out.forced.decode("utf-8", "replace") + expected)
        return [SWITCH, *reading.start, *laid_out.tokens, SWITCH, *middle, reading.end]

    def _stretches(self, text: str, room: int) -> Iterator[list[int]]:
        tokens = [*self._reading.tokenize(text), self._reading.end]
        step = room - len(self._reading.start)
        for at in range(0, len(tokens), step):
            yield [*self._reading.start, *tokens[at : at + step]]
