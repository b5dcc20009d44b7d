"""A model that fills in, alone in a store of its own: as it is, or asked in another order.

For an order that it was not trained in, what it writes is of little use; how long that takes is the
same.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from typing import TYPE_CHECKING

import gguf
import msgspec
from gguf.scripts.gguf_new_metadata import MetadataDetails, copy_with_new_metadata

from benchmarks.engine_here import default_settings
from slm_lsp import models
from slm_lsp.inference.prompts.recognition import ORDER_KEY
from slm_lsp.models import record, verification
from slm_lsp.models.record import ModelFile, Record

if TYPE_CHECKING:
    from pathlib import Path

NAME = "infill"


def install(folder: Path, name: str = "", order: str = "") -> Path:
    """Make `folder` a model store with a copy of the model `name` under NAME; return its path.

    Without a name it is the default model. `order` is that of a prompt's parts, `joined`, `spm` or
    `psm`; without one the model is asked in its own. Raises StoreError where it is not installed.
    """
    model = models.resolve(name or default_settings().model)
    models.check(model)
    path = folder / NAME / "infill.gguf"
    path.parent.mkdir(parents=True)
    if order:
        _copy(model.path, path, order)
    else:
        shutil.copyfile(model.path, path)
    file = ModelFile(path.name, "", path.stat().st_size, verification.sha256_of(path))
    entry = Record(NAME, model.name, "", (file,), file.file)
    record.replace(path.with_name("record.json"), msgspec.json.encode(entry))
    return path


def _copy(source: Path, target: Path, order: str) -> None:
    reader = gguf.GGUFReader(source)
    architecture = reader.fields[gguf.Keys.General.ARCHITECTURE].contents()
    writer = gguf.GGUFWriter(target, architecture, endianess=reader.endianess)
    added = {ORDER_KEY: MetadataDetails(gguf.GGUFValueType.STRING, order)}
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        copy_with_new_metadata(reader, writer, added, [])
