"""The settings that apply to a command: the files', with what is wrong told on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from slm_lsp import policy, sources

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.config import Settings


def settings_for(folder: Path) -> Settings:
    """Return the settings in force in `folder`; problems are warnings on stderr.

    Raises PolicyUnusable.
    """
    settings, problems = policy.settings(sources.file_sources(folder.resolve()))
    for problem in problems:
        print(f"slm-lsp: warning: {problem.message}", file=sys.stderr)
    return settings
