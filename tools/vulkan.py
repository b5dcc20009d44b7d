"""What building and testing the engine for Vulkan takes: `python -m tools.vulkan` installs it.

Run as root on Debian or Ubuntu, it adds the packages to build with, and a driver that computes on
the processor in place of a graphics card, which is what `make test-vulkan` runs on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools import debian
from tools.machine import SetupFailed
from tools.steps import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUILD = ("libvulkan-dev", "glslc", "spirv-headers")
"""Debian's packages to build with."""

DRIVER = "mesa-vulkan-drivers"
"""The package with a driver that needs no graphics card."""

NEWER = "trixie"
"""A release of Debian whose headers are new enough; they are text, the same on every machine."""

HEADERS = Path("/usr/include")

_NEEDED = "VkLayerSettingsCreateInfoEXT"
"""What llama.cpp uses and Debian 12's and Ubuntu 22.04's headers lack."""

_LOG = Path(__file__).resolve().parents[1] / "build" / "vulkan.log"


def options(
    environ: Mapping[str, str],
    cache: Path,
    log: Path,
    which: Callable[[str], str | None] = shutil.which,
) -> list[str]:
    """Return what CMake has to be told beside the user's `CMAKE_ARGS`, if they want Vulkan.

    Where the system's headers are too old, those of a newer Debian are put into `cache`. Who has an
    SDK, or says where the headers are, is left alone. Raises SetupFailed.
    """
    wanted = environ.get("CMAKE_ARGS", "")
    if "GGML_VULKAN=ON" not in wanted or "Vulkan_INCLUDE_DIR" in wanted or "VULKAN_SDK" in environ:
        return []
    header = HEADERS / "vulkan" / "vulkan_core.h"
    if not header.exists() or not which("glslc"):
        raise SetupFailed(f"Vulkan needs more: `sudo apt install {' '.join(BUILD)}` adds it.")
    if _NEEDED in header.read_text("utf-8"):
        return []
    return [f"-DVulkan_INCLUDE_DIR={_newer_headers(cache, log)}"]


def _newer_headers(cache: Path, log: Path) -> Path:
    folder = cache / f"vulkan-{NEWER}"
    if not folder.exists():
        work = cache / f".vulkan-{os.getpid()}"
        shutil.rmtree(work, ignore_errors=True)
        try:
            work.mkdir(parents=True)
            debian.unpack("libvulkan-dev", NEWER, work / "apt", work / "root", log)
            (work / "root" / "usr" / "include").rename(folder)
        except SetupFailed as error:
            raise SetupFailed(
                f"The headers of Vulkan in {HEADERS} are too old for llama.cpp. Install a newer "
                f"Vulkan SDK and set VULKAN_SDK to its folder. ({error})"
            ) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return folder


def main() -> int:
    """Install what is missing and return the exit code."""
    try:
        _install([*BUILD, DRIVER])
    except SetupFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _install(packages: list[str]) -> None:
    if _installed(packages):
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupFailed(f"Tests on Vulkan need more: `sudo apt install {' '.join(packages)}`.")
    advice = "Run `apt-get update`, check apt's settings (mirror, proxy), and run it again."
    run("Installing Vulkan, and a driver without a card", install, _LOG, advice)


def _installed(packages: list[str]) -> bool:
    if not shutil.which("dpkg-query"):
        return False
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}\n", *packages]
    found = subprocess.run(query, capture_output=True, text=True, check=False)
    return found.stdout.split() == ["installed"] * len(packages)


if __name__ == "__main__":
    sys.exit(main())
