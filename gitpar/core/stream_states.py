"""Where each stream of a run stands, as people and programs are shown it. Pure; a part of view.py."""

from __future__ import annotations

from collections import Counter

from gitpar.core.places import rules_of
from gitpar.core.run import Run, TaskState
from gitpar.core.streams import streams_of
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class StreamView:
    """One stream; `jobs` is at most how many of its tasks are worked on at once, None for no limit."""

    name: str
    jobs: int | None
    account: str
    tasks: tuple[str, ...]
    states: tuple[tuple[str, int], ...]
    """How many of its tasks are in which state."""

    def count(self, state: TaskState) -> int:
        """How many of its tasks are in a state."""
        return dict(self.states).get(state, 0)


def streams(run: Run) -> tuple[StreamView, ...]:
    """Returns where each stream of the plan stands; nothing where it has none."""
    found = []
    for name, tasks in streams_of(run.graph).items():
        rules = rules_of(run, run.graph[tasks[0]])
        states = Counter(run.tasks[task].state.value for task in tasks)
        jobs, account = (rules.most, rules.account) if rules is not None else (None, "")
        found.append(StreamView(name, jobs, account, tuple(tasks), tuple(states.items())))
    return tuple(found)
