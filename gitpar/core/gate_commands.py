"""What to do about gates: commands as in commands.py. Loaded by runs that have gates only."""

from __future__ import annotations

from gitpar.core import gate_events as ge
from gitpar.core.agents import Allowance
from gitpar.core.commands import GateCommand
from gitpar.core.events import Event
from gitpar.core.names import CommitId, TaskId
from gitpar.core.settings import GateOn, GateRules
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class RunGate(GateCommand):
    """Run a gate on a commit, in the attempt's own worktree where that is kept for it."""

    number: int
    rules: GateRules
    on: GateOn
    commit: CommitId
    level: int
    task: TaskId | None = None
    n: int = 0
    tasks: tuple[TaskId, ...] = ()
    trial: bool = False
    timeout_s: float | None = None
    """How long it may take because of what is left for the run; None where its own limit is shorter."""
    allowance: Allowance | None = None
    """What its agent may take of the budgets of the run and of the wave."""

    def opened(self, at: float) -> Event:
        """Returns the event that opens it."""
        return ge.GateOpened(
            at=at,
            number=self.number,
            gate=self.rules.name,
            on=self.on,
            commit=self.commit,
            level=self.level,
            task=self.task,
            n=self.n,
            tasks=self.tasks,
            trial=self.trial,
        )


@dataclass(frozen=True, slots=True)
class RecoverGate(GateCommand):
    """End what a dead owner's gate left running, and see whether it had come to an end."""

    number: int
    commit: CommitId
    task: TaskId | None = None
    agent: str = ""
    """The agent that was asked: it has to be asked again, its exit status alone is no verdict."""

    def opened(self, at: float) -> Event:
        """Returns the event that opens it."""
        return ge.GateRecovering(at=at, number=self.number)


@dataclass(frozen=True, slots=True)
class EndGate(GateCommand):
    """End a gate whose agent cannot come to a verdict."""

    number: int
    message: str

    def opened(self, at: float) -> Event:
        """Returns the event that opens it."""
        return ge.GateEnding(at=at, number=self.number, message=self.message)


@dataclass(frozen=True, slots=True)
class LeavePlace(GateCommand):
    """Give an attempt's worktree back."""

    task: TaskId
    n: int

    def opened(self, at: float) -> Event:
        """Returns the event that opens it."""
        return ge.PlaceLeft(at=at, task=self.task, n=self.n)


@dataclass(frozen=True, slots=True)
class TriedResult:
    """One result of a trial, as it would land."""

    task: TaskId
    n: int
    base: CommitId
    result: CommitId


@dataclass(frozen=True, slots=True)
class MakeTrial(GateCommand):
    """Merge some results of a level by themselves on `base`. Moves nothing."""

    level: int
    base: CommitId
    results: tuple[TriedResult, ...]

    changes_the_world = False

    @property
    def tasks(self) -> tuple[TaskId, ...]:
        """Whose results they are."""
        return tuple(each.task for each in self.results)

    def opened(self, at: float) -> Event:
        """Returns the event that opens it."""
        return ge.TrialTried(at=at, level=self.level, base=self.base, tasks=self.tasks)


@dataclass(frozen=True, slots=True)
class BlameTask(GateCommand):
    """Hold a task because of which a gate fails."""

    task: TaskId
    gate: str
    number: int
    together: tuple[TaskId, ...] = ()

    def opened(self, at: float) -> Event:
        """Returns the event that opens it."""
        return ge.TaskBlamed(
            at=at, task=self.task, gate=self.gate, number=self.number, together=self.together
        )


@dataclass(frozen=True, slots=True)
class BlameLevel(GateCommand):
    """Hold everything of a level that has not landed."""

    level: int
    reason: str

    def opened(self, at: float) -> Event:
        """Returns the event that opens it."""
        return ge.LevelBlamed(at=at, level=self.level, reason=self.reason)
