"""What to do: the commands that `decide` returns and the executor carries out, one method each.

Frozen values. Every command knows the event that opens it, which is durable in the
journal before the command is handed out and which keeps it from being decided twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitpar.core.events import RunEnd
from gitpar.core.names import CommitId, TaskId


@dataclass(frozen=True, slots=True)
class OpenLevel:
    """Cut the level's branch at `base`."""

    level: int
    base: CommitId


@dataclass(frozen=True, slots=True)
class StartAttempt:
    """Make a worktree at `base`, run the worker in it, capture what it leaves."""

    task: TaskId
    n: int
    base: CommitId
    timeout_s: float | None
    rerun_of: CommitId | None = None
    """For a re-run after a conflict: the first attempt's result, else None."""
    level_base: CommitId | None = None


@dataclass(frozen=True, slots=True)
class RecoverAttempt:
    """Capture what a worker of a dead owner left; nothing is run."""

    task: TaskId
    n: int
    base: CommitId


@dataclass(frozen=True, slots=True)
class CompareLevel:
    """Compare the results of a wave, given in plan order."""

    level: int
    base: CommitId
    results: tuple[tuple[TaskId, CommitId], ...]


@dataclass(frozen=True, slots=True)
class ProveLanding:
    """Compute the landing of `result` on `tip` and prove it. Moves nothing."""

    task: TaskId
    n: int
    level: int
    base: CommitId
    result: CommitId
    tip: CommitId


@dataclass(frozen=True, slots=True)
class MoveLevel:
    """Move the level's branch from `tip` to `commit` by compare-and-swap."""

    task: TaskId
    n: int
    level: int
    tip: CommitId
    commit: CommitId
    certificate: str


@dataclass(frozen=True, slots=True)
class StopWorkers:
    """End every worker now; their attempts are captured as interrupted."""


@dataclass(frozen=True, slots=True)
class CloseRun:
    """Make the end: move the branch that `--into` names, give the worktrees back."""

    end: RunEnd
    tip: CommitId


Command = (
    OpenLevel
    | StartAttempt
    | RecoverAttempt
    | CompareLevel
    | ProveLanding
    | MoveLevel
    | StopWorkers
    | CloseRun
)
