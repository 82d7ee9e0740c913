"""Which tasks of a wave should wait for another, and what that costs in wall time. Pure.

A wave is played through as a run works on it: tasks start in order as soon as a job is
free and what they wait for has ended; what does not merge at the end is done again, one
at a time. One task is made to wait for another only where that makes the expected end
earlier.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitpar.core.forecast import PairForecast
from gitpar.core.names import TaskId
from gitpar.values import dataclass

Waits = Mapping[TaskId, frozenset[TaskId]]
"""What each task waits for inside its wave."""

Risks = Mapping[TaskId, Sequence[tuple[TaskId, float]]]
"""Whom each task may conflict with, and how likely."""

LEAST = 0.05
"""A pair less likely than this is never worth waiting for."""

_FEWEST_TRIED = 12
_MOST_TRIED = 150
_MOST_STEPS = 200_000
_MOST_A_TASK = 2
"""In a large wave so many waits a task are tried, by groups."""
_ROUNDS = 3
_STARTS = (2.0, 0.4, 0.05)
"""A search begins with the waits of all conflicts that are at least so likely; with 2, with none."""
_GAIN = 1e-9


@dataclass(frozen=True, slots=True)
class Wave:
    """Tasks in plan order with how long each takes, and the jobs there are for them."""

    tasks: tuple[TaskId, ...]
    lengths_s: Mapping[TaskId, float]
    jobs: int


@dataclass(frozen=True, slots=True)
class Edge:
    """`later` starts from what `first` landed. `gain_s` is how much earlier the wave is expected to end.

    In a large wave that is only the work that need not be done again.
    """

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

    The search begins with no waits, and again with those of all likely conflicts; the
    best that is found counts. Where every probability is 0 or 1 the expected times are exact.
    """
    risks = _by_task(pairs)
    groups = _worth_trying(wave, pairs, risks)
    small = _tries(wave, risks) == _MOST_TRIED
    searched = [
        _search(wave, [p for p in pairs if p.probability >= least], (groups, risks))
        for least in (_STARTS if small else _STARTS[:1])
    ]
    chosen, now = min(searched, key=lambda each: round(each[1], 6))
    waits = _waits(chosen)
    shared = {(p.a, p.b) for p in pairs if any(r.a.signal == r.b.signal == "declared" for r in p.reasons)}
    return Advice(
        tuple(_edges(wave, chosen, now, risks)),
        start_order(wave, waits),
        expected_end(wave, {}, risks),
        now,
        expected_end(wave, waiting(shared), risks),
        sum(pair.probability for pair in pairs),
        _left(pairs, waits),
    )


def _search(
    wave: Wave, chosen: list[PairForecast], tried: tuple[Sequence[Sequence[PairForecast]], Risks]
) -> tuple[list[PairForecast], float]:
    """Adds and takes back waits, each twice: some only pay beside others, some no longer do."""
    now = expected_end(wave, _waits(chosen), tried[1])
    for _ in range(_ROUNDS):
        before = now
        chosen, now = _more(wave, chosen, now, tried)
        chosen, now = _fewer(wave, chosen, now, tried[1])
        if now == before:
            break
    return chosen, now


def _more(
    wave: Wave, chosen: list[PairForecast], now: float, tried: tuple[Sequence[Sequence[PairForecast]], Risks]
) -> tuple[list[PairForecast], float]:
    """Adds every group of waits that makes the expected end earlier, in the order given."""
    groups, risks = tried
    for group in groups:
        waits = _waits(chosen)
        fresh = [pair for pair in group if pair.a not in ancestors(pair.b, waits)]
        if fresh:
            end = expected_end(wave, _waits([*chosen, *fresh]), risks)
            if _sooner(end, now):
                chosen, now = [*chosen, *fresh], end
    return chosen, now


def _fewer(
    wave: Wave, chosen: list[PairForecast], now: float, risks: Risks
) -> tuple[list[PairForecast], float]:
    """Takes back every wait without which the expected end is no later."""
    for pair in chosen[: _tries(wave, risks)]:
        rest = [other for other in chosen if other is not pair]
        end = expected_end(wave, _waits(rest), risks)
        if not _sooner(now, end):
            chosen, now = rest, end
    return chosen, now


def _edges(wave: Wave, chosen: list[PairForecast], now: float, risks: Risks) -> Iterator[Edge]:
    """Yields the waits with what each of them gains beside the others."""
    exactly = _tries(wave, risks)
    for at, pair in enumerate(chosen):
        gain = pair.probability * wave.lengths_s[pair.b]
        if at < exactly:
            rest = _waits(other for other in chosen if other is not pair)
            gain = max(0.0, expected_end(wave, rest, risks) - now)
        yield Edge(pair.a, pair.b, pair.probability, gain)


def _sooner(end: float, now: float) -> bool:
    return end < now - _GAIN * max(1.0, now)


def _waits(chosen: Iterable[PairForecast]) -> Waits:
    return waiting((pair.a, pair.b) for pair in chosen)


def _worth_trying(wave: Wave, pairs: Sequence[PairForecast], risks: Risks) -> list[list[PairForecast]]:
    """The likely pairs, near ones first among equals, so that chains come out and not stars."""
    position = {task: at for at, task in enumerate(wave.tasks)}
    likely = [pair for pair in pairs if pair.probability >= LEAST]
    likely.sort(key=lambda p: (-round(p.probability, 3), position[p.b] - position[p.a], position[p.b]))
    tries = _tries(wave, risks)
    wanted = likely[: max(tries, _MOST_A_TASK * len(wave.tasks))] if tries < _MOST_TRIED else likely[:tries]
    size = -(-len(wanted) // tries)
    return [wanted[at : at + size] for at in range(0, len(wanted), size or 1)]


def _tries(wave: Wave, risks: Risks) -> int:
    """How often the wave's expected end may be computed in one round: less often where it is large."""
    cost = 1 + len(wave.tasks) + sum(map(len, risks.values()))
    return max(_FEWEST_TRIED, min(_MOST_TRIED, _MOST_STEPS // cost))


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
    followers: dict[TaskId, int] = {}
    for firsts in waits.values():
        for first in firsts:
            followers[first] = followers.get(first, 0) + 1
    ready = [task for task in waits if not followers.get(task)]
    while ready:
        later = ready.pop()
        for first in waits.get(later, ()):
            tails[first] = max(tails[first], wave.lengths_s[first] + tails[later])
            followers[first] -= 1
            if not followers[first]:
                ready.append(first)
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
    # of two that end at once the first of the plan lands first, as in a run
    order = sorted((task for task in wave.tasks if task in early), key=ends.__getitem__)
    order += [task for task in wave.tasks if task in risks and task not in early]
    lands: dict[TaskId, float] = {}
    again = 0.0
    for task in order:
        chance = 1.0
        begun = ends[task] - wave.lengths_s[task] + _GAIN if task in waits else -1.0
        for other, probability in risks.get(task, ()):
            if other in lands and not (other in early and ends[other] <= begun):
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
