"""Times the search for conflicts: by file, by hunk, by real merges, and against a loop of `comm` in a shell.

    python -m benchmarks.conflicts [--sets 1000] [--rounds 5]

A generated repository of 5,000 files; every change set edits five of them anywhere. A
second wave of 40 all edit one more file, so that each of its 780 pairs has to be merged.
Times are from commits to answers, with imports done before. `comm` is run on a sample of
the pairs and its time scaled to all of them; its lists of paths are made for it beforehand.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

from benchmarks.timing import spread
from gitpar.core.conflicts import Tier, sharing
from gitpar.core.names import CommitId, TaskId
from gitpar.git.attributes import Attributes
from gitpar.git.changes import read_change_sets
from gitpar.git.comparing import workbench
from gitpar.git.coordinator import Coordinator
from gitpar.git.merges import Comparison
from gitpar.git.repository import discover
from tests.support.plaingit import PlainGit
from tests.support.sealed import sealed_environment

FILES = 5000
LINES = 100
EDITED = 5
WAVE = 40
SAMPLE = 1500
_WHO = b"Gen Erator <gen@example.org> 1767323045 +0000"
_LOOP = 'while read -r a b; do comm -12 "$a" "$b"; done < pairs'


@dataclass(frozen=True, slots=True)
class Goal:
    """What was measured, in seconds or as a ratio, and what it must reach."""

    what: str
    values: Sequence[float]
    goal: float
    at_least: bool = False
    digits: int = 3

    @property
    def reached(self) -> bool:
        """Whether the median is good enough."""
        middle = statistics.median(self.values)
        return middle >= self.goal if self.at_least else middle <= self.goal

    def __str__(self) -> str:
        sign = "at least" if self.at_least else "at most"
        verdict = "" if self.reached else "  MISSED"
        return f"  {self.what:<58} {spread(self.values, self.digits)} ({sign} {self.goal:g}){verdict}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints min / median / max of every figure; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="Time the search for conflicts.")
    parser.add_argument("--sets", type=int, default=1000, help="change sets (default 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        environ = sealed_environment(Path(name) / "home")
        os.environ.update(environ)
        git = PlainGit(Path(name) / "repository", environ)
        git.folder.mkdir()
        base, sets, wave = _generated(git, given.sets)
        goals = list(_measured(git, base, (sets, wave), given.rounds))
    print(f"{given.sets} change sets of {EDITED} files each, of {FILES} files; min / median / max")
    for goal in goals:
        print(goal)
    return 0 if all(goal.reached for goal in goals) else 1


def _generated(git: PlainGit, count: int) -> tuple[CommitId, list[CommitId], list[CommitId]]:
    git.raw("init", "--quiet", "--initial-branch=main", "--template=")
    stream = b"".join(_stream(random.Random(1), count))
    git.raw("fast-import", "--quiet", stdin=stream)
    refs = git.lines("for-each-ref", "--format=%(objectname)", "refs/sets", "refs/wave")
    tips = [CommitId(line) for line in refs]
    return CommitId(git.text("rev-parse", "main")), tips[:count], tips[count:]


def _stream(chance: random.Random, count: int) -> Iterator[bytes]:
    """Yields the base, the change sets below refs/sets/ and the wave below refs/wave/."""
    paths = [f"src/area{n // 500:02}/part{n // 25:03}/file{n:05}.txt" for n in range(FILES)]
    texts = [[f"{chance.getrandbits(200):050x}\n" for _ in range(LINES)] for _ in paths]
    yield b"commit refs/heads/main\nmark :1\ncommitter " + _WHO + b"\ndata 5\nBegin\n"
    yield from (_file(path, text) for path, text in zip(paths, texts, strict=True))
    for n in range(count + WAVE):
        ref = f"refs/sets/{n:05}" if n < count else f"refs/wave/{n - count:05}"
        yield f"commit {ref}\ncommitter ".encode() + _WHO + b"\ndata 4\nTask\nfrom :1\n"
        edited = {at: chance.randrange(LINES) for at in chance.sample(range(1, FILES), EDITED)}
        if n >= count:
            edited[0] = chance.randrange(LINES)
        for at, line in edited.items():
            text = [*texts[at][:line], f"task {n}\n", *texts[at][line + 1 :]]
            yield _file(paths[at], text)


def _file(path: str, text: Sequence[str]) -> bytes:
    whole = "".join(text).encode()
    return f"M 100644 inline {path}\ndata {len(whole)}\n".encode() + whole + b"\n"


def _measured(
    git: PlainGit, base: CommitId, tips: tuple[list[CommitId], list[CommitId]], rounds: int
) -> Iterator[Goal]:
    sets, wave = tips
    times: defaultdict[str, list[float]] = defaultdict(list)
    place = discover(git.folder)
    for number in range(rounds + 1):  # the first one fills caches, and is not counted
        with workbench(place) as coordinator:
            took = {
                "file": _timed(partial(_by_file, coordinator, base, sets)),
                "hunk": _timed(partial(_by_hunk, coordinator, base, sets)),
                "exact": _timed(partial(_exactly, coordinator, base, wave)),
            }
            loops = {"comm": _loop(coordinator, base, sets), "single": _one_by_one(coordinator, wave)}
        if number:
            for name, (wall, cpu) in took.items():
                times[name].append(wall)
                times[f"{name} cpu"].append(cpu)
            for name, wall in loops.items():
                times[name].append(wall)
    for name, what, goal in (
        ("file", f"{len(sets)} by file", 0.25),
        ("hunk", f"{len(sets)} by hunk", 3.0),
        ("exact", f"{WAVE * (WAVE - 1) // 2} pairs merged", 2.0),
    ):
        yield Goal(f"{what}, s (CPU: {spread(times[f'{name} cpu'])})", times[name], goal)
    ratios = [loop / ours for loop, ours in zip(times["comm"], times["file"], strict=True)]
    yield Goal(f"`comm -12` a pair (scaled from {SAMPLE}) to by file", ratios, 1000, at_least=True, digits=0)
    ratios = [loop / ours for loop, ours in zip(times["single"], times["exact"], strict=True)]
    yield Goal("`git merge-tree` a pair (scaled from 60) to merged", ratios, 2, at_least=True, digits=1)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Returns wall time and CPU time, that of child processes included."""
    started, before = time.perf_counter(), _cpu()
    work()
    return time.perf_counter() - started, _cpu() - before


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _by_file(coordinator: Coordinator, base: CommitId, tips: Sequence[CommitId]) -> list[tuple[int, int]]:
    return sharing(read_change_sets(coordinator.scratch, [(base, tip) for tip in tips]))


