"""Everything that doctor looks at, in the order in which it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.doctor import (
    editors,
    engine,
    model,
    project,
    rules,
    system,
)
from slm_lsp.doctor.finding import Finding
from slm_lsp.errors import SlmLspError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def examine(folder: Path) -> Iterator[Finding]:
    """Yield the findings for `folder`, as they are made. What cannot be looked at is one, too."""
    settings = rules.settings_in(folder)
    sections = {
        "system": system.look(),
        "settings": rules.look(folder),
        "model": model.look(settings),
        "engine": engine.look(settings),
        "index": project.look(settings, folder),
        "editor": editors.look(),
    }
    for name, findings in sections.items():
        try:
            yield from findings
        except SlmLspError as error:
            yield Finding(name, "failed", str(error))
