"""The real files that are typed: one each in Python, TypeScript and Go.

Python's is in its standard library. The others are taken out of published source packages, pinned
by version and by the file's hash, and kept outside of the checkout.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.text.document import unix
from tools.machine import SetupFailed, cache_folder
from tools.steps import run

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG = Path(__file__).resolve().parents[1] / "build" / "sources.log"
_ADVICE = (
    "Check the network and the settings of pip or npm (package index, proxy), and run it again."
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be typed. `language` is the editor's language id."""

    name: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class _Packed:
    """A file inside of a published archive, which `fetch` puts into a folder."""

    name: str
    language: str
    member: str
    sha256: str
    fetch: Callable[[Path], None]


def python() -> Source:
    """Return the file that is there without fetching anything."""
    path = Path(argparse.__file__)
    return Source(path.name, "python", unix(path.read_text("utf-8")))


def everything() -> tuple[Source, ...]:
    """Return one file of each language, fetching what is not there yet. Raises SetupFailed."""
    return python(), _unpacked(_TYPESCRIPT), _unpacked(_GO)


def _unpacked(packed: _Packed) -> Source:
    kept = cache_folder(os.environ).parent / "sources" / f"{packed.sha256[:12]}-{packed.name}"
    data = kept.read_bytes() if kept.exists() else b""
    if hashlib.sha256(data).hexdigest() != packed.sha256:
        data = _fetched(packed)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as part:
            part.write(data)
        Path(part.name).replace(kept)
    return Source(packed.name, packed.language, unix(data.decode("utf-8")))


def _fetched(packed: _Packed) -> bytes:
    with tempfile.TemporaryDirectory(prefix="slm-") as folder:
        packed.fetch(Path(folder))
        [archive] = Path(folder).glob("*gz")
        with tarfile.open(archive) as files:
            member = files.extractfile(packed.member)
            data = member.read() if member else b""
    if hashlib.sha256(data).hexdigest() != packed.sha256:
        raise SetupFailed(f"{packed.name} does not have its pinned hash: check the package index.")
    return data


def _rxjs(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise SetupFailed(
            "The TypeScript file comes from npm, which is missing: sudo apt install npm."
        )
    pack = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder]
    run("Fetching a TypeScript file", [*pack, "rxjs@7.8.2"], _LOG, _ADVICE)


def _jsonnet(folder: Path) -> None:
    pinned = folder / "requirements.txt"
    pinned.write_text(
        "gojsonnet==0.21.0 "
        "--hash=sha256:35e7c75a47027bc4c593285a250ae33d713d7a082644da0de1eabb0bd65fae9d\n"
    )
    download = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary=:all:"]
    download += ["--require-hashes", "-d", str(folder), "-r", str(pinned)]
    run("Fetching a Go file", download, _LOG, _ADVICE)


_TYPESCRIPT = _Packed(
    "TestScheduler.ts",
    "typescript",
    "package/src/internal/testing/TestScheduler.ts",
    "2281546a98d2a1c60ce3d7447dfdaa1677c1a4ca6def80c0bb615e0bd9399e36",
    _rxjs,
)
_GO = _Packed(
    "parser.go",
    "go",
    "gojsonnet-0.21.0/internal/parser/parser.go",
    "e07975852084f4a570be8aaec23cc8377964272667dd5115e0c45d02cca07e9e",
    _jsonnet,
)
