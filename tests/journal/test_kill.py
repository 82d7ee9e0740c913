"""Killed at any moment, the journal holds the first so many events and nothing else."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import time
from itertools import product
from pathlib import Path

import pytest

from gitpar.faults import Kind, Step
from gitpar.journal.lease import Owner
from gitpar.journal.sqlite import SqliteJournal
from tests.support.amounts import one_in
from tests.support.journals import RUN, ended, numbers, start

WRITES = """
import sys
from pathlib import Path
from gitpar.journal.lease import Owner
from gitpar.journal.sqlite import SqliteJournal
from gitpar.errors import EnvironmentFault
from tests.support.journals import RUN, ended
try:
    journal = SqliteJournal.own(Path(sys.argv[1]), RUN, Owner.this_process())
    done = len(journal.events(RUN))
    print(done, flush=True)
    while done < int(sys.argv[2]):
        journal.append([ended(done), ended(done + 1), ended(done + 2)])
        done += 3
        print(done, flush=True)
except EnvironmentFault as fault:
    print(fault.message, *fault.hints, sep="\\n", flush=True)
"""


def last_promise(process: subprocess.Popen[str]) -> int:
    """The number of events that the writer had been told are durable."""
    assert process.stdout is not None
    assert process.stderr is not None
    with process:  # not by `communicate`, which leaves out what `readline` has in its buffer
        output = process.stdout.read()
        assert not process.stderr.read()
    whole = output[: output.rfind("\n") + 1]
    return int(whole.split()[-1]) if whole else 0


def read_back(path: Path) -> int:
    """Checks that the journal holds a prefix in whole transactions; returns its length."""
    journal = SqliteJournal.read(path)
    found = numbers(journal.events(RUN))
    journal.close()
    assert found == list(range(len(found)))
    assert len(found) % 3 == 0
    if path.exists():
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
    return len(found)


def test_twenty_kills_lose_nothing_that_was_promised(tmp_path: Path) -> None:
    path = tmp_path / "gitpar" / "journal.db"
    seeded = random.Random(20)
    held = 0
    for _ in range(20):
        process = start(WRITES, path, 10**9)
        assert process.stdout is not None
        promised = held
        if seeded.random() < 0.3:
            time.sleep(seeded.random() * 0.15)  # somewhere while it opens the file
        else:
            for _ in range(seeded.randrange(1, 40)):
                promised = int(process.stdout.readline())
        process.kill()
        promised = max(last_promise(process), promised)
        held = read_back(path)
        assert promised <= held <= promised + 3
    assert held > 500


HELD = {Step.LEASE_TAKE: 0, Step.LEASE_TAKEN: 0, Step.JOURNAL_APPEND: 3, Step.JOURNAL_APPENDED: 6}


@pytest.mark.parametrize(("kind", "step"), one_in(3, product(Kind, HELD)))
def test_each_failure_at_each_step_leaves_a_journal_to_go_on_with(
    kind: Kind, step: Step, tmp_path: Path
) -> None:
    held = HELD[step]
    path = tmp_path / "gitpar" / "journal.db"
    passage = 2 if step in {Step.JOURNAL_APPEND, Step.JOURNAL_APPENDED} else 1
    process = start(WRITES, path, 30, fault=f"{step}:{passage}:{kind}")
    if kind is Kind.HANG:
        deadline = time.monotonic() + 30
        while read_back(path) < held and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)
        process.kill()
    output, errors = process.communicate(timeout=30)
    assert not errors
    match kind:
        case Kind.KILL | Kind.HANG:
            assert process.returncode == -signal.SIGKILL
        case Kind.TERM:
            assert process.returncode == -signal.SIGTERM
        case Kind.ENOSPC:
            assert f"the disk is full ([Errno 28] No space left on device (injected at {step}))\n" in output
            assert output.endswith("Make room, then go on with: gitpar resume\n")
        case Kind.EIO:
            assert f"cannot be used ([Errno 5] Input/output error (injected at {step}))\n" in output
    assert read_back(path) == held
    assert last_promise(start(WRITES, path, 12)) == 12
    assert read_back(path) == 12


def test_a_disk_that_really_is_full_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    first = SqliteJournal.own(path, RUN, Owner.this_process())
    first.append([ended(n) for n in range(3)])
    first.close()
    limited = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (200_000, 200_000))\n" + WRITES
    process = start(limited, path, 10**9)
    output, errors = process.communicate(timeout=60)
    assert not errors
    assert process.returncode == 0
    lines = output.splitlines()
    promised = int(next(line for line in reversed(lines) if line.isdigit()))
    assert f"the journal `{path}` cannot be " in output
    assert "What was recorded before is safe and nothing is half-written" in lines
    assert promised > 3
    assert read_back(path) == promised
    assert last_promise(start(WRITES, path, promised + 3)) == promised + 3
