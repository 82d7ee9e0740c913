"""Events, owners and child processes for the journal's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gitpar.core.events import Ending, Event, RunOpened, WorkerEnded
from gitpar.core.graph import Source, Task, WaveNote
from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.core.settings import RunSettings
from gitpar.journal.lease import Owner

RUN = RunId("7f3a")
BASE = CommitId("1" * 40)


def ended(n: int) -> WorkerEnded:
    """The n-th event of a made-up run."""
    return WorkerEnded(
        at=1.5 + n, task=TaskId("t"), n=n, ending=Ending.EXITED, exit=0, duration_s=0.25, message="ü\udcff"
    )


def opened(tasks: int) -> RunOpened:
    """A run of so many tasks."""
    return RunOpened(
        at=1.0,
        run=RUN,
        plans=("plan\udcff.json",),
        format="gitpar",
        tasks=tuple(
            Task(id=TaskId(f"t{i}"), title="title", source=Source("plan.json", i), prompt="words " * 30)
            for i in range(tasks)
        ),
        wave_notes=(WaveNote(1, "first", 2.5),),
        base=BASE,
        settings=RunSettings(jobs=3, timeout_s=1.5),
        skipped=((TaskId("x"), "left out"),),
    )


def numbers(events: Sequence[Event]) -> list[int]:
    """The numbers given to `ended`."""
    return [event.n for event in events if isinstance(event, WorkerEnded)]


def dead_owner() -> Owner:
    """A process of this machine that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = Owner.of(child.pid)
    child.communicate(b"\n")
    return owner


def other_host(owner: Owner) -> Owner:
    """The same process on a machine that cannot be seen from here."""
    return replace(owner, host="builder-2", boot="another boot", pid=4121)


def start(code: str, *arguments: str | int | Path, fault: str = "") -> subprocess.Popen[str]:
    """Starts a Python of its own, with pipes to it."""
    environ = {**os.environ, "GITPAR_FAULT": fault, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    )
