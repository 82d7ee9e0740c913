"""Landings that git has merged beforehand, all at once, against landings merged one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.core.names import CommitId, RunId
from gitpar.git.analysis import GitRepository
from gitpar.ports import Proof
from tests.support.repo import Repo, landing, lines, sealed_repo

WAYS = ("singly", "merged before", "proved ahead")


def landed(repo: Repo, base: CommitId, wave: list[CommitId], way: str) -> list[str]:
    """Lands results one on the other; returns the tree of each, or what is said against it."""
    repository = GitRepository(repo.place, RunId("r1"))
    if way != "singly":
        expected = [landing(base, result, base, task=f"t{at}") for at, result in enumerate(wave)]
        results = [(one.task, one.result) for one in expected]
        repository.compare(base, results, fold=False, expected=expected if way == "proved ahead" else ())
    tip = base
    said: list[str] = []
    for at, result in enumerate(wave):
        outcome = repository.prove(landing(base, result, tip, task=f"t{at}"))
        if isinstance(outcome, Proof):
            tip = outcome.commit
            said.append(outcome.tree)
        else:
            said += [conflict.message for conflict in outcome.conflicts] or [outcome.reason]
    repository.close()
    return said


def test_landings_are_the_same_whether_git_merged_them_before_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conflict, a deletion and a change of how files merge stand in the middle of the wave."""
    repo = sealed_repo(monkeypatch, tmp_path / "project")
    base = repo.commit("base", {"f.txt": lines(), "lib/n.py": lines((1, "n"))})
    wave = [
        repo.branch(base, "one", {"f.txt": lines((2, "one")), "new/a": "a\n"}),
        repo.branch(base, "against it", {"f.txt": lines((2, "two"))}),
        repo.branch(base, "far from it", {"f.txt": lines((9, "nine")), "lib/n.py": None}),
        repo.branch(base, "rules", {".gitattributes": "f.txt merge=union\n"}),
        repo.branch(base, "against it as well", {"f.txt": lines((2, "three"))}),
    ]
    found = [landed(repo, base, wave, way) for way in WAYS]
    assert found[0] == found[1] == found[2]
    assert "f.txt" in found[0][1]
    assert len(found[0]) == len(wave), "only the second conflicts: the last one merges by the new rule"


def test_a_wrong_guess_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only git moves new files after a moved folder: what follows was guessed on a tree that is nowhere."""
    repo = sealed_repo(monkeypatch, tmp_path / "project")
    repo.git("config", "merge.directoryRenames", "true")
    base = repo.commit("base", {"f": lines(), "lib/m.py": lines((1, "m")), "lib/n.py": lines((1, "n"))})
    names = {"lib/m.py": None, "lib/n.py": None, "src/m.py": lines((1, "m")), "src/n.py": lines((1, "n"))}
    wave = [
        repo.branch(base, "first", {"f": lines((2, "first"))}),
        repo.branch(base, "moved", names),
        repo.branch(base, "work", {"lib/new.py": "new\n"}),
        repo.branch(base, "last", {"f": lines((9, "last")), "new/deep/er": "1\n"}),
        repo.branch(base, "really", {"f": lines((15, "really")), "new/deep/too": "1\n"}),
    ]
    found = [landed(repo, base, wave, way) for way in WAYS]
    assert found[0] == found[1] == found[2]
    assert ["disagree" in said for said in found[0]] == [False, False, True, False, False]
