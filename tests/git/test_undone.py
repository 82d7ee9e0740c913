"""What a re-run takes back of what landed before it."""

from __future__ import annotations

import pytest

from gitpar.core.names import CommitId
from gitpar.git.analysis import GitRepository
from tests.support.repo import Repo, lines


@pytest.fixture
def level(repo: Repo) -> CommitId:
    return repo.commit("level base", {"f.txt": lines(), "gone": "g\n", "bin": b"\0a", "mode": "m\n"})


@pytest.fixture
def tip(repo: Repo, level: CommitId) -> CommitId:
    return repo.branch(
        level,
        "landed",
        {"f.txt": lines((3, "landed"), (4, "landed too")), "new": "n\n", "gone": None, "bin": b"\0b"},
    )


@pytest.fixture
def first(repo: Repo, level: CommitId) -> CommitId:
    return repo.branch(level, "first attempt", {"f.txt": lines((3, "first"), (12, "first"))})


Case = tuple[GitRepository, CommitId, CommitId, CommitId]


@pytest.fixture
def case(repository: GitRepository, level: CommitId, tip: CommitId, first: CommitId) -> Case:
    return repository, level, tip, first


def test_a_command_that_copies_its_whole_file_again(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    result = repo.branch(tip, "copy", {"f.txt": lines((3, "first"), (12, "first"))})
    assert repository.undone(level, tip, first, result) == ("f.txt:3", "f.txt:4")


def test_work_beside_what_landed_takes_nothing_away(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    result = repo.branch(tip, "good", {"f.txt": lines((3, "landed"), (4, "landed too"), (12, "first"))})
    assert repository.undone(level, tip, first, result) == ()


def test_a_landed_line_that_is_written_anew_is_an_edit(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    text = lines((3, "landed and first together"), (4, "landed too"))
    assert repository.undone(level, tip, first, repo.branch(tip, "edit", {"f.txt": text})) == ()


def test_a_landed_line_that_is_deleted_counts(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    text = lines((3, "landed"), (4, "landed too")).replace("landed too\n", "")
    assert repository.undone(level, tip, first, repo.branch(tip, "cut", {"f.txt": text})) == ("f.txt:4",)


def test_a_landed_line_that_moved_within_its_file_is_still_there(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    text = lines((3, "landed"), (4, "landed too")).replace("landed too\n", "") + "landed too\n"
    assert repository.undone(level, tip, first, repo.branch(tip, "move", {"f.txt": text})) == ()


def test_a_line_of_the_base_may_go(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    text = lines((3, "landed"), (4, "landed too")).replace("line 9\n", "")
    assert repository.undone(level, tip, first, repo.branch(tip, "cut", {"f.txt": text})) == ()


def test_whole_files_that_are_gone_or_back_or_as_before(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    result = repo.branch(tip, "back", {"new": None, "gone": "g\n", "bin": b"\0a"})
    assert repository.undone(level, tip, first, result) == ("bin:1", "gone:1", "new:1")


def test_a_deleted_file_counts_only_where_it_landed(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    assert repository.undone(level, tip, first, repo.branch(tip, "cut", {"mode": None})) == ()


def test_a_landed_file_that_is_emptied_counts(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    assert repository.undone(level, tip, first, repo.branch(tip, "empty", {"new": ""})) == ("new:1",)


def test_lines_are_followed_through_a_rename(repo: Repo, case: Case) -> None:
    repository, level, tip, first = case
    (repo.root / "f.txt").unlink()
    result = repo.branch(tip, "moved", {"f.txt": None, "h.txt": lines((3, "first"), (12, "first"))})
    assert repository.undone(level, tip, first, result) == ("f.txt:3", "f.txt:4")
