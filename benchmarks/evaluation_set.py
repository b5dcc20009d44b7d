"""The project's own evaluation set: 2,000 holes in code younger than the default model's training.

`python -m benchmarks.evaluation_set` fetches the packages that `evaluation-set.toml` names and
writes two files of cases for `slm-lsp eval --cases` into `~/.cache/slm-lsp/evaluation`:
`tune.jsonl`, to choose by, and `reported.jsonl`, by which nothing may be chosen. They are the same
at every run, for the same versions of Python and of the grammars. The packages are unpacked beside
them, so that definitions in other files can be found.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import os
import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from slm_lsp.errors import UsageError
from slm_lsp.evaluation.cases import Case, as_lines
from slm_lsp.evaluation.files import check_source
from slm_lsp.evaluation.holes import KINDS, SCENARIOS, punch
from slm_lsp.text.document import Document
from slm_lsp.text.lines import split_lines
from tools.machine import SetupFailed, cache_folder
from tools.packages import Kind, fetch, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MANIFEST = Path(__file__).with_name("evaluation-set.toml")

SEED = 1

WHOLE_LINES = 2000
"""A file of at most so many lines is in its cases as a whole."""

SIDE_LINES = 300
"""Of a longer one, so many lines above and below the hole."""

SCENARIO_FILES = 40
"""Scenarios are looked for in so many files of a package: all of them would take minutes."""

TESTS = ("test",)
"""The kind of a hole in a file of tests."""

Split = Literal["tune", "reported"]
SPLITS: tuple[Split, ...] = ("tune", "reported")

_TEST = re.compile(
    r"(^|/)(__tests__|fixtures|it|mocks?|testing|tests?)/"
    r"|(^|/)(test_[^/]*|tests?|conftest|[^/]*[._-](spec|test|test-d|tests))\.\w+$"
)
_GENERATED = re.compile(
    r"auto-?generated|@generated|generated (by|from)|do not edit", re.IGNORECASE
)


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files of a package that are in one language, and how many holes of which kinds are in them.

    `files` and `without` are patterns of paths, in which `*` stands for slashes too; generated code
    is left out anyway. There are `holes` of `KINDS` and `scenarios` of `SCENARIOS`, in turn and
    outside tests, and `tests` bodies of tests.
    """

    language: str
    files: tuple[str, ...]
    without: tuple[str, ...] = ()
    holes: int = 0
    scenarios: int = 0
    tests: int = 0

    @property
    def count(self) -> int:
        """Holes of all kinds."""
        return self.holes + self.scenarios + self.tests


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One package of the manifest. All its holes are in one `split`."""

    name: str
    version: str
    kind: Kind
    sha256: str
    licence: str
    split: Split
    sources: tuple[Source, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All packages."""

    package: tuple[Package, ...]


def read_manifest() -> tuple[Package, ...]:
    """Return the packages of the set."""
    return msgspec.toml.decode(MANIFEST.read_bytes(), type=Manifest).package


def case_file(split: Split) -> Path:
    """Return where the cases of `split` are, or will be."""
    return _folder() / f"{split}.jsonl"


def cases_of(package: Package, files: Iterable[tuple[str, str]]) -> list[Case]:
    """Punch the holes of `package`, which has `files`. Raises SetupFailed if they have no room."""
    found = dict(files)
    return [
        shortened(case, package.name)
        for source in package.sources
        for kinds, count in (
            (KINDS, source.holes),
            (_shuffled(package.name), source.scenarios),
            (TESTS, source.tests),
        )
        if count
        for case in _punched(package.name, source, found, kinds, count)
    ]


def _shuffled(package: str) -> list[str]:
    """Return the scenarios outside tests in an order of the package's own.

    The first kinds get a hole more than the last ones.
    """
    kinds = [kind for kind in SCENARIOS if kind not in TESTS]
    return random.Random(package).sample(kinds, len(kinds))


def _punched(
    package: str, source: Source, files: Mapping[str, str], kinds: Sequence[str], count: int
) -> list[Case]:
    tests = kinds is TESTS
    wanted = {
        path: text for path, text in files.items() if is_wanted(source, path, text, tests=tests)
    }

    def load(path: Path) -> Document | None:
        name = path.as_posix()
        document = Document.of(wanted[name], uri="", language=source.language, path=name)
        try:
            check_source(path, document)
        except UsageError:
            return None
        return document

    paths = [Path(name) for name in sorted(wanted)]
    if kinds is not KINDS and len(paths) > SCENARIO_FILES:
        paths = random.Random(package).sample(paths, SCENARIO_FILES)
    cases = punch(paths, load, count, SEED, kinds)
    if len(cases) < count:
        raise SetupFailed(
            f"{package} has room for {len(cases)} holes in {source.language}, not {count}."
        )
    return cases


def is_wanted(source: Source, path: str, text: str, *, tests: bool = False) -> bool:
    """Tell whether the file is one that the manifest means, and written by a person.

    Files of tests are for `tests` alone.
    """
    return (
        any(fnmatch.fnmatchcase(path, pattern) for pattern in source.files)
        and not any(fnmatch.fnmatchcase(path, pattern) for pattern in source.without)
        and not path.endswith(".d.ts")
        and (tests or not _TEST.search(path))
        and not _GENERATED.search(text[:1000])
    )


def shortened(case: Case, package: str) -> Case:
    """Return `case` under a name that is unique in the set, without text that is far away."""
    above, below = split_lines(case.prefix), split_lines(case.suffix)
    if len(above) + len(below) > WHOLE_LINES:
        above, below = above[-SIDE_LINES - 1 :], below[: SIDE_LINES + 1]
    return msgspec.structs.replace(
        case, id=f"{package}/{case.id}", prefix="".join(above), suffix="".join(below)
    )


def unpack(archive: Path, root: Path) -> None:
    """Write the texts in `archive` below `root`, unless that was done before."""
    if root.exists():
        return
    part = root.with_suffix(".part")
    for name, text in texts(archive):
        path = (part / name).resolve()
        if part.resolve() in path.parents:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
    part.rename(root)


def write(split: Split, packages: Iterable[Package]) -> str:
    """Write the cases of `split` and return a line about them. Raises SetupFailed.

    Those of `KINDS` come first, in the order of the manifest.
    """
    cases = []
    for package in packages:
        if package.split == split:
            archive = fetch(
                package.kind,
                package.name,
                package.version,
                package.sha256,
                _folder() / "archives",
            )
            root = _folder() / "workspaces" / package.sha256[:16]
            unpack(archive, root)
            workspace = str(root.relative_to(_folder()))
            cases += [
                msgspec.structs.replace(case, workspace=workspace)
                for case in cases_of(package, texts(archive))
            ]
    cases.sort(key=lambda case: case.hole in SCENARIOS)
    content = b"".join(as_lines(cases))
    path = case_file(split)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
    return f"{path}: {len(cases)} holes, sha256 {hashlib.sha256(content).hexdigest()}"


def main() -> int:
    """Fetch and write everything."""
    prog = "python -m benchmarks.evaluation_set"
    argparse.ArgumentParser(description=__doc__, prog=prog).parse_args()
    try:
        packages = read_manifest()
        for split in SPLITS:
            print(write(split, packages))
    except SetupFailed as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _folder() -> Path:
    return cache_folder(os.environ).with_name("evaluation")


if __name__ == "__main__":
    sys.exit(main())
