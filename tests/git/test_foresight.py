"""Landings that git has merged beforehand, all at once, against landings merged one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.core.names import RunId
from gitpar.git.analysis import GitRepository
from gitpar.ports import Proof
from tests.support.repo import landing, lines, sealed_repo


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
    found: list[list[str]] = []
    for foreseen in (True, False):
        repository = GitRepository(repo.place, RunId("r1"))
        if foreseen:
            repository.compare(base, [(landing(base, c, base).task, c) for c in wave], fold=False)
        tip = base
        said: list[str] = []
        for at, result in enumerate(wave):
            outcome = repository.prove(landing(base, result, tip, task=f"t{at}"))
            if isinstance(outcome, Proof):
                tip = outcome.commit
                said.append(outcome.tree)
            else:
                said += [conflict.message for conflict in outcome.conflicts]
        repository.close()
        found.append(said)
    assert found[0] == found[1]
    assert "f.txt" in found[0][1]
    assert len(found[0]) == len(wave), "only the second conflicts: the last one merges by the new rule"