def _comparison(coordinator: Coordinator, base: CommitId, tips: Sequence[CommitId]) -> Comparison:
    users = coordinator.place.common / "info" / "attributes"
    results = [(TaskId(str(at)), tip) for at, tip in enumerate(tips)]
    return Comparison(coordinator, Attributes(coordinator.attributes, users), base, results)


def _by_hunk(coordinator: Coordinator, base: CommitId, tips: Sequence[CommitId]) -> None:
    if not _comparison(coordinator, base, tips).touching:
        raise SystemExit("Error: no hunks touch: the generated change sets are too few")


def _exactly(coordinator: Coordinator, base: CommitId, tips: Sequence[CommitId]) -> None:
    pairs = _comparison(coordinator, base, tips).pairs
    if len(pairs) != WAVE * (WAVE - 1) // 2 or not any(pair.tier is Tier.CONFLICT for pair in pairs):
        raise SystemExit(f"Error: {len(pairs)} pairs were found that share something")


def _loop(coordinator: Coordinator, base: CommitId, tips: Sequence[CommitId]) -> float:
    """Seconds that a shell would need to intersect the lists of all pairs."""
    sets = read_change_sets(coordinator.scratch, [(base, tip) for tip in tips])
    every = list(combinations(range(len(sets)), 2))
    sample = random.Random(2).sample(every, min(SAMPLE, len(every)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for at, found in enumerate(sets):
            (folder / str(at)).write_text("".join(f"{path}\n" for path in sorted(found.paths)))
        (folder / "pairs").write_text("".join(f"{a} {b}\n" for a, b in sample))
        started = time.perf_counter()
        done = subprocess.run(["sh", "-c", _LOOP], cwd=folder, capture_output=True, check=True, text=True)
        took = time.perf_counter() - started
    shared = set(sharing(sets))
    said = sum(len({*sets[a].paths} & {*sets[b].paths}) for a, b in shared.intersection(sample))
    if len(done.stdout.splitlines()) != said:
        raise SystemExit("Error: comm and gitpar do not find the same")
    return took / len(sample) * len(every)


def _one_by_one(coordinator: Coordinator, tips: Sequence[CommitId]) -> float:
    """Seconds that a git process for each pair would need."""
    every = list(combinations(tips, 2))
    sample = random.Random(3).sample(every, 60)
    started = time.perf_counter()
    for a, b in sample:
        coordinator.scratch.run("merge-tree", "--write-tree", a, b, ok=(0, 1))
    return (time.perf_counter() - started) / len(sample) * len(every)


if __name__ == "__main__":
    sys.exit(main())
