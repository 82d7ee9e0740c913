"""Jobs for the tests of backends, and bounded waiting."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from gitpar.core.names import RunId, TaskId
from gitpar.ports import AttemptKey, Job

PATIENCE_S = 20.0

_DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with open(sys.argv[1] + ".part", "w") as file:
            file.write(str(os.getpid()))
        os.rename(sys.argv[1] + ".part", sys.argv[1])
        while True:
            time.sleep(60)
    os._exit(0)
os.wait()
"""
DAEMON = f"""
daemon() {{
    {sys.executable} -I -S -c '{_DAEMON}' "$1"
    while [ ! -e "$1" ]; do sleep 0.01; done
}}
"""
"""A shell function: `daemon FILE` leaves a process in a session of its own, whose parents
are gone and which ignores every polite signal, and returns when its pid is in FILE."""


def key(n: int = 1) -> AttemptKey:
    return AttemptKey(RunId(f"run-of-{os.getpid()}"), TaskId("täsk 1.2"), n)


def job(folder: Path, command: str, n: int = 1, **changes: object) -> Job:
    """A job whose files lie in `folder`, which is also where it works."""
    stdin = folder / "prompt"
    if not stdin.exists():
        stdin.write_text("the prompt\n")
    fields: dict[str, object] = {
        "key": key(n),
        "command": command,
        "cwd": folder,
        "env": {"PATH": os.environ["PATH"]},
        "stdin": stdin,
        "log": folder / f"log-{n}",
        "exit_file": folder / f"exit-{n}",
        "timeout_s": PATIENCE_S,
        "grace_s": 0.2,
        "log_limit_bytes": 1_000_000,
        **changes,
    }
    return Job(**fields)  # type: ignore[arg-type]


def ignore_start(_pid: int) -> None:
    pass


def wait_until(holds: Callable[[], bool]) -> None:
    """Waits until the condition holds; fails the test where it does not come true."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)


def number(file: Path) -> int:
    """Waits for a file with a number in it."""
    wait_until(lambda: file.exists() and bool(file.read_text().strip()))
    return int(file.read_text())


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def marked(attempt: AttemptKey) -> list[int]:
    """The living processes of an attempt, found without gitpar's own code."""
    found = []
    for process in psutil.process_iter():
        try:
            environ = process.environ()
        except psutil.Error:
            continue
        if environ.get("GITPAR_RUN") == attempt.run and environ.get("GITPAR_ATTEMPT") == str(attempt.n):
            found.append(process.pid)
    return found
