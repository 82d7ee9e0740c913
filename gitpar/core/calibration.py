"""Learns from a replayed history how much each signal is worth in this repository. Pure.

What is learned for a meeting comes only from what lay before it, as it will be when
the next plan is forecast.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitpar.core.forecast import FEATURES, SHIPPED, STRENGTH, Model, features
from gitpar.core.habits import Habits, companions_of
from gitpar.core.history import Meeting, PastChange, Replay
from gitpar.core.regression import fit, logistic, product
from gitpar.values import dataclass

_WARMING = 0.1
"""The first part of a history, in which too little is known to learn from."""
_RECENT = 300
"""So many of the newest changes the weights are fitted to: projects change their ways."""

_FEWEST = 20
_LIKELY = (0.5, 0.2)
_NAMED = re.compile(r"[\w./-]*\w\.\w{1,5}\b")


@dataclass(frozen=True, slots=True)
class Figure:
    """How good a signal was: of `predicted` pairs `right` conflicted; there were `conflicts` in all."""

    signal: str
    predicted: int
    right: int
    conflicts: int

    @property
    def precision(self) -> float | None:
        """The part of the predicted pairs that conflicted; None where none was predicted."""
        return self.right / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """The part of the conflicts that was predicted; None where there was none."""
        return self.right / self.conflicts if self.conflicts else None


@dataclass(frozen=True, slots=True)
class Example:
    """One meeting as the forecast sees it: its features before it happened, and whether it conflicted."""

    meeting: Meeting
    row: tuple[float, ...]
    conflict: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was learned, and how good it would have been. `merges` is how many changes were merges."""

    model: Model
    figures: tuple[Figure, ...]
    changes: int
    merges: int
    pairs: int
    meetings: int
    conflicts: int
    since: float
    until: float


def calibrated(replay: Replay) -> Calibration:
    """Learns from a history. With fewer than twenty meetings the shipped weights stay."""
    examples, habits = followed(replay)
    habits.together = dict(companions_of(replay.changes))
    weights = fitted(examples, len(replay.changes))
    named = tuple(_named(replay.changes))
    chance = (sum(hit for _, hit in named) + 4.0) / (len(named) + 10.0)
    changes = replay.changes
    return Calibration(
        Model(habits, weights, chance, calibrated=True),
        tuple(_figures(replay, examples, weights)),
        len(changes),
        sum(change.merged for change in changes),
        sum(min(replay.reach - 1, at) for at in range(replay.whole, len(changes))),
        len(replay.meetings),
        sum(meeting.conflict is True for meeting in replay.meetings),
        changes[0].at if changes else 0.0,
        changes[-1].at if changes else 0.0,
    )


def followed(replay: Replay) -> tuple[list[Example], Habits]:
    """Goes through a history once and returns every meeting as it looked before it happened.

    A meeting is learned from when all changes that lie within reach of it are past.
    """
    habits, examples = Habits(), []
    by_later: defaultdict[int, list[Meeting]] = defaultdict(list)
    for meeting in replay.meetings:
        by_later[meeting.b].append(meeting)
    for at in range(len(replay.changes) + replay.reach):
        for meeting in by_later.get(at - replay.reach, ()):
            habits.learn(meeting, shared_paths(replay.changes, meeting))
        for meeting in by_later.get(at, ()):
            row = row_of(replay.changes, meeting, habits)
            if row is not None and meeting.conflict is not None:
                examples.append(Example(meeting, row, meeting.conflict))
        if at < len(replay.changes):
            habits.see(replay.changes[at].set)
    return examples, habits


def fitted(examples: Sequence[Example], changes: int, prior: Sequence[float] = SHIPPED) -> tuple[float, ...]:
    """Returns the weights that fit the examples, held to `prior`."""
    first = max(changes * _WARMING, changes - _RECENT)
    known = [each for each in examples if each.meeting.a >= first]
    if len(known) < _FEWEST:
        return tuple(prior)
    return fit([each.row for each in known], [each.conflict for each in known], prior, STRENGTH)


