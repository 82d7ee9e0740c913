"""Whose run it is, among real processes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gitpar.errors import EnvironmentFault
from gitpar.journal.lease import (
    LeaseRow,
    Owner,
    Standing,
    check_takeover,
    is_alive,
    process_started,
    standing,
)
from gitpar.journal.sqlite import SqliteJournal
from tests.support.journals import RUN, dead_owner, ended, numbers, other_host, start

NOW = time.time()

RACES = """
import sys
from pathlib import Path
from gitpar.errors import EnvironmentFault
from gitpar.journal.lease import Owner
from gitpar.journal.sqlite import SqliteJournal
print("ready", flush=True)
sys.stdin.readline()
try:
    journal = SqliteJournal.own(Path(sys.argv[1]), "7f3a", Owner.this_process())
except EnvironmentFault as fault:
    print("lost", fault.message, flush=True)
else:
    print("won", flush=True)
sys.stdin.readline()
"""


def row(owner: Owner, *, heard_ago_s: float = 0.0, since: float = NOW) -> LeaseRow:
    return LeaseRow(RUN, 7, owner, since, NOW - heard_ago_s, released=False)


def race(path: Path) -> list[str]:
    """Lets eight processes try for the lease at once; returns what each of them said."""
    racers = [start(RACES, path) for _ in range(8)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = [racer.stdout.readline() for racer in racers if racer.stdout is not None]
    for racer in racers:
        _, errors = racer.communicate("done\n", timeout=30)
        assert not errors
    return said


def test_of_eight_processes_exactly_one_gets_a_new_run(tmp_path: Path) -> None:
    said = race(tmp_path / "gitpar" / "journal.db")
    assert sorted(line.split()[0] for line in said) == ["lost"] * 7 + ["won"]
    assert all(
        line.startswith("lost run 7f3a is being worked on by process ") for line in said if line != "won\n"
    )


def test_of_eight_processes_exactly_one_follows_a_dead_owner(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with (
        closing(SqliteJournal.own(path, RUN, dead_owner())) as ghost,
        closing(SqliteJournal.read(path)) as reader,
    ):
        ghost.append([ended(1)])
        for token in (2, 3):
            said = race(path)
            assert sorted(line.split()[0] for line in said) == ["lost"] * 7 + ["won"]
            lease = reader.owner_of(RUN)
            assert lease is not None
            assert lease.token == token
        assert numbers(reader.events(RUN)) == [1]


def test_a_living_process_stands_and_a_dead_one_does_not() -> None:
    assert standing(row(Owner.this_process()), NOW) is Standing.ALIVE
    assert standing(row(Owner.this_process(), heard_ago_s=1e6), NOW) is Standing.ALIVE
    assert standing(row(dead_owner()), NOW) is Standing.DEAD


def test_a_pid_that_was_given_to_another_process_is_no_owner() -> None:
    assert standing(row(replace(Owner.this_process(), started="1")), NOW) is Standing.DEAD


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = Owner.of(child.pid)
    assert standing(row(owner), NOW) is Standing.ALIVE
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process_started(child.pid) is None
    assert standing(row(owner), NOW) is Standing.DEAD
    child.communicate()


def test_a_stopped_process_is_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED)
    assert standing(row(Owner.of(child.pid)), NOW) is Standing.ALIVE
    child.kill()
    child.communicate()


def test_a_machine_started_anew_left_no_owners() -> None:
    before = replace(Owner.this_process(), boot="an earlier boot")
    assert standing(row(before, heard_ago_s=1e9), NOW) is Standing.DEAD


def test_another_machine_of_the_same_name_is_not_this_one_before_its_start() -> None:
    twin = replace(Owner.this_process(), boot="a boot of another machine")
    assert standing(row(twin), NOW) is Standing.ELSEWHERE


def test_a_machine_that_was_renamed_is_still_the_same() -> None:
    assert standing(row(replace(Owner.this_process(), host="old-name")), NOW) is Standing.ALIVE
    assert standing(row(replace(dead_owner(), host="old-name")), NOW) is Standing.DEAD


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has pid namespaces")
def test_a_container_cannot_be_looked_into() -> None:
    inside = replace(dead_owner(), namespace="pid:[1]")
    assert standing(row(inside), NOW) is Standing.ELSEWHERE
    assert standing(row(inside, heard_ago_s=121), NOW) is Standing.SILENT


def test_another_host_is_heard_of_or_silent() -> None:
    away = other_host(Owner.this_process())
    assert standing(row(away, heard_ago_s=119), NOW) is Standing.ELSEWHERE
    assert standing(row(away, heard_ago_s=121), NOW) is Standing.SILENT
    assert is_alive(replace(row(away), heartbeat_at=time.time()))
    assert not is_alive(row(away, heard_ago_s=1000))


def test_who_works_on_a_run_is_said_in_full() -> None:
    morning = time.mktime((*time.localtime()[:3], 9, 14, 0, 0, 0, -1))
    here = replace(Owner.this_process(), host="builder-2")
    with pytest.raises(EnvironmentFault) as today:
        check_takeover(row(here, since=morning), steal=False)
    assert today.value.message == (
        f"run 7f3a is being worked on by process {os.getpid()} on host `builder-2` since 09:14"
    )
    assert today.value.hints == ("Follow it with: gitpar logs -f 7f3a",)
    earlier = time.mktime((2020, 2, 3, 9, 14, 0, 0, 0, -1))
    with pytest.raises(EnvironmentFault, match=r"since 2020-02-03 09:14$"):
        check_takeover(row(here, since=earlier), steal=False)


def test_a_silent_owner_elsewhere_is_robbed_only_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    ghost = SqliteJournal.own(path, RUN, other_host(Owner.this_process()))
    ghost.append([ended(1)])
    with sqlite3.connect(path) as aged:
        aged.execute("UPDATE leases SET heartbeat_at = 0, since = 0")
    aged.close()
    then = time.strftime("%Y-%m-%d %H:%M", time.localtime(0))
    with pytest.raises(EnvironmentFault) as refused:
        SqliteJournal.own(path, RUN, Owner.this_process())
    assert refused.value.message == (
        f"run 7f3a is being worked on by process 4121 on host `builder-2` since {then}, silent since {then}"
    )
    assert refused.value.hints == ("If that process is gone: gitpar resume 7f3a --steal",)
    with closing(SqliteJournal.own(path, RUN, Owner.this_process(), steal=True)) as heir:
        heir.append([ended(2)])
        with pytest.raises(EnvironmentFault, match="was taken over by"):
            ghost.append([ended(3)])
        assert numbers(heir.events(RUN)) == [1, 2]
    ghost.close()


def test_an_owner_is_plain_values() -> None:
    me = Owner.this_process()
    assert me == Owner.this_process() == Owner(*json.loads(json.dumps([*vars_of(me)])))
    assert me.pid == os.getpid()
    assert me.started


def vars_of(owner: Owner) -> tuple[str | int, ...]:
    return (owner.host, owner.boot, owner.namespace, owner.pid, owner.started)
