"""A program of another Debian release, unpacked beside this machine's, with its own C library.

apt does it with lists and archives of its own: nothing is installed, and root is not needed. What
comes is what Debian's archive key has signed. It is not pinned further, because mirrors keep only
the newest revision.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from tools.machine import SetupFailed
from tools.steps import run

if TYPE_CHECKING:
    from pathlib import Path

_ADVICE = "Check the network and apt's settings (mirror, proxy), and run it again."


def unpack(package: str, suite: str, work: Path, root: Path, log: Path) -> None:
    """Unpack `package` of `suite` and all it depends on into `root`, from Debian's own mirror.

    `work` is for apt's files. Raises SetupFailed where this machine's apt has no such mirror.
    """
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    sources = work / "sources.list"
    sources.write_text(f"deb {_mirror()} {suite} main\n", "utf-8")
    settings = {
        "Dir::State": work,
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Debug::NoLocking": "true",  # the locks are root's
        "APT::Sandbox::User": "",  # which could not write here
    }
    apt = [
        "apt-get",
        *(part for item in settings.items() for part in ("-o", "{}={}".format(*item))),
    ]
    run(f"Reading what is in Debian {suite}", [*apt, "update"], log, _ADVICE)
    fetch = [*apt, "install", "--yes", "--no-install-recommends", "--download-only", package]
    run(f"Fetching {package} of Debian {suite}", fetch, log, _ADVICE)
    root.mkdir(parents=True)
    each = 'for archive; do dpkg-deb --extract "$archive" "$0" || exit; done'
    archives = (work / "cache" / "archives").glob("*.deb")
    run(f"Unpacking {package}", ["sh", "-c", each, root, *sorted(archives)], log, _ADVICE)


def launch(root: Path, program: str, launcher: Path) -> None:
    """Write a script that runs `program` of `root` with the C library that is in there.

    The script lies in `root`, and both may move together.
    """
    loader = next(root.glob("usr/lib*/ld-linux-*.so.*"))
    # A program that looks for its data around the file that runs finds it only from there.
    shutil.copy(loader, root / "usr" / "bin")
    libraries = {at.parent.relative_to(root) for at in root.glob("usr/lib/*/*.so.*")}
    path = ":".join(f"$root/{folder}" for folder in sorted(libraries))
    up = "/".join([".."] * (len(launcher.relative_to(root).parts) - 1))
    launcher.parent.mkdir(parents=True)
    launcher.write_text(
        f'#!/bin/sh\nroot=$(cd "$(dirname "$0")/{up}" && pwd)\nexec "$root/usr/bin/{loader.name}"'
        f' --library-path "{path}" "$root/usr/bin/{program}" "$@"\n',
        "utf-8",
    )
    launcher.chmod(0o755)


def _mirror() -> str:
    targets = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    if shutil.which(targets[0]) and shutil.which("dpkg-deb"):
        listed = subprocess.run(targets, capture_output=True, text=True, check=False).stdout
        for uri in listed.split():
            if uri.rstrip("/").endswith("/debian"):
                return uri
    raise SetupFailed("This comes from Debian's mirrors, and apt here knows none of them.")
