"""How long a plan will take, from the durations it gives. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from gitpar.core.graph import TaskGraph, WaveNote
from gitpar.core.names import TaskId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """`wall_s` with the given jobs, `work_s` one after another; both leave out `unknown` tasks.

    Where a wave is estimated as a whole nobody knows the work in it, and `work_s` is None.
    """

    wall_s: float
    work_s: float | None
    unknown: tuple[TaskId, ...] = ()


def makespan(durations_s: Iterable[float], jobs: int) -> float:
    """Returns when the last of some tasks ends, each started in order as soon as a job is free."""
    free = [0.0] * jobs
    for duration in durations_s:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def estimates(graph: TaskGraph) -> Mapping[TaskId, float]:
    """Returns the tasks' own estimates in seconds."""
    return {task.id: task.estimate_s for task in graph if task.estimate_s is not None}


def predict(graph: TaskGraph, notes: Iterable[WaveNote], jobs: int) -> Prediction | None:
    """Predicts the run of a plan wave by wave; None where the plan gives no duration at all.

    A wave's own estimate is used where not all of its tasks have one.
    """
    seconds = estimates(graph)
    of_wave = {note.wave: note.estimate_s for note in notes if note.estimate_s is not None}
    wall = 0.0
    whole = False
    unknown: list[TaskId] = []
    for number, wave in enumerate(graph.waves, start=1):
        given = [seconds[task_id] for task_id in wave if task_id in seconds]
        missing = [task_id for task_id in wave if task_id not in seconds]
        known = makespan(given, jobs)
        if missing and number in of_wave:
            wall += max(known, of_wave[number])
            whole = True
        else:
            wall += known
            unknown += missing
    counted = [seconds[task_id] for wave in graph.waves for task_id in wave if task_id in seconds]
    if not counted and not whole:
        return None
    return Prediction(wall, None if whole else sum(counted), tuple(unknown))
