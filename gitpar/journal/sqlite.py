"""The journal as a SQLite file in the repository's common git directory.

WAL with synchronous=FULL: a commit that returned is on the disk. One file holds all
runs; each has one owner at a time, checked in the very transaction that writes. Opened
by the engine's loop and used by that thread only (enforced). Never interprets events.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitpar import __version__
from gitpar.core.events import Event
from gitpar.core.names import RunId
from gitpar.errors import EnvironmentFault
from gitpar.faults import Step, passage
from gitpar.journal.codec import Encoded, decode, encode
from gitpar.journal.fault import refuse_foreign_errors
from gitpar.journal.file import identity, open_to_read, open_to_write, written_anew
from gitpar.journal.lease import BEAT_EVERY_S, LeaseRow, Owner, check_takeover, lost
from gitpar.journal.thread import OneThread

SCHEMA = 1
"""The layout below, stored as the file's user_version."""

_TABLES = (
    "CREATE TABLE runs (n INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, version TEXT NOT NULL)",
    """
    CREATE TABLE events (
        run TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (run, seq)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE leases (
        run TEXT PRIMARY KEY, token INTEGER NOT NULL,
        host TEXT NOT NULL, boot TEXT NOT NULL, namespace TEXT NOT NULL,
        pid INTEGER NOT NULL, started TEXT NOT NULL,
        since REAL NOT NULL, heartbeat_at REAL NOT NULL, released INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    f"PRAGMA user_version = {SCHEMA}",
)
_NAME_RUN = """
    INSERT INTO runs (run, version) VALUES (?, ?)
    ON CONFLICT (run) DO UPDATE SET version = excluded.version
"""
_RUNS = """
    SELECT run FROM runs WHERE EXISTS (SELECT 1 FROM events WHERE events.run = runs.run) ORDER BY n
"""
_SHORT_IDS = 16**4


def new_run_id(existing: Collection[RunId]) -> RunId:
    """Draws an unused run id of four hex digits; more digits only when nearly all are used."""
    digits = 4 if len(existing) < _SHORT_IDS // 2 else 8
    while True:
        run = RunId(f"{random.SystemRandom().randrange(16**digits):0{digits}x}")
        if run not in existing:
            return run


class SqliteJournal:
    """A Journal in a file. Made by `own` or `read`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, lease: LeaseRow | None) -> None:
        self._connection = connection
        self._path = path
        self._lease = lease
        self._thread = OneThread()
        self._next = 1 if lease is None else _next_seq(connection, lease.run)
        self._beat_at = 0.0 if lease is None else lease.heartbeat_at
        self._file = None if lease is None else identity(path)

    @classmethod
    def own(cls, path: Path, run: RunId, owner: Owner, *, steal: bool = False) -> SqliteJournal:
        """Takes the lease of a run; the run and the file are made if they are new.

        Raises EnvironmentFault where a live owner has it (see `check_takeover` for
        `steal`) and where the file cannot be written.
        """
        with refuse_foreign_errors(path):
            passage(Step.LEASE_TAKE)
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = open_to_write(path)
            try:
                with _transaction(connection):
                    _lay_out(connection, path)
                    lease = _take(connection, run, owner, steal=steal)
                passage(Step.LEASE_TAKEN)
                return cls(connection, path, lease)
            except BaseException:
                connection.close()
                raise

    @classmethod
    def read(cls, path: Path) -> SqliteJournal:
        """Opens the journal to read; it is empty where none was ever made.

        Where the place refuses even what SQLite writes to read (its lock file), the
        answers are those of the moment of opening.
        """
        with refuse_foreign_errors(path):
            connection = open_to_read(path)
            try:
                if _version(connection, path) == 0:
                    connection.close()
                    connection = sqlite3.connect(":memory:", isolation_level=None)
                    _lay_out(connection, path)
                return cls(connection, path, None)
            except BaseException:
                connection.close()
                raise

    def append(self, events: Sequence[Event]) -> None:
        """Adds events to the run that is owned, in one durable transaction.

        With no events only the heartbeat is refreshed. Raises LeaseLost where another
        owner took over; then, and after any other EnvironmentFault of the disk, nothing
        was added.
        """
        self._thread.check()
        if self._lease is None:
            raise RuntimeError("this journal was opened to read")
        run = self._lease.run
        rows = [(run, seq, event.at, *encode(event)) for seq, event in enumerate(events, self._next)]
        with refuse_foreign_errors(self._path):
            self._stay()
            passage(Step.JOURNAL_APPEND)
            with _transaction(self._connection):
                self._check_lease(self._lease, beat=not rows)
                self._connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
            self._next += len(rows)
            passage(Step.JOURNAL_APPENDED)

    def events(self, run: RunId, after: int = 0) -> Sequence[Event]:
        """Returns a run's events in order, leaving out the first `after`; none for an unknown run."""
        self._thread.check()
        with refuse_foreign_errors(self._path):
            writer = self._connection.execute("SELECT version FROM runs WHERE run = ?", (run,)).fetchone()
            rows = self._connection.execute(
                "SELECT type, body FROM events WHERE run = ? AND seq > ? ORDER BY seq", (run, after)
            )
            return tuple(decode(Encoded(*row), writer[0]) for row in rows)

    def runs(self) -> Sequence[RunId]:
        """Names all runs in which something happened, oldest first."""
        self._thread.check()
        with refuse_foreign_errors(self._path):
            rows = self._connection.execute(_RUNS)
            return tuple(RunId(run) for (run,) in rows)

    def counts(self, kinds: Sequence[str], *, among: str, runs: int) -> Mapping[str, int]:
        """Counts events by kind over the newest `runs` runs in which there is one of the kind `among`."""
        self._thread.check()
        asked = ", ".join("?" * len(kinds))
        with refuse_foreign_errors(self._path):
            rows = self._connection.execute(
                f"""
                SELECT type, count(*) FROM events WHERE type IN ({asked}) AND run IN (
                    SELECT run FROM runs
                    WHERE EXISTS (SELECT 1 FROM events WHERE events.run = runs.run AND type = ?)
                    ORDER BY n DESC LIMIT ?
                ) GROUP BY type
                """,  # noqa: S608 - only question marks
                (*kinds, among, runs),
            )
            return dict(rows.fetchall())

    def owner_of(self, run: RunId) -> LeaseRow | None:
        """Returns the newest lease of a run, also one given back; None where it never had any."""
        self._thread.check()
        with refuse_foreign_errors(self._path):
            return _lease_of(self._connection, run)

    def forget(self) -> None:
        """Removes the owned run, its events and its lease; nothing can be added afterwards."""
        self._thread.check()
        lease, self._lease = self._lease, None
        if lease is None:
            raise RuntimeError("this journal was opened to read")
        with refuse_foreign_errors(self._path), _transaction(self._connection):
            self._check_lease(lease, beat=False)
            for table in ("events", "leases", "runs"):
                self._connection.execute(f"DELETE FROM {table} WHERE run = ?", (lease.run,))  # noqa: S608 - ours

    def close(self) -> None:
        """Gives the lease back and closes the file."""
        self._thread.check()
        lease, self._lease = self._lease, None
        try:
            if lease is not None:
                with refuse_foreign_errors(self._path):
                    self._stay()
                with refuse_foreign_errors(self._path), _transaction(self._connection):
                    self._connection.execute(
                        "UPDATE leases SET released = 1 WHERE run = ? AND token = ?", (lease.run, lease.token)
                    )
        finally:
            self._connection.close()

    def _stay(self) -> None:
        """Puts the file back where somebody removed it: what is open still has everything in it."""
        there = identity(self._path)
        if there is None:
            self._connection = written_anew(self._connection, self._path)
            self._file = identity(self._path)
        elif there != self._file:
            raise EnvironmentFault(
                f"somebody put another file in the place of the journal `{self._path}`",
                "What the run did until then was recorded in the one that is gone",
            )

    def _check_lease(self, lease: LeaseRow, *, beat: bool) -> None:
        """Raises LeaseLost inside the transaction that is about to write."""
        found = self._connection.execute(
            "SELECT token, released FROM leases WHERE run = ?", (lease.run,)
        ).fetchone()
        if found != (lease.token, 0):
            current = _lease_of(self._connection, lease.run)
            raise lost(current or lease)
        now = time.time()
        if beat or now - self._beat_at >= BEAT_EVERY_S:
            self._connection.execute("UPDATE leases SET heartbeat_at = ? WHERE run = ?", (now, lease.run))
            self._beat_at = now


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commits at the end, durably, or rolls back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Returns the file's layout, 0 for a new file; raises EnvironmentFault for one that is not ours."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA:
        raise EnvironmentFault(
            f"the journal `{path}` has layout {version}, made by a newer gitpar; "
            f"gitpar {__version__} knows layout {SCHEMA}",
            "Nothing was changed. Use the newer gitpar in this repository",
        )
    if version == 0 and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise EnvironmentFault(
            f"`{path}` is a database, but not a journal of gitpar", f"Move it away: mv {path} {path}.away"
        )
    return version


def _lay_out(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == 0:
        for statement in _TABLES:
            connection.execute(statement)


def _take(connection: sqlite3.Connection, run: RunId, owner: Owner, *, steal: bool) -> LeaseRow:
    token = check_takeover(_lease_of(connection, run), steal=steal)
    now = time.time()
    connection.execute(_NAME_RUN, (run, __version__))
    connection.execute(
        "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        (run, token, owner.host, owner.boot, owner.namespace, owner.pid, owner.started, now, now),
    )
    return LeaseRow(run, token, owner, now, now, released=False)


def _lease_of(connection: sqlite3.Connection, run: RunId) -> LeaseRow | None:
    row = connection.execute("SELECT * FROM leases WHERE run = ?", (run,)).fetchone()
    if row is None:
        return None
    _, token, host, boot, namespace, pid, started, since, heartbeat_at, released = row
    owner = Owner(host, boot, namespace, pid, started)
    return LeaseRow(run, token, owner, since, heartbeat_at, released=bool(released))


def _next_seq(connection: sqlite3.Connection, run: RunId) -> int:
    row = connection.execute("SELECT max(seq) FROM events WHERE run = ?", (run,)).fetchone()
    return int(row[0] or 0) + 1
