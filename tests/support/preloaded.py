"""Runs gitpar in a fork of a process that has loaded it already, which is several times as quick.

What runs is a process of its own, with its own environment, folder and streams; only the
import of gitpar's modules is not done again for every command. With `COLD_STARTS=1` in
the environment it is `python -m gitpar` each time, as it is for a command whose
environment tells Python itself something of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.preloading import SIZE, WORD
from tests.support.sealed import ROOT

_READ_BYTES = 1 << 16
_TELLS_PYTHON = ("PYTHON", "LD_")
_LOCALE = ("LANG", "LC_")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, as `Popen.returncode` counts, and what it printed."""

    status: int
    stdout: bytes
    stderr: bytes


def call(arguments: Sequence[str], cwd: Path, environ: Mapping[str, str], *, longest_s: float) -> Ended:
    """Runs `gitpar ARGUMENTS` to its end, in a session of its own, with nothing on stdin.

    Raises TimeoutExpired where it takes longer; it is killed then, and only it.
    """
    own = {**os.environ, "PYTHONPATH": python_path()}
    if os.environ.get("COLD_STARTS") or _told(environ, _TELLS_PYTHON) != _told(own, _TELLS_PYTHON):
        return _call_cold(arguments, cwd, environ, longest_s)
    return _preloaded(_told(environ, _LOCALE)).call(arguments, cwd, environ, longest_s)


def start(arguments: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts `python -m gitpar ARGUMENTS` in a session of its own, for those who do not wait for its end."""
    return subprocess.Popen(
        [sys.executable, "-m", "gitpar", *arguments],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def python_path() -> str:
    """Returns the PYTHONPATH with which gitpar is the one of this checkout."""
    return os.pathsep.join([str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))])


def _told(environ: Mapping[str, str], names: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """What Python reads of an environment when it starts."""
    return frozenset((name, value) for name, value in environ.items() if name.startswith(names))


def _call_cold(arguments: Sequence[str], cwd: Path, environ: Mapping[str, str], longest_s: float) -> Ended:
    with start(arguments, cwd, environ) as process:
        try:
            stdout, stderr = process.communicate(timeout=longest_s)
        finally:
            process.kill()
    return Ended(process.returncode, stdout, stderr)


@cache
def _preloaded(locale: frozenset[tuple[str, str]]) -> _Preloaded:
    found = _Preloaded(dict(locale))
    atexit.register(found.end)
    return found


class _Preloaded:
    """The process that has gitpar loaded; one for each process that runs tests, and each locale there."""

    def __init__(self, locale: Mapping[str, str]) -> None:
        rest = {name: value for name, value in os.environ.items() if not name.startswith(_LOCALE)}
        environ = {**rest, **locale, "PYTHONPATH": python_path()}
        self._asking, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "tests" / "support" / "preloading.py"), str(theirs.fileno())],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def call(
        self, arguments: Sequence[str], cwd: Path, environ: Mapping[str, str], longest_s: float
    ) -> Ended:
        """Has a fork made and waits for it."""
        until = time.monotonic() + longest_s
        text = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "environ": dict(environ)}).encode()
        nothing = os.open(os.devnull, os.O_RDONLY)
        pipes = [os.pipe() for _ in range(3)]
        theirs = [nothing, *(written for _, written in pipes)]
        try:
            socket.send_fds(self._asking, [SIZE.pack(len(text))], theirs)
            self._asking.sendall(text)
        finally:
            for each in theirs:
                os.close(each)
        return _ended([read for read, _ in pipes], until, longest_s)

    def end(self) -> None:
        """Ends it by leaving."""
        self._asking.close()
        self._process.wait()


def _ended(pipes: list[int], until: float, longest_s: float) -> Ended:
    """Reads what a fork prints, and from the third pipe its pid and how it ended."""
    printed = {pipe: bytearray() for pipe in pipes}
    try:
        with selectors.DefaultSelector() as ready:
            for pipe in pipes:
                ready.register(pipe, selectors.EVENT_READ)
            while ready.get_map():
                found = ready.select(max(0.0, until - time.monotonic()))
                if not found:
                    _kill(pipes[-1], printed[pipes[-1]])
                    raise subprocess.TimeoutExpired("gitpar", longest_s)
                for key, _ in found:
                    text = os.read(key.fd, _READ_BYTES)
                    printed[key.fd] += text
                    if not text:
                        ready.unregister(key.fd)
    finally:
        for pipe in pipes:
            os.close(pipe)
    stdout, stderr, words = map(bytes, printed.values())
    _, (status,) = WORD.iter_unpack(words)
    return Ended(status, stdout, stderr)


def _kill(ends: int, words: bytearray) -> None:
    """Kills a fork and waits until it is gone."""
    while len(words) < WORD.size:
        words += os.read(ends, WORD.size)
    with suppress(ProcessLookupError):
        os.kill(WORD.unpack(words[: WORD.size])[0], signal.SIGKILL)
    while os.read(ends, WORD.size):
        pass
