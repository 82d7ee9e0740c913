"""gitpar's end of the pipes to supervisor processes: knows the messages, not what a job means."""

from __future__ import annotations

import _socket  # what is below `socket`, which takes 5 ms to import
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from gitpar.backends.supervisor import main; main(sys.argv[2:])"
)
"""Imported, not run as a file: then its byte code is cached, which saves 10 ms."""
_ROOT = str(Path(__file__).resolve().parents[2])
_CLOSING_S = 10.0


def supervisor_command(*options: str) -> list[str]:
    """Returns the argument vector that starts a supervisor."""
    return [sys.executable, "-I", "-S", "-E", "-c", _PROGRAM, _ROOT, *options]


class SupervisorLost(Exception):
    """A supervisor ended in the middle of a job; its last words are the message."""


class Stem:
    """The process that supervisors are forked from; started with the first, and again where it was killed."""

    def __init__(self, *options: str) -> None:
        """Starts nothing yet. `options` go to the supervisors."""
        self._options = options
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: _socket.socket | None = None

    def prepare(self) -> None:
        """Starts the process, so that it is there when a supervisor is wanted; `grow` tells of errors."""
        with self._lock, contextlib.suppress(OSError):
            if self._socket is None:
                self._start()

    def grow(self) -> Supervisor:
        """Returns a new supervisor; raises OSError where the machine has no process left."""
        with self._lock:
            try:
                return self._ask(self._socket or self._start())
            except (BrokenPipeError, ConnectionError):
                self._end()  # somebody killed it: whom it had forked works on
                return self._ask(self._start())

    def dismiss(self) -> None:
        """Has the process end with its supervisors; `close` waits for it."""
        with self._lock:
            self._let_go()

    def close(self) -> None:
        """Ends the process, whose supervisors must have ended."""
        with self._lock:
            self._end()

    def _start(self) -> _socket.socket:
        own, other = _socket.socketpair()
        try:
            self._process = subprocess.Popen(
                supervisor_command("--stem", *self._options),
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,  # a Ctrl-C at the terminal reaches gitpar only
            )
        except OSError:
            own.close()
            raise
        finally:
            other.close()
        self._socket = own
        return own

    def _ask(self, stem: _socket.socket) -> Supervisor:
        pipes = [os.pipe() for _ in range(3)]
        own = [pipes[0][1], pipes[1][0], pipes[2][0]]
        given = [pipes[0][0], pipes[1][1], pipes[2][1]]
        try:
            packed = b"".join(file.to_bytes(4, sys.byteorder) for file in given)
            stem.sendmsg([b"+"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)])
            pid = _number(stem)
            if pid < 0:
                raise OSError(-pid, os.strerror(-pid))
        except OSError:
            for file in own:
                os.close(file)
            raise
        finally:
            for file in given:
                os.close(file)
        return Supervisor(pid, *own)

    def _let_go(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it has ended
                self._socket.shutdown(_socket.SHUT_WR)

    def _end(self) -> None:
        self._let_go()
        if self._socket is not None:
            end = select.poll()
            end.register(self._socket, select.POLLIN)
            end.poll(_CLOSING_S * 1000)  # a wait for the process would look again and again
            self._socket.close()
        if self._process is not None:
            try:
                self._process.wait(_CLOSING_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._socket = self._process = None


def _number(stem: _socket.socket) -> int:
    """Reads a line with a number; raises ConnectionError at the end of the stream."""
    line = b""
    while not line.endswith(b"\n"):
        part = stem.recv(32)
        if not part:
            raise ConnectionResetError("the process that supervisors are forked from has ended")
        line += part
    return int(line)


class Supervisor:
    """One supervisor process. One thread works with it at a time; any thread may stop it."""

    def __init__(self, pid: int, stdin: int, stdout: int, stderr: int) -> None:
        """Takes the number of the process, and gitpar's ends of its pipes."""
        self.pid = pid
        """The number of the process."""
        self._stdin = os.fdopen(stdin, "wb")
        self._stdout, self._stderr = (os.fdopen(file, "rb") for file in (stdout, stderr))
        self._end = select.poll()
        self._end.register(stdout, 0)  # its other end is held by the process alone
        self._sending = threading.Lock()
        self._begun = False
        self._stopped = False

    @property
    def lives(self) -> bool:
        """Whether the process is still there."""
        return not self._end.poll(0)

    def begin(self, order: bytes) -> bool:
        """Hands a job over; False where the process is gone or was stopped before."""
        with self._sending:
            self._begun = not self._stopped and self._send(b"job %d\n%s" % (len(order), order))
            return self._begun

    def answer(self) -> dict[str, Any]:
        """Waits for one line; raises SupervisorLost when there will be none."""
        line = self._stdout.readline()
        if line.endswith(b"\n"):
            return cast("dict[str, Any]", json.loads(line))
        words = self._stderr.read().decode(errors="replace").strip().splitlines()
        raise SupervisorLost(words[-1] if words else "it was killed")

    def stop(self) -> None:
        """Interrupts the job; a second call kills it. No further job begins."""
        with self._sending:
            self._stopped = True
            if self._begun:
                self._send(b"stop\n")

    def hang_up(self) -> None:
        """Closes the pipe to the process, which then ends its worker, and itself."""
        # what was not flushed has nobody to read it when the process is gone
        with self._sending, contextlib.suppress(BrokenPipeError):
            self._stdin.close()

    def close(self) -> None:
        """Ends the process and waits for it; one that hangs is killed."""
        self.hang_up()
        if not self._end.poll(_CLOSING_S * 1000):
            with contextlib.suppress(ProcessLookupError):  # it ended this moment
                os.kill(self.pid, signal.SIGKILL)
            self._end.poll()
        self._stdout.close()
        self._stderr.close()

    def _send(self, message: bytes) -> bool:
        if self._stdin.closed:
            return False
        try:
            self._stdin.write(message)
            self._stdin.flush()
        except BrokenPipeError:
            return False
        return True
