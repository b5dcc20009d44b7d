"""The code that our own model learns from.

    python -m benchmarks.corpus lock
    python -m benchmarks.corpus build OUT --tokens N [--row N]

The first fetches the newest of each package that `packages.txt` names and is not in `corpus.toml`
yet, and writes down its version, licence and hash. The second makes shards of what is in there.
Both files are in `models/slm-fim-135m`. What was fetched stays in `~/.cache/slm-lsp/corpus`. The
shards are the same for the same packages, seed, and versions of Python and of the grammars; a
package that is not to be had in that version is left out, and `corpus.json` says so.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchmarks import evaluation_set
from slm_lsp import models
from slm_lsp.errors import SlmLspError
from slm_lsp.evaluation.cases import read_cases
from slm_lsp.inference.llama.library import Llama
from slm_lsp.training.data import shards
from slm_lsp.training.data.corpus import Corpus, Example
from slm_lsp.training.data.filters import is_permissive
from slm_lsp.training.data.packing import Packer, mixed
from slm_lsp.training.data.reading import OWN_TOKENS, as_our_own
from tools.licences import licence_of
from tools.machine import SetupFailed, cache_folder
from tools.packages import Kind, download, fetch, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FOLDER = Path(__file__).resolve().parents[1] / "models" / "slm-fim-135m"
LIST, MANIFEST = FOLDER / "packages.txt", FOLDER / "corpus.toml"

ROW = 1536
"""Tokens of a row: what an engine reads by default before and after a cursor, and an answer. A
processor learns faster from rows of `llama.SHORT`."""

LANGUAGE_SHARE = 0.2
PACKAGE_SHARE = 0.05
"""Of the tokens: no language, and no package, has more."""


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One package of the manifest."""

    name: str
    version: str
    kind: Kind
    sha256: str
    licence: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All packages, in the order in which they are learned from."""

    package: tuple[Package, ...]


def lock() -> None:
    """Add what is in the list and not in the manifest yet, and drop what is in the manifest alone.

    What is not under a permissive licence, or cannot be fetched, is told and left out.
    """
    evaluated = {package.name for package in evaluation_set.read_manifest()}
    known = {(it.kind, it.name): it for it in _manifest()}
    found: list[Package] = []
    for line in sorted(LIST.read_text("utf-8").splitlines()):
        kind, _, name = line.partition(" ")
        if kind == "#":
            continue
        if name in evaluated:
            raise SetupFailed(f"{name} is in the evaluation set; take it out of {LIST}.")
        try:
            wanted = msgspec.convert(kind, Kind)
            package = known.get((wanted, name)) or _locked(wanted, name)
        except SetupFailed as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        if is_permissive(package.licence):
            found.append(package)
        else:
            print(f"left out: {name} is under '{package.licence}'", file=sys.stderr)
        rest = [it for it in known.values() if it not in found]
        _write((*found, *rest))
    _write(found)


def _manifest() -> tuple[Package, ...]:
    if not MANIFEST.exists():
        return ()
    return msgspec.toml.decode(MANIFEST.read_bytes(), type=Manifest).package


def _write(packages: Iterable[Package]) -> None:
    lines = ["# Written by `python -m benchmarks.corpus lock`, from packages.txt."]
    for package in packages:
        lines += ["", "[[package]]"]
        for key, value in msgspec.structs.asdict(package).items():
            lines.append(f"{key} = {json.dumps(value)}")
    MANIFEST.write_text("\n".join(lines) + "\n", "utf-8")


def _locked(kind: Kind, name: str) -> Package:
    cache = _cache()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache) as work:
        archive = download(kind, name, "", Path(work))
        version = _version(kind, name, archive.name)
        sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
        archive = archive.replace(cache / sha256)
    return Package(name, version, kind, sha256, licence_of(dict(texts(archive))))


def _version(kind: Kind, name: str, file: str) -> str:
    if kind == "deb":
        return file.split("_")[1].replace("%3a", ":")
    if kind == "wheel":
        return file.split("-")[1]
    stem = file.removesuffix(".tgz").removesuffix(".tar.gz").removesuffix(".zip")
    return stem[len(name.removeprefix("@").replace("/", "-")) + 1 :]


def build(folder: Path, tokens: int, row: int, seed: int) -> None:
    """Write shards of `tokens` tokens in rows of `row`, and others of held-out files."""
    packages = _manifest()
    cases = [
        case
        for split in evaluation_set.SPLITS
        for case in read_cases(evaluation_set.case_file(split))
    ]
    base = models.resolve("slm-fim-135m")
    models.check(base)
    runtime = Llama(base.path)
    started = time.perf_counter()
    taken: Counter[str] = Counter()
    order = random.Random(str(seed))
    packages = tuple(order.sample(packages, len(packages)))
    try:
        reading = as_our_own(runtime)
        corpus = Corpus(reading, row, cases, order)
        writers = [shards.Writer(at, row, wide=False) for at in (folder, folder / "held-out")]
        examples = mixed(_limited(corpus, packages, taken, tokens), order)
        for filled, held_out in _rows(examples, row):
            writers[held_out].add(filled)
        for writer in writers:
            writer.close(end=reading.end, end_weight=reading.end_weight, new=OWN_TOKENS)
    finally:
        runtime.close()
    summary = {
        "tokens": dict(taken.most_common()),
        "files": dict(corpus.files.most_common()),
        "left_out": dict(corpus.left_out.most_common()),
        "seconds": round(time.perf_counter() - started),
    }
    encoded = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    (folder / "corpus.json").write_bytes(encoded + b"\n")
    print(encoded.decode())


def _limited(
    corpus: Corpus, packages: Sequence[Package], taken: Counter[str], tokens: int
) -> Iterator[Example]:
    """Yield examples with `tokens` tokens; what each language has is in `taken` then."""

    def full(language: str) -> bool:
        return taken[language] >= LANGUAGE_SHARE * tokens

    for package in packages:
        try:
            archive = fetch(package.kind, package.name, package.version, package.sha256, _cache())
        except SetupFailed as error:  # a distribution keeps no version for long
            print(f"left out: {error}", file=sys.stderr)
            corpus.left_out[f"package {package.name}"] += 1
            continue
        own = 0
        for example in corpus.examples(package.name, texts(archive), full):
            taken[example.language] += len(example.tokens)
            own += len(example.tokens)
            yield example
            if own >= PACKAGE_SHARE * tokens:
                break
        print(f"{sum(taken.values()):,} tokens after {package.name}", file=sys.stderr)
        if sum(taken.values()) >= tokens:
            return


def _rows(examples: Iterable[Example], row: int) -> Iterator[tuple[shards.Rows, bool]]:
    """Yield rows of `row` tokens with examples, and whether they are held out."""
    packers = [Packer(row, wide=False) for _ in range(2)]
    for example in examples:
        for filled in packers[example.held_out].add(example.tokens, example.source):
            yield filled, example.held_out
    for held_out, packer in enumerate(packers):
        for filled in packer.rest():
            yield filled, bool(held_out)


def _cache() -> Path:
    return cache_folder(os.environ).with_name("corpus")


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("lock")
    building = commands.add_parser("build")
    building.add_argument("out", type=Path)
    building.add_argument("--tokens", type=int, required=True)
    building.add_argument("--row", type=int, default=ROW)
    building.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        if options.command == "lock":
            lock()
        else:
            build(options.out, options.tokens, options.row, options.seed)
    except (SetupFailed, SlmLspError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
