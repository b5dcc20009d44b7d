"""Cases: a place in a text and what belongs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import UsageError
from slm_lsp.syntax.languages import LANGUAGES, PLAIN_TEXT
from slm_lsp.text.document import Cursor, Document
from slm_lsp.text.lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GIVEN = "given"
"""The kind of a hole that somebody else punched, where its case does not tell."""

_LANGUAGE_IDS = frozenset(row.id for row in LANGUAGES) | {PLAIN_TEXT}


class Case(msgspec.Struct, frozen=True):
    """Between `prefix` and `suffix` belongs `expected`.

    `id` is unique in a set, `language` an editor's language id. `hole` is the kind of the hole and
    `path` what the model is told the file is called. `workspace` is the folder that `path` is in,
    for definitions in other files; in a file of cases it may be relative to that file.
    """

    id: str
    language: str
    prefix: str
    suffix: str
    expected: str
    hole: str = GIVEN
    path: str = ""
    workspace: str = ""

    @property
    def cursor(self) -> Cursor:
        """Where the hole is."""
        lines = split_lines(self.prefix)
        return Cursor(len(lines) - 1, len(lines[-1]))

    def document(self, filling: str = "") -> Document:
        """Return the text with `filling` in the hole."""
        return Document.of(
            self.prefix + filling + self.suffix,
            uri=f"evaluation:///{self.id}",
            language=self.language,
            path=self.path,
        )


def read_cases(path: Path) -> list[Case]:
    """Read a file with one case a line; blank lines count for nothing. Raises UsageError."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"The cases in {path} cannot be read: {error.strerror}.") from None
    cases: dict[str, Case] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            case = _case(line, f"{path}, line {number}")
            if case.workspace:
                root = str(path.absolute().parent / case.workspace)
                case = msgspec.structs.replace(case, workspace=root)
            if case.id in cases:
                raise UsageError(f"{path}, line {number}: there is a case '{case.id}' before it.")
            cases[case.id] = case
    if not cases:
        raise UsageError(f"There are no cases in {path}.")
    return list(cases.values())


def as_lines(cases: list[Case]) -> Iterator[bytes]:
    """Yield `cases` as `read_cases` reads them, each with its line feed."""
    for case in cases:
        yield msgspec.json.encode(case) + b"\n"


def _case(line: bytes, place: str) -> Case:
    try:
        case = msgspec.json.decode(line, type=Case)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{place}: this is not a case ({error}).") from None
    if case.language not in _LANGUAGE_IDS:
        raise UsageError(
            f"{place}: the language '{case.language}' is not known; name it as editors do "
            "(python, typescriptreact, …)."
        )
    if not case.expected.strip():
        raise UsageError(f"{place}: 'expected' has no text, so nothing could be right.")
    return case
