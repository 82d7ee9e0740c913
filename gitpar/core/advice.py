"""Which tasks of a wave should wait for another, and what that costs in wall time. Pure.

A wave is played through as a run works on it: tasks start in order as soon as a job is
free and what they wait for has ended; what does not merge at the end is done again, one
at a time. One task is made to wait for another only where that makes the expected end
earlier.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gitpar.core.forecast import PairForecast
from gitpar.core.names import TaskId

Waits = Mapping[TaskId, frozenset[TaskId]]
"""What each task waits for inside its wave."""

LEAST = 0.05
"""A pair less likely than this is never worth waiting for."""

_MOST_TRIED = 150
_MOST_STEPS = 20_000
_GAIN = 1e-9


@dataclass(frozen=True, slots=True)
class Wave:
    """Tasks in plan order with how long each takes, and the jobs there are for them."""

    tasks: tuple[TaskId, ...]
    lengths_s: Mapping[TaskId, float]
    jobs: int


@dataclass(frozen=True, slots=True)
class Edge:
    """`later` starts from what `first` landed. `gain_s` is how much earlier the wave is expected to end."""

    first: TaskId
    later: TaskId
    probability: float
    gain_s: float


@dataclass(frozen=True, slots=True)
class Advice:
    """How a wave should be run. Times are expected wall times with the work that is done again.

    `planned_s` is all at once, `advised_s` with the edges, `apart_s` with everything
    serialised that shares a file. `order` is in which order to start.
    """

    edges: tuple[Edge, ...]
    order: tuple[TaskId, ...]
    planned_s: float
    advised_s: float
    apart_s: float
    conflicts: float
    """How many conflicts are to be expected where nobody waits."""
    left: float
    """And how many with the edges."""


def advise(wave: Wave, pairs: Sequence[PairForecast]) -> Advice:
    """Returns which tasks of the wave should wait for which, greedily, the likeliest conflict first."""
    risks = {(p.a, p.b): p.probability for p in pairs}
    planned = expected_end(wave, {}, risks)
    edges, waits, now = [], dict[TaskId, frozenset[TaskId]](), planned
    for pair in _worth_trying(wave, pairs):
        if pair.a in ancestors(pair.b, waits):
            continue
        tried = {**waits, pair.b: waits.get(pair.b, frozenset()) | {pair.a}}
        end = expected_end(wave, tried, risks)
        if end < now - _GAIN * max(1.0, now):
            edges.append(Edge(pair.a, pair.b, pair.probability, now - end))
            waits, now = tried, end
    shared = {(p.a, p.b) for p in pairs if any(r.a.signal == r.b.signal == "declared" for r in p.reasons)}
    return Advice(
        tuple(edges),
        start_order(wave, waits),
        planned,
        now,
        expected_end(wave, waiting(shared), risks),
        sum(risks.values()),
        sum(_left(risks, waits).values()),
    )


def _worth_trying(wave: Wave, pairs: Iterable[PairForecast]) -> list[PairForecast]:
    """The likely pairs, near ones first among equals, so that chains come out and not stars."""
    position = {task: at for at, task in enumerate(wave.tasks)}
    likely = [pair for pair in pairs if pair.probability >= LEAST]
    likely.sort(key=lambda p: (-round(p.probability, 3), position[p.b] - position[p.a], position[p.b]))
    return likely[: max(10, min(_MOST_TRIED, _MOST_STEPS // max(1, len(wave.tasks))))]


def waiting(pairs: Iterable[tuple[TaskId, TaskId]]) -> dict[TaskId, frozenset[TaskId]]:
    """Returns the waits that put every pair in order, the first before the second."""
    found: dict[TaskId, frozenset[TaskId]] = {}
    for first, later in pairs:
        found[later] = found.get(later, frozenset()) | {first}
    return found


def ancestors(task: TaskId, waits: Waits) -> set[TaskId]:
    """Returns everything that a task waits for, directly or not."""
    found: set[TaskId] = set()
    ahead = list(waits.get(task, ()))
    while ahead:
        at = ahead.pop()
        if at not in found:
            found.add(at)
            ahead.extend(waits.get(at, ()))
    return found


def start_order(wave: Wave, waits: Waits) -> tuple[TaskId, ...]:
    """Returns the tasks as they should be started: those that the longest chain waits for first."""
    if not waits:
        return wave.tasks
    tails: dict[TaskId, float] = {task: wave.lengths_s[task] if task in waits else 0.0 for task in wave.tasks}
    for _ in range(len(waits)):
        changed = False
        for later, firsts in waits.items():
            for first in firsts:
                longer = wave.lengths_s[first] + max(tails[later], wave.lengths_s[later])
                if longer > tails[first] + _GAIN:
                    tails[first], changed = longer, True
        if not changed:
            break
    return tuple(sorted(wave.tasks, key=lambda task: -tails[task]))


def finish_times(wave: Wave, waits: Waits) -> dict[TaskId, float]:
    """Returns when each task ends, where every one starts as soon as a job is free and its waits are over."""
    order = start_order(wave, waits)
    rank = {task: at for at, task in enumerate(order)}
    open_waits = {task: len(waits.get(task, ())) for task in order}
    followers: dict[TaskId, list[TaskId]] = {}
    for later, firsts in waits.items():
        for first in firsts:
            followers.setdefault(first, []).append(later)
    ready = [rank[task] for task in order if not open_waits[task]]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    ends: dict[TaskId, float] = {}
    now = 0.0
    while ready or running:
        while ready and len(running) < wave.jobs:
            at = heapq.heappop(ready)
            heapq.heappush(running, (now + wave.lengths_s[order[at]], at))
        now, at = heapq.heappop(running)
        ends[order[at]] = now
        for later in followers.get(order[at], ()):
            open_waits[later] -= 1
            if not open_waits[later]:
                heapq.heappush(ready, rank[later])
    return ends


def expected_end(wave: Wave, waits: Waits, risks: Mapping[tuple[TaskId, TaskId], float]) -> float:
    """Returns the expected end of a wave: its schedule and, after it, what has to be done again."""
    ends = finish_times(wave, waits)
    stays: dict[TaskId, float] = {}
    for (_, later), probability in _left(risks, waits).items():
        stays[later] = stays.get(later, 1.0) * (1.0 - probability)
    again = sum((1.0 - stay) * wave.lengths_s[task] for task, stay in stays.items())
    return max(ends.values(), default=0.0) + again


def _left(risks: Mapping[tuple[TaskId, TaskId], float], waits: Waits) -> dict[tuple[TaskId, TaskId], float]:
    """The risks of pairs that may still run at once."""
    if not waits:
        return dict(risks)
    above = {task: ancestors(task, waits) for task in {task for pair in risks for task in pair}}
    return {(a, b): p for (a, b), p in risks.items() if a not in above[b] and b not in above[a]}
