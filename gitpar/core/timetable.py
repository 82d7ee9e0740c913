"""In which order to start tasks where each may start as soon as what it depends on is there.

Going by the longest way to the end is nearly always within a few per cent of the best.
Where estimates say that it is not, the plan is gone through backwards and forwards until
a better order is found or enough was tried. Pure, and the same answer every time.

Source: list scheduling, and forward-backward improvement as it is used for project plans
(Tormos and Lova, 2001).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from gitpar.core.graph import TaskGraph
from gitpar.core.names import TaskId
from gitpar.values import dataclass

_NEAR = 1.03
"""So near to what the critical path and the work allow is good enough."""
_NEARER = 1.015
"""So near to what whole tasks allow, nothing better is looked for."""
_MOST_PLACED = 400_000
"""So many times a task is given its place, at about 3 µs, before the best found is taken."""
_PLACED_A_S = 2_500
"""So many times for every second that the plan takes at least: a hundredth of it."""
_FAR = 0.4
_FEW = 0.07
"""Where turning the order round does not help any more, few tasks are moved far: tried on the plans of
benchmarks/schedules.py, where that found better orders sooner than moving all of them a little."""


def least_s(seconds: Iterable[float], jobs: int) -> float:
    """The least time in which whole tasks can be worked on, whatever the order and without dependencies.

    Of the `k * jobs + 1` longest, somebody has to work on `k + 1`: at best the shortest of them.
    """
    longest = sorted(seconds, reverse=True)
    most = 0.0
    for k in range((len(longest) - 1) // jobs + 1):
        most = max(most, sum(longest[k * jobs - k : k * jobs + 1]))
    return max(most, sum(longest) / jobs)


def timetable(graph: TaskGraph, jobs: int, waits: Iterable[tuple[TaskId, TaskId]] = ()) -> tuple[TaskId, ...]:
    """Returns the pending tasks in the order in which they should get a worker when they may start.

    Empty where the longest way first is as good, or where no task has an estimate.
    `waits` are pairs of which the second starts after the first, as with a dependency.
    """
    names = [task_id for wave in graph.waves for task_id in wave]
    if jobs < 1 or not any(graph[each].estimate_s for each in names):
        return ()
    at = {task_id: n for n, task_id in enumerate(names)}
    usual = graph.usual_s()
    lasts = tuple(usual if (own := graph[each].estimate_s) is None else own for each in names)
    after: list[list[int]] = [[at[d] for d in graph.dependents[each] if d in at] for each in names]
    for first, later in waits:
        if first in at and later in at:
            after[at[first]].append(at[later])
    found = _search(_Plan.of(lasts, after, jobs))
    return tuple(names[n] for n in sorted(range(len(names)), key=lambda n: -found[n])) if found else ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """Tasks by number: how long each lasts, what follows it, what it follows."""

    lasts: Sequence[float]
    after: Sequence[Sequence[int]]
    before: Sequence[Sequence[int]]
    jobs: int

    @classmethod
    def of(cls, lasts: Sequence[float], after: Sequence[Sequence[int]], jobs: int) -> _Plan:
        """Makes the plan; what each task follows is worked out of what follows it."""
        before: list[list[int]] = [[] for _ in lasts]
        for n, later in enumerate(after):
            for each in later:
                before[each].append(n)
        return cls(lasts, after, before, jobs)

    def backwards(self) -> _Plan:
        """Returns the same plan from its end to its beginning."""
        return _Plan(self.lasts, self.before, self.after, self.jobs)

    def ranks(self) -> list[float]:
        """From the beginning of each task to the end of all that follows it; tasks stand in waves' order."""
        found = list(self.lasts)
        for n in range(len(found) - 1, -1, -1):
            found[n] += max((found[each] for each in self.after[n]), default=0.0)
        return found

    def run(self, urgency: Sequence[float]) -> tuple[float, list[float]]:
        """Gives every free worker the most urgent task there is; returns the whole time and all ends."""
        missing = [len(each) for each in self.before]
        ready = [(-urgency[n], n) for n, left in enumerate(missing) if not left]
        heapq.heapify(ready)
        ends = [0.0] * len(missing)
        at_work: list[tuple[float, int]] = []
        now = 0.0
        while ready or at_work:
            while ready and len(at_work) < self.jobs:
                n = heapq.heappop(ready)[1]
                ends[n] = now + self.lasts[n]
                heapq.heappush(at_work, (ends[n], n))
            now = at_work[0][0]
            while at_work and at_work[0][0] <= now:
                for later in self.after[heapq.heappop(at_work)[1]]:
                    missing[later] -= 1
                    if not missing[later]:
                        heapq.heappush(ready, (-urgency[later], later))
        return now, ends


def _search(plan: _Plan) -> list[float] | None:
    """Returns how urgent each task is, None where the longest way first is good enough or the best found."""
    ranks = plan.ranks()
    path_s, work_s = max(ranks), sum(plan.lasts) / plan.jobs
    enough_s = max(_NEAR * max(path_s, work_s), _NEARER * max(path_s, least_s(plan.lasts, plan.jobs)))
    best_s, ends = plan.run(ranks)
    best, found = ranks, None
    backwards = plan.backwards()
    noise = _Noise()
    placed = len(ranks)
    most = min(_MOST_PLACED, _PLACED_A_S * best_s)
    while best_s > enough_s and placed < most:
        # what ends last is laid first from the end on, as late as it may; what then begins first is urgent
        turned = backwards.run(ends)[1]
        took_s, ends = plan.run(turned)
        placed += 2 * len(ranks)
        if took_s >= best_s:
            turned = [each + _FAR * best_s * noise.next() if noise.next() < _FEW else each for each in best]
            took_s, ends = plan.run(turned)
            placed += len(ranks)
        if took_s < best_s:
            best_s, best = took_s, turned
            found = best
    return found


class _Noise:
    """Numbers that look like chance and are always the same. Source: Knuth's MMIX generator."""

    def __init__(self) -> None:
        self._at = 0

    def next(self) -> float:
        """The next number, from 0 to 1."""
        self._at = (self._at * 6364136223846793005 + 1442695040888963407) % 2**64
        return self._at / 2**64
