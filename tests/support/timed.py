"""A run without a world whose clock counts: workers take their time, everything else none."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from random import Random

from gitpar.core import commands as c
from gitpar.core.commands import opening
from gitpar.core.decide import decide
from gitpar.core.graph import Task, TaskGraph
from gitpar.core.names import TaskId
from gitpar.core.run import Run
from tests.support.simulation import Script, Simulation, task


class Timed(Simulation):
    """Drives `decide` and `apply` by a simulated clock; `wall_s` is what the run took."""

    def __init__(
        self,
        tasks: list[Task],
        seconds: Mapping[str, float],
        script: Script | None = None,
        *,
        starts: tuple[TaskId, ...] = (),
        **options: object,
    ) -> None:
        super().__init__(tasks, script, starts=starts, **options)
        self.seconds = dict(seconds)
        self.wall_s = 0.0

    def pass_time(self, watch: Callable[[Run], None] = lambda _run: None) -> Run:
        """Drives to the end."""
        began = self.clock
        due: deque[c.Command] = deque()
        at_work: list[tuple[float, int, c.Command]] = []
        number = count()
        while self.run.end is None:
            for command in decide(self.run):
                self.take(opening(command, self.clock))
                if isinstance(command, c.StartAttempt):
                    ends = self.clock + self.seconds.get(command.task, 1.0)
                    heapq.heappush(at_work, (ends, next(number), command))
                else:
                    due.append(command)
            watch(self.run)
            if due:
                command = due.popleft()
            elif at_work:
                self.clock, _, command = heapq.heappop(at_work)
            else:
                raise AssertionError("the run has stalled")
            for event in self._answer(command):
                self.take(event)
        self.wall_s = self.clock - began
        return self.run

    def _tick(self) -> float:
        return self.clock


def bound_s(tasks: list[Task], seconds: Mapping[str, float], jobs: int) -> float:
    """The least that any schedule takes: the critical path, or the work shared among all."""
    known = {TaskId(name): each for name, each in seconds.items()}
    path = TaskGraph(tasks).critical_path(known)
    return max(sum(known[each] for each in path), sum(known.values()) / jobs)


def random_graph(seed: int) -> tuple[list[Task], dict[str, float], int]:
    """Returns tasks with dependencies, how long each takes in seconds, and how many may work at once.

    Between 40 and 200 tasks, sparse to dense, wide to deep, durations of about one size or of
    very different ones; every task waits only for some that come before it. The plan
    gives the durations as its estimates.
    """
    chance = Random(seed)
    size = chance.randint(40, 200)
    reach = chance.choice([3, 8, 20, size])
    density = chance.choice([0.5, 1.0, 1.5, 2.5])
    spread = chance.choice(["even", "uniform", "skewed"])
    tasks: list[Task] = []
    seconds: dict[str, float] = {}
    for n in range(size):
        before = range(max(0, n - reach), n)
        wanted = min(len(before), int(chance.expovariate(1 / density)))
        name = f"t{n}"
        seconds[name] = {
            "even": chance.uniform(57, 63),
            "uniform": chance.uniform(10, 120),
            "skewed": min(1800.0, chance.lognormvariate(4, 1)),
        }[spread]
        depends_on = sorted(chance.sample(before, wanted))
        tasks.append(task(name, *(f"t{each}" for each in depends_on), estimate_s=seconds[name]))
    return tasks, seconds, chance.choice([2, 4, 8])
