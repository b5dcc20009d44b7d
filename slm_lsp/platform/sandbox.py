"""Giving up the network: a process asks the kernel to refuse it every socket but Unix ones.

A seccomp filter (seccomp(2)), because it covers all families, all threads and whatever is started
later, needs no privilege and cannot be taken back. Landlock's rules are for TCP alone. The library
for such filters, libseccomp, is one that the machine would have to have; this one is twelve
instructions.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import sys
from typing import NamedTuple

_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER = 1
_ALL_THREADS = 1
_KEEP_SPECULATION = 4
"""SECCOMP_FILTER_FLAG_SPEC_ALLOW: kernels before 5.16 make sealed processes slower without it."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # <linux/bpf_common.h>
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in `struct seccomp_data`
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES

_IO_URING_SETUP = 425
"""Opens sockets past the filter. Has one number everywhere, as has the next."""
_PIDFD_GETFD = 438
"""Takes over another process's sockets."""
_X32 = 0x40000000
"""From here on an x86-64 kernel counts its system calls a second time."""


class _Processor(NamedTuple):
    """What Linux calls an architecture, and the numbers of its system calls."""

    audit: int
    seccomp: int
    socket: int
    socketpair: int


_PROCESSORS = {
    "x86_64": _Processor(0xC000003E, 317, 41, 53),
    "aarch64": _Processor(0xC00000B7, 277, 198, 199),
}


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def give_up() -> str:
    """Make sure that this process and its children never open a network socket.

    Return why that is not possible here, or nothing where it is done. Sockets that are open stay.
    """
    if sys.platform != "linux":
        return f"there is no filter for {sys.platform}"
    processor = _PROCESSORS.get(os.uname().machine)
    if processor is None or sys.maxsize < 2**32:
        return f"there is no filter for {os.uname().machine} yet"
    code = _filter(processor)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))) != 0:
        return f"the kernel refuses no_new_privs ({os.strerror(ctypes.get_errno())})"
    flags = ctypes.c_ulong(_ALL_THREADS | _KEEP_SPECULATION)
    call = map(ctypes.c_long, (processor.seccomp, _SET_MODE_FILTER))
    refused = libc.syscall(*call, flags, ctypes.byref(program))
    if refused < 0:
        return f"the kernel refuses the filter ({os.strerror(ctypes.get_errno())})"
    if refused > 0:
        return f"the kernel cannot extend the filter to thread {refused}"
    # Asked of something else than a network socket, so that whoever traces us sees us ask for none.
    libc.syscall(*map(ctypes.c_long, (_IO_URING_SETUP, 0, 0)))
    if ctypes.get_errno() != errno.EACCES:
        return "the kernel takes the filter and does not obey it"
    return ""


def _filter(processor: _Processor) -> bytes:
    """Return the program: which of its last two lines a system call ends at.

    Each line has the two to go on at. A system call of another architecture's table is refused.
    """
    allow, refuse = 10, 11
    lines = (
        (_LOAD, _ARCHITECTURE, 1, 1),
        (_EQUAL, processor.audit, 2, refuse),
        (_LOAD, _NUMBER, 3, 3),
        (_AT_LEAST, _X32, refuse, 4),
        (_EQUAL, _IO_URING_SETUP, refuse, 5),
        (_EQUAL, _PIDFD_GETFD, refuse, 6),
        (_EQUAL, processor.socket, 8, 7),
        (_EQUAL, processor.socketpair, 8, allow),
        (_LOAD, _FIRST_ARGUMENT, 9, 9),
        (_EQUAL, socket.AF_UNIX, allow, refuse),
        (_RETURN, _ALLOW, 11, 11),
        (_RETURN, _REFUSE, 12, 12),
    )
    return b"".join(
        struct.pack("=HBBI", code, true - number, false - number, value)
        for number, (code, value, true, false) in enumerate(lines, start=1)
    )
