"""An administrator's file for one world, without touching the machine's own.

The programs under test look for it in `/etc`, wherever they are told otherwise. So they run in a
mount namespace of their own in which another folder lies over `/etc`.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.world import World

_MOUNT = 'mount -t overlay -o "lowerdir=$0:/etc" overlay /etc && exec "$@"'


def decree(world: World, policy: str) -> None:
    """Make `policy` the administrator's file for all that `world` starts from now on."""
    file = world.root / "etc" / "slm-lsp" / "policy.toml"
    first = not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(policy, encoding="utf-8")
    file.chmod(0o644)  # whatever may be usual here
    file.parent.chmod(0o755)
    if first:
        inside = ("unshare", "-rm", "sh", "-c", _MOUNT, str(file.parents[1]))
        require(*inside, "test", "-e", "/etc/slm-lsp/policy.toml")
        world.command = (*inside, *world.command)


def require(*command: str) -> None:
    """Skip the test where this machine does not let `command` succeed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here")
    tried = subprocess.run(command, capture_output=True, check=False, text=True)
    if tried.returncode != 0:
        pytest.skip(f"{command[0]} is not possible here: {tried.stderr.strip()}")
