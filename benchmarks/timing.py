"""Runs a command and reads what it cost: wall time, its own CPU time, that of its children.

The process is read after it ended and before it is reaped, so nothing is missed between
two looks. Where /proc is not there (macOS), own and children's CPU time come as one sum.
"""

from __future__ import annotations

import compileall
import contextlib
import fcntl
import os
import resource
import shutil
import statistics
import struct
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_LONGEST_S = 1800
_PLACES, _FILES = 8, 20
_GETFLAGS, _SETFLAGS, _TOPDIR = 0x80086601, 0x40086602, 0x20000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost, in seconds; `own_cpu_s` leaves out child processes where /proc is there.

    `main_cpu_s` is what its main thread took of that; 0 where there is no /proc.
    """

    wall_s: float
    own_cpu_s: float
    main_cpu_s: float
    children_cpu_s: float
    status: int
    stdout: str
    stderr: str

    @property
    def cpu_s(self) -> float:
        """CPU time of the process and its children, in seconds: what a busy machine distorts least."""
        return self.own_cpu_s + self.children_cpu_s


def run(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> Cost:
    """Runs a command with nothing on stdin; output goes to files, so no pipe slows it down."""
    # what earlier runs wrote is not to be paid for by this one
    os.sync()
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(environ), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )
        stat = Path(f"/proc/{process.pid}/stat")
        if stat.exists():
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        else:
            process.wait(_LONGEST_S)
        wall = time.perf_counter() - started
        own = children = None
        main = 0.0
        if stat.exists():
            own, children = _cpu_s(stat)
            main, _ = _cpu_s(Path(f"/proc/{process.pid}/task/{process.pid}/stat"))
        status = process.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if own is None or children is None:
            own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            children = 0.0
        texts = []
        for file in (stdout, stderr):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Cost(wall, own, main, children, status, *texts)


def _cpu_s(stat: Path) -> tuple[float, float]:
    """Returns the CPU seconds of a process or thread, and those of its children. Source: proc(5)."""
    fields = [int(field) for field in stat.read_text().rpartition(")")[2].split()[11:15]]
    return sum(fields[:2]) / _TICKS, sum(fields[2:]) / _TICKS


def place_apart(folder: Path) -> Path:
    """Makes a folder whose files have nothing to do with those that others have removed.

    For some minutes ext4 gives out no inode again that was freed, and passes over those of the
    neighbourhood one by one for each file that is made: whoever comes after thousands of
    removals would pay for them. Folders below one with this attribute are put far from each other
    (chattr(1), `T`). Of some it is the one in which files are made in the shortest time, as one may
    lie where others' files have lain.
    """
    with contextlib.suppress(OSError):  # another file system
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            (flags,) = struct.unpack("l", fcntl.ioctl(descriptor, _GETFLAGS, bytes(8)))
            fcntl.ioctl(descriptor, _SETFLAGS, struct.pack("l", flags | _TOPDIR))
        finally:
            os.close(descriptor)
    places = [Path(tempfile.mkdtemp(dir=folder)) for _ in range(_PLACES)]
    _, best = min((_making_s(place), place) for place in places)
    for place in places:
        shutil.rmtree(place / "probe")
        if place != best:
            place.rmdir()
    return best


def _making_s(place: Path) -> float:
    """Returns how long it takes to make a few files below a folder."""
    probe = place / "probe"
    started = time.perf_counter()
    probe.mkdir()
    for number in range(_FILES):
        (probe / f"{number}").touch()
    return time.perf_counter() - started


def compile_ahead(package: Path) -> None:
    """Compiles a package as pip does when it installs one, where Python itself may be told not to."""
    if not compileall.compile_dir(package, quiet=1):
        raise SystemExit(f"Error: `{package}` could not be compiled")


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Returns `min / median / max`."""
    if not values:
        return "none"
    three = (min(values), statistics.median(values), max(values))
    return " / ".join(f"{value:.{digits}f}" for value in three)
