"""A build backend that builds nothing: it hands out the metadata that a source archive carries.

pip asks an archive's build backend for metadata before it hands the archive over. Under the
backend's name, this answers in its place, so that no code of the package runs and no compiler is
needed.
"""

from __future__ import annotations

import email
import shutil
from pathlib import Path

__legacy__ = None  # an object that `setuptools.build_meta` must have, never called here


def get_requires_for_build_wheel(_settings: object = None) -> list[str]:
    """Return what building would need: nothing."""
    return []


def prepare_metadata_for_build_wheel(folder: str, _settings: object = None) -> str:
    """Copy the archive's PKG-INFO, in whose folder this is called, to where pip looks for it."""
    source = Path("PKG-INFO")
    told = email.message_from_bytes(source.read_bytes())
    name = "{}-{}.dist-info".format(told["Name"].replace("-", "_"), told["Version"])
    target = Path(folder) / name
    target.mkdir()
    shutil.copy(source, target / "METADATA")
    return name
