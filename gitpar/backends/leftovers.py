"""Finds and ends processes by the marks that gitpar puts into a worker's environment.

The second net: the supervisor ends its worker's family by descent; this one is for a
supervisor that was killed, and for systems where descent proves nothing. A process
that has cleared its environment is found only below one that has not.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.ports import AttemptKey

if TYPE_CHECKING:
    from psutil import Process

MARK = "GITPAR_EXIT_FILE"
"""Names the file in which the attempt's ending is recorded: no attempt of any repository shares it."""

_KILLING_S = 5.0


def marks(key: AttemptKey, exit_file: Path) -> dict[str, str]:
    """Returns the variables that every process of an attempt bears."""
    names = {"GITPAR_RUN": key.run, "GITPAR_TASK": key.task, "GITPAR_ATTEMPT": str(key.n)}
    return {**names, MARK: str(exit_file)}


def end_marked(exit_file: Path) -> tuple[str, ...]:
    """Kills every process of the attempt with this exit file and waits until they are gone.

    Returns the names of those that could not be ended, each with its pid. Never
    touches this process or those above it, whatever their environment says.
    """
    return _end(exit_file)[1]


def end_below(folder: Path) -> tuple[str, ...]:
    """Kills every process of the attempts below a folder; returns the names of those that were there."""
    return _end(folder)[0]


def _end(place: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kills what bears the marks; returns what was found and what could not be ended."""
    import psutil  # noqa: PLC0415 - takes 20 ms and is rarely needed

    seen: dict[int, str] = {}
    until = time.monotonic() + _KILLING_S
    while found := _marked(place):
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


def _marked(place: Path) -> list[Process]:
    """The living processes that are marked with the file, or one below the folder, and their children."""
    import psutil  # noqa: PLC0415 - see end_marked

    found: dict[int, Process] = {}
    spared = {psutil.Process().pid, *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK, "")
            if marked == str(place) or marked.startswith(f"{place}{os.sep}"):
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
