"""What to do: the commands that `decide` returns and the executor carries out, one method each.

Frozen values. Every command has an event that opens it (`opening`) and that keeps it from
being decided twice; where the command changes the world, the event is durable in the
journal before the command is handed out.
"""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import assert_never

from gitpar.core.agent_events import BudgetReached, PauseBegun, WorkerEnding
from gitpar.core.agents import COMMAND, Allowance
from gitpar.core.ahead_events import CarryTried, FootingTried
from gitpar.core.events import (
    AttemptOpened,
    AttemptRecovering,
    Event,
    LandingOpened,
    LandingTried,
    LevelComparing,
    LevelOpening,
    RunClosing,
    RunEnd,
    WorkersStopping,
)
from gitpar.core.footing import Footing, Part
from gitpar.core.names import CommitId, TaskId
from gitpar.core.note_events import NotesOpened, NotesTried
from gitpar.core.policy_events import SettlingTried
from gitpar.core.progress import ProgressLanding
from gitpar.core.settlement import SettledPath, Settlement
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class OpenLevel:
    """Cut the level's branch at `base`."""

    level: int
    base: CommitId


@dataclass(frozen=True, slots=True)
class Rerun:
    """What a re-run is compared with: the first attempt's result and where the level began."""

    first: CommitId
    level_base: CommitId


@dataclass(frozen=True, slots=True)
class StartAttempt:
    """Make a worktree at `base`, run the worker in it, capture what it leaves."""

    task: TaskId
    n: int
    base: CommitId
    timeout_s: float | None
    rerun: Rerun | None = None
    agent: str = COMMAND
    session: str = ""
    footing: Footing | None = None
    repair: str = ""
    """What repairs a conflict (see core.policies); empty where the task is worked on."""
    allowance: Allowance | None = None
    """What is left of the task's own budget."""
    worktree: str = ""
    """Where the session can be gone on with; empty for anywhere."""
    keeps: bool = False
    """Whether another task will go on with its session."""


@dataclass(frozen=True, slots=True)
class MakeFooting:
    """Lay results onto `onto`, one after another, and prove each: a task is to be cut from there."""

    task: TaskId
    onto: CommitId
    parts: tuple[Part, ...]
    footing: Footing


@dataclass(frozen=True, slots=True)
class CarryOver:
    """Make a result anew on `onto`, where its level was cut, and prove it."""

    part: Part
    onto: CommitId
    settlement: Settlement | None = None
    """What policies made of its conflicts."""


@dataclass(frozen=True, slots=True)
class RecoverAttempt:
    """Capture what a worker of a dead owner left; nothing is run."""

    task: TaskId
    n: int
    base: CommitId
    rerun: Rerun | None = None
    agent: str = COMMAND


@dataclass(frozen=True, slots=True)
class CompareLevel:
    """Compare the results of a wave, given in plan order."""

    level: int
    base: CommitId
    results: tuple[tuple[TaskId, CommitId], ...]


@dataclass(frozen=True, slots=True)
class ProveLanding:
    """Compute the landing of `result`, cut from `base`, on `tip` and prove it. Moves nothing."""

    task: TaskId
    n: int
    base: CommitId
    result: CommitId
    tip: CommitId
    settlement: Settlement | None = None
    """What policies made of its conflicts."""
    carried: tuple[SettledPath, ...] = ()
    """What they had settled when it was carried over."""


@dataclass(frozen=True, slots=True)
class SettleLanding:
    """Settle the conflicts of a landing as far as can be done without a worker. Moves nothing.

    With `repaired`, take what an attempt at the rest of `settlement` has made of it.
    """

    task: TaskId
    n: int
    base: CommitId
    result: CommitId
    tip: CommitId
    _: KW_ONLY
    drivers: bool = True
    """Whether drivers may settle files."""
    leave: bool = False
    """Whether what they do not settle is left to an attempt, rather than refused."""
    may_undo: bool = False
    settlement: Settlement | None = None
    repaired: CommitId | None = None
    carry: bool = False
    """Whether the result is carried over to `tip`, which need not descend from `base`."""


@dataclass(frozen=True, slots=True)
class ProvedLanding:
    """What stands on the landing before it, or on the level, and is noted with its certificate."""

    task: TaskId
    n: int
    commit: CommitId
    certificate: str


