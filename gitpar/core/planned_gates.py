"""What the results of a plan have to pass, as it can be said before a run. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from gitpar.core.graph import Task, TaskGraph, TaskStatus
from gitpar.core.names import TaskId
from gitpar.core.settings import GateOn, GateRules
from gitpar.values import dataclass

VERIFY = "verify"
"""What the gate is called that a task brings itself."""


@dataclass(frozen=True, slots=True)
class PlannedGate:
    """A gate, and the task that brings it; None for one of all tasks, levels or of the run."""

    rules: GateRules
    task: TaskId | None = None


def own_gates(task: Task) -> tuple[GateRules, ...]:
    """Returns the gate that a task brings itself, if it does."""
    command = (task.verify or "").strip()
    return (GateRules(name=VERIFY, command=command, on=(GateOn.TASK,)),) if command else ()


def planned_gates(graph: TaskGraph, rules: Sequence[GateRules], *, verifies: bool) -> tuple[PlannedGate, ...]:
    """Returns the gates that a run of a plan will have: those of tasks in plan order, then the others.

    `verifies` says whether what tasks bring is run.
    """
    pending = [task for task in graph if task.status is TaskStatus.PENDING]
    brought = [PlannedGate(own, task.id) for task in pending for own in own_gates(task)] if verifies else []
    return (*brought, *map(PlannedGate, rules))
