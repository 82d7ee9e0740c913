"""Finds and ends processes by the marks that gitpar puts into a worker's environment.

The second net: the supervisor ends its worker's family by descent; this one is for a
supervisor that was killed, and for systems where descent proves nothing. A process
that has cleared its environment is found only below one that has not.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gitpar.core.names import RunId
from gitpar.ports import AttemptKey

if TYPE_CHECKING:
    from psutil import Process

RUN_MARK = "GITPAR_RUN"
TASK_MARK = "GITPAR_TASK"
ATTEMPT_MARK = "GITPAR_ATTEMPT"

_KILLING_S = 5.0


def marks(key: AttemptKey) -> dict[str, str]:
    """Returns the variables that mark every process of an attempt."""
    return {RUN_MARK: key.run, TASK_MARK: key.task, ATTEMPT_MARK: str(key.n)}


def end_marked(key: AttemptKey) -> tuple[str, ...]:
    """Kills every process of the attempt and waits until they are gone.

    Returns the names of those that could not be ended, each with its pid. Never
    touches this process or those above it, whatever their environment says.
    """
    return _end(marks(key))[1]


def end_run(run: RunId) -> tuple[str, ...]:
    """Kills every process of a run; returns the names of those that were there."""
    return _end({RUN_MARK: run})[0]


def _end(wanted: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kills what bears the marks; returns what was found and what could not be ended."""
    import psutil  # noqa: PLC0415 - takes 20 ms and is rarely needed

    seen: dict[int, str] = {}
    until = time.monotonic() + _KILLING_S
    while found := _marked(wanted):
        for process in found:
            seen.setdefault(process.pid, f"{_name(process)} ({process.pid})")
            try:
                process.kill()
            except psutil.Error:
                continue  # ended meanwhile, or not ours to end: the next look tells
        _, alive = psutil.wait_procs(found, timeout=0.2)
        if alive and time.monotonic() > until:
            return tuple(seen.values()), tuple(seen[process.pid] for process in alive)
    return tuple(seen.values()), ()


def _marked(wanted: dict[str, str]) -> list[Process]:
    """The living processes that bear the marks, and those below them."""
    import psutil  # noqa: PLC0415 - see end_marked

    found: dict[int, Process] = {}
    spared = {psutil.Process().pid, *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            environ = process.environ()
            if all(environ.get(name) == value for name, value in wanted.items()):
                for member in (process, *process.children(recursive=True)):
                    found[member.pid] = member
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or of another user
    return [process for pid, process in found.items() if pid not in spared and _lives(process)]


def _lives(process: Process) -> bool:
    import psutil  # noqa: PLC0415 - see end_marked

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _name(process: Process) -> str:
    import psutil  # noqa: PLC0415 - see end_marked

    try:
        return process.name()
    except psutil.Error:
        return "process"
