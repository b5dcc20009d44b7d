"""Choosing the quantisation that is fastest on this machine.

Which one is depends on the processor: on one with AVX-512 the default model reads three times
faster as Q8_0 than as the smaller Q4_1 it is shipped as. So the candidates are made and measured.
The model runtime works in a process of its own, because it can crash.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

import slm_lsp
from slm_lsp.errors import ModelUnusable
from slm_lsp.store import checksum, installed, record
from slm_lsp.store.record import Measured, ModelFile, Record, Speed
from slm_lsp.store.writing import require_space, workplace

if TYPE_CHECKING:
    from slm_lsp.store.catalog import CatalogModel
    from slm_lsp.store.writing import Progress

_LARGEST = 3
"""The size of a candidate at the most, in sizes of the shipped file: F16 is 2.8 times Q4_1."""

_TIMEOUT_S = 600
"""Requantising and measuring the default model takes seconds; a hung runtime ends here."""


def optimized(name: str) -> bool:
    """Tell whether the installed model was measured on this machine. Raises as `installed.get`."""
    measured = installed.get(name).measured
    return measured is not None and measured.machine == this_machine()


def optimize(model: CatalogModel, *, threads: int, progress: Progress) -> Record:
    """Measure every candidate, keep the fastest beside the shipped file, and use it.

    `threads` is the setting: 0 takes the physical cores. Raises ModelMissing, ModelDamaged,
    ModelUnusable where none would run, StoreError where the store cannot be written.
    """
    threads = threads or psutil.cpu_count(logical=False) or 1
    with workplace(progress) as work:
        before = installed.verify(model.name)
        paths = {model.quantisation: record.folder(model.name) / model.file}
        others = [name for name in model.candidates() if name != model.quantisation]
        require_space(_LARGEST * model.size * len(others))
        speeds: dict[str, Speed] = {}
        failures: dict[str, str] = {}
        for name in model.candidates():
            path = paths.setdefault(name, work / _variant(model, name))
            try:
                if name in others:
                    progress(f"requantise as {name}", 0, 0)
                    _runtime("requantize", paths[model.quantisation], path, name)
                progress(f"measure {name}", 0, 0)
                speeds[name] = msgspec.json.decode(_runtime("measure", path, threads), type=Speed)
            except ModelUnusable as error:
                failures[name] = str(error)
        if not speeds:
            raise ModelUnusable(f"The model '{model.name}' does not run: {failures}.")
        fastest = min(speeds, key=lambda name: speeds[name].request_ms)
        measured = Measured(this_machine(), threads, speeds, failures)
        return _keep(before, paths[fastest], fastest, measured)


def this_machine() -> str:
    """Name the processor, for people and to notice that the store moved to another machine."""
    name = ""
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
        names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        name = next(names, "")
    kind = platform.machine()
    return f"{name or platform.processor() or kind} ({kind}, {os.cpu_count()} logical cores)"


def _variant(model: CatalogModel, quantisation: str) -> str:
    return f"{model.name}.{quantisation}.gguf"


def _runtime(*arguments: object) -> bytes:
    """Run `slm_lsp.engine.quantize` and return what it printed. Raises ModelUnusable."""
    command = [sys.executable, "-m", "slm_lsp.engine.quantize", *map(str, arguments)]
    try:
        ended = subprocess.run(
            command,
            # In the user's folder, `-m` could find a stranger's slm_lsp.
            cwd=Path(slm_lsp.__file__).parents[1],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelUnusable(f"The model runtime gave no answer in {_TIMEOUT_S} s.") from error
    if ended.returncode < 0:
        raise ModelUnusable(f"The model runtime was ended by signal {-ended.returncode}.")
    if ended.returncode > 0:
        reason = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ModelUnusable(reason[-1] if reason else "The model runtime failed without a reason.")
    return ended.stdout


def _keep(before: Record, fastest: Path, quantisation: str, measured: Measured) -> Record:
    """Write the record that uses `fastest`, and drop the file that was used before."""
    shipped = before.files[0]
    files = [shipped]
    if quantisation != shipped.quantisation:
        target = record.folder(before.name) / fastest.name
        size, sha256 = fastest.stat().st_size, checksum.sha256_of(fastest)
        files.append(ModelFile(target.name, quantisation, size, sha256))
        fastest.replace(target)
        checksum.confirm(target, sha256)
    after = Record(
        before.name, before.origin, before.licence, tuple(files), files[-1].file, measured
    )
    record.write(after)
    for old in {file.file for file in before.files} - {file.file for file in files}:
        path = record.folder(before.name) / old
        path.unlink()
        checksum.forget(path)
    return after
