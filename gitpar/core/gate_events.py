"""What happened at gates; see events.py, whose list these belong to. Loaded by runs that have gates only.

GateOpened is written before a gate is run, GateEnded after.
"""

from __future__ import annotations

from enum import StrEnum

from gitpar.core.agents import AgentReport, Trouble
from gitpar.core.events import Event
from gitpar.core.names import NO_COMMIT, NO_TREE, CommitId, TaskId, TreeId
from gitpar.core.settings import GateOn
from gitpar.values import dataclass


class Verdict(StrEnum):
    """What came of running a gate once."""

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    INTERRUPTED = "interrupted"
    """Ended by gitpar or with gitpar; says nothing about what was gated."""
    BROKEN = "broken"
    """The machine could not run it; says nothing about what was gated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOpened(Event):
    """A gate is about to be run on a commit."""

    number: int
    """Counts the gates of a run from 1."""
    gate: str
    on: GateOn
    commit: CommitId
    level: int = 0
    task: TaskId | None = None
    n: int = 0
    """The attempt of `task`."""
    tasks: tuple[TaskId, ...] = ()
    """On a level: the tasks that are gated together and have not landed."""
    trial: bool = False
    """Whether they are gated without the others of their level, to see who is to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateStarted(Event):
    """The gate's process runs."""

    number: int
    log: str
    worktree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEnded(Event):
    """The gate and all of its processes are gone. `exit` is None when it did not exit by itself."""

    number: int
    verdict: Verdict
    tree: TreeId
    """What was gated; empty where it never began."""
    exit: int | None = None
    duration_s: float = 0.0
    message: str = ""
    edits: tuple[str, ...] = ()
    """Files that the gate changed, made or removed; none of it is part of any result."""
    log: str = ""
    task: TaskId | None = None
    report: AgentReport | None = None
    """What its agent told, where it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTroubled(Event):
    """The agent of a gate met something that keeps it from its work, or was told to slow down once more."""

    number: int
    trouble: Trouble
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSilent(Event):
    """The agent of a gate has printed nothing for so long; `asks` is the question it seems to wait with."""

    number: int
    for_s: float
    asks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEnding(Event):
    """A gate is about to be ended, for the reason in the message."""

    number: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRecovering(Event):
    """What a dead owner's gate left running is about to be ended."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLeft(Event):
    """An attempt's worktree, which waited for the attempt's gates, is given back."""

    task: TaskId
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTried(Event):
    """Some tasks of a level are about to be merged without the others, to gate that; no ref moves."""

    level: int
    base: CommitId
    tasks: tuple[TaskId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMade(Event):
    """What came of it; no commit where they do not merge without the others."""

    level: int
    base: CommitId
    tasks: tuple[TaskId, ...]
    commit: CommitId = NO_COMMIT
    tree: TreeId = NO_TREE


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBlamed(Event):
    """A gate of a level fails because of a task, which is held; `together` only with these."""

    task: TaskId
    gate: str
    number: int
    """The run of the gate that shows it."""
    together: tuple[TaskId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelBlamed(Event):
    """Nothing more of a level lands: a gate fails without it too, or the level lands whole or not at all."""

    level: int
    reason: str
