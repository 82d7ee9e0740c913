"""Has the disk take what others' git wrote: by default that leaves loose objects to the system's cache.

A power cut would leave empty files of them, under refs and a journal that say all is there.
What gitpar writes itself is flushed as it is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gitpar.core.names import CommitId
from gitpar.git.command import GitCommand

_NAME = 38
"""How long the name of a loose object's file is."""


def flush(git: GitCommand, store: Path, tips: Iterable[str], base: CommitId) -> int:
    """Flushes every loose object that commits or trees lead to and the base does not; returns how many.

    Packs are on the disk when git has made them. Raises OSError where the disk does not
    take one.
    """
    asked = "".join(f"{tip}\n" for tip in tips) + f"^{base}\n"
    # 128: broken history, which whoever needs it will tell of
    listed = git.run(
        *("rev-list", "--objects", "--no-object-names", "--missing=allow-any", "--stdin"),
        stdin=asked.encode(),
        ok=(0, 128),
    )
    return flush_objects(store, listed.text.split())


def drop_empty(store: Path) -> int:
    """Removes loose objects without content, which a power cut left; returns how many.

    git would take them for there already, and not write them when they are made again. None
    that is whole has no content, and git gives an object its name when it is written.
    """
    empty = [
        found.path
        for folder in store.glob("[0-9a-f][0-9a-f]")
        for found in os.scandir(folder)
        if len(found.name) == _NAME and not found.stat().st_size
    ]
    for path in empty:
        Path(path).unlink(missing_ok=True)
    return len(empty)


def flush_objects(store: Path, names: Iterable[str]) -> int:
    """Flushes those of the objects that are loose; returns how many. Raises as `flush` does."""
    return sum(flush_file(f"{store}/{name[:2]}/{name[2:]}") for name in names)


def flush_file(file: str) -> bool:
    """Flushes a file; False where there is none."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False  # packed, or in another store
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True
