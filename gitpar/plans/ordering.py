"""Order that a plan means without saying it: one after another, group after group, phase after phase."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from gitpar.core.names import TaskId
from gitpar.plans.item import Item
from gitpar.plans.model import DraftTask, Wait

_MOST_EDGES = 100_000


class Order:
    """Adds the dependencies that order means, up to a number that no plan of people's reaches."""

    def __init__(self, root: Item) -> None:
        self._root = root
        self._left = _MOST_EDGES

    def follow(self, after: Sequence[DraftTask], before: Sequence[DraftTask]) -> None:
        """Makes every task of `after` wait for every task of `before`."""
        names = [entry.task.id for entry in before]
        for entry in after:
            self.wait(entry, names)

    def spend(self, count: int) -> bool:
        """Counts dependencies that are added; complains, and says no, where they are too many."""
        left, self._left = self._left, self._left - count
        if left >= 0 > self._left:
            message = f"more than {_MOST_EDGES:,} dependencies follow from its text and order"
            self._root.complain(message, "Divide the plan into several")
        return self._left >= 0

    def wait(self, entry: DraftTask, names: Sequence[TaskId]) -> None:
        """Makes a task wait for others, itself left aside."""
        if not self.spend(len(names)):
            return
        entry.waits.extend(Wait(name, entry.item, order=True) for name in names if name != entry.task.id)

    def sequence(self, groups: Iterable[Sequence[DraftTask]]) -> None:
        """Makes each group wait for the one before it."""
        before: Sequence[DraftTask] = ()
        for group in groups:
            if group:
                self.follow(group, before)
                before = group


def by_dependency(tasks: Sequence[DraftTask]) -> list[DraftTask]:
    """Returns tasks in their order, but each behind what it says it waits for.

    Tasks that wait for each other in a circle stay where they are; the graph complains of them.
    """
    position = {entry.task.id: at for at, entry in enumerate(tasks)}
    missing = {
        at: {position[w.on] for w in entry.waits if w.on in position} for at, entry in enumerate(tasks)
    }
    waiting: dict[int, list[int]] = {}
    for at, names in missing.items():
        for name in names:
            waiting.setdefault(name, []).append(at)
    ready = [at for at, names in missing.items() if not names]
    heapq.heapify(ready)
    found: list[int] = []
    while ready:
        at = heapq.heappop(ready)
        found.append(at)
        for later in waiting.get(at, ()):
            missing[later].discard(at)
            if not missing[later]:
                heapq.heappush(ready, later)
    return [tasks[at] for at in found] if len(found) == len(tasks) else list(tasks)


def sinks(tasks: Sequence[DraftTask]) -> list[DraftTask]:
    """Returns the tasks that no other of them waits for: whoever waits for these waits for all."""
    awaited = {wait.on for entry in tasks for wait in entry.waits}
    return [entry for entry in tasks if entry.task.id not in awaited]


class Ids:
    """Gives every row an id of its own, also where a file uses one twice."""

    def __init__(self) -> None:
        self._titles: dict[str, str] = {}
        self._times: dict[str, int] = {}

    def take(self, wanted: str, title: str) -> TaskId | None:
        """Returns the id of a row: as written, or with a number; None where the row is only listed again.

        The same id with the same title is the same task.
        """
        known = self._titles.get(wanted.casefold())
        if known is None:
            self._titles[wanted.casefold()] = _plain(title)
            return TaskId(wanted)
        if known == _plain(title):
            return None
        while True:
            self._times[wanted.casefold()] = number = self._times.get(wanted.casefold(), 1) + 1
            if f"{wanted}-{number}".casefold() not in self._titles:
                self._titles[f"{wanted}-{number}".casefold()] = _plain(title)
                return TaskId(f"{wanted}-{number}")


def _plain(title: str) -> str:
    return "".join(char for char in title.casefold() if char.isalnum())
