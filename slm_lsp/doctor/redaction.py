"""Taking out of a text whatever could name a person, a project or a file of theirs.

Places that are known by their purpose become that: `<project>`, `<home>`. Any other absolute path
that is not the system's becomes `<path>`, and a URL, which may hold a password, `<url>`. What is
left of a log are lines whose form says that they hold none of the user's text.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from slm_lsp.errors import EngineUnavailable
from slm_lsp.index import database
from slm_lsp.inference.endpoint import runtime_dir
from slm_lsp.models import record

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEM = "etc|usr|lib|lib64|bin|sbin|opt|dev|proc|sys|nix|System|Library|Applications"
_PATH = re.compile(rf"(?<![\w<>/.~-])/(?!(?:{_SYSTEM})\b)[^\s'\",;:)\]}}]+")
_BELOW = re.compile(r"(<home>|<project>|<temporary>)/[^\s'\",;:)\]}]+")
_QUOTED = re.compile(
    rf"(['\"])(<home>|<project>|<temporary>|(?=/(?!(?:{_SYSTEM})\b)))/[^'\"\n]* [^'\"\n]*\1"
)
"""A path with a space in it, which only the quotes around it show the end of."""
_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://\S+")
_LEAST = 3
"""Letters of a name that is taken out; shorter ones are part of too many words."""

_FRAME = re.compile(r'^\s*File "(?:.*/)?(\w+/[\w.]+)", line (\d+), in (\w+)$')
_ERROR = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning))\b")
_ASSERTION = re.compile(r"^(?:.*/)?([\w.-]+\.(?:c|cc|cpp|cu|h|m)):(\d+): (GGML_\w+\(.*\) failed)$")


def redacted(text: str, folder: Path) -> str:
    """Return `text` without places and names; `folder` is the project."""
    text = _URL.sub("<url>", text)
    for place, purpose in _places(folder):
        text = re.sub(rf"{re.escape(place)}(?![\w-]|\.\w)", purpose, text)
    text = _QUOTED.sub(lambda found: f"{found[1]}{found[2] or '<path>'}{found[1]}", text)
    text = _BELOW.sub(_kept, text)
    text = _PATH.sub("<path>", text)
    for name in _names():
        if len(name) >= _LEAST:
            text = re.sub(rf"\b{re.escape(name)}\b", "<name>", text)
    return text


def log_lines(text: str) -> Iterator[str]:
    """Yield what a log says about where something failed, in a form of our own."""
    dropped = 0
    for line in text.splitlines():
        if found := _FRAME.match(line):
            yield f"  {found[1]}:{found[2]} in {found[3]}"
        elif found := _ERROR.match(line):
            yield found[1]
        elif found := _ASSERTION.match(line):
            yield f"{found[1]}:{found[2]}: {found[3]}"
        else:
            dropped += 1
    yield f"{dropped} other lines were left out"


def _kept(found: re.Match[str]) -> str:
    """Keep the name of a settings file, which is always the same."""
    name = found[0].rpartition("/")[2]
    return f"{found[1]}/{name}" if name in {"slm-lsp.toml", "pyproject.toml"} else found[1]


def _names() -> Iterator[str]:
    """Yield what the user and the machine are called, the longest names of each first."""
    with contextlib.suppress(KeyError, OSError):  # a container may run as nobody it knows
        yield getpass.getuser()
    yield platform.node()
    yield platform.node().partition(".")[0]


def _places(folder: Path) -> list[tuple[str, str]]:
    """Return paths and what they are for, the longest first."""
    home = Path.home()
    places = {
        str(platformdirs.user_config_path("slm-lsp")): "<settings>",
        str(record.root()): "<store>",
        str(database.folder()): "<index>",
        tempfile.gettempdir(): "<temporary>",
        str(home): "<home>",
    }
    try:
        places[str(runtime_dir())] = "<sockets>"
    except EngineUnavailable:
        places[os.environ.get("SLM_LSP_RUNTIME_DIR", "/run")] = "<sockets>"
    if sys.prefix != sys.base_prefix:
        places[sys.prefix] = "<python>"
    # A settings file above the folder counts, too, and its folder has a name.
    above = [it for it in (folder, *folder.parents) if it not in (home, *home.parents)]
    places |= {str(it): "<project>" for it in above}
    places.pop("/", None)  # as some containers have it for a home
    return sorted(places.items(), key=lambda place: len(place[0]), reverse=True)
