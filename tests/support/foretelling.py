"""Judges forecasts: learned from the earlier part of a history, tried on what came later.

The files that each change really touched are taken for declared. Waves are windows of
consecutive changes, played through with the work that a true conflict makes necessary.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from gitpar.core.advice import Wave, advise, ancestors, finish_times, waiting
from gitpar.core.calibration import calibrated
from gitpar.core.changes import ChangeKind, ChangeSet, FileChange
from gitpar.core.forecast import Intent, Model, PairForecast, Signal, Touch, pair_forecasts
from gitpar.core.history import Meeting, PastChange, Replay
from gitpar.core.names import CommitId, TaskId

WAVE = 20
BINS = 10
FIRST = 0.4
"""The part of a history that only is learned from."""

LEARNED_AGAIN = 100
"""After so many changes a repository is calibrated anew."""

Edge = tuple[TaskId, TaskId]


@dataclass(frozen=True, slots=True)
class Judged:
    """One pair of later changes: what was forecast, and what is true of them."""

    probability: float
    shares: bool
    conflict: bool


@dataclass(frozen=True, slots=True)
class Makespans:
    """Summed wall times of all waves, with what had to be done again."""

    parallel: float = 0.0
    apart: float = 0.0
    advised: float = 0.0
    exact: float = 0.0
    """What truly conflicts in a row, everything else at once."""
    oracle: float = 0.0
    """The best schedule that was found, all conflicts known."""

    def __add__(self, other: Makespans) -> Makespans:
        return Makespans(*(getattr(self, n) + getattr(other, n) for n in self.__slots__))


@dataclass(frozen=True, slots=True)
class Verdict:
    """How good forecasts of a history were."""

    pairs: Sequence[Judged]
    makespans: Mapping[int, Makespans]
    """By number of jobs."""

    def __add__(self, other: Verdict) -> Verdict:
        ours, theirs = self.makespans, other.makespans
        return Verdict(
            [*self.pairs, *other.pairs],
            {jobs: ours.get(jobs, Makespans()) + theirs[jobs] for jobs in theirs},
        )

    @property
    def sharing(self) -> Sequence[Judged]:
        """The pairs that share a file."""
        return [pair for pair in self.pairs if pair.shares]

    def __str__(self) -> str:
        ap, alone = average_precision(self.pairs), intersection_precision(self.pairs)
        found = [
            f"{len(self.pairs)} pairs, {len(self.sharing)} share a file, {alone:.1%} of those conflict",
            f"calibration error of all pairs {calibration_error(self.pairs):.4f}",
            f"calibration error of file-sharing pairs {calibration_error(self.sharing):.3f}",
            f"forecast/found: {reliability(self.sharing)}",
            f"average precision {ap:.3f}, of intersection {alone:.3f} ({ap / alone:.2f} of {1 / alone:.2f})",
        ]
        found += [
            f"{jobs} jobs, times the oracle: all at once {m.parallel / m.oracle:.3f}, "
            f"what shares a file in a row {m.apart / m.oracle:.3f}, as advised {m.advised / m.oracle:.3f}, "
            f"what conflicts in a row {m.exact / m.oracle:.3f}"
            for jobs, m in self.makespans.items()
        ]
        return "\n".join(found)


def _tenths(pairs: Sequence[Judged]) -> Mapping[int, list[Judged]]:
    found: dict[int, list[Judged]] = {}
    for pair in pairs:
        found.setdefault(min(BINS - 1, int(pair.probability * BINS)), []).append(pair)
    return found


def calibration_error(pairs: Sequence[Judged]) -> float:
    """Returns the expected calibration error: tenths of probability, weighted by their pairs."""
    off = (abs(sum(p.probability - p.conflict for p in held)) for held in _tenths(pairs).values())
    return sum(off) / max(1, len(pairs))


def reliability(pairs: Sequence[Judged]) -> str:
    """Returns what was forecast and what came of it, tenth by tenth: `0.24/0.21`."""
    found = sorted(_tenths(pairs).items())
    return " ".join(
        f"{sum(p.probability for p in held) / len(held):.2f}/{sum(p.conflict for p in held) / len(held):.2f}"
        for _, held in found
    )


def average_precision(pairs: Sequence[Judged]) -> float:
    """Returns the area under precision and recall; equal probabilities count as one step."""
    steps: dict[float, list[int]] = {}
    for pair in pairs:
        step = steps.setdefault(pair.probability, [0, 0])
        step[0] += 1
        step[1] += pair.conflict
    seen = right = 0
    area = 0.0
    for probability in sorted(steps, reverse=True):
        seen, right = seen + steps[probability][0], right + steps[probability][1]
        area += steps[probability][1] * right / seen
    return area / max(1, right)


def intersection_precision(pairs: Sequence[Judged]) -> float:
    """Returns the average precision of sharing a file, yes or no."""
    return average_precision([Judged(float(pair.shares), pair.shares, pair.conflict) for pair in pairs])


def judge(replay: Replay, jobs: Sequence[int] = (4, 8, WAVE), *, seed: int = 1) -> Verdict:
    """Forecasts wave after wave of the later history, learned from nothing but what lies before."""
    changes = replay.changes
    truth = {(m.a, m.b): m.conflict for m in replay.meetings}
    found = Verdict([], {})
    chance = random.Random(seed)
    model = Model()
    first = round(len(changes) * FIRST)
    for start in range(first, len(changes) - WAVE + 1, WAVE):
        if (start - first) % LEARNED_AGAIN == 0:
            past = Replay(changes[:start], [m for m in replay.meetings if m.b < start], replay.reach)
            model = calibrated(past).model
        window = range(start, start + WAVE)
        pairs = pair_forecasts(model, [_intent(at, changes[at]) for at in window])
        true = [(_name(a), _name(b)) for a, b in combinations(window, 2) if truth.get((a, b))]
        lengths = {_name(at): chance.lognormvariate(0.0, 0.5) for at in window}
        waves = [Wave(tuple(lengths), lengths, count) for count in jobs]
        played = {wave.jobs: play(wave, pairs, true) for wave in waves}
        found += Verdict(list(_judged(window, pairs, truth)), played)
    return found


def play(wave: Wave, found: Sequence[PairForecast], true: Sequence[Edge]) -> Makespans:
    """Plays one wave. The oracle knows the conflicts and all other ways, and takes the best."""
    known = [PairForecast(a, b, 1.0, ()) for a, b in true]
    advised, oracle = ([(e.first, e.later) for e in advise(wave, pairs).edges] for pairs in (found, known))
    apart = [(pair.a, pair.b) for pair in found]
    ends = [wall_time(wave, edges, true) for edges in ([], apart, advised, true, oracle)]
    return Makespans(ends[0], ends[1], ends[2], ends[3], min(ends))


def wall_time(wave: Wave, edges: Sequence[Edge], conflicts: Sequence[Edge]) -> float:
    """Returns when a wave is over, as gitpar runs it.

    What somebody waits for lands when it ends, the rest in order at the end; what does
    not merge with what has landed is run again, one at a time.
    """
    waits = waiting(edges)
    ends = finish_times(wave, waits)
    early = {first for first, _ in edges}
    order = sorted(early, key=ends.__getitem__) + [task for task in wave.tasks if task not in early]
    refused = {frozenset(pair) for pair in conflicts}
    landed: list[TaskId] = []
    again = 0.0
    for task in order:
        begun = ends[task] - wave.lengths_s[task] + 1e-9
        built_on = ancestors(task, waits) | {t for t in early if task in waits and ends[t] <= begun}
        if any(frozenset((task, other)) in refused for other in landed if other not in built_on):
            again += wave.lengths_s[task]
        else:
            landed.append(task)
    return max(ends.values()) + again


def _judged(
    window: range, found: Sequence[PairForecast], truth: Mapping[tuple[int, int], bool | None]
) -> Iterator[Judged]:
    forecast = {(p.a, p.b): p.probability for p in found}
    for a, b in combinations(window, 2):
        conflict = truth.get((a, b), False)
        if conflict is not None:
            name = (_name(a), _name(b))
            yield Judged(forecast.get(name, 0.0), name in forecast, conflict)


def _intent(at: int, change: PastChange) -> Intent:
    paths = {path: Touch(path, 1.0, Signal.DECLARED, path) for path in change.set.paths}
    return Intent(_name(at), paths, frozenset(f.path for f in change.set.files if f.old_mode == 0))


def _name(at: int) -> TaskId:
    return TaskId(str(at))


def made_up(seed: int, *, changes: int = 400, reach: int = WAVE) -> Replay:
    """Returns a history in which some paths clash nearly always and others hardly ever."""
    chance = random.Random(seed)
    rates = {f"src/f{n}.py": chance.choice([0.02, 0.05, 0.1, 0.5, 0.9]) for n in range(40)} | {"NEWS.md": 0.8}
    names = sorted(rates)
    past = []
    for _ in range(changes):
        paths = set(chance.sample(names, 2)) | ({"NEWS.md"} if chance.random() < 0.15 else set())
        files = [FileChange(p, ChangeKind.MODIFIED, 0o100644, 0o100644, "1", "2") for p in sorted(paths)]
        past.append(PastChange(ChangeSet(CommitId(""), CommitId(""), tuple(files)), 0.0, "", merged=True))
    meetings = []
    for b in range(changes):
        for a in range(max(0, b - reach + 1), b):
            shared = set(past[a].set.paths) & set(past[b].set.paths)
            refused = tuple(sorted(p for p in shared if chance.random() < rates[p]))
            if shared:
                meetings.append(Meeting(a, b, bool(refused), refused))
    return Replay(past, meetings, reach)
