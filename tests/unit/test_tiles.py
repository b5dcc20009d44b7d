"""AMX in what a defective compiler made, and the header that mends it."""

from __future__ import annotations

import platform
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from slm_lsp.platform import amx
from tests.harness.world import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

HEADER = REPOSITORY / "tools" / "tile_configuration.h"

CONFIGURED = """
#include <immintrin.h>
struct Configuration {
    unsigned char palette, start, reserved[14];
    unsigned short columns[16];
    unsigned char rows[16];
};
void configure() {
    Configuration found = {};
    found.palette = 1;
    found.columns[0] = 12345;
    _tile_loadconfig(&found);
}
"""


@pytest.mark.parametrize(
    ("notes", "compiler"),
    [
        (b"GCC: (Debian 12.2.0-14+deb12u1) 12.2.0", "GCC 12.2"),
        (b"GCC: (GNU) 8.5.0 20210514", "GCC 8.5"),
        (b"GCC: (GNU) 13.2.1", "GCC 13.2"),
        (b"GCC: (GNU) 11.5.0", ""),
        (b"GCC: (Ubuntu 12.4.0-2ubuntu1) 12.4.0", ""),
        (b"GCC: (Ubuntu 13.3.0-6ubuntu2) 13.3.0", ""),
        (b"GCC: (Debian 14.2.0-19) 14.2.0", ""),
        (b"GCC: (GNU) 15.1.1", ""),
        (b"clang version 14.0.6", ""),
        (b"GCC: (Debian 12.2.0-14) 12.2.0\0" + amx.MARK, ""),
    ],
)
def test_the_compiler_of_a_library(notes: bytes, compiler: str, tmp_path: Path):
    library = tmp_path / "libggml-cpu.so"
    library.write_bytes(b"\x7fELF" + bytes(100) + notes + bytes(100))
    assert amx.defect_of(library) == compiler


def test_a_library_that_is_gone(tmp_path: Path):
    assert amx.defect_of(tmp_path / "libggml-cpu.so") == ""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="AMX is Intel's")
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_the_header_has_the_whole_configuration_written(tmp_path: Path):
    source = tmp_path / "configure.cpp"
    source.write_text(CONFIGURED)
    command = ["g++", "-O3", "-mamx-tile", "-S", "-o", "-", "-include", str(HEADER), str(source)]
    ended = subprocess.run(command, capture_output=True, check=True)
    assert b"12345" in ended.stdout
    assert amx.MARK in ended.stdout
