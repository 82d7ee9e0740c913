"""Makes a named step fail on purpose, so that anyone can try what a crash does.

`GITPAR_FAULT=step:n:kind` makes the n-th passage (from 1) of a step fail; several
are separated by commas. Every step that changes the world passes through here once
before and once after the change. Without the variable a passage costs one dict look-up.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from enum import StrEnum

from gitpar.errors import UsageError

VARIABLE = "GITPAR_FAULT"


class Step(StrEnum):
    """The steps that change the world, in the order a run meets them."""

    LEASE_TAKE = "lease.take"
    LEASE_TAKEN = "lease.taken"
    JOURNAL_APPEND = "journal.append"
    JOURNAL_APPENDED = "journal.appended"
    LEVEL_CREATE = "level.create"
    LEVEL_CREATED = "level.created"
    WORKTREE_ADD = "worktree.add"
    WORKTREE_ADDED = "worktree.added"
    WORKTREE_CHECKOUT = "worktree.checkout"
    WORKTREE_CHECKED_OUT = "worktree.checked-out"
    WORKTREE_SETUP = "worktree.setup"
    BRANCH_ATTACH = "branch.attach"
    BRANCH_ATTACHED = "branch.attached"
    WORKER_START = "worker.start"
    WORKER_STARTED = "worker.started"
    WORKER_ENDED = "worker.ended"
    CAPTURE_INDEX = "capture.index"
    CAPTURE_COMMIT = "capture.commit"
    CAPTURE_REFS = "capture.refs"
    CAPTURED = "capture.captured"
    SLOT_RESET = "slot.reset"
    SLOT_CLEAN = "slot.clean"
    SLOT_READY = "slot.ready"
    FOOTING = "footing"
    CARRY = "carry"
    COMPARE = "compare"
    LANDING_PROVE = "landing.prove"
    LANDING_PROVED = "landing.proved"
    SETTLE = "settle.settle"
    SETTLED = "settle.settled"
    LANDING_MOVE = "landing.move"
    LANDING_MOVED = "landing.moved"
    NOTES_PROVE = "notes.prove"
    NOTES_PROVED = "notes.proved"
    NOTES_MOVE = "notes.move"
    NOTES_MOVED = "notes.moved"
    GATE_ENTER = "gate.enter"
    GATE_ENTERED = "gate.entered"
    GATE_RUN = "gate.run"
    GATE_RAN = "gate.ran"
    GATE_LEAVE = "gate.leave"
    GATE_LEFT = "gate.left"
    GATE_TRY = "gate.try"
    GATE_TRIED = "gate.tried"
    INTO_MOVE = "into.move"
    INTO_MOVED = "into.moved"
    WRITE_BACK = "write-back.write"
    WRITTEN_BACK = "write-back.written"
    WORKTREE_TEARDOWN = "worktree.teardown"
    WORKTREE_REMOVE = "worktree.remove"
    WORKTREE_REMOVED = "worktree.removed"
    PUBLISH_PUSH = "publish.push"
    PUBLISH_PUSHED = "publish.pushed"
    REQUEST_WRITE = "request.write"
    REQUEST_WRITTEN = "request.written"
    REQUEST_MERGE = "request.merge"
    REQUEST_MERGED = "request.merged"
    UNDO_MOVE = "undo.move"
    UNDO_MOVED = "undo.moved"
    CLEAN_REFS = "clean.refs"
    CLEAN_DONE = "clean.done"


class Kind(StrEnum):
    """How a step fails."""

    KILL = "kill"
    TERM = "term"
    ENOSPC = "enospc"
    EIO = "eio"
    HANG = "hang"


class _Fault:
    """One planned failure and how many passages are left before it."""

    def __init__(self, step: Step, passages: int, kind: Kind) -> None:
        self.step = step
        self.left = passages
        self.kind = kind


_lock = threading.Lock()
_planned: dict[Step, list[_Fault]] | None = None


def _parse(text: str) -> dict[Step, list[_Fault]]:
    """Reads the variable's value.

    Raises UsageError naming the part that is not `step:n:kind`.
    """
    planned: dict[Step, list[_Fault]] = {}
    for part in filter(None, text.split(",")):
        try:
            name, count, kind = part.split(":")
            fault = _Fault(Step(name), int(count), Kind(kind))
            if fault.left < 1:
                raise ValueError(count)
        except ValueError:
            steps = ", ".join(step.value for step in Step)
            raise UsageError(
                f"`{VARIABLE}`: `{part}` is not `step:n:kind`",
                f"Steps: {steps}",
                f"Kinds: {', '.join(kind.value for kind in Kind)}",
            ) from None
        planned.setdefault(fault.step, []).append(fault)
    return planned


def passage(step: Step) -> None:
    """Passes a step: does nothing, unless the variable says that this passage fails.

    Raises OSError for enospc and eio; kill and term end the process; hang waits for
    a signal.
    """
    global _planned  # noqa: PLW0603 - read once from the environment, then counted down
    if _planned is None:
        _planned = _parse(os.environ.get(VARIABLE, ""))
    if step not in _planned:
        return
    with _lock:
        due: Kind | None = None
        for fault in _planned[step]:
            fault.left -= 1
            if fault.left == 0:
                due = fault.kind
    if due is not None:
        _fail(step, due)


def _fail(step: Step, kind: Kind) -> None:
    match kind:
        case Kind.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Kind.TERM:
            os.kill(os.getpid(), signal.SIGTERM)
        case Kind.ENOSPC:
            raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)} (injected at {step})")
        case Kind.EIO:
            raise OSError(errno.EIO, f"{os.strerror(errno.EIO)} (injected at {step})")
        case Kind.HANG:
            threading.Event().wait()
