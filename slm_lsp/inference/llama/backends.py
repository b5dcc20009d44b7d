"""llama.cpp's backends: what computes, on this processor and on graphics cards.

A runtime built for one machine has its only one inside. A portable one keeps each in a library of
its own, the processor's once for every generation of processors; they have to be loaded, and
`ggml` takes the best that this machine can execute.
"""

from __future__ import annotations

import ctypes
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import llama_cpp
from llama_cpp import llama_cpp as bindings

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.llama.hardware import NATIVE, Backends, Device
from slm_lsp.platform import amx

if TYPE_CHECKING:
    from collections.abc import Sequence

_CARD, _PART_OF_PROCESSOR = 1, 2
"""GGML_BACKEND_DEVICE_TYPE_GPU and _IGPU (ggml-backend.h)."""

_LIBRARIES = Path(llama_cpp.__file__).parent / "lib"
_VARIANT = re.compile(r"ggml-cpu-([\w.]+)\.(?:so|dylib)$", re.MULTILINE)
_BACKEND = re.compile(r"libggml-(cuda|vulkan)\.(?:so|dylib)")
_MAPS = Path("/proc/self/maps")


@functools.cache
def silence() -> None:
    """Keep llama.cpp from writing to stderr, once; its log would repeat parts of prompts."""
    llama_cpp.llama_log_set(_discard, ctypes.c_void_p(0))


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]  # a ctypes function type
def _discard(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
    pass


@functools.cache
def load() -> None:
    """Load what there is, once for a process. Raises ModelUnusable where nothing can compute."""
    llama_cpp.llama_backend_init()
    if not _count():
        _ggml("ggml_backend_load_all_from_path", None, ctypes.c_char_p)(bytes(_LIBRARIES))
    if not _count():
        raise ModelUnusable(
            f"The model runtime in {_LIBRARIES} has nothing that this processor can execute; "
            "install one that was built for this kind of machine."
        )


def in_use() -> Backends:
    """Tell what the runtime computes with. Raises ModelUnusable as `load` does."""
    silence()
    load()
    features, defect = _features(_said()), tile_defect()
    if defect:
        features = tuple(name for name in features if name != amx.FEATURE)
    return Backends(devices(), cardless(), _variant(), features, defect)


def tile_defect() -> str:
    """Name the compiler that got AMX wrong, where the runtime would use that; else empty."""
    return amx.defect() if amx.FEATURE in _features(_said()) else ""


def devices() -> tuple[Device, ...]:
    """Return everything that computes, graphics cards first. Raises ModelUnusable as `load`.

    What is part of the processor counts as a card where there is no other.
    """
    load()
    handles = [
        _ggml("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)(index)
        for index in range(_count())
    ]
    kinds = [_ggml("ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)(it) for it in handles]
    card = _CARD if _CARD in kinds else _PART_OF_PROCESSOR
    found = [_device(it, kind == card) for it, kind in zip(handles, kinds, strict=True)]
    return tuple(sorted(found, key=lambda device: not device.is_card))


def handles(devices: Sequence[Device]) -> ctypes.Array[ctypes.c_void_p]:
    """Return what stands for `devices` in the runtime's C interface, and a null pointer."""
    by_name = _ggml("ggml_backend_dev_by_name", ctypes.c_void_p, ctypes.c_char_p)
    found = [by_name(device.name.encode()) for device in devices]
    return (ctypes.c_void_p * (len(found) + 1))(*found, None)


def cardless() -> tuple[str, ...]:
    """Name what this runtime was built for that is of no use here: there is no card or driver."""
    built = {found[1] for path in _LIBRARIES.iterdir() if (found := _BACKEND.match(path.name))}
    used = {device.name.rstrip("0123456789").lower() for device in devices()}
    return tuple(sorted(built - used))


def _device(handle: int, is_card: bool) -> Device:  # noqa: FBT001 (a fact, not a switch)
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    size = ctypes.POINTER(ctypes.c_size_t)
    memory = _ggml("ggml_backend_dev_memory", None, ctypes.c_void_p, size, size)
    memory(handle, ctypes.byref(free), ctypes.byref(total))
    return Device(
        name=_text("ggml_backend_dev_name", handle),
        description=_text("ggml_backend_dev_description", handle),
        is_card=is_card,
        free_bytes=free.value,
    )


def _text(function: str, handle: int) -> str:
    said: bytes = _ggml(function, ctypes.c_char_p, ctypes.c_void_p)(handle)
    return said.decode("utf-8", "replace").strip()


def _count() -> int:
    return int(_ggml("ggml_backend_dev_count", ctypes.c_size_t)())


def _ggml(name: str, result: object, *arguments: object) -> ctypes._NamedFuncPointer:
    # Found through the library that llama-cpp-python has loaded: by a path of our own, a second
    # copy might be, which knows of no backends of the first.
    function = bindings._lib[name]  # noqa: SLF001
    function.restype, function.argtypes = result, arguments
    return function  # type: ignore[no-any-return]


def _variant() -> str:
    """Return the generation that the loaded library of the processor's backend is for."""
    if not any(_VARIANT.search(library.name) for library in _LIBRARIES.iterdir()):
        return NATIVE
    found = _VARIANT.findall(_MAPS.read_text()) if _MAPS.exists() else []
    return found[-1] if found else ""


def _said() -> str:
    said: bytes = llama_cpp.llama_print_system_info()
    return said.decode("utf-8", "replace")


def _features(said: str) -> tuple[str, ...]:
    """Read them from lines such as `CPU : SSE3 = 1 | AVX2 = 1 | REPACK = 1 |`."""
    [processor] = re.findall(r"\bCPU : ([^:]*)(?:\||$)", said)[-1:] or [""]
    return tuple(re.findall(r"(\w+) = 1\b", processor))
