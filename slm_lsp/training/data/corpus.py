"""Published packages as examples: what passes all gates, with definitions of its other files."""

from __future__ import annotations

import tempfile
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.evaluation.files import NOT_CODE
from slm_lsp.index import indexer
from slm_lsp.index.database import database_path, discard
from slm_lsp.syntax.languages import PLAIN_TEXT, language_of
from slm_lsp.text.document import Document, unix
from slm_lsp.training.data import filters
from slm_lsp.training.data.examples import Examples
from slm_lsp.training.data.overlap import Evaluated, Seen

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from slm_lsp.evaluation.cases import Case
    from slm_lsp.training.data.examples import Reading

HELD_OUT_ONE_IN = 100
"""Files, of which one is not learned from."""

NOT_OWN = frozenset({"_vendor", "node_modules", "third_party", "thirdparty", "vendor", "vendored"})
"""Names of folders with what others wrote."""


@dataclass(frozen=True, slots=True)
class Example:
    """One example, the file and the language it is of, and whether it is only to be looked at."""

    tokens: list[int]
    source: str
    language: str
    held_out: bool


class Corpus:
    """Makes examples of packages, one after the other, and counts what it takes and leaves out."""

    def __init__(
        self, reading: Reading, room: int, cases: Iterable[Case], chance: random.Random
    ) -> None:
        """Nothing that is in `cases` is taken. Examples have at most `room` tokens."""
        self._examples = Examples(reading, room, chance)
        self._chance = chance
        self._seen, self._evaluated = Seen(), Evaluated(cases)
        self.files: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    def examples(
        self, package: str, files: Iterable[tuple[str, str]], full: Callable[[str], bool]
    ) -> Iterator[Example]:
        """Yield the examples in the package with `files` (path and text), in any order.

        A language that is `full` is left out from then on.
        """
        wanted = (it for it in files if not full(language_of(it[0])))
        kept = [it for path, text in wanted if (it := self._kept(package, path, text))]
        self._chance.shuffle(kept)
        with _index_of(kept) as database:
            for document in kept:
                if full(document.language):
                    continue
                self.files[document.language] += 1
                source = f"{package}/{document.path}"
                held_out = zlib.crc32(source.encode()) % HELD_OUT_ONE_IN == 0
                for tokens in self._examples.of(document, database):
                    yield Example(tokens, source, document.language, held_out)

    def _kept(self, package: str, path: str, text: str) -> Document | None:
        language = language_of(path)
        if language == PLAIN_TEXT or language in NOT_CODE or NOT_OWN & set(path.split("/")[:-1]):
            return None
        text = unix(text)
        reason: str = filters.against(path, text)
        if not reason and self._evaluated.is_in(text):
            reason = "evaluated"
        if not reason and self._seen.repeats(text):
            reason = "duplicate"
        if reason:
            self.left_out[reason] += 1
            return None
        return Document.of(text, uri="", language=language, path=path, repository=package)


@contextmanager
def _index_of(documents: Sequence[Document]) -> Iterator[Path | None]:
    """Yield the index of a workspace with `documents` in it, None where it cannot be made."""
    with tempfile.TemporaryDirectory(prefix="slm-corpus-") as folder:
        root = Path(folder).resolve()
        for document in documents:
            path = (root / document.path).resolve()
            if root in path.parents and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(document.lines.text(), "utf-8", newline="")
        reports = list(indexer.run(root))
        database = database_path(root)
        try:
            yield None if reports and reports[-1].state == "failed" else database
        finally:
            discard(database)
