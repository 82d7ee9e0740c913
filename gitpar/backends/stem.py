"""The process that the supervisors of a run are forked from. Imports next to nothing.

Starting Python takes 15 to 30 ms of a processor for each supervisor, forking one that has
loaded what a supervisor needs takes two. The stem works on no job itself. It ends when
its owner is gone and all whom it forked have ended, as they do then.

Its standard input is a socket. Each message on it is one byte with three descriptors: standard
input, output and error of the supervisor that is wanted. What goes back is a line with its
pid, or with the negative number of the error for which it could not be forked.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the builtin below `signal`, whose enums take 6 ms
import _socket
import os
import sys

_WANTED = 3
_INT_BYTES = 4


def grow() -> bool:
    """Forks whom the owner asks for. Returns True in each of them, and False in the stem at its end."""
    if sys.platform == "linux":
        import ctypes  # noqa: F401, PLC0415 - each supervisor needs it to adopt orphans
    _signal.signal(_signal.SIGCHLD, _reap)  # by a handler: so what they took is counted as what the stem took
    asked = _socket.socket(fileno=0)
    while files := _next(asked):
        try:
            pid = os.fork()
        except OSError as error:
            pid = -(error.errno or 1)
        if pid == 0:
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
            asked.detach()
            _begin(files)
            return True
        for file in files:
            os.close(file)
        _tell(asked, pid)
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    _await_all()
    return False


def _next(asked: _socket.socket) -> list[int]:
    """Waits for a message and returns its descriptors; none when the owner is gone."""
    content, parts, _, _ = asked.recvmsg(1, _socket.CMSG_SPACE(_WANTED * _INT_BYTES))
    if not content:
        return []
    packed = b"".join(data for _, kind, data in parts if kind == _socket.SCM_RIGHTS)
    starts = range(0, len(packed), _INT_BYTES)
    return [int.from_bytes(packed[at : at + _INT_BYTES], sys.byteorder) for at in starts]


def _begin(files: list[int]) -> None:
    """Makes the three descriptors those of this process, in a session of its own."""
    os.setsid()
    for at, file in enumerate(files):
        os.dup2(file, at)
        os.close(file)


def _tell(asked: _socket.socket, pid: int) -> None:
    try:
        asked.sendall(b"%d\n" % pid)
    except OSError:
        return  # the owner is gone: the next look at the socket says so, and the forked one sees it too


def _reap(*_: object) -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return  # nobody is left


def _await_all() -> None:
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return  # all have ended
