"""The processes below the supervisor: adopting, listing, signalling and reaping them.

Imported by the supervisor, so it imports next to nothing. On Linux the supervisor is a
subreaper: whatever a worker starts, in whatever session, becomes its child when the
parent in between ends, so "no children" proves that nothing is left. Elsewhere only the
tree and the worker's process group can be seen, and the proof is left to the caller.
"""

from __future__ import annotations

import os
import sys

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> bool:
    """Makes this process inherit the orphans below it; says whether the system can.

    Source: prctl(2), PR_SET_CHILD_SUBREAPER, Linux 3.4.
    """
    if sys.platform != "linux":
        return False
    import ctypes  # noqa: PLC0415 - only Linux needs it, and it takes 4 ms

    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


class Family:
    """A worker and everything it started."""

    def __init__(self, leader: int, *, adopting: bool) -> None:
        """`leader` is the worker, also the number of its process group."""
        self.leader = leader
        self.status: int | None = None
        """The leader's wait status once it has ended."""
        self.adopting = adopting
        """Whether "no children" is a proof that nobody is left."""

    def reap(self) -> bool:
        """Collects whoever has ended; says whether anybody is left."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self.leader:
                    self.status = status
        except ChildProcessError:
            return not self.adopting and _group_lives(self.leader)

    def members(self) -> list[tuple[int, str]]:
        """Lists pid and name of the living, parents before children."""
        table = _linux_table() if os.path.isdir("/proc/self") else _ps_table()  # noqa: PTH112 - pathlib costs 10 ms
        children: dict[int, list[int]] = {}
        for pid, (parent, _, _) in table.items():
            children.setdefault(parent, []).append(pid)
        found = [pid for pid, (_, group, _) in table.items() if group == self.leader]
        found += children.get(os.getpid(), [])
        seen: dict[int, str] = {}
        for pid in found:
            if pid not in seen:
                seen[pid] = table[pid][2]
                found += children.get(pid, [])
        return list(seen.items())

    def signal(self, *numbers: int, but: int = 0) -> list[str]:
        """Sends the signals to everybody but one; returns the names of those that were there."""
        names = []
        for pid, name in self.members():
            if pid == but:
                continue
            try:
                for number in numbers:
                    os.kill(pid, number)
            except ProcessLookupError:
                continue
            except PermissionError:
                pass  # a program of another user: it is reported when it does not end
            names.append(name)
        return names


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _linux_table() -> dict[int, tuple[int, int, str]]:
    """Parent, group and name of every living process, from /proc."""
    table = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - pathlib costs 10 ms
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:  # noqa: PTH123 - likewise
                stat = file.read()
        except OSError:
            continue  # it ended meanwhile
        name, _, rest = stat.partition(b"(")[2].rpartition(b")")
        state, parent, group = rest.split(None, 3)[:3]
        if state not in b"ZX":
            table[int(entry)] = (int(parent), int(group), name.decode(errors="replace"))
    return table


def _ps_table() -> dict[int, tuple[int, int, str]]:
    """The same from ps, where there is no /proc."""
    table = {}
    with os.popen("ps -axo pid=,ppid=,pgid=,stat=,comm=") as listing:  # noqa: S605 - a fixed command
        for line in listing:
            pid, parent, group, state, name = line.split(None, 4)
            if not state.startswith("Z"):
                table[int(pid)] = (int(parent), int(group), os.path.basename(name.strip()))  # noqa: PTH119 - likewise
    return table
