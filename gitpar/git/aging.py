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

import hashlib
import os
import stat
import struct
import time
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from gitpar.git import admin as admin_files
from gitpar.values import dataclass

_HEADER_BYTES = 12
_ENTRY = struct.Struct(">10L20sH")
"""Times of change and of content, device, inode, mode, owner, group, size; id; flags."""

_VERSIONS = (2, 3)
_EXTENDED = 0x4000
_ASSUMED = 0x8000
_NAME_LENGTH = 0x0FFF
_CHECKSUM_BYTES = 20
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
    data = bytearray(index.read_bytes())
    if data[:4] != b"DIRC" or int.from_bytes(data[4:8], "big") not in _VERSIONS:
        return Ages()
    root = os.fsencode(worktree)
    ages = Ages()
    found = list(_entries(data))
    first_s = int(time.time()) - _MARGIN_S - len(found)
    for number, (at, name) in enumerate(found):
        path = root + b"/" + name
        written = _written(data, at, path)
        if written is None:
            continue
        os.utime(path, ns=(written.st_atime_ns, (first_s + number) * _SECOND_NS), follow_symlinks=False)
        changed_ns = os.lstat(path).st_ctime_ns
        struct.pack_into(">4L", data, at, *divmod(changed_ns, _SECOND_NS), (first_s + number) & 0xFFFFFFFF, 0)
        ages.changed_ns[name] = changed_ns
    if any(data[-_CHECKSUM_BYTES:]):  # git can be told to write none
        data[-_CHECKSUM_BYTES:] = hashlib.sha1(data[:-_CHECKSUM_BYTES], usedforsecurity=False).digest()
    admin_files.write_atomically(index, bytes(data))
    if ages.changed_ns:
        last_ns = max(ages.changed_ns.values())
        ages.until_s = last_ns // _SECOND_NS + 1
        return ages if _ticked(index, last_ns) else None
    return ages


def distrust(index: Path) -> None:
    """Has git read every file again: an index as old as this is younger than none of them."""
    os.utime(index, (1, 1))


def _entries(data: bytearray) -> Iterator[tuple[int, bytes]]:
    """Yields where each entry begins, and its path."""
    at = _HEADER_BYTES
    for _ in range(int.from_bytes(data[8:12], "big")):
        flags = int.from_bytes(data[at + 60 : at + 62], "big")
        begin = at + _ENTRY.size + (2 if flags & _EXTENDED else 0)
        length = flags & _NAME_LENGTH
        end = begin + length if length < _NAME_LENGTH else data.index(0, begin + length)
        yield at, bytes(data[begin:end])
        at += (end - at + 8) & ~7


def _written(data: bytearray, at: int, path: bytes) -> os.stat_result | None:
    """Returns what the file system says of a file that is as the index has it, None where it is not."""
    entry = _ENTRY.unpack_from(data, at)
    content_s, inode, size, flags = entry[2], entry[5], entry[9], entry[11]
    if flags & (_EXTENDED | _ASSUMED) or not (stat.S_ISREG(entry[6]) or stat.S_ISLNK(entry[6])):
        return None
    try:
        found = os.lstat(path)
    except OSError:
        return None
    same = (int(found.st_mtime) & 0xFFFFFFFF, found.st_ino & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
    return found if same == (content_s, inode, size) else None


def _ticked(index: Path, changed_ns: int) -> bool:
    """Waits until the file system's clock, which goes in steps of some ms, shows another time."""
    give_up_at = time.monotonic() + _LONGEST_TICK_S
    while time.monotonic() < give_up_at:
        os.utime(index)
        if os.lstat(index).st_ctime_ns > changed_ns:
            return True
        time.sleep(_TICK_S)
    return False
