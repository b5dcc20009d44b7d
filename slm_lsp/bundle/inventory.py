"""What is in a bundle, and under which licence: the parts of its SBOM and of LICENSES.md."""

from __future__ import annotations

import email
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from packaging.utils import parse_wheel_filename

from slm_lsp import __version__
from slm_lsp.bundle.manifest import NVIM, VSIX, WHEELS
from slm_lsp.models.verification import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

UNKNOWN = "not stated"

_CLASSIFIER = "License :: OSI Approved :: "
_LIBRARY = re.compile(r"[\w-]+\.libs/(?:lib)?([\w+]+?)[-.][^/]*$")

_RUNTIMES = {
    "gomp": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "gfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "quadmath": "LGPL-2.1-or-later",
    "scipy_openblas64_": "BSD-3-Clause",
}
"""Licences of libraries of others that packages carry along."""


@dataclass(frozen=True)
class Part:
    """One part: `file` is where it lies in the bundle, `sha256` empty for what is in many files.

    `inside` names the libraries of others that are in it, with their licences as far as known.
    """

    kind: Literal["package", "model", "editor"]
    name: str
    version: str
    licence: str
    file: str
    sha256: str = ""
    inside: tuple[tuple[str, str], ...] = ()


def parts(bundle: Path, model: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts of the folder `bundle`; those of its `model` are known to who put it in."""
    packages = (_package(path) for path in sorted((bundle / WHEELS).glob("*.whl")))
    known = {part.file for part in model}
    return (*(part for part in packages if part.file not in known), *model, *_editors(bundle))


def licences(found: tuple[Part, ...]) -> str:
    """Return LICENSES.md: a table for people."""
    lines = [
        "# What is in this bundle, and under which licence",
        "",
        "| part | version | licence |",
    ]
    lines += ["|---|---|---|"]
    for part in found:
        lines.append(f"| {part.name} | {part.version} | {part.licence} |")
        lines += [f"| {name}, in {part.name} | | {licence} |" for name, licence in part.inside]
    return "\n".join([*lines, "", "Each package has the text of its licence inside.", ""])


def _package(path: Path) -> Part:
    name, version, _, _ = parse_wheel_filename(path.name)
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        metadata = next(one for one in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
        told = email.message_from_bytes(wheel.read(metadata))
    libraries = sorted({found[1] for one in names if (found := _LIBRARY.match(one))})
    inside = tuple((library, _RUNTIMES.get(library, UNKNOWN)) for library in libraries)
    file = f"{WHEELS}/{path.name}"
    return Part("package", name, str(version), _licence(told), file, sha256_of(path), inside)


def _licence(told: Message) -> str:
    if expression := told["License-Expression"]:
        return str(expression)
    classifiers = told.get_all("Classifier") or []
    named = [one.removeprefix(_CLASSIFIER) for one in classifiers if one.startswith(_CLASSIFIER)]
    if named:
        return ", ".join(named)
    return (told["License"] or UNKNOWN).partition("\n")[0].strip() or UNKNOWN


def _editors(bundle: Path) -> Iterator[Part]:
    if (vsix := bundle / VSIX).is_file():
        name = "slm-lsp for VS Code"
        yield Part("editor", name, __version__, "Apache-2.0", VSIX, sha256_of(vsix))
    if (bundle / NVIM).is_dir():
        yield Part("editor", "slm-lsp for Neovim", __version__, "Apache-2.0", NVIM)
