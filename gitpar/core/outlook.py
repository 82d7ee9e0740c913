"""A whole plan before its run: each wave's pairs and advice, doubts about files, what only costs time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from gitpar.core.advice import Advice, Wave, advise
from gitpar.core.forecast import Intent, Model, PairForecast, expected, meetings, pair_forecasts
from gitpar.core.graph import Task, TaskGraph, TaskStatus
from gitpar.core.intents import Doubt
from gitpar.core.names import TaskId
from gitpar.values import dataclass

LENGTH_S = 600.0
"""What a task is taken to last where the plan estimates none."""

MOST_MEETINGS = 200_000
"""So many common paths of two tasks are looked at in a wave; a wave with more is not forecast."""


@dataclass(frozen=True, slots=True)
class WaveOutlook:
    """One wave: its pairs, the likeliest first, and how to run it.

    Of `silent` tasks nothing can be said: they name no files, or the wave is `crowded`,
    where more files meet than can be looked at.
    """

    number: int
    tasks: tuple[TaskId, ...]
    pairs: tuple[PairForecast, ...]
    advice: Advice
    silent: tuple[TaskId, ...]
    crowded: bool = False

    @property
    def expected(self) -> float:
        """How many conflicts are to be expected."""
        return expected(self.pairs)


@dataclass(frozen=True, slots=True)
class Needless:
    """A dependency of two tasks that have nothing in common. Without it, `later` could run in wave `wave`."""

    later: TaskId
    first: TaskId
    now: int
    wave: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """A task that the plan puts into a later wave than its dependencies ask for."""

    task: TaskId
    now: int
    wave: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything known about a plan before its run. `estimated` says whether the plan gave durations."""

    waves: tuple[WaveOutlook, ...]
    doubts: tuple[Doubt, ...]
    needless: tuple[Needless, ...]
    earlier: tuple[Earlier, ...]
    jobs: int
    estimated: bool
    calibrated: bool

    @property
    def expected(self) -> float:
        """How many conflicts are to be expected in all."""
        return sum(wave.expected for wave in self.waves)


def lengths(tasks: Sequence[Task]) -> dict[TaskId, float]:
    """Returns how long tasks take: their estimates, the median of these for those without."""
    known = [task.estimate_s for task in tasks if task.estimate_s is not None]
    usual = median(known) if known else LENGTH_S
    return {task.id: usual if task.estimate_s is None else task.estimate_s for task in tasks}


def wave_outlooks(
    graph: TaskGraph, intents: Mapping[TaskId, Intent], model: Model, jobs: int
) -> Iterator[WaveOutlook]:
    """Yields what is to be expected of each wave."""
    lasting = lengths([task for task in graph if task.status is TaskStatus.PENDING])
    for number, wave in enumerate(graph.waves, start=1):
        meant = [intents[task] for task in wave]
        crowded = meetings(meant) > MOST_MEETINGS
        pairs = [] if crowded else pair_forecasts(model, meant)
        advice = advise(Wave(wave, lasting, jobs), pairs)
        silent = tuple(task for task in wave if crowded or not intents[task].touches)
        yield WaveOutlook(number, wave, tuple(pairs), advice, silent, crowded)


def needless(graph: TaskGraph, intents: Mapping[TaskId, Intent]) -> Iterator[Needless]:
    """Yields dependencies of tasks that both say what they touch and have nothing in common.

    What the earlier task creates and the later one reads counts as something in common,
    and so does a folder. A task that declares nothing is not judged.
    """
    now = {task: n for n, wave in enumerate(graph.waves, start=1) for task in wave}
    for task in graph:
        for first in task.depends_on:
            if task.id not in now or first not in now:
                continue
            if not _apart(graph[first], task, intents):
                continue
            without = replace(task, depends_on=tuple(d for d in task.depends_on if d != first), wave=None)
            wave = 1 + max((now[d] for d in without.depends_on if d in now), default=0)
            yield Needless(task.id, first, now[task.id], wave)


def _apart(first: Task, later: Task, intents: Mapping[TaskId, Intent]) -> bool:
    ours, theirs = intents[first.id], intents[later.id]
    if not ours.declared or not theirs.declared:
        return False
    read = {path.strip("./") for path in later.scope.read}
    return ours.touches.keys().isdisjoint(theirs.touches) and not any(
        path.strip("./") in read for path in ours.touches
    )


def earlier(graph: TaskGraph, intents: Mapping[TaskId, Intent]) -> Iterator[Earlier]:
    """Yields tasks of a declared wave that could run in an earlier one, where they share nothing."""
    now = {task: n for n, wave in enumerate(graph.waves, start=1) for task in wave}
    for task in graph:
        if task.id not in now or task.wave is None or not intents[task.id].declared:
            continue
        soonest = 1 + max((now[d] for d in task.depends_on if d in now), default=0)
        for wave in range(soonest, now[task.id]):
            others = (intents[other] for other in graph.waves[wave - 1])
            if all(other.touches.keys().isdisjoint(intents[task.id].touches) for other in others):
                yield Earlier(task.id, now[task.id], wave)
                break
