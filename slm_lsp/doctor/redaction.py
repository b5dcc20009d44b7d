"""Taking out of a text whatever could name a person, a project or a file of theirs.

Places that are known by their purpose become that: `<project>`, `<home>`. Any other absolute path
that is not the system's becomes `<path>`. What is left of a log are lines whose form says that
they hold none of the user's text.
"""

from __future__ import annotations

import getpass
import os
import platform
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from slm_lsp.engine.endpoint import runtime_dir
from slm_lsp.errors import EngineUnavailable
from slm_lsp.store import record
from slm_lsp.workspace import database

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEM = "etc|usr|lib|lib64|bin|sbin|opt|dev|proc|sys|nix|System|Library|Applications"
_PATH = re.compile(rf"(?<![\w<>/.~-])/(?!(?:{_SYSTEM})\b)[^\s'\",;:)\]}}]+")
_BELOW_HOME = re.compile(r"(<home>|<project>)/[^\s'\",;:)\]}]+")
_LEAST = 3
"""Letters of a name that is taken out; shorter ones are part of too many words."""

_FRAME = re.compile(r'^\s*File "(?:.*/)?(\w+/[\w.]+)", line (\d+), in (\w+)$')
_ERROR = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning))\b")
_ASSERTION = re.compile(r"^(?:.*/)?([\w.-]+\.(?:c|cc|cpp|cu|h|m)):(\d+): (GGML_\w+\(.*\) failed)$")


def redacted(text: str, folder: Path) -> str:
    """Return `text` without places and names; `folder` is the project."""
    for place, purpose in _places(folder):
        text = text.replace(place, purpose)
    text = _BELOW_HOME.sub(_kept, text)
    text = _PATH.sub("<path>", text)
    for name in (getpass.getuser(), platform.node()):
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
    places |= {str(it): "<project>" for it in above if it != Path("/")}
    return sorted(places.items(), key=lambda place: len(place[0]), reverse=True)
