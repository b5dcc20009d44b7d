"""A pull in a process of its own, which ends where it is told to: by a signal or a full disk."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from slm_lsp.models.catalog import CatalogModel

CHUNK = 4 * 1024
CHECKPOINT = 16 * 1024

_SCRIPT = """
import os, resource, signal, sys, msgspec
from slm_lsp.errors import SlmLspError
from slm_lsp.models import download as pull
from slm_lsp.models.sources import transfer
from slm_lsp.models.catalog import CatalogModel

model, source, how, at = msgspec.json.decode(sys.argv[1], type=tuple[CatalogModel, str, str, int])
transfer.CHUNK, transfer.CHECKPOINT, transfer.PAUSE_S = 4 * 1024, 16 * 1024, 0.01
if how == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (at, at))

def progress(stage, done, total):
    if how == "killed" and stage == "download" and done >= at:
        os.kill(os.getpid(), signal.SIGKILL)

try:
    pull.pull(model, offline=False, progress=progress, source=source)
except SlmLspError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def run(
    model: CatalogModel,
    source: str,
    how: Literal["", "killed", "full"] = "",
    at: int = 0,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Pull `model` until `at` bytes have arrived: then it is killed, or no file may grow."""
    told = msgspec.json.encode((model, source, how, at)).decode()
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT, told],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
