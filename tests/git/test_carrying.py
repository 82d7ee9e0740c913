"""Results made anew on a commit that their base is not below."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from gitpar.core.conflicts import ConflictKind
from gitpar.core.names import CommitId, RunId
from gitpar.core.settlement import Means, SettledPath, Settlement, settled_by_policy
from gitpar.git.analysis import GitRepository
from gitpar.ports import Landing, Proof, Refusal
from gitpar.settling_port import How
from tests.support.repo import Repo, landing, lines


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


# --- with what policies settled -----------------------------------------------------------


@pytest.fixture
def wanted(repo: Repo, early: CommitId, level: CommitId) -> Landing:
    """A result that conflicts with the level in one line."""
    return landing(early, repo.branch(early, "work", {"f.txt": lines((2, "early"), (6, "task"))}), level)


def test_what_was_settled_is_carried_over(repo: Repo, repository: GitRepository, wanted: Landing) -> None:
    laid = repository.settling().settle(wanted, None, How(leave=True, carry=True)).outcome
    assert isinstance(laid, Settlement)
    assert (laid.left, laid.tip) == (("f.txt",), wanted.tip)
    assert repo.git("rev-parse", f"{laid.commit}^@") == wanted.tip
    both = lines((2, "early"), (6, "level"), (7, "task"))
    repaired = repo.branch(laid.commit, "repair", {"f.txt": both})
    taken = repository.settling().take(wanted, laid, repaired, carry=True).outcome
    assert isinstance(taken, Settlement), taken
    proof = carried(repository.carry(replace(wanted, settlement=taken)))
    assert repo.git("rev-parse", f"{proof.commit}^@") == wanted.tip
    assert repo.git("show", f"{proof.commit}:f.txt") + "\n" == both
    assert settled_by_policy(proof.certificate) == (SettledPath("f.txt", Means.AGENT),)


def test_what_was_settled_elsewhere_or_holds_more_is_refused(
    repo: Repo, repository: GitRepository, wanted: Landing
) -> None:
    settled = (SettledPath("f.txt", Means.AGENT),)
    good = repo.branch(wanted.tip, "settled", {"f.txt": lines((2, "early"), (6, "level"), (7, "task"))})
    more = repo.branch(good, "more", {"g.txt": "x\n"})
    undone = repo.branch(wanted.tip, "taken back", {"f.txt": lines((2, "early"), (6, "task"))})
    said = Settlement(n=wanted.n, tip=wanted.tip, commit=good, settled=settled)
    wrong = {
        "is about another landing": replace(said, tip=wanted.base),
        "disagree about g.txt": replace(said, commit=more),
        "it takes away what had landed": replace(said, commit=undone),
        "is not declared to be made anew": replace(said, settled=(SettledPath("f.txt", Means.REGENERATE),)),
        "git merges f.txt, libgit2 finds a conflict": replace(said, settled=()),
    }
    for why, settlement in wrong.items():
        found = repository.carry(replace(wanted, settlement=settlement))
        assert isinstance(found, Refusal), why
        assert why in found.reason, (why, found)
    carried(repository.carry(replace(wanted, settlement=said)))


def test_what_is_made_anew_is_never_merged(repo: Repo, early: CommitId, level: CommitId) -> None:
    result = repo.branch(early, "work", {"f.txt": lines((2, "early"), (12, "task"))})
    opened = GitRepository(repo.place, RunId("r1"), never_merged=("f.txt",))
    with closing(opened):
        found = opened.carry(landing(early, result, level))
        assert isinstance(found, Refusal)
        assert [each.path for each in found.conflicts] == ["f.txt"], "git would merge it"
