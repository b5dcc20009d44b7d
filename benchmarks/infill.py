"""The default model as a fill-in model, for peers that take no other.

The model that comes with this program has no fill-in tokens. A copy names unused ids of its
vocabulary as such: what it then writes is of little use, how long that takes is the same.
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
from slm_lsp.store import checksum, record
from slm_lsp.store.record import ModelFile, Record

if TYPE_CHECKING:
    from pathlib import Path

NAME = "infill"

_IDS = {
    gguf.Keys.Tokenizer.FIM_PRE_ID: 8,
    gguf.Keys.Tokenizer.FIM_SUF_ID: 9,
    gguf.Keys.Tokenizer.FIM_MID_ID: 10,
    gguf.Keys.Tokenizer.FIM_REP_ID: 3,
    gguf.Keys.Tokenizer.FIM_SEP_ID: 5,
}
_ORDER = "slm-lsp.fim.order"


def install(folder: Path, order: str = "spm") -> Path:
    """Make `folder` a model store with the copy under NAME; return the copy's path.

    `order` is that of a prompt's parts: `spm` or `psm`.
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
    added = {key: MetadataDetails(gguf.GGUFValueType.UINT32, id_) for key, id_ in _IDS.items()}
    added[_ORDER] = MetadataDetails(gguf.GGUFValueType.STRING, order)
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        copy_with_new_metadata(reader, writer, added, [])
