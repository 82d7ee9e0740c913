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
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from gitpar.journal.fault import BUSY_S, primary_code

_RETRY_S = 0.005
_COPIES = 50
_SUFFIXES = ("", "-wal", "-journal")
"""The database, what is committed but not yet in it, and what a crash left to roll back."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """Opens the file, made if need be, so that a commit that returned is on the disk.

    In WAL mode; where the shared memory for that is refused (network mounts), with a
    rollback journal.
    """
    try:
        return _open_in_mode(path, "WAL")
    except sqlite3.OperationalError as error:
        if primary_code(error) == sqlite3.SQLITE_BUSY:
            raise
        refused = error
    try:
        return _open_in_mode(path, "TRUNCATE")
    except sqlite3.OperationalError as error:
        raise refused from error  # it was not about shared memory: the first answer says what is wrong


def _open_in_mode(path: Path, mode: str) -> sqlite3.Connection:
    connection = _connect(path, "rwc")
    try:
        if mode == "TRUNCATE":
            # a file that stands in WAL mode can be turned without shared memory by a sole user
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        _retried(connection, f"PRAGMA journal_mode = {mode}")
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # only macOS knows a difference
        connection.execute("BEGIN IMMEDIATE")  # a refusal shows only when something is to be written
        connection.execute("ROLLBACK")
    except BaseException:
        connection.close()
        raise
    return connection


def _retried(connection: sqlite3.Connection, statement: str) -> None:
    """Waits as for any lock: a change of the journal's mode alone does not do so by itself."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute(statement).fetchone()
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def identity(path: Path) -> tuple[int, int] | None:
    """Returns what tells a file from any other that is put in its place; None where there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def written_anew(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Writes a database again whose file was removed while it is open, and opens that one instead."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    connection.execute("VACUUM INTO ?", (str(fresh),))
    connection.close()
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)  # of the one that was removed
    fresh.replace(path)
    return open_to_write(path)


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


def _open_copy(path: Path) -> sqlite3.Connection:
    """Reads the file into memory from a copy of all its parts."""
    with tempfile.TemporaryDirectory(prefix="gitpar-journal-") as folder:
        copied = _copy(path, Path(folder))
        memory = sqlite3.connect(":memory:", isolation_level=None)
        try:
            with closing(_connect(copied, "rw")) as connection:
                connection.backup(memory)
        except BaseException:
            memory.close()
            raise
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
