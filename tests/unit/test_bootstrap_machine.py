"""What the set-up decides from the facts of a machine."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import machine
from tools.machine import SetupFailed

REQUIREMENT = "llama-cpp-python==0.3.36 --hash=sha256:00"


def versions(**found: tuple[int, ...]) -> Callable[[str], tuple[int, ...] | None]:
    return lambda command: found.get(command.replace(".", "_"))


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ({"python3": (3, 11)}, "python3"),
        ({"python3": (3, 14), "python3_11": (3, 11)}, "python3"),
        ({"python3": (3, 9), "python3_11": (3, 11), "python3_12": (3, 12)}, "python3.12"),
        ({"python3_13": (3, 13)}, "python3.13"),
    ],
)
def test_the_first_python_that_is_new_enough_is_taken(
    found: dict[str, tuple[int, ...]], chosen: str
) -> None:
    assert machine.choose_python("python3", versions(**found)) == chosen


@pytest.mark.parametrize(("found", "said"), [({"python3": (3, 10)}, r"3\.10"), ({}, "none")])
def test_an_old_python_is_told_what_is_needed(found: dict[str, tuple[int, ...]], said: str) -> None:
    with pytest.raises(SetupFailed, match=rf"Python 3\.11 or newer.* has {said};.*apt install"):
        machine.choose_python("python3", versions(**found))


def test_the_version_of_a_python_is_asked_of_itself(tmp_path: Path) -> None:
    assert machine.python_version(sys.executable) == sys.version_info[:2]
    assert machine.python_version(str(tmp_path / "none")) is None
    assert machine.python_version("false") is None


@pytest.mark.parametrize(
    ("python", "package"),
    [("/usr/bin/python3.11", "python3-venv"), ("python3.12", r"python3\.12-venv")],
)
def test_a_python_without_venv_is_told_the_package(python: str, package: str) -> None:
    with pytest.raises(SetupFailed, match=rf"`sudo apt install {package}`"):
        machine.require_venv(python, lambda _python, _modules: False)
    machine.require_venv(python, lambda _python, _modules: True)


@pytest.mark.parametrize(
    ("environ", "commands"),
    [
        ({}, {"cc", "c++"}),
        ({}, {"gcc", "g++"}),
        ({}, {"clang", "clang++"}),
        ({"CC": "ccache gcc-13", "CXX": "ccache g++-13"}, {"ccache"}),
    ],
)
def test_any_compiler_will_do(environ: dict[str, str], commands: set[str]) -> None:
    machine.require_compiler(environ, lambda name: name if name in commands else None)


@pytest.mark.parametrize(
    ("environ", "commands"),
    [({}, set()), ({}, {"gcc"}), ({"CXX": "icpc"}, {"gcc", "g++"})],
)
def test_a_missing_compiler_is_named(environ: dict[str, str], commands: set[str]) -> None:
    with pytest.raises(SetupFailed, match=r"C\+\+ compiler .* not found\); `sudo apt install g"):
        machine.require_compiler(environ, lambda name: name if name in commands else None)


def test_too_little_space_is_told_in_gigabytes() -> None:
    with pytest.raises(SetupFailed, match=r"/somewhere needs 1\.5 GB .* has 0\.2 GB"):
        machine.require_space(Path("/somewhere"), 1_500_000_000, 200_000_000)
    machine.require_space(Path("/somewhere"), 5, 5)


def test_space_is_asked_of_the_folder_that_exists(tmp_path: Path) -> None:
    assert machine.free_space(tmp_path / "not" / "there") > 0


FLAGS = st.lists(st.sampled_from(["sse4_2", "avx2", "avx512f", "fma", "f16c"]), unique=True)


@given(flags=FLAGS, other=FLAGS)
def test_a_wheel_is_shared_by_processors_with_the_same_instructions(
    flags: list[str], other: list[str]
) -> None:
    def key(flags: list[str]) -> str:
        return machine.wheel_key(REQUIREMENT, "x86_64", "glibc 2.36", flags, "")

    assert key(flags) == key(sorted(flags, reverse=True))
    assert (key(flags) == key(other)) == (set(flags) == set(other))


def test_a_wheel_is_not_shared_where_anything_else_differs() -> None:
    keys = {
        machine.wheel_key(requirement, kind, libc, ["avx2"], options)
        for requirement in (REQUIREMENT, REQUIREMENT + "11", "llama-cpp-python==0.3.37 --hash=x")
        for kind in ("x86_64", "aarch64")
        for libc in ("glibc 2.36", "glibc 2.41")
        for options in ("", "-DGGML_CUDA=ON")
    }
    assert len(keys) == 3 * 2 * 2 * 2
    assert all(re.fullmatch(r"0\.3\.3[67]-(x86_64|aarch64)-[0-9a-f]{12}", key) for key in keys)


@pytest.mark.parametrize(
    ("cpuinfo", "flags"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2\n\nprocessor\t: 1\nflags\t\t: x\n", ["fpu", "avx2"]),
        ("processor\t: 0\nFeatures\t: fp asimd\n", ["fp", "asimd"]),
        ("", []),
    ],
)
def test_instruction_sets_are_read_from_cpuinfo(cpuinfo: str, flags: list[str]) -> None:
    assert machine.cpu_flags(cpuinfo) == flags


def test_wheels_are_kept_outside_of_the_checkout() -> None:
    assert machine.cache_folder({}) == Path.home() / ".cache" / "slm-lsp" / "wheels"
    assert machine.cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/slm-lsp/wheels")
