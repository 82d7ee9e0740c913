"""A journal that lives as long as its store: the whole of the contract without a disk.

For dry runs and for tests of the engine. Several journals may be opened on one
MemoryStore, as several processes open one file; one that is dropped without `close`
stands for a process that was killed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import field, replace

from gitpar.core.events import Event
from gitpar.core.names import RunId
from gitpar.faults import Step, passage
from gitpar.journal.fault import refuse_foreign_errors
from gitpar.journal.lease import LeaseRow, Owner, check_takeover, lost
from gitpar.journal.thread import OneThread
from gitpar.values import dataclass


@dataclass(slots=True)
class MemoryStore:
    """What the file is to the real journal."""

    events: dict[RunId, list[Event]] = field(default_factory=dict)
    leases: dict[RunId, LeaseRow] = field(default_factory=dict)


class MemoryJournal:
    """A Journal over a MemoryStore."""

    def __init__(self, store: MemoryStore, lease: LeaseRow | None) -> None:
        self._store = store
        self._lease = lease
        self._thread = OneThread()

    @classmethod
    def own(cls, store: MemoryStore, run: RunId, owner: Owner, *, steal: bool = False) -> MemoryJournal:
        """Takes the lease of a run, which is made if it is new."""
        with refuse_foreign_errors("memory"):
            passage(Step.LEASE_TAKE)
            token = check_takeover(store.leases.get(run), steal=steal)
            now = time.time()
            lease = LeaseRow(run, token, owner, now, now, released=False)
            store.leases[run] = lease
            passage(Step.LEASE_TAKEN)
        return cls(store, lease)

    @classmethod
    def read(cls, store: MemoryStore) -> MemoryJournal:
        """Opens the store to read."""
        return cls(store, None)

    def append(self, events: Sequence[Event]) -> None:
        """Adds events to the run that is owned; with no events, only the heartbeat is refreshed."""
        self._thread.check()
        if self._lease is None:
            raise RuntimeError("this journal was opened to read")
        run = self._lease.run
        with refuse_foreign_errors("memory"):
            passage(Step.JOURNAL_APPEND)
            found = self._store.leases[run]
            if found.released or found.token != self._lease.token:
                raise lost(found)
            self._store.leases[run] = replace(found, heartbeat_at=time.time())
            self._store.events.setdefault(run, []).extend(events)
            passage(Step.JOURNAL_APPENDED)

    def events(self, run: RunId, after: int = 0) -> Sequence[Event]:
        """Returns a run's events in order, leaving out the first `after`."""
        self._thread.check()
        return tuple(self._store.events.get(run, ())[after:])

    def runs(self) -> Sequence[RunId]:
        """Names all runs in which something happened, oldest first."""
        self._thread.check()
        return tuple(run for run, events in self._store.events.items() if events)

    def owner_of(self, run: RunId) -> LeaseRow | None:
        """Returns the newest lease of a run, also one given back; None where it never had any."""
        self._thread.check()
        return self._store.leases.get(run)

    def close(self) -> None:
        """Gives the lease back."""
        self._thread.check()
        if self._lease is not None:
            found = self._store.leases[self._lease.run]
            if found.token == self._lease.token:
                self._store.leases[self._lease.run] = replace(found, released=True)
            self._lease = None
