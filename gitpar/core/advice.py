"""Which tasks of a wave should wait for another, and what that costs in wall time. Pure.

A wave is played through as a run works on it: tasks start in order as soon as a job is
free and what they wait for has ended; what does not merge at the end is done again, one
at a time. One task is made to wait for another only where that makes the expected end
earlier.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitpar.core.forecast import PairForecast
from gitpar.core.names import TaskId

Waits = Mapping[TaskId, frozenset[TaskId]]
"""What each task waits for inside its wave."""

Risks = Mapping[TaskId, Sequence[tuple[TaskId, float]]]
"""Whom each task may conflict with, and how likely."""

LEAST = 0.05
"""A pair less likely than this is never worth waiting for."""

_FEWEST_TRIED = 10
_MOST_TRIED = 150
_MOST_STEPS = 60_000
_ROUNDS = 2
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
    """Returns which tasks of the wave should wait for which, found by trying.

    The likeliest conflicts are tried first, every one twice, because some waits only pay
    beside others; then those are taken back that no longer do. Where every probability
    is 0 or 1 the expected times are exact.
    """
    risks = _by_task(pairs)
    planned = expected_end(wave, {}, risks)
    chosen, now = list[PairForecast](), planned
    for _ in range(_ROUNDS if pairs else 0):
        before = now
        chosen, now = _more(wave, chosen, now, (_worth_trying(wave, pairs), risks))
        chosen, now = _fewer(wave, chosen, now, risks)
        if now == before:
            break
    waits = _waits(chosen)
    shared = {(p.a, p.b) for p in pairs if any(r.a.signal == r.b.signal == "declared" for r in p.reasons)}
    return Advice(
        tuple(_edges(wave, chosen, now, risks)),
        start_order(wave, waits),
        planned,
        now,
        expected_end(wave, waiting(shared), risks),
        sum(pair.probability for pair in pairs),
        _left(pairs, waits),
    )


def _more(
    wave: Wave, chosen: list[PairForecast], now: float, tried: tuple[Sequence[PairForecast], Risks]
) -> tuple[list[PairForecast], float]:
    """Adds every wait that makes the expected end earlier, in the order given."""
    pairs, risks = tried
    chosen = list(chosen)
    for pair in pairs:
        waits = _waits(chosen)
        if pair.a in ancestors(pair.b, waits):
            continue
        end = expected_end(wave, _waits([*chosen, pair]), risks)
        if _sooner(end, now):
            chosen, now = [*chosen, pair], end
    return chosen, now


def _fewer(
    wave: Wave, chosen: list[PairForecast], now: float, risks: Risks
) -> tuple[list[PairForecast], float]:
    """Takes back every wait without which the expected end is earlier."""
    for pair in list(chosen):
        rest = [other for other in chosen if other is not pair]
        end = expected_end(wave, _waits(rest), risks)
        if _sooner(end, now):
            chosen, now = rest, end
    return chosen, now


def _edges(wave: Wave, chosen: list[PairForecast], now: float, risks: Risks) -> Iterator[Edge]:
    """Yields the waits with what each of them gains beside the others."""
    for pair in chosen:
        rest = _waits([other for other in chosen if other is not pair])
        yield Edge(pair.a, pair.b, pair.probability, max(0.0, expected_end(wave, rest, risks) - now))


def _sooner(end: float, now: float) -> bool:
    return end < now - _GAIN * max(1.0, now)


def _waits(chosen: Iterable[PairForecast]) -> Waits:
    return waiting((pair.a, pair.b) for pair in chosen)


def _worth_trying(wave: Wave, pairs: Sequence[PairForecast]) -> list[PairForecast]:
    """The likely pairs, near ones first among equals, so that chains come out and not stars."""
    position = {task: at for at, task in enumerate(wave.tasks)}
    likely = [pair for pair in pairs if pair.probability >= LEAST]
    likely.sort(key=lambda p: (-round(p.probability, 3), position[p.b] - position[p.a], position[p.b]))
    steps = _MOST_STEPS // (1 + len(wave.tasks) + len(pairs))
    return likely[: max(_FEWEST_TRIED, min(_MOST_TRIED, steps))]


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
    """Returns the tasks as they should be started: first what the longest way leads from.

    Without waits that is the order of the plan, as a run starts them.
    """
    if not waits:
        return wave.tasks
    tails = dict(wave.lengths_s)
    for _ in range(len(waits)):
        changed = False
        for later, firsts in waits.items():
            for first in firsts:
                longer = wave.lengths_s[first] + tails[later]
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


def expected_end(wave: Wave, waits: Waits, risks: Risks) -> float:
    """Returns the expected end of a wave: its schedule and, after it, what has to be done again.

    What somebody waits for lands when it ends, the rest afterwards in the order of the
    plan. A result has to be done again when it conflicts with one that has landed and
    that it did not start from; conflicts are taken to be independent of each other.
    """
    ends = finish_times(wave, waits)
    early = {first for firsts in waits.values() for first in firsts}
    order = sorted(early, key=lambda task: ends[task])
    order += [task for task in wave.tasks if task in risks and task not in early]
    lands: dict[TaskId, float] = {}
    again = 0.0
    for task in order:
        chance = 1.0
        begun = ends[task] - wave.lengths_s[task] + _GAIN if task in waits else -1.0
        above = ancestors(task, waits) if task in waits else ()
        for other, probability in risks.get(task, ()):
            if other in lands and other not in above and not (other in early and ends[other] <= begun):
                chance *= 1.0 - probability * lands[other]
        lands[task] = chance
        again += (1.0 - chance) * wave.lengths_s[task]
    return max(ends.values(), default=0.0) + again


def _by_task(pairs: Iterable[PairForecast]) -> Risks:
    """Returns whom each task may conflict with, and how likely."""
    found: dict[TaskId, list[tuple[TaskId, float]]] = {}
    for pair in pairs:
        found.setdefault(pair.a, []).append((pair.b, pair.probability))
        found.setdefault(pair.b, []).append((pair.a, pair.probability))
    return found


def _left(pairs: Iterable[PairForecast], waits: Waits) -> float:
    """How many conflicts are to be expected of pairs that may still run at once."""
    above = {task: ancestors(task, waits) for task in waits}
    return sum(
        p.probability for p in pairs if p.a not in above.get(p.b, ()) and p.b not in above.get(p.a, ())
    )
