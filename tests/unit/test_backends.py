"""What the runtime says of itself, read."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import pytest

from slm_lsp.inference.llama import backends
from slm_lsp.platform import amx

if TYPE_CHECKING:
    from pathlib import Path

PROCESSOR, CARD, PART = 0, 1, 2
"""Kinds of devices, as ggml numbers them."""


class Runtime:
    """A runtime that has `devices`: their names and kinds."""

    def __init__(self, **devices: int) -> None:
        self._names, self._kinds = list(devices), list(devices.values())

    def function(self, name: str, *_types: object) -> object:
        return {
            "ggml_backend_dev_count": lambda: len(self._names),
            "ggml_backend_dev_get": lambda index: index,
            "ggml_backend_dev_type": self._kinds.__getitem__,
            "ggml_backend_dev_memory": lambda _handle, _free, _total: None,
            "ggml_backend_dev_name": lambda handle: self._names[handle].encode(),
            "ggml_backend_dev_description": lambda handle: b"a device",
            "ggml_backend_dev_by_name": lambda name: 1 + self._names.index(name.decode()),
        }[name]


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(backends, "_LIBRARIES", tmp_path)
    monkeypatch.setattr(backends, "load", lambda: None)
    return tmp_path


def cards(monkeypatch: pytest.MonkeyPatch, **devices: int) -> list[str]:
    monkeypatch.setattr(backends, "_ggml", Runtime(**devices).function)
    return [device.name for device in backends.devices() if device.is_card]


def test_a_part_of_the_processor_is_a_card_where_there_is_no_other(
    libraries: Path, monkeypatch: pytest.MonkeyPatch
):
    assert cards(monkeypatch, CPU=PROCESSOR, Vulkan0=PART, Vulkan1=CARD) == ["Vulkan1"]
    assert cards(monkeypatch, CPU=PROCESSOR, Vulkan0=PART) == ["Vulkan0"]
    assert cards(monkeypatch, CPU=PROCESSOR) == []


def test_devices_are_handed_over_by_their_names(libraries: Path, monkeypatch: pytest.MonkeyPatch):
    cards(monkeypatch, CPU=PROCESSOR, CUDA0=CARD, CUDA1=CARD)
    found = backends.handles(backends.devices()[:2])
    assert list(found) == [2, 3, None]
    assert ctypes.sizeof(found) == 3 * ctypes.sizeof(ctypes.c_void_p)


def test_kinds_of_cards_that_are_looked_for_in_vain_are_named(
    libraries: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("libggml-vulkan.so", "libggml-vulkan.so.0", "libggml-cpu.so", "libggml-base.so"):
        (libraries / name).touch()
    cards(monkeypatch, CPU=PROCESSOR)
    assert backends.cardless() == ("vulkan",)
    cards(monkeypatch, CPU=PROCESSOR, Vulkan0=CARD)
    assert backends.cardless() == ()


def test_the_processors_features_are_read_among_those_of_others():
    said = "CUDA : ARCHS = 900 | F16 = 1 | CPU : SSE3 = 1 | AVX2 = 1 | AMX = 0 | REPACK = 1 | "
    assert backends._features(said) == ("SSE3", "AVX2", "REPACK")
    assert backends._features("CPU : NEON = 1 | DOTPROD = 1 | BLAS : X = 1 | ") == (
        "NEON",
        "DOTPROD",
    )
    assert backends._features("") == ()


def test_a_defect_of_tiles_is_one_only_where_they_are_used(monkeypatch: pytest.MonkeyPatch):
    """Weights stored in another order go with AMX, and processors without it need those."""
    monkeypatch.setattr(amx, "defect", lambda: "GCC 12.2")
    monkeypatch.setattr(backends, "_said", lambda: "CPU : AVX2 = 1 | AMX_INT8 = 1 | REPACK = 1 | ")
    assert backends.tile_defect() == "GCC 12.2"
    monkeypatch.setattr(backends, "_said", lambda: "CPU : AVX2 = 1 | REPACK = 1 | ")
    assert backends.tile_defect() == ""
