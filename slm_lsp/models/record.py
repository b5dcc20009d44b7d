"""What the store writes down about an installed model, in `record.json` beside its files.

<store>/<name>/record.json      written last, so a model with a record is complete
<store>/<name>/<file>.gguf
<store>/<name>/<file>.gguf.verified   see checksum.py

A machine may have stores for all its users beside each user's own. They are read, never written;
where both have a model of one name, the user's own counts.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

import msgspec
import platformdirs

from slm_lsp.errors import ModelDamaged, StoreError

STORE_VARIABLE = "SLM_LSP_STORE"
"""The environment variable that names another store in place of the user's own."""

_RECORD = "record.json"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Case(msgspec.Struct, frozen=True):
    """A request whose time is measured, in tokens: `evaluated` ones behind `held` others."""

    held: int
    evaluated: int
    generated: int


TYPICAL = Case(held=0, evaluated=64, generated=16)
"""A request while typing: the new part of a window, and one line of answer."""


class Speed(msgspec.Struct, frozen=True):
    """The medians of one case on this machine; `request_ms` is the time of the whole request."""

    prefill_tokens_per_s: float
    decode_tokens_per_s: float
    request_ms: float


class Measured(msgspec.Struct, frozen=True):
    """What was found by quantisation: speeds (of TYPICAL), and the share of holes filled exactly.

    `failures` has a sentence for each quantisation that would not run. Records written before
    quality was measured have no `exact_match`.
    """

    machine: str
    threads: int
    speeds: dict[str, Speed]
    failures: dict[str, str] = {}
    exact_match: dict[str, float] = {}


class Trial(msgspec.Struct, frozen=True):
    """What became known when a model file was run for the first time.

    `fills_in` is how it fills in, empty where it does not; `chats` tells that it follows
    instructions. `quantisation` is the type of most weights, `licence` what the file says. An
    adapter that `teaches` has embeddings for new tokens, which count only once it is merged.
    """

    architecture: str
    fills_in: str
    chats: bool
    quantisation: str
    licence: str
    teaches: bool = False


class ModelFile(msgspec.Struct, frozen=True):
    """One file of the model's folder. `size` in bytes."""

    file: str
    quantisation: str
    size: int
    sha256: str


class Record(msgspec.Struct, frozen=True):
    """An installed model. `in_use` names the one of `files` that the engine opens.

    `files` begins with the shipped one. `measured` is None until the model was optimised. `adapter`
    names the one of `files` that the engine adds to the weights in use, if there is one. `merged`
    names the base and the adapter of which the file in use was made, if it was.
    """

    name: str
    origin: str
    licence: str
    files: tuple[ModelFile, ...]
    in_use: str
    measured: Measured | None = None
    adapter: str = ""
    merged: tuple[str, ...] = ()

    @property
    def used(self) -> ModelFile:
        """The file the engine opens."""
        return self.file(self.in_use)

    @property
    def added(self) -> ModelFile | None:
        """The adapter's file, or None."""
        return self.file(self.adapter) if self.adapter else None

    def file(self, name: str) -> ModelFile:
        """Return the one of `files` that is called `name`."""
        return next(file for file in self.files if file.file == name)


def root() -> Path:
    """Return the folder of the user's own store, which need not exist."""
    if chosen := os.environ.get(STORE_VARIABLE):
        return Path(chosen).absolute()
    return platformdirs.user_data_path("slm-lsp") / "models"


def require_readable() -> None:
    """Raise StoreError where the user's own store is there, and cannot be looked into."""
    try:
        os.scandir(root()).close()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreError(
            f"The model store {root()} cannot be read ({error.strerror}). Whoever owns it can "
            f"change that; or name another folder in {STORE_VARIABLE}."
        ) from error


def shared_roots() -> tuple[Path, ...]:
    """Return the folders of the stores for all users of this machine, which need not exist."""
    places = platformdirs.site_data_dir("slm-lsp", multipath=True).split(os.pathsep)
    roots = (Path(place) / "models" for place in places)
    return tuple(place for place in roots if place != root())


def is_name(name: str) -> bool:
    """Tell whether a model, or a file of one, may be called `name`."""
    return _NAME.fullmatch(name) is not None


def folder(name: str) -> Path:
    """Return the folder of the model `name` in the user's own store, which need not exist."""
    return root() / name


def place(name: str) -> Path:
    """Return the folder where the model `name` is installed; the user's own where it is nowhere."""
    folders = (at / name for at in (root(), *shared_roots()))
    return next(filter(_has_record, folders), folder(name))


def _has_record(folder: Path) -> bool:
    with contextlib.suppress(OSError):  # a store that this user may not look into
        return (folder / _RECORD).exists()
    return False


def is_shared(name: str) -> bool:
    """Tell whether the model `name` is only in a store for all users."""
    return place(name) != folder(name)


def names() -> tuple[str, ...]:
    """Return the name of every model that has a record in any store, in alphabetical order."""
    paths = (path for at in (root(), *shared_roots()) for path in at.glob(f"*/{_RECORD}"))
    return tuple(sorted(filter(is_name, {path.parent.name for path in paths})))


def read(name: str) -> Record | None:
    """Return the record of the model `name`, or None where it is not installed.

    Raises ModelDamaged where there is a record that cannot be used.
    """
    return read_at(name, place(name)) if is_name(name) else None


def read_at(name: str, folder: Path) -> Record | None:
    """Return the record of the model `name` in this `folder`. Raises as `read` does."""
    path = folder / _RECORD
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:  # what is no UTF-8 is a ValueError, too
        raise damaged(name, f"{path} cannot be read ({error})") from error
    files = {file.file for file in record.files}
    named = {record.in_use, record.adapter, *record.merged} - {""}
    if (
        record.name != name
        or not named <= files
        or not all(map(is_name, files))
        or len(record.merged) not in (0, 2)
    ):
        raise damaged(name, f"{path} contradicts itself")
    return record


def write(record: Record) -> None:
    """Put `record` in place of the model's last one, in one step."""
    data = msgspec.json.format(msgspec.json.encode(record), indent=2)
    replace(folder(record.name) / _RECORD, data + b"\n")


def remove_others(record: Record) -> None:
    """Remove what is in the model's folder and not in its record, such as an earlier file."""
    files = [file.file for file in record.files]
    named = {_RECORD, *files, *(f"{file}.verified" for file in files)}
    for path in folder(record.name).iterdir():
        if path.name not in named and path.is_file():
            path.unlink()


def replace(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write the file `path` so that a reader sees the old or the new content, never a part.

    A store may be shared between users, so everybody may read what is in it.
    """
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".tmp-", delete=False) as part:
        try:
            part.write(data)
            part.flush()
            os.fchmod(part.fileno(), mode)
            os.fsync(part.fileno())
            Path(part.name).replace(path)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise


def damaged(name: str, reason: str) -> ModelDamaged:
    """Return the error that says what to do about it."""
    return ModelDamaged(
        f"The model '{name}' is damaged: {reason}; `slm-lsp models pull {name}` fetches it again, "
        "or `slm-lsp models import` takes in its file again."
    )
