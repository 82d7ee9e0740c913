"""How likely two tasks conflict, before either has begun. Pure.

A task has intentions: paths it will touch, each with a chance and the signal that says
so. Two tasks conflict where they touch a common path and clash in it. How often a path
clashes is known from history (`habits`); how much each signal is worth are the weights
of a logistic regression, shipped or fitted by `gitpar conflicts --calibrate`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from itertools import combinations

from gitpar.core.habits import Habits, is_hot
from gitpar.core.names import TaskId
from gitpar.core.regression import log_odds, logistic, product
from gitpar.values import dataclass


class Signal(StrEnum):
    """Why a task is thought to touch a path, the surest first."""

    DECLARED = "declared"
    PATTERN = "pattern"
    TEXT = "text"
    SYMBOL = "symbol"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class Touch:
    """A path that a task will touch with some chance; `because` is what the signal is about."""

    path: str
    chance: float
    signal: Signal
    because: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a task is thought to touch. `creates` are the paths it says it will make."""

    task: TaskId
    touches: Mapping[str, Touch]
    creates: frozenset[str] = frozenset()

    @property
    def declared(self) -> int:
        """How many paths it declares."""
        return sum(touch.signal in _SAID for touch in self.touches.values())


_SAID = (Signal.DECLARED, Signal.PATTERN)
FEATURES = ("always", "paths that clash", "paths in common", "size of both", "a hot file")
SHIPPED = (-0.67, 0.48, 0.92, -0.06, 0.38)
"""Weights of the features, fitted on the earlier history of six repositories; docs/forecast.md says which."""

STRENGTH = (0.5, 8.0, 8.0, 8.0, 8.0)
"""How firmly a calibration holds each weight to the shipped one."""

BOTH_CREATE = 0.97
"""How likely two tasks clash that make the same file: only equal contents merge."""

_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Model:
    """What a forecast is made with. `text_chance` is how often a path named in a text was changed."""

    habits: Habits = field(default_factory=Habits)
    weights: tuple[float, ...] = SHIPPED
    text_chance: float = 0.4
    calibrated: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """One path that two tasks may both touch, and what that adds to the probability."""

    path: str
    a: Touch
    b: Touch
    rate: float
    """How often two changes of the path clash."""
    created: bool = False
    """Whether both mean to create it."""


@dataclass(frozen=True, slots=True)
class PairForecast:
    """Two tasks of a wave, `a` before `b` in the plan, with the reasons that weigh most."""

    a: TaskId
    b: TaskId
    probability: float
    reasons: tuple[Reason, ...]


def meetings(intents: Iterable[Intent]) -> int:
    """Counts the paths that tasks have in common, once for every two tasks: the cost of a forecast."""
    users = Counter(path for intent in intents for path in intent.touches)
    return sum(n * (n - 1) // 2 for n in users.values())


def pair_forecasts(model: Model, intents: Sequence[Intent]) -> list[PairForecast]:
    """Returns every pair that may touch something in common, the likeliest first.

    Cost: what the tasks have in common (`meetings`), not all pairs.
    """
    users: defaultdict[str, list[int]] = defaultdict(list)
    for at, intent in enumerate(intents):
        for path in intent.touches:
            users[path].append(at)
    shared: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for path, those in users.items():
        for pair in combinations(those, 2):
            shared[pair].append(path)
    rates = {path: model.habits.rate(path) for path, those in users.items() if len(those) > 1}
    pairs = (_forecast((model, rates), intents[a], intents[b], paths) for (a, b), paths in shared.items())
    found = [pair for pair in pairs if pair.reasons]
    position = {intent.task: at for at, intent in enumerate(intents)}
    return sorted(found, key=lambda pair: (-pair.probability, position[pair.a], position[pair.b]))


def _forecast(
    learned: tuple[Model, Mapping[str, float]], ours: Intent, theirs: Intent, paths: Sequence[str]
) -> PairForecast:
    model, rates = learned
    found = (_reason(rates, ours, theirs, path) for path in paths)
    # that both of two guesses come true is worth no word
    reasons = [reason for reason in found if not reason.a.signal is reason.b.signal is Signal.TOGETHER]
    said = [r for r in reasons if not r.created and r.a.signal in _SAID and r.b.signal in _SAID]
    apart = math.prod(1.0 - _joint(r) for r in reasons if r not in said)
    if said:
        row = features([r.path for r in said], map(_joint, said), (ours.declared, theirs.declared))
        sure = 1.0 - math.prod(1.0 - r.a.chance * r.b.chance for r in said)
        apart *= 1.0 - logistic(product(model.weights, row)) * sure
    ordered = sorted(reasons, key=lambda r: -_joint(r))
    return PairForecast(ours.task, theirs.task, 1.0 - apart, tuple(ordered[:_MOST_REASONS]))


def _joint(reason: Reason) -> float:
    return reason.a.chance * reason.b.chance * reason.rate


def _reason(rates: Mapping[str, float], ours: Intent, theirs: Intent, path: str) -> Reason:
    created = path in ours.creates and path in theirs.creates
    rate = BOTH_CREATE if created else rates[path]
    return Reason(path, ours.touches[path], theirs.touches[path], rate, created)


def features(paths: Sequence[str], rates: Iterable[float], sizes: tuple[int, int]) -> tuple[float, ...]:
    """Returns the row of a pair that has declared paths in common, in the order of FEATURES."""
    clash = 1.0 - math.prod(1.0 - rate for rate in rates)
    return (
        1.0,
        log_odds(clash, 1e-3),
        math.log(len(paths)),
        math.log(max(1, sizes[0])) + math.log(max(1, sizes[1])),
        float(any(map(is_hot, paths))),
    )


def expected(pairs: Iterable[PairForecast]) -> float:
    """Returns how many conflicts are to be expected of the pairs."""
    return sum(pair.probability for pair in pairs)


def by_wave(waves: Sequence[Sequence[TaskId]], intents: Mapping[TaskId, Intent]) -> Iterator[list[Intent]]:
    """Yields the intentions of each wave, in its order."""
    for wave in waves:
        yield [intents[task] for task in wave if task in intents]
