"""Asks plain git of every pair of commits whether it merges, and compares gitpar's answers with that.

The verdicts come from one `git merge-tree` a pair, on the whole commits.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from gitpar.core.names import CommitId, TaskId
from gitpar.git.attributes import Attributes
from gitpar.git.comparing import common_base, workbench
from gitpar.git.merges import Comparison
from gitpar.git.repository import discover
from tests.support.cli import gitpar
from tests.support.history import open_scratch
from tests.support.plaingit import PlainGit

Pair = tuple[str, str]

_TURNED = (1, 2, 3, 4, 6, 8, 11, 15)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was said of all pairs of some commits: by git, by gitpar, and by gitpar's look at the hunks."""

    pairs: int
    git: frozenset[Pair]
    gitpar: frozenset[Pair]
    touching: frozenset[Pair]
    kinds: Counter[str]

    @property
    def missed(self) -> list[Pair]:
        return sorted(self.git - self.gitpar)

    @property
    def invented(self) -> list[Pair]:
        return sorted(self.gitpar - self.git)

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.kinds.most_common())
        return (
            f"{self.pairs} pairs, {len(self.git)} conflict by git and {len(self.gitpar)} by gitpar"
            f" ({len(self.missed)} missed, {len(self.invented)} invented); touching hunks:"
            f" recall {recall([self]):.3f}, precision {precision([self]):.3f}; {kinds}"
        )


def recall(said: Sequence[Verdicts]) -> float:
    """Which part of git's conflicts the touching hunks showed."""
    found = sum(len(each.touching & each.git) for each in said)
    return found / max(1, sum(len(each.git) for each in said))


def precision(said: Sequence[Verdicts]) -> float:
    """Which part of the pairs whose hunks touch are conflicts of git's."""
    found = sum(len(each.touching & each.git) for each in said)
    return found / max(1, sum(len(each.touching) for each in said))


def judge(repository: Path, tips: Sequence[str], environ: Mapping[str, str], scratch: Path) -> Verdicts:
    """Compares the commits pair by pair; what git writes goes into `scratch`."""
    done = gitpar("conflicts", "--json", "--no-symbols", *tips, cwd=repository)
    assert done.status in {0, 1}, done.stderr
    facts = json.loads(done.stdout)
    refused = [pair for pair in facts["pairs"] if pair["tier"] == "conflict"]
    assert done.status == int(bool(refused) or len(facts["fold"]["landed"]) < len(tips))
    return Verdicts(
        pairs=len(tips) * (len(tips) - 1) // 2,
        git=frozenset(_refused(repository, tips, environ, scratch)),
        gitpar=frozenset((pair["a"], pair["b"]) for pair in refused),
        touching=_touching(repository, tips),
        kinds=Counter(pair["kind"] for pair in refused),
    )


def _refused(repository: Path, tips: Sequence[str], environ: Mapping[str, str], scratch: Path) -> list[Pair]:
    git = PlainGit(repository, environ)
    objects = git.text("rev-parse", "--path-format=absolute", "--git-path", "objects")
    scratch.mkdir(parents=True, exist_ok=True)
    beside = {"GIT_OBJECT_DIRECTORY": str(scratch), "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects}
    git = PlainGit(repository, {**environ, **beside})
    found = []
    for a, b in combinations(tips, 2):
        done = git.attempt("merge-tree", "--write-tree", a, b)
        assert done.returncode in {0, 1}, done.stderr
        if done.returncode == 1:
            found.append((a, b))
    return found


def _touching(repository: Path, tips: Sequence[str]) -> frozenset[Pair]:
    place = discover(repository)
    results = [(TaskId(tip), CommitId(tip)) for tip in tips]
    with workbench(place) as coordinator:
        attributes = Attributes(coordinator.attributes, place.common / "info" / "attributes")
        base = common_base(coordinator, results)
        found = Comparison(coordinator, attributes, base, results).touching
    return frozenset((tips[a], tips[b]) for a, b in found)


def crowded_tips(
    repository: Path, environ: Mapping[str, str], *, skip: int, window: int, wanted: int
) -> list[str]:
    """Returns branches out of a window of merges that meet others in the files changed most often."""
    git = PlainGit(repository, environ)
    asked = ("--first-parent", "--merges", "--parents", f"--skip={skip}", f"--max-count={window}")
    paths: dict[str, set[bytes]] = {}
    for line in git.lines("rev-list", *asked, "HEAD"):
        _, *parents = line.split()
        base = git.attempt("merge-base", parents[0], parents[1]).stdout.decode().strip()
        if len(parents) == 2 and base:
            changed = git.raw("diff-tree", "-r", "-z", "--name-only", base, parents[1])
            paths[parents[1]] = set(changed.split(b"\0")[:-1])
    often = Counter(path for changed in paths.values() for path in changed)
    chosen: dict[str, None] = {}
    for path, _ in often.most_common():
        chosen.update(dict.fromkeys(tip for tip, changed in paths.items() if path in changed))
        if len(chosen) >= wanted:
            break
    return list(chosen)[:wanted]


def turned_tips(repository: Path, scratch: Path, environ: Mapping[str, str], *, at: int) -> list[str]:
    """Makes a base out of a commit, and returns what its history leads to from there, both ways.

    That is, squashed onto the base: what came after it on the main line, and what came
    before, as changes that take it all back. The two ways conflict where they meet, in
    every manner the history knows. Commits are written into a clone at `scratch`.
    """
    git = open_scratch(repository, scratch, environ)
    line = git.lines("rev-list", "--first-parent", f"--max-count={at + _TURNED[-1] + 1}", "HEAD")
    base = git.text("commit-tree", "-m", "base", f"{line[at]}^{{tree}}")
    steps = [step for step in _TURNED if at + step < len(line)]
    trees = [*(line[at - step] for step in steps), *(line[at + step] for step in steps)]
    return [git.text("commit-tree", "-p", base, "-m", "step", f"{commit}^{{tree}}") for commit in trees]
