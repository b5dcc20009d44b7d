"""Finding a language's row and loading its grammar."""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module
from pathlib import Path, PurePath

import tree_sitter

from slm_lsp.context.language_table import LANGUAGES, Language

PLAIN_TEXT = "plaintext"
"""The language id of what no row claims."""

QUERIES = Path(__file__).with_name("queries")
"""A folder for each language that has queries, named after its id."""

_log = logging.getLogger(__name__)

_BY_ID = {row.id: row for row in LANGUAGES}
_BY_NAME = {name: row.id for row in LANGUAGES for name in (row.id, *row.aliases)}
_BY_FILE = {name: row.id for row in LANGUAGES for name in row.files}


def find(language: str) -> Language:
    """Return the row of the editor's language id `language`; an unknown one gets an empty row.

    Not every editor has the ids of the specification: Neovim says `sh` and `cs`, Emacs `c++`. Of a
    compound id (`python.django`, `typescript.tsx`) the last part with a row counts.
    """
    for name in (language, *reversed(language.split("."))):
        if row := _BY_ID.get(name) or _BY_ID.get(called(name)):
            return row
    return Language(language, ())


def language_of(path: str) -> str:
    """Guess the editor's language id of the file at `path` by its name; `plaintext` if unknown."""
    name = PurePath(path).name
    suffix = PurePath(path).suffix
    return _BY_FILE.get(name) or _BY_FILE.get(suffix) or _BY_FILE.get(suffix.lower()) or PLAIN_TEXT


def called(name: str) -> str:
    """Return the language id of what is called `name` in a Markdown fence, or an empty string."""
    return _BY_NAME.get(name.lower(), "")


def with_grammar() -> tuple[str, ...]:
    """Return the language ids whose grammar is installed and loads."""
    return tuple(row.id for row in LANGUAGES if grammar(row) is not None)


@cache
def grammar(language: Language) -> tree_sitter.Language | None:
    """Load the grammar of `language`; None if it has none or the installed one does not load."""
    if not language.grammar:
        return None
    module, function = language.grammar.split(":")
    try:
        return tree_sitter.Language(getattr(import_module(module), function)())
    except (ImportError, AttributeError, ValueError) as error:
        _log.warning("No syntax for %s: its grammar does not load (%s)", language.id, error)
        return None


@cache
def query(language: Language, name: str = "syntax") -> tree_sitter.Query | None:
    """Return the query `name` of `language`, or None if it has no such query or no grammar.

    What the captures of `syntax` mean is told in `captures`.
    """
    made = grammar(language)
    path = QUERIES / (language.queries or language.id) / f"{name}.scm"
    if made is None or not path.exists():
        return None
    return tree_sitter.Query(made, path.read_text(encoding="utf-8"))
