"""Sets the files of a fresh worktree back in time, so that git need not read them all again.

A file written in the same second as the index might have been edited in that second,
so git reads it again at every command (Documentation/technical/racy-git): all files of a
worktree that was just checked out. Set back, the index can be trusted at once.

Every file gets a second of its own, in the order of the index, as git would have written
them: a file that is copied over another with its time does not pass for it. What could
still hide is an edit in the very second that leaves size and time as they were; for that
the exact time of each file's last change is kept, which nobody can set.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterable
from dataclasses import field
from pathlib import Path

from gitpar.git import admin as admin_files
from gitpar.git.index_file import (
    ASSUMED,
    ENTRY_BYTES,
    EXTENDED,
    HEADER_BYTES,
    NAME_LENGTH,
    TIMES,
    WORD,
    known,
    sealed,
)
from gitpar.values import dataclass

_FACTS = struct.Struct(">8xI8xII8xI20xH")
"""Of an entry: the second of its content, inode, mode, size; flags."""

_FILES_AND_LINKS = (0b1000, 0b1010)
_SECOND_NS = 10**9
_MARGIN_S = 2
_TICK_S = 0.001
_LONGEST_TICK_S = 3.0
"""Longer than the steps of any file system: FAT has two seconds."""


@dataclass(slots=True)
class Ages:
    """When the files of a worktree last changed, as gitpar set them back.

    Only an attempt that begins in the same second needs it: from the next one on, git
    sees by the second that a file is another.
    """

    until_s: float = 0.0
    changed_ns: dict[bytes, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Forgets everything where an attempt begins later than that second."""
        if time.time() >= self.until_s:
            self.changed_ns.clear()

    def forget(self, paths: Iterable[str]) -> None:
        """Leaves to git the files that have today's times by now: it reads what is as young as its index."""
        for path in paths:
            self.changed_ns.pop(os.fsencode(path), None)

    def reveal(self, worktree: Path) -> None:
        """Gives today's time to each file that was touched since, so that git reads it."""
        root = os.fsencode(worktree)
        for name, changed_ns in self.changed_ns.items():
            path = root + b"/" + name
            try:
                if os.lstat(path).st_ctime_ns != changed_ns:
                    os.utime(path, follow_symlinks=False)
            except OSError:
                continue  # gone, or its folder is closed: git finds that


def set_back(index: Path, worktree: Path) -> Ages | None:
    """Sets back the files that are as git has just written them, and says so in the index.

    Files that git does not trust, or that somebody else has changed, stay as they are; so do all
    with an index of a version that is not read here. Source: gitformat-index(5). Returns
    None where the file system's clock stands still: then no file can be told from another.
    """
    data = _read(index)
    return _written(data, index, _aged(data, worktree, copied=False)) if data else Ages()


def copied(pattern: Path, index: Path, worktree: Path) -> Ages | None:
    """Writes the index of a worktree whose files were copied, with their times, from one that was set back.

    `pattern` is the index of that one, and may be copied (`may_be_copied`). Returns what
    `set_back` does.
    """
    data = _read(pattern)
    return _written(data, index, _aged(data, worktree, copied=True))


def may_be_copied(index: Path) -> bool:
    """Says whether an index can serve another worktree: it is read here, and not split in two files."""
    return bool(_read(index)) and not any(index.parent.glob("sharedindex.*"))


def distrust(index: Path) -> None:
    """Has git read every file again: an index as old as this is younger than none of them."""
    os.utime(index, (1, 1))


def _read(index: Path) -> bytearray:
    """Returns an index of a version that is read here, else nothing."""
    data = bytearray(index.read_bytes())
    return data if known(data) else bytearray()


def _aged(data: bytearray, worktree: Path, *, copied: bool) -> dict[bytes, int]:
    """Gives each trusted file its second, and its entry the file's facts; returns when each changed.

    Thousands of files, a few microseconds each: hence one loop without calls of its own.
    """
    changed: dict[bytes, int] = {}
    root = os.fsencode(worktree) + b"/"
    count, at = int.from_bytes(data[8:12], "big"), HEADER_BYTES
    second = int(time.time()) - _MARGIN_S - count
    lstat, utime = os.lstat, os.utime
    for number in range(second, second + count):
        content_s, inode, mode, size, flags = _FACTS.unpack_from(data, at)
        entry, begin = at, at + ENTRY_BYTES + (2 if flags & EXTENDED else 0)
        length = flags & NAME_LENGTH
        end = begin + length if length < NAME_LENGTH else data.index(0, begin + length)
        at += (end - at + 8) & ~7
        if flags & (EXTENDED | ASSUMED) or mode >> 12 not in _FILES_AND_LINKS:
            continue
        name = bytes(data[begin:end])
        path = root + name
        try:
            found = lstat(path)
        except OSError:
            continue
        if (int(found.st_mtime) & WORD, found.st_size & WORD) != (content_s, size):
            continue
        if not copied:
            if found.st_ino & WORD != inode:
                continue
            utime(path, ns=(found.st_atime_ns, number * _SECOND_NS), follow_symlinks=False)
            content_s, found = number & WORD, lstat(path)
        changed_ns = found.st_ctime_ns
        times = (changed_ns // _SECOND_NS & WORD, changed_ns % _SECOND_NS, content_s, 0)
        TIMES.pack_into(data, entry, *times, found.st_dev & WORD, found.st_ino & WORD)
        changed[name] = changed_ns
    return changed


def _written(data: bytearray, index: Path, changed_ns: dict[bytes, int]) -> Ages | None:
    admin_files.write_atomically(index, sealed(data))
    if not changed_ns:
        return Ages()
    last_ns = max(changed_ns.values())
    ages = Ages(last_ns // _SECOND_NS + 1, changed_ns)
    return ages if _ticked(index, last_ns) else None


def _ticked(index: Path, changed_ns: int) -> bool:
    """Waits until the file system's clock, which goes in steps of some ms, shows another time."""
    give_up_at = time.monotonic() + _LONGEST_TICK_S
    while time.monotonic() < give_up_at:
        os.utime(index)
        if os.lstat(index).st_ctime_ns > changed_ns:
            return True
        time.sleep(_TICK_S)
    return False
