"""The settings that apply to a command, and writing one into the user's file."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

import platformdirs
import tomlkit
import tomlkit.exceptions

from slm_lsp.errors import UsageError
from slm_lsp.models import record
from slm_lsp.models.selection import choice
from slm_lsp.settings import policy, schema, sources

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from slm_lsp.settings.schema import Settings
    from slm_lsp.settings.sources import Source


def settings_for(folder: Path) -> Settings:
    """Return the settings in force in `folder`; problems are warnings on stderr.

    Raises PolicyUnusable.
    """
    return merged(sources.file_sources(folder.resolve()))


def merged(given: Iterable[Source]) -> Settings:
    """Return what the sources `given` say below the policy; problems are warnings on stderr.

    The model has its own name.

    Raises PolicyUnusable.
    """
    settings, problems = choice.settings_of(given)
    for problem in problems:
        print(f"slm-lsp: warning: {problem.message}", file=sys.stderr)
    return settings


def user_settings() -> Settings:
    """Read the user's own settings: no project may choose the model or lift `offline`."""
    source = sources.user_source()
    if source and source.error:  # it may say `offline`, so this is no time for defaults
        raise UsageError(f"{source.name} {source.error}; mend it first.")
    return merged([source] if source else [])


def make_setting(name: str, value: str) -> Path:
    """Write the top-level setting `name` into the user's file, and return which one that is.

    The rest of the file stays as it is. Raises UsageError where the administrator has locked it
    or the file cannot be written, PolicyUnusable.
    """
    locked = policy.load().locked_settings
    if name in locked and locked[name] != value:
        raise UsageError(f"`{name}` is locked to '{locked[name]}' by {policy.FILE}.")
    path = platformdirs.user_config_path(schema.SECTION) / "slm-lsp.toml"
    try:
        there = path.exists()
        content = path.read_bytes() if there else b""  # as text it would lose its line ends
        document = tomlkit.parse(content.decode("utf-8-sig"))
        document[name] = value
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if there else 0o644
        # Where the file is a link into the user's dotfiles, it stays one.
        record.replace(path.resolve(), tomlkit.dumps(document).encode(), mode)
    except (UnicodeDecodeError, tomlkit.exceptions.ParseError) as error:
        raise UsageError(f"{path} cannot be read ({error}); mend it first.") from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be changed ({error}); make it writable, or set `{name}` elsewhere."
        ) from error
    return path
