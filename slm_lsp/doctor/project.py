"""What is known of the code: grammars, and the index of this folder."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from slm_lsp.doctor.finding import Finding
from slm_lsp.index.database import contents, database_path
from slm_lsp.index.files import may_be_workspace
from slm_lsp.syntax import languages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.settings.schema import Settings


def look(settings: Settings, folder: Path) -> Iterator[Finding]:
    """Yield what is found about grammars and the index."""
    yield Finding("grammars", "ok", ", ".join(languages.with_grammar()))
    yield _index(settings, folder)


def _index(settings: Settings, folder: Path) -> Finding:
    if not settings.context.definition_tokens:
        return Finding("index", "ok", "none is made: context.definitionTokens is 0")
    if not may_be_workspace(folder):
        return Finding("index", "ok", f"none for {folder}, which is no project")
    path = database_path(folder)
    if not path.exists():
        return Finding("index", "ok", f"none yet for {folder}; an editor's server makes it")
    try:
        files, symbols = contents(path)
    except sqlite3.Error as error:
        detail = f"{path} cannot be read ({error})"
        return Finding("index", "warning", detail, "The next server makes it anew.")
    size = path.stat().st_size / 1e6
    return Finding("index", "ok", f"{files} files, {symbols} definitions, {size:.1f} MB in {path}")
