"""Small models for the store's tests: a wheel made on the spot and its entry in the catalog."""

from __future__ import annotations

import hashlib
import os
import zipfile
from typing import TYPE_CHECKING, NoReturn

from slm_lsp.models import record, verification
from slm_lsp.models.catalog import CatalogModel, Wheel

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PAYLOAD = b"GGUF" + bytes(range(256)) * 64
MEMBER = "tiny_model/tiny.Q4_1.gguf"


def build_wheel(folder: Path, payload: bytes = PAYLOAD, name: str = "tiny-model") -> Path:
    """Write the wheel `name` 1.0 that pip accepts."""
    folder.mkdir(exist_ok=True)
    stem = name.replace("-", "_")
    path = folder / f"{stem}-1.0-py3-none-any.whl"
    info = f"{stem}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, payload)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def describe(wheel: Path, payload: bytes = PAYLOAD) -> CatalogModel:
    """Return the entry that pins `wheel` and the file in it."""
    return CatalogModel(
        name="tiny",
        family="tiny",
        parameters=1,
        licence="Apache-2.0",
        context=128,
        file="tiny.Q4_1.gguf",
        quantisation="Q4_1",
        size=len(payload),
        token_bytes=1,
        hardware="any processor",
        sha256=hashlib.sha256(payload).hexdigest(),
        parts=(pinned(wheel, "tiny-model", payload),),
        exact_match={"Q4_1": 0.20, "Q8_0": 0.19, "Q4_0": 0.10},
    )


def pinned(wheel: Path, name: str, payload: bytes) -> Wheel:
    """Return what a catalog says of `wheel`, which is the package `name`."""
    return Wheel(
        package=name,
        version="1.0",
        member=MEMBER,
        size=wheel.stat().st_size,
        sha256=verification.sha256_of(wheel),
        unpacked=len(payload),
    )


def install(model: CatalogModel, payload: bytes = PAYLOAD) -> record.Record:
    """Put `model` into the store as if it had been pulled."""
    place = record.folder(model.name)
    place.mkdir(parents=True)
    (place / model.file).write_bytes(payload)
    shipped = record.ModelFile(model.file, model.quantisation, model.size, model.sha256)
    written = record.Record(model.name, "tiny-model 1.0", "Apache-2.0", (shipped,), model.file)
    record.write(written)
    return written


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Take progress reports that no test looks at."""


def never(*_arguments: object, **_options: object) -> NoReturn:
    """Stand in for what starts a process, where none may be started."""
    raise AssertionError("no process may be started")


def leftovers(store: Path) -> list[str]:
    """Return what is in the folder of a store, but its lock."""
    return [path.name for path in store.iterdir() if path.name != ".lock"]


def point_pip_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip look into `folder` and nowhere else, whatever it is set up to do here."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
