"""Who may add to a run: one owner at a time, numbered, so that an old one is told apart.

Decides over values read from the journal and from the process table; stores nothing
and ends no process. Two processes are never confused: a pid counts together with the
boot and the pid namespace it belongs to and the moment its process started.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import assert_never

from gitpar.core.names import RunId
from gitpar.errors import EnvironmentFault
from gitpar.values import dataclass

STALE_AFTER_S = 120.0
"""An owner elsewhere, whose process cannot be looked at, may be robbed after this silence."""

BEAT_EVERY_S = 10.0
"""How often an append refreshes the heartbeat, at most."""

_CLOCK_SLACK_S = 60.0


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from all others.

    `boot` and `namespace` are empty where the system has none, `started` (in the
    system's own unit) where it cannot be found out.
    """

    host: str
    boot: str
    namespace: str
    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Owner:
        """Describes a process of this machine that runs now."""
        return cls(socket.gethostname(), _boot(), _namespace(), pid, process_started(pid) or "")

    @classmethod
    def this_process(cls) -> Owner:
        """Describes the process that asks."""
        return cls.of(os.getpid())


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """The lease of a run as it is stored. `token` grows with every owner; instants are UTC seconds."""

    run: RunId
    token: int
    owner: Owner
    since: float
    heartbeat_at: float
    released: bool


class Standing(Enum):
    """What is known of a lease's owner."""

    FREE = auto()
    """It gave the lease back."""
    DEAD = auto()
    """Its process is gone or its machine was started anew."""
    ALIVE = auto()
    """Its process runs on this machine."""
    ELSEWHERE = auto()
    """It cannot be seen from here and was heard of lately."""
    SILENT = auto()
    """It cannot be seen from here and was not heard of for STALE_AFTER_S."""


class LeaseLost(EnvironmentFault):
    """Another process took the run over; nothing was written."""


def standing(row: LeaseRow, now: float) -> Standing:
    """Finds out how it is with the owner of a lease."""
    if row.released:
        return Standing.FREE
    theirs, host = row.owner, socket.gethostname()
    same_boot = theirs.boot == _boot() and (theirs.boot != "" or theirs.host == host)
    if same_boot and theirs.namespace == _namespace():
        return Standing.ALIVE if _runs(theirs) else Standing.DEAD
    # a host of the same name is this machine before its last start only if it fell silent by then
    if theirs.host == host and not same_boot and row.heartbeat_at < _booted_at(now) + _CLOCK_SLACK_S:
        return Standing.DEAD
    return Standing.ELSEWHERE if now - row.heartbeat_at <= STALE_AFTER_S else Standing.SILENT


def is_alive(row: LeaseRow) -> bool:
    """Says whether the owner still works on the run, as far as can be told from here."""
    return standing(row, time.time()) in {Standing.ALIVE, Standing.ELSEWHERE}


def check_takeover(row: LeaseRow | None, *, steal: bool) -> int:
    """Returns the token of the next lease, or raises EnvironmentFault where the run is not to be had.

    `steal` takes it from an owner that cannot be seen and is silent, never from one
    that is known to work.
    """
    if row is None:
        return 1
    now = time.time()
    owned = f"run {row.run} is being worked on by {named(row, now)}"
    match standing(row, now):
        case Standing.FREE | Standing.DEAD:
            return row.token + 1
        case Standing.ALIVE:
            raise EnvironmentFault(owned, f"Follow it with: gitpar logs -f {row.run}")
        case Standing.ELSEWHERE:
            raise EnvironmentFault(
                owned,
                f"Follow it with: gitpar logs -f {row.run}",
                f"If that host is gone, wait {STALE_AFTER_S:.0f} s, then: gitpar resume {row.run} --steal",
            )
        case Standing.SILENT:
            if steal:
                return row.token + 1
            raise EnvironmentFault(
                f"{owned}, silent since {_when(row.heartbeat_at, now)}",
                f"If that process is gone: gitpar resume {row.run} --steal",
            )
        case never:
            assert_never(never)


def lost(row: LeaseRow) -> LeaseLost:
    """Returns the error of an owner that finds somebody else in its place."""
    if row.released:
        return LeaseLost(
            f"run {row.run} was taken over and given back by process {row.owner.pid} "
            f"on host `{row.owner.host}`; process {os.getpid()} wrote nothing",
            f"Go on with: gitpar resume {row.run}",
        )
    return LeaseLost(
        f"run {row.run} was taken over by {named(row, time.time())}; process {os.getpid()} wrote nothing",
        f"Follow it with: gitpar logs -f {row.run}",
    )


def named(row: LeaseRow, now: float) -> str:
    """Says who owns a run and since when, as people read it."""
    return f"process {row.owner.pid} on host `{row.owner.host}` since {_when(row.since, now)}"


def _when(at: float, now: float) -> str:
    then = time.localtime(at)
    today = then[:3] == time.localtime(now)[:3]
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)


def _runs(owner: Owner) -> bool:
    started = process_started(owner.pid)
    return started is not None and (not started or not owner.started or started == owner.started)


def process_started(pid: int) -> str | None:
    """Returns when a process started, in the system's own unit.

    None means that there is no such process (a zombie is none); empty that there is
    one which may not be looked at.
    """
    if sys.platform != "linux":
        return _started_elsewhere(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return _hidden(pid)
    # the name stands in parentheses and may hold anything. Source: proc(5), fields 3 and 22
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in {b"Z", b"X"} else fields[19].decode()


def _hidden(pid: int) -> str | None:
    """Asks the kernel: with `hidepid` others' processes do not stand in /proc."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return ""
    return ""


def _started_elsewhere(pid: int) -> str | None:
    import psutil  # noqa: PLC0415 - takes 30 ms and is not needed on Linux

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return ""


@cache
def _boot() -> str:
    """Names this start of the machine; empty where the system does not."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return _boot_session()


def _boot_session() -> str:
    """Asks macOS. The time of the start would not do: it moves when the clock is set."""
    try:
        found = subprocess.run(
            ["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return found.stdout.strip()


@cache
def _namespace() -> str:
    """Names the set of processes that this one can see; containers have one each."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _booted_at(now: float) -> float:
    return now - time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
