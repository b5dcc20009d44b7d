"""Where settings come from: the administrator (`policy`), the editor, the project, the user.

A wrong value never stops the server: it is reported, and the default is used instead. A project
file is data that came with somebody's repository, so it may not choose a model, a program or an
endpoint, nor lift `offline`: see `config.Restricted`.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec
import platformdirs

from slm_lsp.settings.schema import (
    RENAMED,
    SECTION,
    Restricted,
    Settings,
    is_section,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


LARGEST = 1_000_000
"""Bytes of a settings file. In somebody's repository it may be a link to what has no end."""


class Problem(msgspec.Struct, frozen=True):
    """Something wrong in a source of settings: a sentence that names the source and the key."""

    message: str


class Source(msgspec.Struct, frozen=True):
    """One place settings come from.

    `spelling` is how its keys are written; `error` says why it could not be read, if it could not.
    With `restricted_only` it counts for nothing but the settings that a project may not make.
    What one that `locks` says can be said otherwise by none below it.
    """

    name: str
    values: Mapping[str, Any]
    spelling: Literal["camel", "kebab"]
    trusted: bool = True
    error: str = ""
    restricted_only: bool = False
    locks: bool = False


def merge(sources: Iterable[Source]) -> tuple[Settings, tuple[Problem, ...]]:
    """Lay `sources` over the defaults, the first one on top, and report what is wrong in them.

    `offline` is not overridden but collected: once a trusted source turns it on it stays on, and a
    value that is neither true nor false turns it on too.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    offline = False
    locked: dict[str, tuple[Any, str]] = {}
    read = [(source, *_read_section(source, source.values, Settings, ())) for source in sources]
    for source, accepted, found in read:
        if source.error:
            problems.append(Problem(f"{source.name}: {source.error}; ignored"))
        problems += found
        problems += _contradictions(source.name, accepted, locked)
        if source.locks:
            locked |= {key: (value, source.name) for key, value in _leaves(accepted)}
        offline = offline or (source.trusted and source.values.get("offline", False) is not False)
    for _, accepted, _ in reversed(read):
        _overlay(values, accepted)
    values["offline"] = offline
    return msgspec.convert(values, Settings), tuple(problems)


def origins(sources: Iterable[Source]) -> dict[str, Source]:
    """Return which of `sources`, the first one on top, decides each setting that any of them makes.

    The keys are dotted names as an editor writes them.
    """
    deciding: dict[str, Source] = {}
    for source in sources:
        accepted, _ = _read_section(source, source.values, Settings, ())
        for key, value in _leaves(accepted):
            collected = key == "offline" and value is True  # on for all, whoever says otherwise
            if key not in deciding or (collected and not deciding[key].values["offline"]):
                deciding[key] = source
    return deciding


def project_source(start: Path) -> Source | None:
    """Find the project's own settings: the nearest file at or above the folder `start`, or None."""
    for folder in (start, *start.parents):
        if (found := _file_source(folder / "slm-lsp.toml", trusted=False)) is not None:
            return found
        if (found := _pyproject_source(folder / "pyproject.toml")) is not None:
            return found
    return None


def user_source() -> Source | None:
    """Read the user's own settings file, or None where there is none."""
    return _file_source(platformdirs.user_config_path(SECTION) / "slm-lsp.toml", trusted=True)


def file_sources(start: Path | None) -> list[Source]:
    """Return the files' settings that apply in the folder `start`, the ones on top first.

    The user's file counts where no project's does. What a project may not set, `offline` and the
    model among it, always comes from the user's file, so that no repository can undo it.
    """
    project, user = project_source(start) if start else None, user_source()
    if project is not None and user is not None:
        user = msgspec.structs.replace(user, restricted_only=True)
    return [source for source in (project, user) if source is not None]


