"""How a culprit is found among tasks gated together, and how many to gate at once. Pure arithmetic.

What is to land makes a chain: each task merged on top of those before it. Where the last
tree of the chain passes, all of it lands, for one run of the gate. Where it fails, the
shortest failing beginning is searched by halves; the last task of that one is to blame,
alone or together with some before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gitpar.core.names import TaskId
from gitpar.values import dataclass

MOST = 64
"""Tasks that are gated together at most."""
_LEAST_CHANCE = 0.5
"""A batch is as large as it may be and still more likely pass than fail."""
_GUESSED = (1.0, 20.0)
"""What is believed before anything was seen: one of so many tasks fails."""


def batch_size(failed: int, judged: int) -> int:
    """Returns how many tasks to gate at once where so many of those that were judged failed.

    Testing n together costs 1 run where all pass and about 1 + log2(n) where one does not;
    the fewest runs a task are near the n at which both are equally likely.
    """
    failures, tasks = _GUESSED
    rate = (failed + failures) / (judged + tasks)
    if rate >= 1.0:
        return 1
    return max(1, min(MOST, round(math.log(_LEAST_CHANCE) / math.log1p(-rate))))


@dataclass(frozen=True, slots=True)
class Pass:
    """The first `upto` of the chain pass together."""

    upto: int


@dataclass(frozen=True, slots=True)
class Test:
    """The gate must be run on the first `upto` of the chain."""

    upto: int


@dataclass(frozen=True, slots=True)
class Suspect:
    """The first `upto` fail together, and without the last of them they do not."""

    upto: int


def search(verdicts: Sequence[bool | None], *, whole: bool = False) -> Pass | Test | Suspect:
    """Returns the next step for a chain, given what is known of each of its beginnings, shortest first.

    What passes may land at once, unless the chain lands as a `whole` or not at all.
    """
    length = len(verdicts)
    passing = max((at for at, verdict in enumerate(verdicts, 1) if verdict), default=0)
    if passing == length or (passing and not whole):
        return Pass(passing)
    failing = next((at for at, verdict in enumerate(verdicts, 1) if at > passing and verdict is False), None)
    if failing is None:
        return Test(length)
    if failing - passing == 1:
        return Suspect(failing)
    return Test((passing + failing) // 2)


def guesses(verdicts: Sequence[bool | None], most: int) -> list[int]:
    """Returns beginnings of a chain worth testing at the same time, the one that `search` wants first."""
    step = search(verdicts)
    if not isinstance(step, Test) or most < 1:
        return []
    failing = next((at for at, verdict in enumerate(verdicts, 1) if verdict is False), None)
    if failing is None:
        return [step.upto]
    spread = (failing * at // (most + 1) for at in range(1, most + 1))
    found = dict.fromkeys(at for at in spread if 0 < at < failing and verdicts[at - 1] is None)
    return list(found) or [step.upto]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whether these fail together with the culprit must be known first."""

    others: tuple[TaskId, ...]


@dataclass(frozen=True, slots=True)
class Smallest:
    """These, and none of them may be left out, fail together with the culprit."""

    others: tuple[TaskId, ...]


def smallest(
    others: Sequence[TaskId], fails: Callable[[tuple[TaskId, ...]], bool | None]
) -> Wanted | Smallest:
    """Finds the fewest of `others` with which the culprit fails, or says what must be known first.

    All of them together fail. `fails` says so of any of them, in order; None is unknown.
    """
    known: tuple[TaskId, ...] = ()
    rest = tuple(others)
    while True:
        verdict = fails(known)
        if verdict is None:
            return Wanted(known)
        if verdict or not rest:
            return Smallest(known)
        passing, failing = 0, len(rest)
        while failing - passing > 1:
            middle = (passing + failing) // 2
            verdict = fails((*rest[:middle], *known))
            if verdict is None:
                return Wanted((*rest[:middle], *known))
            if verdict:
                failing = middle
            else:
                passing = middle
        known = (rest[failing - 1], *known)
        rest = rest[: failing - 1]
