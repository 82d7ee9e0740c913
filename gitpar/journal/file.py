"""Opens the journal's file: to write, durably; to read, wherever it lies.

Knows SQLite's modes and what file systems refuse, nothing of tables.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from gitpar.journal.fault import BUSY_S, primary_code

_RETRY_S = 0.005
_COPIES = 50
_SUFFIXES = ("", "-wal", "-journal")
"""The database, what is committed but not yet in it, and what a crash left to roll back."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """Opens the file, made if need be, so that a commit that returned is on the disk."""
    connection = _connect(path, "rwc")
    try:
        _set_journal_mode(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # only macOS knows a difference
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Opens the file so that nothing can be changed; an empty database where there is none.

    Also reading needs a lock file beside a WAL. Where that is refused (a read-only
    place), a copy of database and WAL is read instead, as of now.
    """
    if not path.exists():
        return sqlite3.connect(":memory:", isolation_level=None)
    connection = _connect(path, "rw")
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if primary_code(error) == sqlite3.SQLITE_BUSY or path.is_dir():
            raise
        return _open_copy(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_S)


def _set_journal_mode(connection: sqlite3.Connection) -> None:
    """Chooses WAL, or TRUNCATE where shared memory is refused (network mounts)."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            # the switch to WAL does not wait for another process that makes it as well
            if primary_code(error) != sqlite3.SQLITE_BUSY:
                mode = "refused"
            elif time.monotonic() < deadline:
                time.sleep(_RETRY_S)
                continue
            else:
                raise
        break
    if mode != "wal":
        # a file left in WAL mode by another machine can only be turned by a sole user
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _open_copy(path: Path) -> sqlite3.Connection:
    """Reads the file into memory from a copy of all its parts."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    with tempfile.TemporaryDirectory(prefix="gitpar-journal-") as folder:
        copied = _copy(path, Path(folder))
        connection = _connect(copied, "rw")
        try:
            connection.backup(memory)
        finally:
            connection.close()
    return memory


def _copy(path: Path, folder: Path) -> Path:
    """Copies database and WAL as they were at one moment.

    A checkpoint between the two copies would lose events, so the copy is made again
    until nothing changed meanwhile.
    """
    for _ in range(_COPIES):
        before = _stamps(path)
        for suffix, stamp in before.items():
            copy = folder / f"journal.db{suffix}"
            copy.unlink(missing_ok=True)
            if stamp is not None:
                shutil.copyfile(f"{path}{suffix}", copy)
        if _stamps(path) == before:
            return folder / "journal.db"
    raise OSError(errno.EBUSY, "it is written to without a pause")


def _stamps(path: Path) -> dict[str, tuple[int, int, int] | None]:
    found: dict[str, tuple[int, int, int] | None] = {}
    for suffix in _SUFFIXES:
        try:
            stat = os.stat(f"{path}{suffix}")  # noqa: PTH116 - a suffix is not a part of the path
        except FileNotFoundError:
            found[suffix] = None
        else:
            found[suffix] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found
