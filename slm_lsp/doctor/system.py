"""Python, the machine, and the model runtime with the processor it was built for."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from slm_lsp.doctor.finding import Finding
from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.llama.hardware import Backends
from slm_lsp.models import runtime
from slm_lsp.platform import amx
from slm_lsp.platform.machine import model_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.inference.llama.hardware import Device

OLDEST = (3, 11)

LEAST_GIB = 1
"""Free memory below which the system may have to stop the engine; the default model takes 0.5."""

FLAGS = {
    "SSE3": "pni",
    "SSSE3": "ssse3",
    "AVX": "avx",
    "AVX2": "avx2",
    "AVX_VNNI": "avx_vnni",
    "F16C": "f16c",
    "FMA": "fma",
    "BMI2": "bmi2",
    "AVX512": "avx512f",
    "AVX512_VBMI": "avx512vbmi",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
    amx.FEATURE: "amx_int8",
    "NEON": "asimd",
    "DOTPROD": "asimddp",
    "MATMUL_INT8": "i8mm",
    "FP16_VA": "asimdhp",
    "SVE": "sve",
}
"""The runtime's names of instruction sets, and the kernel's."""

ESSENTIAL = {"AVX2", "FMA", "F16C", "DOTPROD"}
"""Without these a model is several times slower; the others are worth a tenth to a half."""

_KINDS = {"cuda": "CUDA", "vulkan": "Vulkan"}

PACKAGE = "llama-cpp-python"

REBUILD = f"pip install --force-reinstall --no-cache-dir --no-binary {PACKAGE}"


def look() -> Iterator[Finding]:
    """Yield what is found about the machine and what runs on it."""
    version = f"{platform.python_version()} on {platform.platform()}"
    if sys.version_info < OLDEST:
        yield Finding("python", "failed", version, "Install Python 3.11 or newer.")
    else:
        yield Finding("python", "ok", version)
    yield _machine()
    try:
        found = msgspec.json.decode(
            runtime.run(module="inference.programs.backends"), type=Backends
        )
    except ModelUnusable as error:
        reinstall = (
            "Install the library that it names, if any, or the runtime again, built for this "
            f"machine: {REBUILD} {_runtime_version()}"
        )
        yield Finding("runtime", "failed", f"{_runtime_version()}: {error}", reinstall)
    else:
        yield from _runtime(found)


def _machine() -> Finding:
    cores, free = model_threads(), psutil.virtual_memory().available / 2**30
    detail = f"{cores} fast cores for the model, {free:.1f} GiB of memory free"
    if free < LEAST_GIB:
        advice = "Close something: the default model needs 0.5 GiB, larger ones more."
        return Finding("machine", "warning", detail, advice)
    return Finding("machine", "ok", detail)


def _runtime(found: Backends) -> Iterator[Finding]:
    built = [name for name in found.cpu_features if name not in FLAGS]
    variant = f", variant {found.cpu_variant}" if found.cpu_variant else ""
    yield Finding("runtime", "ok", f"{_runtime_version()}{variant}, built with {_listed(built)}")
    yield backend(found)
    yield processor(found, _kernel_flags())


def backend(found: Backends) -> Finding:
    """Name what can compute, and kinds of graphics cards that are looked for in vain."""
    detail = "; ".join(_described(device) for device in found.devices)
    if not found.cardless:
        return Finding("backend", "ok", detail)
    kinds = " and ".join(_KINDS[kind] for kind in found.cardless)
    advice = f"If there is a graphics card: install its driver for {kinds}, with its library."
    return Finding("backend", "warning", f"{detail}; no card for {kinds}", advice)


def processor(found: Backends, flags: frozenset[str]) -> Finding:
    """Compare the instruction sets the runtime uses with the `flags` that the kernel names."""
    features = found.cpu_features
    used = [name for name in features if name in FLAGS]
    unused = [name for name, flag in FLAGS.items() if flag in flags and name not in features]
    missing = [name for name in used if flags and FLAGS[name] not in flags]
    detail = f"uses {_listed(used)}"
    if missing:
        detail = f"the runtime was built for {_listed(missing)}, which this processor lacks"
        advice = f"Install the runtime again on this machine: {REBUILD} {_runtime_version()}"
        return Finding("processor", "failed", detail, advice)
    if found.defect and amx.FEATURE in unused:
        detail += f"; not {amx.FEATURE}, which its compiler ({found.defect}) got wrong"
        advice = (
            f"Several times faster, if built with GCC 14 or newer: {REBUILD} {_runtime_version()}"
        )
        return Finding("processor", "warning", detail, advice)
    if unused:
        detail += f"; not {_listed(unused)}"
    if ESSENTIAL & set(unused):
        advice = f"Much faster, if built on this machine: {REBUILD} {_runtime_version()}"
        return Finding("processor", "warning", detail, advice)
    return Finding("processor", "ok", detail)


def _kernel_flags() -> frozenset[str]:
    """Return what Linux says the processor can do; empty on other systems."""
    path = Path("/proc/cpuinfo")
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    lines = (line.partition(":") for line in text.splitlines())
    named = (value for name, _, value in lines if name.strip() in {"flags", "Features"})
    return frozenset(next(named, "").split())


def _described(device: Device) -> str:
    if device.is_card:
        return f"{device.description} ({device.name}, {device.free_bytes / 2**30:.1f} GiB free)"
    return f"{device.description} ({device.name})"


def _runtime_version() -> str:
    try:
        return f"{PACKAGE}=={metadata.version(PACKAGE)}"
    except metadata.PackageNotFoundError:
        return PACKAGE


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing special"