def row_of(changes: Sequence[PastChange], meeting: Meeting, habits: Habits) -> tuple[float, ...] | None:
    """Returns the features of two past changes, taking what they changed for declared.

    None where they have no path in common.
    """
    a, b = changes[meeting.a].set, changes[meeting.b].set
    shared = shared_paths(changes, meeting)
    if not shared:
        return None
    return features(shared, map(habits.rate, shared), (len(a.paths), len(b.paths)))


def shared_paths(changes: Sequence[PastChange], meeting: Meeting) -> list[str]:
    """Returns the paths that both changes of a meeting touch."""
    theirs = set(changes[meeting.b].set.paths)
    return [path for path in changes[meeting.a].set.paths if path in theirs]


def _figures(replay: Replay, examples: Sequence[Example], weights: Sequence[float]) -> Iterator[Figure]:
    """Yields how good each signal was alone, over all pairs of changes within reach."""
    whole = [m for m in replay.meetings if m.b >= replay.whole]
    conflicts = {(m.a, m.b) for m in whole if m.conflict}
    unjudged = {(m.a, m.b) for m in whole if m.conflict is None}
    met = {(e.meeting.a, e.meeting.b): e for e in examples}

    def figure(signal: str, pairs: Iterable[tuple[int, int]]) -> Figure:
        predicted = {pair for pair in pairs if pair[1] >= replay.whole} - unjudged
        return Figure(signal, len(predicted), len(predicted & conflicts), len(conflicts))

    hot = FEATURES.index("a hot file")
    yield figure("declared files meet", met)
    yield figure("a hot file in common", (pair for pair, e in met.items() if e.row[hot]))
    for least in _LIKELY:
        likely = (pair for pair, e in met.items() if logistic(product(weights, e.row)) >= least)
        yield figure(f"forecast of {least:.0%} or more", likely)
    yield figure("files that change together", _together(replay))
    yield figure("a path named in the text", _by_text(replay))


def _together(replay: Replay) -> Iterator[tuple[int, int]]:
    """Yields pairs where one's files usually bring along a file of the other that it does not have."""
    known = max(replay.whole, len(replay.changes) // 3)
    habits = Habits(together=dict(companions_of(replay.changes[:known])))
    for change in replay.changes[:known]:
        habits.see(change.set)
    wider = {
        at: {other for path in change.set.paths for other, *_ in habits.companions(path)}
        - set(change.set.paths)
        for at, change in enumerate(replay.changes)
        if at >= known
    }
    yield from _meeting_at(replay, wider)


def _by_text(replay: Replay) -> Iterator[tuple[int, int]]:
    """Yields pairs where one's text names a file that the other changes."""
    names = _names(replay.changes)
    texts = {
        at: {path for word in _NAMED.findall(change.text) for path in names.get(word.strip("./"), ())}
        for at, change in enumerate(replay.changes)
    }
    yield from _meeting_at(replay, texts)


def _meeting_at(replay: Replay, wider: Mapping[int, set[str]]) -> Iterator[tuple[int, int]]:
    for at, paths in wider.items():
        if paths:
            for other in range(max(0, at - replay.reach + 1), min(len(replay.changes), at + replay.reach)):
                if other != at and not paths.isdisjoint(replay.changes[other].set.paths):
                    yield min(at, other), max(at, other)


def _named(changes: Sequence[PastChange]) -> Iterator[tuple[str, bool]]:
    """Yields every path that a change's text names, and whether the change touched it."""
    names = _names(changes)
    for change in changes:
        for word in set(_NAMED.findall(change.text)):
            if meant := names.get(word.strip("./"), ()):
                yield word, not meant.isdisjoint(change.set.paths)


def _names(changes: Sequence[PastChange]) -> Mapping[str, frozenset[str]]:
    """Returns which paths a whole path or a file name stands for; a name of many stands for none."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for change in changes:
        for path in change.set.paths:
            found[path].add(path)
            found[path.rpartition("/")[2]].add(path)
    return {name: frozenset(paths) for name, paths in found.items() if len(paths) <= 2}
