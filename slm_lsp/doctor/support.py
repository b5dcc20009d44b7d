"""What support needs to know, as one file that holds no code, no names of files and no secrets."""

from __future__ import annotations

import io
import platform
import zipfile
from importlib import metadata
from typing import TYPE_CHECKING, Any

import msgspec

from slm_lsp import __version__
from slm_lsp.doctor import rules
from slm_lsp.doctor.redaction import log_lines, redacted
from slm_lsp.errors import SlmLspError, UsageError
from slm_lsp.inference.client.launch import log_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from slm_lsp.doctor.finding import Finding

NEWEST = 256 * 1024
"""Bytes of the log's end that are looked at."""


def write(file: Path, folder: Path, findings: Sequence[Finding]) -> None:
    """Write the ZIP file `file`, which is not there yet, about what was found in `folder`.

    Raises UsageError.
    """
    found = {"version": __version__, "findings": findings}
    values = {
        "doctor.json": found,
        "settings.json": rules.settings_in(folder),
        "versions.json": _versions(),
        "engine-log.json": list(log_lines(_log())),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in values.items():
            told = _redacted(msgspec.to_builtins(value), folder)
            archive.writestr(name, msgspec.json.format(msgspec.json.encode(told), indent=2))
    try:
        with file.open("xb") as bundle:
            bundle.write(content.getvalue())
    except FileExistsError as error:
        raise UsageError(f"{file} is there already; give the bundle another name.") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error}.") from error


def _versions() -> dict[str, str]:
    """Return the versions of Python and of what this program needs, as installed."""
    needed = (name.split(";")[0] for name in metadata.requires("slm-lsp") or ())
    names = {name.split("=")[0].split(">")[0].split("<")[0].strip() for name in needed}
    found = {it.name: it.version for it in metadata.distributions() if it.name in names}
    return {
        "python": platform.python_version(),
        "slm-lsp": __version__,
        **dict(sorted(found.items())),
    }


def _log() -> str:
    try:
        with log_path().open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - NEWEST))
            return log.read().decode("utf-8", "replace")
    except (OSError, SlmLspError):
        return ""


def _redacted(value: Any, folder: Path) -> Any:
    """Redact each text in `value`; keys are ours."""
    if isinstance(value, str):
        return redacted(value, folder)
    if isinstance(value, dict):
        return {key: _redacted(inner, folder) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner, folder) for inner in value]
    return value
