"""Results made anew on a commit that their base is not below."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitpar.core.conflicts import ConflictKind
from gitpar.core.names import CommitId, RunId
from gitpar.git.analysis import GitRepository
from gitpar.ports import Proof, Refusal
from tests.support.repo import Repo, landing, lines, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return sealed_repo(monkeypatch, tmp_path / "project")


@pytest.fixture
def root(repo: Repo) -> CommitId:
    return repo.commit("root", {"f.txt": lines(), "g.txt": lines()})


@pytest.fixture
def early(repo: Repo, root: CommitId) -> CommitId:
    """Where a task was cut: work that is in no past of the level's."""
    return repo.branch(root, "early", {"f.txt": lines((2, "early")), "early.txt": "1\n"})


@pytest.fixture
def level(repo: Repo, root: CommitId) -> CommitId:
    """The same work, landed otherwise, and more."""
    files = {"f.txt": lines((2, "early"), (6, "level")), "early.txt": "1\n", "level.txt": "2\n"}
    return repo.branch(root, "level", files)


@pytest.fixture
def repository(repo: Repo) -> Iterator[GitRepository]:
    opened = GitRepository(repo.place, RunId("r1"))
    yield opened
    opened.close()


def carried(found: Proof | Refusal) -> Proof:
    assert isinstance(found, Proof), found
    return found


def test_only_what_the_task_did_comes_along(
    repo: Repo, repository: GitRepository, early: CommitId, level: CommitId
) -> None:
    result = repo.branch(early, "work", {"f.txt": lines((2, "early"), (12, "task")), "task.txt": "3\n"})
    proof = carried(repository.carry(landing(early, result, level)))
    assert repo.git("rev-parse", f"{proof.commit}^@") == level
    assert repo.git("show", f"{proof.commit}:f.txt") + "\n" == lines((2, "early"), (6, "level"), (12, "task"))
    assert repo.git("diff", "--name-only", level, proof.commit).split() == ["f.txt", "task.txt"]
    assert repo.git("show", "-s", "--format=%an %s", proof.commit) == "Ada Example work"
    assert proof.tree == repo.git("rev-parse", f"{proof.commit}^{{tree}}")
    assert "missing" not in repo.git("fsck", "--full", "--no-progress")


def test_commits_stay_apart(repo: Repo, repository: GitRepository, early: CommitId, level: CommitId) -> None:
    first = repo.branch(early, "first", {"a.txt": "a\n"})
    result = repo.branch(first, "second", {"a.txt": "a\nb\n"})
    proof = carried(repository.carry(landing(early, result, level)))
    assert repo.git("log", "--format=%s", f"{level}..{proof.commit}").split() == ["second", "first"]


def test_what_merges_only_as_a_whole_becomes_one_commit(
    repo: Repo, repository: GitRepository, early: CommitId, level: CommitId
) -> None:
    there_and_back = repo.branch(early, "there", {"f.txt": lines((2, "early"), (6, "task"))})
    result = repo.branch(there_and_back, "back", {"f.txt": lines((2, "early")), "task.txt": "3\n"})
    proof = carried(repository.carry(landing(early, result, level)))
    assert repo.git("log", "--format=%s", f"{level}..{proof.commit}").split() == ["back"]


def test_a_conflict_is_told_by_its_path(
    repo: Repo, repository: GitRepository, early: CommitId, level: CommitId
) -> None:
    result = repo.branch(early, "work", {"f.txt": lines((2, "early"), (6, "task"))})
    found = repository.carry(landing(early, result, level))
    assert isinstance(found, Refusal)
    assert [(each.path, each.kind) for each in found.conflicts] == [("f.txt", ConflictKind.CONTENT)]


def test_what_is_there_already_makes_nothing(
    repo: Repo, repository: GitRepository, early: CommitId, level: CommitId
) -> None:
    result = repo.branch(early, "work", {"f.txt": lines((2, "early"), (6, "level")), "level.txt": "2\n"})
    before = repo.loose()
    proof = carried(repository.carry(landing(early, result, level)))
    assert proof.commit == level
    assert repo.loose() == before


def test_a_result_that_is_not_on_its_base_is_refused(
    repo: Repo, repository: GitRepository, root: CommitId, early: CommitId, level: CommitId
) -> None:
    stray = repo.branch(root, "stray", {"task.txt": "3\n"})
    found = repository.carry(landing(early, stray, level))
    assert isinstance(found, Refusal)
    assert "does not descend from the declared base" in found.reason


def test_work_that_the_level_has_and_the_base_has_not_stays(
    repo: Repo, repository: GitRepository, early: CommitId, level: CommitId
) -> None:
    """Landing it with the wrong base, the root, would be the accident that takes work back."""
    result = repo.branch(early, "work", {"early.txt": None})
    proof = carried(repository.carry(landing(early, result, level)))
    assert repo.git("ls-tree", "--name-only", proof.commit).split() == ["f.txt", "g.txt", "level.txt"]
