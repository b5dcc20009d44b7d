"""Whether a bundle is for this machine."""

from pathlib import Path

import pytest

from slm_lsp.bundle import fitness
from slm_lsp.bundle.manifest import Manifest
from slm_lsp.errors import BundleError
from slm_lsp.platform import cpu_features

BUNDLE = Manifest(
    "1.0", ("linux-x86_64", "macos-arm64"), ("3.11", "3.12"), {"linux-x86_64": "2.34"}
)


@pytest.mark.parametrize("glibc", ["2.34", "2.41", "3.0"])
def test_what_it_was_made_for_is_accepted(glibc: str):
    fitness.require_machine(BUNDLE, "linux-x86_64", "3.12", glibc)


@pytest.mark.parametrize(
    ("machine", "python", "glibc", "missing", "said"),
    [
        ("linux-aarch64", "3.12", "2.41", (), "is for linux-x86_64 or macos-arm64, and this"),
        ("linux-x86_64", "3.10", "2.41", (), "is for Python 3.11 or 3.12, and this is Python 3.10"),
        (
            "linux-x86_64",
            "3.12",
            "2.31",
            (),
            "needs glibc 2.34 or newer, and this machine has 2.31",
        ),
        (
            "linux-x86_64",
            "3.12",
            "2.41",
            ("popcnt", "ssse3"),
            "processor of 2009 or newer; this one lacks popcnt, ssse3",
        ),
    ],
)
def test_another_machine_is_told_why(machine, python, glibc, missing, said):
    with pytest.raises(BundleError, match=said):
        fitness.require_machine(BUNDLE, machine, python, glibc, missing)


def test_this_machine_has_a_name_and_a_python():
    assert fitness.this_platform().count("-") == 1
    assert fitness.this_python().startswith("3.")


def test_a_processor_that_is_too_old_is_recognised(tmp_path: Path):
    cpuinfo = tmp_path / "cpuinfo"
    flags = "fpu sse sse2 pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
    cpuinfo.write_text(f"processor : 0\nflags\t\t: {flags}\n")
    assert cpu_features.missing_features("x86_64", cpuinfo) == ()
    cpuinfo.write_text("processor : 0\nflags\t\t: fpu sse sse2 pni cx16 lahf_lm\n")
    assert cpu_features.missing_features("x86_64", cpuinfo) == (
        "popcnt",
        "sse4_1",
        "sse4_2",
        "ssse3",
    )
    assert cpu_features.missing_features("aarch64", cpuinfo) == ()
    assert cpu_features.missing_features("x86_64", tmp_path / "none") == ()
    cpuinfo.write_text("nothing that is known\n")
    assert cpu_features.missing_features("x86_64", cpuinfo) == ()
