"""What happened to agents at work, and what delays or stops a run because of them. As events.py has it."""

from __future__ import annotations

from gitpar.core.agents import Trouble
from gitpar.core.events import Event
from gitpar.core.names import TaskId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTroubled(Event):
    """An agent at work met something that keeps it from its work, or was told to slow down once more."""

    task: TaskId
    n: int
    trouble: Trouble
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSilent(Event):
    """An agent has printed nothing for so long; `asks` is the question it seems to wait with."""

    task: TaskId
    n: int
    for_s: float
    asks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEnding(Event):
    """A worker is about to be ended, for the reason in the message."""

    task: TaskId
    n: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseBegun(Event):
    """Nothing more can start before an instant; somebody wakes the run then."""

    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseOver(Event):
    """The instant has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSeen(Event):
    """The machine has more or less to do than before, so that the number of workers changes."""

    load: float
    """Processes that want to run, for each processor."""
    memory: float | None = None
    """The share of memory that is free, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetReached(Event):
    """Nothing more starts: another attempt would pass a limit."""

    message: str
