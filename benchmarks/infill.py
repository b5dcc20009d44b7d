"""The default model with its prompt's parts in a chosen order, in a store of its own.

For an order that it was not trained in, what it writes is of little use; how long that takes is the
same.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import gguf
import msgspec
from gguf.scripts.gguf_new_metadata import MetadataDetails, copy_with_new_metadata

from slm_lsp import store
from slm_lsp.config import Settings
from slm_lsp.engine.recognition import ORDER_KEY
from slm_lsp.store import checksum, record
from slm_lsp.store.record import ModelFile, Record

if TYPE_CHECKING:
    from pathlib import Path

NAME = "infill"


def install(folder: Path, order: str) -> Path:
    """Make `folder` a model store with the copy under NAME; return the copy's path.

    `order` is that of a prompt's parts: `joined`, its own, `spm` or `psm`.
    Raises StoreError where the default model is not installed.
    """
    model = store.resolve(Settings().model)
    store.check(model)
    path = folder / NAME / "infill.gguf"
    path.parent.mkdir(parents=True)
    _copy(model.path, path, order)
    file = ModelFile(path.name, "", path.stat().st_size, checksum.sha256_of(path))
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
