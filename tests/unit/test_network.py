"""A process that gave up the network: what the kernel refuses it, and what goes on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from slm_lsp.platform import sandbox

SEALED = """
import ctypes, os, socket, subprocess, sys, threading

def family(number, kind=socket.SOCK_STREAM):
    try:
        socket.socket(number, kind).close()
    except PermissionError:
        return "refused"
    except OSError as error:
        return os.strerror(error.errno)  # of a family that this kernel does not have
    return "opened"

def call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    code = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return "done" if code >= 0 else os.strerror(ctypes.get_errno())

from slm_lsp.platform import sandbox as network
"""


@pytest.fixture(scope="module")
def sealing() -> None:
    """Skip the test where this kernel takes no such filter."""
    if reason := run("print(network.give_up())").strip():
        pytest.skip(reason)


def run(code: str) -> str:
    """Return what `code` printed in a process of its own: nothing gives the network back."""
    ended = subprocess.run(
        [sys.executable, "-c", SEALED + code], capture_output=True, check=False, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.usefixtures("sealing")
@pytest.mark.parametrize("name", ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"])
@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW"])
def test_every_family_but_unix_is_refused(name: str, kind: str):
    printed = run(f"network.give_up()\nprint(family(socket.{name}, socket.{kind}))")
    assert printed == "refused\n"


@pytest.mark.usefixtures("sealing")
def test_unix_sockets_go_on():
    assert run(
        "network.give_up()\nprint(family(socket.AF_UNIX), socket.socketpair()[0].family)"
    ) == (f"opened {int(socket.AF_UNIX)}\n")


@pytest.mark.usefixtures("sealing")
def test_threads_from_before_and_children_from_later_are_sealed_too():
    printed = run(
        "sealed = threading.Event()\n"
        "def late():\n    sealed.wait()\n    print(family(socket.AF_INET))\n"
        "thread = threading.Thread(target=late)\nthread.start()\n"
        "assert family(socket.AF_INET) == 'opened'\n"
        "network.give_up()\nsealed.set()\nthread.join()\n"
        "child = 'import socket; socket.socket()'\n"
        "print('PermissionError' in subprocess.run([sys.executable, '-c', child],"
        " capture_output=True, text=True).stderr)"
    )
    assert printed == "refused\nTrue\n"


@pytest.mark.usefixtures("sealing")
def test_ways_around_are_refused():
    x32 = 0x40000000 + 41  # socket(2) of the x32 table
    printed = run(
        "network.give_up()\n"
        "print(call(425, 1, 0))  # io_uring_setup\n"
        "print(call(438, os.pidfd_open(os.getpid()), 1, 0))  # pidfd_getfd\n"
        f"print(call({x32}, 2, 1, 0))"
    )
    assert printed == "Permission denied\n" * 3


@pytest.mark.usefixtures("sealing")
def test_it_can_be_done_twice():
    assert run("print([network.give_up(), network.give_up()])") == "['', '']\n"


@pytest.mark.usefixtures("sealing")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["config", "show"], "refused"),
        (["engine", "status"], "refused"),
        (["models", "list", "--json"], "opened"),
    ],
)
def test_commands_that_fetch_nothing_give_it_up(words: list[str], expected: str):
    printed = run(
        "from slm_lsp.cli import main as cli\n"
        f"sys.argv = ['slm-lsp', *{words}]\ncli.main()\nprint(family(socket.AF_INET))"
    )
    assert printed.splitlines()[-1] == expected


def test_where_there_is_no_filter_the_reason_is_said(monkeypatch: pytest.MonkeyPatch):
    there = os.uname()
    other = os.uname_result((there.sysname, there.nodename, there.release, there.version, "s390x"))
    monkeypatch.setattr(os, "uname", lambda: other)
    assert sandbox.give_up() == "there is no filter for s390x yet"
    socket.socket(socket.AF_INET).close()
