"""What building for Vulkan needs is found, fetched, or asked for before anything is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools import debian, vulkan
from tools.machine import SetupFailed

if TYPE_CHECKING:
    from pathlib import Path

WANTED = {"CMAKE_ARGS": "-DGGML_VULKAN=ON"}
OLD, NEW = "#define VK_HEADER_VERSION 239", "typedef struct VkLayerSettingsCreateInfoEXT {"


class Machine:
    """A machine with some headers, and a mirror of Debian's that has newer ones."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.headers, self.cache, self.log = folder / "include", folder / "cache", folder / "log"
        self.programs = {"glslc"}
        self.unpacked: list[tuple[str, str]] = []
        self.mirror = True
        monkeypatch.setattr(vulkan, "HEADERS", self.headers)
        monkeypatch.setattr(debian, "unpack", self.unpack)

    def has(self, header: str) -> None:
        (self.headers / "vulkan").mkdir(parents=True)
        (self.headers / "vulkan" / "vulkan_core.h").write_text(header)

    def unpack(self, package: str, suite: str, _work: Path, root: Path, _log: Path) -> None:
        if not self.mirror:
            raise SetupFailed("There is no mirror.")
        self.unpacked.append((package, suite))
        (root / "usr" / "include" / "vulkan").mkdir(parents=True)
        (root / "usr" / "include" / "vulkan" / "vulkan_core.h").write_text(NEW)

    def options(self, **environ: str) -> list[str]:
        return vulkan.options(
            WANTED | environ,
            self.cache,
            self.log,
            lambda name: f"/usr/bin/{name}" if name in self.programs else None,
        )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_new_headers_are_used_as_they_are(machine: Machine) -> None:
    machine.has(NEW)
    assert machine.options() == []


def test_headers_that_are_too_old_are_replaced_by_newer_ones_once(machine: Machine) -> None:
    machine.has(OLD)
    [said] = machine.options()
    folder = machine.cache / "vulkan-trixie"
    assert said == f"-DVulkan_INCLUDE_DIR={folder}"
    assert (folder / "vulkan" / "vulkan_core.h").read_text() == NEW
    assert machine.options() == [said]
    assert machine.unpacked == [("libvulkan-dev", "trixie")]
    assert list(machine.cache.iterdir()) == [folder]


def test_where_none_can_be_had_it_says_what_to_install(machine: Machine) -> None:
    machine.has(OLD)
    machine.mirror = False
    with pytest.raises(SetupFailed, match=r"too old.*VULKAN_SDK.*no mirror"):
        machine.options()
    assert list(machine.cache.iterdir()) == []


def test_what_is_missing_is_named_before_anything_is_built(machine: Machine) -> None:
    with pytest.raises(SetupFailed, match="apt install libvulkan-dev glslc spirv-headers"):
        machine.options()
    machine.has(NEW)
    machine.programs.clear()
    with pytest.raises(SetupFailed, match="apt install libvulkan-dev glslc spirv-headers"):
        machine.options()


@pytest.mark.parametrize(
    "environ",
    [
        {"CMAKE_ARGS": "-DGGML_CUDA=ON"},
        {"CMAKE_ARGS": "-DGGML_VULKAN=ON -DVulkan_INCLUDE_DIR=/opt/vulkan"},
        {"VULKAN_SDK": "/opt/vulkan"},
    ],
)
def test_who_wants_none_or_has_an_sdk_is_left_alone(machine: Machine, environ) -> None:
    assert machine.options(**environ) == []
