"""Every pair of many branches, judged by git alone: no conflict is missed and none invented."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from gitpar.core.conflicts import ConflictKind
from tests.support.amounts import WHOLE
from tests.support.branchy import Branchy
from tests.support.cli import gitpar
from tests.support.pairs import judge, precision, recall
from tests.support.plaingit import PlainGit
from tests.support.repo import Repo, sealed_repo

EXPECTED = {
    ConflictKind.CONTENT,
    ConflictKind.MODIFY_DELETE,
    ConflictKind.RENAME_MODIFY,
    ConflictKind.RENAME_DELETE,
    ConflictKind.RENAME_RENAME,
    ConflictKind.DIRECTORY_RENAME,
    ConflictKind.DIRECTORY_FILE,
    ConflictKind.ADD_ADD,
    ConflictKind.BINARY,
    ConflictKind.SUBMODULE,
    ConflictKind.MODE,
}

ELSEWHERE = {ConflictKind.DIRECTORY_FILE}
"""What the one seed that is always tried does not make; see tests/scenarios/test_conflict_kinds.py."""


def test_every_verdict_is_that_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    seeds = (1, 2) if WHOLE else (7,)
    for seed in seeds:
        repo = sealed_repo(monkeypatch, tmp_path / f"repo{seed}")
        tips = Branchy(repo, seed).write()
        said.append(judge(repo.root, tips, repo.environ, tmp_path / f"objects{seed}"))
        assert fold_by_git(repo, tips) == folded(repo, tips)
    assert [(each.missed, each.invented) for each in said] == [([], [])] * len(seeds)
    assert sum(each.pairs for each in said) == len(seeds) * 276
    assert sum((each.kinds for each in said), Counter()).keys() == EXPECTED - set(() if WHOLE else ELSEWHERE)
    assert recall(said) >= 0.99
    assert precision(said) >= 0.85


def folded(repo: Repo, tips: list[str]) -> tuple[list[str], str]:
    fold = json.loads(gitpar("conflicts", "--json", *tips, cwd=repo.root).stdout)["fold"]
    return fold["landed"], fold["tree"]


def fold_by_git(repo: Repo, tips: list[str]) -> tuple[list[str], str]:
    """Merges one after another in a checkout, leaving out what conflicts."""
    git = PlainGit(repo.root, repo.environ)
    git.raw("checkout", "-q", "--detach", git.text("merge-base", "--octopus", *tips))
    landed = []
    for tip in tips:
        if git.attempt("merge", "-q", "--no-ff", "-m", "merge", tip).returncode == 0:
            landed.append(tip)
        else:
            git.raw("reset", "-q", "--hard")
            git.raw("clean", "-qffdx")
    return landed, git.tree("HEAD")
