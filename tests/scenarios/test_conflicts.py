"""`gitpar conflicts` as it is typed, in real repositories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import gitpar
from tests.support.repo import Repo, lines, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Four branches of one file: `a`, `b` and `d` change neighbouring lines, `c` a line far away."""
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    base = made.commit("base", {"f": lines()})
    for name, line in (("a", 5), ("b", 5), ("c", 15), ("d", 6)):
        made.git("branch", name, made.branch(base, name, {"f": lines((line, name))}))
    made.git("checkout", "-q", "main")
    return made


def test_revisions_are_compared_as_git_merges_them(repo: Repo) -> None:
    done = gitpar("conflicts", "a", "b", "c", "d", cwd=repo.root)
    base = repo.git("rev-parse", "--short=12", "main")
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout.splitlines()[:4] == [
        f"4 changes compared, from {base}: 3 pairs conflict",
        "  conflict  `a` and `b` both changed `f` line 5: git refuses (content)",
        "  conflict  `a` and `d` both changed `f` lines 5 / 6: git refuses (content)",
        "  conflict  `b` and `d` both changed `f` lines 5 / 6: git refuses (content)",
    ]


def test_the_facts_are_those_of_the_reference(repo: Repo) -> None:
    done = gitpar("conflicts", "a", "c", "--json", cwd=repo.root)
    assert (done.status, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert facts.pop("base") == repo.git("rev-parse", "main")
    tree = facts["fold"].pop("tree")
    assert repo.git("merge-tree", "--write-tree", "a", "c") == tree
    assert facts == {
        "changes": [{"id": "a", "files": ["f"]}, {"id": "c", "files": ["f"]}],
        "pairs": [
            {
                "a": "a",
                "b": "c",
                "tier": "file",
                "kind": None,
                "paths": [{"path": "f", "a": [5, 1], "b": [15, 1]}],
                "probability": None,
                "reasons": [],
            }
        ],
        "order": ["a", "c"],
        "fold": {"landed": ["a", "c"], "conflicting": []},
        "builds": [],
    }