def _read_section(
    source: Source, values: Mapping[str, Any], struct: type[msgspec.Struct], path: tuple[str, ...]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return what `source` sets in one section, in camelCase, and what is wrong in it."""
    fields = {
        field.encode_name if source.spelling == "camel" else field.name.replace("_", "-"): field
        for field in msgspec.structs.fields(struct)
    }
    accepted: dict[str, Any] = {}
    current, problems = _with_current_names(source, values, path)
    for key, value in current.items():
        dotted = ".".join((*path, key))
        if (field := fields.get(key)) is None:
            problems.append(Problem(f"{source.name}: unknown setting '{dotted}', ignored"))
        elif source.restricted_only and not is_section(field.type) and not _restricted(field):
            continue
        elif is_section(field.type):
            if isinstance(value, dict):
                inner, found = _read_section(source, value, field.type, (*path, key))
                accepted[field.encode_name] = inner
                problems += found
            else:
                problems.append(Problem(f"{source.name}: '{dotted}' must be a group of settings"))
        elif not source.trusted and _restricted(field):
            problems.append(
                Problem(f"{source.name}: '{dotted}' may not be set by a project, ignored")
            )
        elif message := _wrong(value, field.type):
            problems.append(Problem(f"{source.name}: '{dotted}': {message}; using the default"))
        else:
            accepted[field.encode_name] = value
    return accepted, problems


def _with_current_names(
    source: Source, values: Mapping[str, Any], path: tuple[str, ...]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the `values` of one section with former names replaced, and a warning for each.

    Where the current name is set, too, it wins.
    """
    current, problems = dict(values), []
    for former, name in RENAMED.items():
        *section, old = former.split(".")
        new = name.rsplit(".", 1)[-1]
        if source.spelling == "kebab":
            old, new = _kebab(old), _kebab(new)
        if tuple(section) == path and old in values:
            value = current.pop(old)
            current.setdefault(new, value)
            dotted, instead = ".".join((*path, old)), ".".join((*path, new))
            problems.append(Problem(f"{source.name}: '{dotted}' is now called '{instead}'"))
    return current, problems


def _kebab(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", name)


def _leaves(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield each value with its dotted name."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield ".".join((*path, key)), value


def _contradictions(
    name: str, accepted: Mapping[str, Any], locked: Mapping[str, tuple[Any, str]]
) -> Iterator[Problem]:
    """Yield what a source wants otherwise than it was locked above it."""
    for key, value in _leaves(accepted):
        if key in locked and locked[key][0] != value:
            yield Problem(f"{name}: '{key}' is locked by {locked[key][1]}, ignored")


def _restricted(field: msgspec.structs.FieldInfo) -> bool:
    return Restricted in get_args(field.type)


def _wrong(value: object, hint: Any) -> str:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _overlay(base: dict[str, Any], top: Mapping[str, Any]) -> None:
    for key, value in top.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _overlay(base[key], value)
        else:
            base[key] = value


def _file_source(path: Path, *, trusted: bool) -> Source | None:
    read = _read_toml(path)
    return None if read is None else Source(str(path), read[0], "kebab", trusted, read[1])


def _pyproject_source(path: Path) -> Source | None:
    read = _read_toml(path)
    if read is None:
        return None
    tools = read[0].get("tool", {})
    section = tools.get(SECTION) if isinstance(tools, dict) else None
    if not isinstance(section, dict):  # it is broken, or says nothing to us: not our business
        return None
    return Source(str(path), section, "kebab", trusted=False)


def _read_toml(path: Path) -> tuple[dict[str, Any], str] | None:
    """Return the file's values and what is wrong with it, or None where there is no file."""
    try:
        return tomllib.loads(_content(path)), ""
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:  # tomllib calls itself for each bracket
        return {}, f"cannot be read ({error})"


def _content(path: Path) -> str:
    """Return the text of a file. Raises OSError, ValueError for what is none."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is no file")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"it is longer than {LARGEST} bytes")
    return content.decode("utf-8-sig")  # some editors put a byte order mark first
