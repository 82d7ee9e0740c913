"""What reading plans gives, and what writing back takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum

from gitpar.core.graph import Task, TaskGraph, WaveNote
from gitpar.core.names import TaskId
from gitpar.core.settings import Strategy
from gitpar.errors import PlanProblem
from gitpar.plans.item import Item
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """What the plan file says about the run; None where it says nothing."""

    jobs: int | None = None
    base: str | None = None
    strategy: Strategy | None = None
    verify: str | None = None
    retries: int | None = None
    timeout_s: float | None = None
    agent: str | None = None
    agent_command: str | None = None

    def over(self, other: PlanSettings) -> PlanSettings:
        """Returns these settings, with the other's where these say nothing."""
        theirs = {name: getattr(other, name) for name in self.__slots__ if getattr(self, name) is None}
        return replace(self, **theirs)


@dataclass(frozen=True, slots=True)
class Plan:
    """One or several plan files, read and checked.

    `format` names the format, several joined by `+`. `warnings` are what looks wrong and
    does not stop a run; `notes` are what was decided on the way, one sentence each.
    """

    paths: tuple[str, ...]
    format: str
    graph: TaskGraph
    wave_notes: tuple[WaveNote, ...] = ()
    settings: PlanSettings = field(default_factory=PlanSettings)
    warnings: tuple[PlanProblem, ...] = ()
    notes: tuple[str, ...] = ()
    usual_jobs: int | None = None
    """How many the format's own tool runs at once."""
    mode: str | None = None
    """How much may run at once, where the file says so."""


class Outcome(StrEnum):
    """How a task ended in a run, in the words of the task states."""

    LANDED = "landed"
    FAILED = "failed"
    HELD = "held"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """What is to be written back about one task. `ended_at` is seconds since 1970 UTC."""

    outcome: Outcome
    ended_at: float | None = None
    duration_s: float | None = None
    attempts: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """A dependency as the file writes it, and where.

    With `order` it only comes from where the task stands: a task that is left out does not
    hold up what comes after it.
    """

    on: TaskId
    item: Item
    order: bool = False


@dataclass(slots=True)
class DraftTask:
    """A task before its dependencies are checked; `item` is where it stands."""

    task: Task
    item: Item
    waits: list[Wait] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """What a format makes of a file.

    `stands_for` maps names that may be depended on and are no tasks themselves (a subtask,
    a row that gitpar does not run) to the tasks that stand for them, possibly none.
    `wave_notes` are by the number that the plan gives the wave.
    """

    tasks: list[DraftTask] = field(default_factory=list)
    settings: PlanSettings = field(default_factory=PlanSettings)
    stands_for: dict[TaskId, tuple[TaskId, ...]] = field(default_factory=dict)
    wave_notes: dict[int, WaveNote] = field(default_factory=dict)
    labelled: dict[TaskId, int] = field(default_factory=dict)
    """The note that belongs to a task which has no declared wave."""
    parts: dict[TaskId, Item] = field(default_factory=dict)
    """Rows that are no tasks the way the plan is read: subtasks, or tasks that are only their subtasks."""
    optional: set[TaskId] = field(default_factory=set)
    """Tasks that run only when they are asked for."""
    usual_jobs: int | None = None
    """How many the format's own tool runs at once; settings of any kind come before it."""
    mode: str | None = None
    """How much may run at once, where the file says so."""

    def note_of(self, task: Task) -> WaveNote | None:
        """Returns what the plan says about a task's wave."""
        number = self.labelled.get(task.id, task.wave)
        return self.wave_notes.get(number) if number is not None else None


@dataclass(frozen=True, slots=True)
class Edit:
    """One member to set: `value` is JSON's idea of it. With `add` it is added where it is missing."""

    key: str
    value: str | int | None
    add: bool = True


Ends = Mapping[TaskId, TaskEnd]
