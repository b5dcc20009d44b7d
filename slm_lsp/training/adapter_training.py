"""From a team's files to an adapter, in a folder that a training cut short goes on in."""

from __future__ import annotations

import hashlib
import random
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import torch

from slm_lsp.errors import TuneRefused
from slm_lsp.inference.llama.library import Llama as Runtime
from slm_lsp.platform.machine import model_threads
from slm_lsp.training import export
from slm_lsp.training.data import shards
from slm_lsp.training.data.examples import Examples
from slm_lsp.training.data.packing import Packer, mixed
from slm_lsp.training.data.reading import as_it_is
from slm_lsp.training.network import lora
from slm_lsp.training.network.weights import prepared
from slm_lsp.training.run import TrainingConfig
from slm_lsp.training.train import Training

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from slm_lsp.text.document import Document
    from slm_lsp.training.data.examples import Reading
    from slm_lsp.training.data.repository import Repository
    from slm_lsp.training.run import Progress

ROOM = 512
"""Tokens of a row. A processor takes a second for one, and code repeats itself within it."""

BATCH_ROWS = 4
ROWS_AT_ONCE = 4
LEARNING_RATE = 5e-4


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done: an adapter named `name` for the model file `base`."""

    base: Path
    name: str
    minutes: float
    seed: int


@dataclass(frozen=True, slots=True)
class Adapter:
    """What came of it: the file, the tokens learned from, the held-out losses (nats) by tokens."""

    file: Path
    tokens: int
    curve: list[tuple[int, float]]


def learn(
    job: Job,
    repository: Repository,
    load: Callable[[Path], Document | None],
    work: Path,
    report: Callable[[Progress], None],
) -> Adapter:
    """Train an adapter below `work`, from where the same job was cut short if it was.

    Raises TuneRefused.
    """
    made = work / ".making"
    shutil.rmtree(made, ignore_errors=True)
    runtime = Runtime(job.base)
    try:
        reading = as_it_is(runtime)
        index = _stored(made, reading, _documents(repository.learned, load), job.seed)
        _stored(made / "held-out", reading, _documents(repository.held_out, load), 0)
    finally:
        runtime.close()
    folder = work / _digest(job, index)
    shutil.rmtree(folder / "data", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    made.rename(folder / "data")
    return _trained(job, folder, report)


def _trained(job: Job, folder: Path, report: Callable[[Progress], None]) -> Adapter:
    torch.set_num_threads(model_threads())
    index, rows = shards.read(folder / "data")
    _, held_out = shards.read(folder / "data" / "held-out")
    training = Training(prepared(job.base, lora.RANK), index, rows, folder, held_out)
    wishes = TrainingConfig(
        learning_rate=LEARNING_RATE,
        batch_rows=min(BATCH_ROWS, len(rows)),
        rows_at_once=ROWS_AT_ONCE,
        minutes=job.minutes,
        seed=job.seed,
    )
    state = training.run(wishes, report)
    file = folder / "adapter.gguf"
    export.adapter(file, state.best or state.weights, base=job.base, name=job.name, teaches={})
    seen = round(state.step * wishes.batch_rows * index.tokens_per_row)
    return Adapter(file, seen, state.curve)


def _documents(paths: Sequence[Path], load: Callable[[Path], Document | None]) -> list[Document]:
    return [document for path in paths if (document := load(path)) is not None]


def _stored(
    folder: Path, reading: Reading, documents: Sequence[Document], seed: int
) -> shards.Index:
    chance = random.Random(str(seed))  # noqa: S311 (no secret)
    examples = Examples(reading, ROOM, chance, whole=True)
    wide = len(reading.pieces) > shards.WIDE
    writer = shards.Writer(folder, ROOM, wide=wide)
    every = [(it, document.path) for document in documents for it in examples.of(document)]
    packer = Packer(ROOM, wide=wide)
    for example, path in mixed(every, random.Random(str(seed))):  # noqa: S311 (no secret)
        for row in packer.add(example, path):
            writer.add(row)
    for row in packer.rest():
        writer.add(row)
    index = writer.close(end=reading.end, end_weight=reading.end_weight, new={})
    if not index.rows:
        raise TuneRefused("No examples can be made of these files.")
    return index


def _digest(job: Job, index: shards.Index) -> str:
    facts = [str(job.base), job.base.stat().st_size, job.minutes, job.seed, index]
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:16]
