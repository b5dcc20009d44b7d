"""The machines a bundle is made for: a platform and a version of Python each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging import tags
from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWEST_GLIBC, OLDEST_GLIBC = 39, 17
"""Minor versions of glibc 2 that packages may ask for; the engine's decides, see `glibc`."""

MACOS = (14, 0)
"""The oldest macOS a bundle is for."""

PLATFORMS = {
    "linux-x86_64": {"sys_platform": "linux", "platform_system": "Linux"},
    "linux-aarch64": {"sys_platform": "linux", "platform_system": "Linux"},
    "macos-arm64": {"sys_platform": "darwin", "platform_system": "Darwin"},
}
"""What the markers of packages ask about a platform."""

_GLIBC = re.compile(r"manylinux_(\d+)_(\d+)_")


@dataclass(frozen=True)
class Target:
    """`platform` is a key of PLATFORMS, `python` a version such as `3.12`."""

    platform: str
    python: str

    @property
    def _version(self) -> tuple[int, int]:
        major, _, minor = self.python.partition(".")
        return int(major), int(minor)

    def _platform_tags(self) -> Iterator[str]:
        system, _, machine = self.platform.partition("-")
        if system == "macos":
            yield from tags.mac_platforms(MACOS, machine)
            return
        for minor in range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1):
            yield f"manylinux_2_{minor}_{machine}"
        yield f"manylinux2014_{machine}"

    def accepts(self, wheel: str) -> bool:
        """Tell whether a wheel with the file name `wheel` can be installed there."""
        platforms = list(self._platform_tags())
        usable = {*tags.cpython_tags(self._version, platforms=platforms)}
        interpreter = "cp{}{}".format(*self._version)
        usable |= {*tags.compatible_tags(self._version, interpreter, platforms)}
        return not usable.isdisjoint(parse_wheel_filename(wheel)[3])

    def needs(self, marker: str) -> bool:
        """Tell whether a requirement with the `marker` behind its semicolon applies there."""
        return not marker or Marker(marker).evaluate(
            {
                "python_version": self.python,
                "python_full_version": f"{self.python}.0",
                "platform_machine": self.platform.partition("-")[2],
                "os_name": "posix",
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
                **PLATFORMS[self.platform],
            }
        )

    def pip_options(self) -> list[str]:
        """Return what makes `pip download` choose for it and not for this machine."""
        abi = "cp{}{}".format(*self._version)
        options = ["--python-version", self.python, "--implementation", "cp"]
        for name in (abi, "abi3", "none"):
            options += ["--abi", name]
        for name in self._platform_tags():
            options += ["--platform", name]
        return options


def glibc(wheel: str) -> str:
    """Return the glibc that a wheel with the file name `wheel` needs, empty where it says none."""
    found = [(int(major), int(minor)) for major, minor in _GLIBC.findall(wheel)]
    return "{}.{}".format(*min(found)) if found else ""
