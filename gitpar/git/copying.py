"""Checks out worktrees that are made at the same time once, and copies the files to the others.

Unpacking a file from git's store costs five times as much as copying it, and a `cp` that can
have a file system share blocks does.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field

from gitpar.core.names import CommitId
from gitpar.git.aging import copied, may_be_copied, set_back
from gitpar.git.command import GitFailed
from gitpar.git.coordinator import load
from gitpar.git.programs import copy_into
from gitpar.git.slots import Slot
from gitpar.values import dataclass


@dataclass(slots=True)
class _Pattern:
    """A worktree that is being checked out; others at the same commit wait to copy it."""

    base: CommitId
    slot: Slot
    copiers: int = 0
    done: bool = False


@dataclass(slots=True)
class Checkouts:
    """Fills new worktrees of one pool with files. Safe to share between threads."""

    _changed: threading.Condition = field(default_factory=threading.Condition)
    _pattern: _Pattern | None = None
    _coming: set[int] = field(default_factory=set)
    """The numbers of worktrees that one which is checked out waits for."""

    @contextmanager
    def coming(self, slot: Slot) -> Iterator[None]:
        """Has whoever is checked out meanwhile wait for this worktree, until it is here or has failed."""
        with self._changed:
            self._coming.add(slot.record.number)
        try:
            yield
        finally:
            self._has_come(slot)

    def _has_come(self, slot: Slot) -> None:
        with self._changed:
            self._coming.discard(slot.record.number)
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many worktrees copy another one, or will."""
        with self._changed:
            return self._pattern.copiers if self._pattern is not None else 0

    def check_out(self, slot: Slot, base: CommitId) -> None:
        """Puts a commit's files and index into an empty worktree.

        Raises GitFailed or OSError where that cannot be done. One that others copy is
        not handed out before they have.
        """
        with self._changed:
            pattern = self._pattern
            if pattern is not None and pattern.base == base:
                pattern.copiers += 1
            else:
                pattern = self._pattern = _Pattern(base, slot)
        self._has_come(slot)
        if pattern.slot is slot:
            try:
                _check_out(slot, base)
            finally:
                with self._changed:
                    pattern.done = True
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: not (pattern.copiers or self._coming))
                    if self._pattern is pattern:
                        self._pattern = None
            return
        try:
            slot.ground.prepare()  # there is nothing else to do
            with self._changed:
                self._changed.wait_for(lambda: pattern.done)
            if not _copied(slot, pattern.slot):
                _check_out(slot, base)
        finally:
            with self._changed:
                pattern.copiers -= 1
                self._changed.notify_all()


def _check_out(slot: Slot, base: CommitId) -> None:
    settings = (
        f"checkout.workers={os.cpu_count() or 1}",
        # below that many files two more processes cost more than they save
        "checkout.thresholdForParallelism=1000",
    )
    asked = (*(part for one in settings for part in ("-c", one)), "read-tree", "--reset", "-u", base)
    with slot.git.begin(*asked) as checking:
        load()  # the first capture needs it, and there is nothing else to do
        found = checking.result()
    if found.status:
        raise GitFailed(asked, found.status, found.stderr)
    slot.ages = set_back(slot.admin / "index", slot.path)


def _copied(slot: Slot, pattern: Slot) -> bool:
    """Copies a worktree; False where git has to check out this one too, over whatever is there by then."""
    if pattern.ages is None:
        return False  # it could not be checked out, or its files do not tell when they changed
    try:
        if not may_be_copied(pattern.admin / "index"):
            return False
        done = copy_into(pattern.path, slot.path)
        if done:
            slot.ages = copied(pattern.admin / "index", slot.admin / "index", slot.path)
    except OSError:
        return False  # no `cp`, too many names for it, or a full disk, which git will tell
    return done
