"""Build conflicts against Python itself: two edits that run alone, merged by git, and run."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import pytest

from gitpar.core.names import CommitId, TaskId
from gitpar.git.builds import BuildLook
from gitpar.git.changes import read_change_sets
from gitpar.git.comparing import workbench
from gitpar.symbols import can_read, read_symbols
from tests.support.build_alarms import count_alarms
from tests.support.programs import edited, program, run_all
from tests.support.repo import Repo, sealed_repo

EDITS = 12


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return sealed_repo(monkeypatch, tmp_path / "app")


@pytest.mark.parametrize("seed", range(100, 103))
def test_what_is_warned_of_does_not_run_and_what_does_not_run_is_warned_of(
    repo: Repo, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    start = program(chance)
    base = repo.commit("base", start.files())
    tips: list[CommitId] = []
    for number in range(EDITS):
        after = edited(start, chance, number).files()
        gone = dict.fromkeys(set(start.files()) - set(after))
        tips.append(repo.branch(base, f"edit {number}", {**after, **gone}))
    pairs = list(combinations(range(EDITS), 2))
    merged = clean(repo, tips, pairs)
    ends = run_all(repo.root, [*tips, *merged.values()], tmp_path / "trees")
    assert ends[:EDITS] == ["runs"] * EDITS, "an edit must run alone"
    broken = {pair: end for pair, end in zip(merged, ends[EDITS:], strict=True) if end != "runs"}

    warned = warnings(repo, base, tips)

    assert {pair: said for pair, said in warned.items() if pair in merged and pair not in broken} == {}
    assert {pair: end for pair, end in broken.items() if pair not in warned} == {}
    assert broken


def clean(repo: Repo, tips: list[CommitId], pairs: list[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The trees that git makes of pairs, without those that conflict."""
    asked = "".join(f"{tips[one]} {tips[two]}\n" for one, two in pairs)
    answers = repo.git("merge-tree", "--write-tree", "--no-messages", "--stdin", stdin=asked.encode())
    found: dict[tuple[int, int], str] = {}
    fields = iter(answers.split("\0"))
    for pair in pairs:
        status, tree = next(fields), next(fields)
        while next(fields):
            continue  # files in conflict
        if status == "1":
            found[pair] = tree
    return found


def warnings(repo: Repo, base: CommitId, tips: list[CommitId]) -> dict[tuple[int, int], str]:
    with workbench(repo.place) as coordinator:
        sets = read_change_sets(coordinator.scratch, [(base, tip) for tip in tips])
        named = [(TaskId(str(number)), each) for number, each in enumerate(sets)]
        found = BuildLook(coordinator, can_read, read_symbols).conflicts(named)
    return {
        (min(pair), max(pair)): f"{each.breakage} {each.name} ({each.used.path}:{each.used.line})"
        for each in found
        for pair in [(int(each.definer), int(each.user))]
    }


def test_the_judge_of_real_histories(repo: Repo) -> None:
    """A line of edits that follow on each other, and at its end one that was merged though it is broken."""
    chance = random.Random(7)
    made = program(chance)
    commits = [repo.commit("base", made.files())]
    for number in range(20):
        made = edited(made, chance, number)
        commits.append(repo.branch(commits[-1], f"edit {number}", made.files()))
    judged = count_alarms(repo.root, commits)
    assert judged.pairs > 80
    assert judged.false_pairs == 0, str(judged)

    start = repo.branch(commits[-1], "one more", {"lone.py": "def lone():\n    return 1\n"})
    renamed = repo.branch(start, "rename", {"lone.py": "def alone():\n    return 1\n"})
    used = repo.branch(renamed, "use", {"late.py": "from lone import lone\n"})
    judged = count_alarms(repo.root, [start, renamed, used])
    assert str(judged) == (
        "1 pairs, 1 warnings, in 1 pairs the line stood\n"
        f"stood {renamed[:10]} renamed lone (lone.py:1), used by {used[:10]} (late.py:1): "
        "from lone import lone"
    )
