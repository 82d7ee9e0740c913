"""Becomes a program whose file systems have no links, as FAT and many network shares: `COMMAND ARGUMENTS...`.

The kernel refuses the calls, so that holds for git and everything else the program starts.
Source: seccomp(2), bpf(4), linux/audit.h; numbers from the kernel's tables of system calls.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

CALLS = {
    "x86_64": (86, 88, 265, 266),  # link, symlink, linkat, symlinkat
    "aarch64": (37, 36),  # linkat, symlinkat
}
"""By machine; elsewhere this cannot be had."""

_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # EPERM, as FAT says
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


def refuse_links() -> None:
    """Has the kernel refuse links to this process and all that come from it."""
    calls = CALLS[platform.machine()]
    steps = [(_LOAD, 0, 0, 0)]
    steps += [(_EQUALS, len(calls) - at, 0, call) for at, call in enumerate(calls)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    rules = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(rules)))
    library = ctypes.CDLL(None, use_errno=True)
    for asked in ((_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (_SECCOMP, _FILTER, program, 0, 0)):
        if library.prctl(*asked):
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    refuse_links()
    os.execvp(sys.argv[1], sys.argv[1:])
