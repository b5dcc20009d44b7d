"""Choosing the quantisation that is fastest on this machine and as good as the others.

Which one is depends on the processor: on one with AVX-512 the default model reads three times
faster as Q8_0 than as the smaller Q4_1 it is shipped as. So the candidates are made and measured.
Their quality is measured, too: here, because it is this machine's kernels that will run them, and
because the catalog can only know it for the models in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import ModelShared, ModelUnusable
from slm_lsp.models import (
    installed,
    record,
    runtime,
    verification,
)
from slm_lsp.models.directory import require_space, workplace
from slm_lsp.models.record import (
    Measured,
    ModelFile,
    Record,
    Speed,
)
from slm_lsp.platform.machine import model_threads, this_machine
from slm_lsp.settings import policy

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.models.catalog import CatalogModel
    from slm_lsp.models.directory import Progress

_LARGEST = 3
"""The size of a candidate at the most, in sizes of the shipped file: F16 is 2.8 times Q4_1."""

QUALITY_MARGIN = 0.05
"""The share of exact matches that a quantisation may lose against the best: two of forty holes.

The standard error of a difference is the root of the number of holes filled differently, over the
number of holes. Sound quantisations of the default model (Q4_1, Q8_0, F16) fill at most one of
forty differently, 0.025, so this is two standard errors. Q4_0 fills eight differently, loses three,
and is 0.04 worse over 207 holes. Forty cannot tell smaller losses from chance; the catalog's share,
measured with more holes, is for those.
"""

_ROUNDING = 1e-9


def optimized(name: str) -> bool:
    """Tell whether the installed model was measured on this machine. Raises as `installed.get`."""
    measured = installed.get(name).measured
    return measured is not None and measured.machine == this_machine()


def optimize(model: CatalogModel, *, threads: int, progress: Progress) -> Record:
    """Measure every candidate, keep the one to use beside the shipped file, and use it.

    `threads` is the setting: 0 takes the physical cores. Raises ModelMissing, ModelDamaged,
    ModelShared, ModelUnusable where none would run, StoreError where the store cannot be written,
    PolicyError.
    """
    threads = threads or model_threads()
    if record.is_shared(model.name):
        raise ModelShared(
            f"'{model.name}' is in {record.place(model.name).parent}, a store for all users, and "
            "is used as it is: who looks after that store can optimize it there."
        )
    with workplace(progress) as work:
        before = installed.verify(model.name)
        paths = {model.quantisation: record.folder(model.name) / model.file}
        rules = policy.load()
        rules.require_model(before.files[0].sha256)
        # What is made here is on no administrator's list.
        made = model.candidates() if rules.allowed_models is None else ()
        others = [name for name in made if name != model.quantisation]
        require_space(_LARGEST * model.size * len(others))
        for name in others:
            paths[name] = work / _variant(model, name)
        measured = _measured(paths, model.quantisation, threads, progress)
        if not measured.speeds:
            raise ModelUnusable(f"The model '{model.name}' does not run: {measured.failures}.")
        chosen = choose(measured)
        return _keep(before, paths[chosen], chosen, measured)


def measure(name: str, *, threads: int, progress: Progress) -> Record:
    """Time the installed model `name` as it is, and keep that in its record.

    Raises ModelMissing, ModelDamaged, ModelUnusable, StoreError where the store cannot be written.
    """
    threads = threads or model_threads()
    with workplace(progress):
        before = installed.get(name)
        progress(f"measure {name}", 0, 0)
        path = record.folder(name) / before.in_use
        speed = runtime.fastest(path, threads)
        measured = Measured(this_machine(), threads, {before.used.quantisation: speed})
        after = msgspec.structs.replace(before, measured=measured)
        record.write(after)
        return after


def choose(measured: Measured) -> str:
    """Return the fastest of those that fill no fewer holes than `QUALITY_MARGIN` allows."""
    least = max(measured.exact_match.values()) - QUALITY_MARGIN - _ROUNDING
    good = [name for name, share in measured.exact_match.items() if share >= least]
    return min(good, key=lambda name: measured.speeds[name].request_ms)


def _measured(paths: dict[str, Path], shipped: str, threads: int, progress: Progress) -> Measured:
    """Make and measure each quantisation of `paths`; only the `shipped` one is there already."""
    speeds: dict[str, Speed] = {}
    shares: dict[str, float] = {}
    failures: dict[str, str] = {}
    for name, path in paths.items():
        try:
            if name != shipped:
                progress(f"requantise as {name}", 0, 0)
                runtime.requantize(paths[shipped], path, name)
            progress(f"measure {name}", 0, 0)
            speed = runtime.fastest(path, threads)
            shares[name] = runtime.exact_match(path, threads)
            speeds[name] = speed
        except ModelUnusable as error:
            failures[name] = str(error)
    return Measured(this_machine(), threads, speeds, failures, shares)


def _variant(model: CatalogModel, quantisation: str) -> str:
    return f"{model.name}.{quantisation}.gguf"


def _keep(before: Record, fastest: Path, quantisation: str, measured: Measured) -> Record:
    """Write the record that uses `fastest`, and drop the file that was used before."""
    shipped = before.files[0]
    files = [shipped]
    if quantisation != shipped.quantisation:
        target = record.folder(before.name) / fastest.name
        size, sha256 = fastest.stat().st_size, verification.sha256_of(fastest)
        files.append(ModelFile(target.name, quantisation, size, sha256))
        fastest.replace(target)
        verification.confirm(target, sha256)
    after = Record(
        before.name, before.origin, before.licence, tuple(files), files[-1].file, measured
    )
    record.write(after)
    record.remove_others(after)
    return after