@dataclass(frozen=True, slots=True)
class MoveLevel:
    """Move the level's branch from `tip` over proved landings to the last, by compare-and-swap."""

    level: int
    tip: CommitId
    landings: tuple[ProvedLanding, ...]


@dataclass(frozen=True, slots=True)
class EndWorker:
    """End one worker that cannot come to anything; what it did is captured."""

    task: TaskId
    n: int
    message: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Wake the run at an instant; nothing is due before it."""

    until: float


@dataclass(frozen=True, slots=True)
class StopForBudget:
    """Start nothing more: another attempt would pass a limit."""

    message: str


@dataclass(frozen=True, slots=True)
class ProveNotes:
    """Compute the commit that adds a level's notes to the progress file and prove it. Moves nothing."""

    landing: ProgressLanding


@dataclass(frozen=True, slots=True)
class MoveNotes:
    """Move the level's branch from `tip` to the proved `commit` by compare-and-swap."""

    level: int
    tip: CommitId
    commit: CommitId
    certificate: str


@dataclass(frozen=True, slots=True)
class StopWorkers:
    """End every worker now; their attempts are captured as interrupted."""


@dataclass(frozen=True, slots=True)
class CloseRun:
    """Make the end: move the branch that `--into` names to `tip`, give the worktrees back."""

    end: RunEnd
    tip: CommitId


class GateCommand:
    """What is to be done about gates: see gate_commands.py, which runs without gates do not load."""

    __slots__ = ()
    changes_the_world = True

    def opened(self, at: float) -> Event:
        """Returns the event that opens it."""
        raise AssertionError(f"{type(self).__name__} has no event at {at}")


Command = (
    OpenLevel
    | StartAttempt
    | MakeFooting
    | CarryOver
    | RecoverAttempt
    | CompareLevel
    | ProveLanding
    | SettleLanding
    | MoveLevel
    | EndWorker
    | Pause
    | StopForBudget
    | ProveNotes
    | MoveNotes
    | StopWorkers
    | CloseRun
    | GateCommand
)


def changes_the_world(command: Command) -> bool:
    """Says whether a command's opening must be durable before it begins; computing needs none."""
    if isinstance(command, GateCommand):
        return command.changes_the_world
    computing = CompareLevel | ProveLanding | SettleLanding | ProveNotes | MakeFooting | CarryOver
    return not isinstance(command, computing | Pause)


def opening(command: Command, at: float) -> Event:  # noqa: C901, PLR0911, PLR0912 - one row a command
    """Returns the event that opens a command at the given instant."""
    match command:
        case OpenLevel(level, base):
            return LevelOpening(at=at, level=level, base=base)
        case StartAttempt(task, n, base, timeout_s):
            return AttemptOpened(
                at=at,
                task=task,
                n=n,
                base=base,
                timeout_s=timeout_s,
                rerun=command.rerun is not None,
                agent=command.agent,
                session=command.session,
                footing=command.footing,
                repair=command.repair,
            )
        case MakeFooting(task):
            return FootingTried(at=at, task=task)
        case CarryOver(part):
            return CarryTried(at=at, task=part.task, n=part.n)
        case RecoverAttempt(task, n):
            return AttemptRecovering(at=at, task=task, n=n)
        case CompareLevel(level):
            return LevelComparing(at=at, level=level)
        case ProveLanding(task=task, n=n, tip=tip):
            return LandingTried(at=at, task=task, n=n, tip=tip)
        case SettleLanding(task=task, n=n, tip=tip):
            return SettlingTried(at=at, task=task, n=n, tip=tip)
        case MoveLevel(tip=tip, landings=landings):
            first, last = landings[0], landings[-1]
            more = tuple(landing.task for landing in landings[1:])
            return LandingOpened(at=at, task=first.task, n=first.n, tip=tip, commit=last.commit, more=more)
        case EndWorker(task, n, message):
            return WorkerEnding(at=at, task=task, n=n, message=message)
        case Pause(until):
            return PauseBegun(at=at, until=until)
        case StopForBudget(message):
            return BudgetReached(at=at, message=message)
        case ProveNotes(landing):
            return NotesTried(at=at, level=landing.level)
        case MoveNotes(level, tip, commit):
            return NotesOpened(at=at, level=level, tip=tip, commit=commit)
        case StopWorkers():
            return WorkersStopping(at=at)
        case CloseRun(end=end):
            return RunClosing(at=at, end=end)
        case GateCommand():
            return command.opened(at)
        case _:
            assert_never(command)
