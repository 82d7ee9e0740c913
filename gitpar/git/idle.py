"""The worktrees of a pool that are clean and free, and who waits for one."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from dataclasses import field
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId, TaskId
from gitpar.core.session import Wish
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.git.slots import Slot


@dataclass(slots=True)
class Idle:
    """To be used with the lock of `changed` held, which tells of every change."""

    changed: threading.Condition
    kept: set[str] = field(default_factory=set)
    """Worktrees in which a session is to go on: others are handed out first."""
    early: int = 0
    """How many are being made before anybody has asked for one."""
    making: int = 0
    """How many are being made."""
    making_s: float = 0.0
    """How long making one took last."""
    _slots: list[Slot] = field(default_factory=list)
    _line: deque[object] = field(default_factory=deque)
    """Who waits, in the order of arrival."""

    def put(self, slot: Slot) -> None:
        """Adds a clean worktree."""
        self._slots.append(slot)
        self.changed.notify_all()

    def take(self, task: TaskId, base: CommitId, wish: Wish) -> Slot | None:
        """Takes out what fits best: what is wished for, then what the task had, then what is at its base."""
        if not self._slots:
            return None

        def fitness(slot: Slot) -> tuple[bool, ...]:
            path = str(slot.path)
            return (
                path == wish.path,
                path not in self.kept,
                slot.record.task == task,
                slot.record.base == base,
            )

        slot = max(self._slots, key=fitness)
        self._slots.remove(slot)
        return slot

    def empty(self) -> list[Slot]:
        """Takes them all out."""
        slots, self._slots = self._slots, []
        return slots

    def await_one(self) -> None:
        """Waits for a worktree to come back for as long as making another would take.

        So no more are made than quick workers need, and slow ones wait once, for no longer
        than that; who waits longest comes first. At most one more is made at once than there
        are processors; those that are made early come first.
        """
        patient_until = 0.0
        turn = object()
        self._line.append(turn)
        try:
            while not (self._slots and self._line[0] is turn):
                if self.early or self.making >= at_once():
                    self.changed.wait()
                    continue
                patient_until = patient_until or time.monotonic() + self.making_s
                if not self.changed.wait(max(0.0, patient_until - time.monotonic())):
                    return
        finally:
            self._line.remove(turn)
            self.changed.notify_all()


def at_once() -> int:
    """How many worktrees are made at the same time at most: one waits for git where others go on."""
    return (os.cpu_count() or 1) + 1
