"""gitpar's end of the pipes to one supervisor process: knows the messages, not what a job means."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, cast

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


class Supervisor:
    """One supervisor process. One thread works with it at a time; any thread may stop it."""

    def __init__(self, *options: str) -> None:
        """Starts the process; raises OSError where the machine has none left."""
        self._process = subprocess.Popen(
            supervisor_command(*options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            start_new_session=True,  # a Ctrl-C at the terminal reaches gitpar only
        )
        self._stdin, self._stdout, self._stderr = (
            cast("IO[bytes]", pipe)
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr)
        )
        self._sending = threading.Lock()
        self._begun = False
        self._stopped = False

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

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
        status = self._process.wait()
        raise SupervisorLost(words[-1] if words else f"it ended with status {status}")

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
        try:
            self._process.wait(_CLOSING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
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
