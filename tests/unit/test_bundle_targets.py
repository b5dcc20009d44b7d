"""Which packages are for which machines."""

import pytest

from slm_lsp.bundle import wheelhouse
from slm_lsp.bundle.targets import Target, glibc

LINUX = Target("linux-x86_64", "3.12")
ARM = Target("linux-aarch64", "3.11")
MAC = Target("macos-arm64", "3.13")


@pytest.mark.parametrize(
    ("wheel", "accepted"),
    [
        ("a-1-py3-none-any.whl", {LINUX, ARM, MAC}),
        ("a-1-py3-none-manylinux_2_34_x86_64.whl", {LINUX}),
        ("a-1-py3-none-linux_x86_64.whl", set()),  # made for one machine
        ("a-1-cp310-abi3-manylinux2014_aarch64.whl", {ARM}),
        ("a-1-cp311-cp311-manylinux_2_28_aarch64.whl", {ARM}),
        ("a-1-cp313-cp313-macosx_11_0_arm64.whl", {MAC}),
        ("a-1-cp313-cp313-macosx_26_0_arm64.whl", set()),
        ("a-1-cp312-cp312-win_amd64.whl", set()),
    ],
)
def test_a_wheel_is_accepted_where_it_can_be_installed(wheel: str, accepted: set[Target]):
    assert {target for target in (LINUX, ARM, MAC) if target.accepts(wheel)} == accepted


def test_markers_are_asked_about_the_other_machine():
    assert LINUX.needs("")
    assert LINUX.needs("python_full_version >= '3.12'")
    assert not ARM.needs("python_full_version >= '3.12'")
    assert MAC.needs("sys_platform == 'darwin' and platform_machine == 'arm64'")
    assert not LINUX.needs("sys_platform == 'win32'")


def test_the_engine_says_how_old_a_system_may_be():
    assert glibc("a-1-py3-none-manylinux_2_34_x86_64.whl") == "2.34"
    assert glibc("a-1-py3-none-manylinux_2_5_x86_64.manylinux_2_17_x86_64.whl") == "2.5"
    assert glibc("a-1-py3-none-macosx_14_0_arm64.whl") == ""


def test_each_python_gets_its_version_of_a_package_and_nobody_the_tools():
    pinned = {target: wheelhouse.pinned(target) for target in (LINUX, ARM)}
    names = {
        target: {text.split("==")[0] for text in lines.splitlines()}
        for target, lines in pinned.items()
    }
    assert names[LINUX] == names[ARM] >= {"numpy", "pip", "pygls", "tree-sitter-python"}
    assert not names[LINUX] & {"hatchling", "pytest", "llama-cpp-python", "slm-lsp"}
    numpy = {
        target: next(line for line in lines.splitlines() if line.startswith("numpy=="))
        for target, lines in pinned.items()
    }
    assert numpy[LINUX].split()[0] != numpy[ARM].split()[0]
    assert all("--hash=sha256:" in line for line in pinned[LINUX].splitlines())
