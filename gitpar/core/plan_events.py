"""What happened to the plan of a run; see events.py, whose list these belong to."""

from __future__ import annotations

from gitpar.core.agent_rules import AgentRules
from gitpar.core.events import Event
from gitpar.core.graph import Task
from gitpar.core.names import TaskId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned(Event):
    """The plan was taken anew. `tasks` are all that the run has from now on, removed ones left out."""

    plans: tuple[str, ...]
    tasks: tuple[Task, ...]
    added: tuple[TaskId, ...]
    changed: tuple[TaskId, ...]
    removed: tuple[TaskId, ...]
    agents: tuple[AgentRules, ...] = ()
    """The rules of every agent that the run may use from now on."""
