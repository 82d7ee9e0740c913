"""What a run has written into the store, and the ref that holds what nothing else does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gitpar.core.names import CommitId, RunId
from gitpar.git.analysis import GitRepository
from gitpar.git.command import GitCommand
from gitpar.git.environment import GitEnvironment
from gitpar.git.objects import ObjectWriter
from gitpar.git.refs import GitRefs
from gitpar.git.trees import EMPTY_TREE
from gitpar.git.written import Written, hold_unused, unused_ref
from gitpar.ports import Proof
from tests.support.repo import Repo, landing, sealed_repo

RUN = RunId("r1")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return sealed_repo(monkeypatch, tmp_path / "project")


@pytest.fixture
def refs(repo: Repo) -> Iterator[GitRefs]:
    with closing(GitRefs(repo.place)) as opened:
        yield opened


def proved(repo: Repo) -> Proof:
    """Proves a landing that moves nothing: its commit is in the store, and no ref names it."""
    base = repo.commit("base", {"f.txt": "1\n"})
    tip = repo.branch(base, "level", {"g.txt": "2\n"})
    repo.git("branch", "level", tip)
    result = repo.branch(base, "work", {"src/h.txt": "3\n"})
    repo.git("branch", "work", result)
    with closing(GitRepository(repo.place, RUN)) as repository:
        found = repository.prove(landing(base, result, tip))
    assert isinstance(found, Proof), found
    return found


def test_a_proof_that_never_moved_is_held_once(repo: Repo, refs: GitRefs) -> None:
    proof = proved(repo)
    assert f"dangling commit {proof.commit}" in repo.fsck()
    held = hold_unused(repo.place, RUN, refs)
    assert held is not None
    assert repo.git("rev-parse", f"{unused_ref(RUN)}^@") == proof.commit
    assert repo.fsck() == ""
    assert hold_unused(repo.place, RUN, refs) is None, "all is held"


def test_what_a_branch_reaches_needs_no_ref(repo: Repo, refs: GitRefs) -> None:
    repo.git("update-ref", "refs/heads/level", proved(repo).commit)
    assert hold_unused(repo.place, RUN, refs) is None
    assert hold_unused(repo.place, RunId("none"), refs) is None


def test_what_was_written_for_a_commit_that_never_came_is_held(repo: Repo, refs: GitRefs) -> None:
    repo.commit("base", {"f.txt": "1\n"})
    written = Written.of_run(repo.place.common, RUN)
    git = repo.place.command
    writer = ObjectWriter(git, repo.place.common / "gitpar", written)
    with closing(writer):
        blob = writer.write("blob", b"note\n")
        tree = writer.write("tree", b"100644 f\0" + bytes.fromhex(blob))
    with written.file.open("a") as file:
        file.write(f"1.1 commit {hashlib.sha1(b'').hexdigest()}\n1.1 obj")
    assert f"dangling tree {tree}" in repo.fsck()
    first = hold_unused(repo.place, RUN, refs)
    assert repo.fsck() == ""
    with closing(ObjectWriter(git, repo.place.common / "gitpar", written)) as later:
        later.write("blob", b"another\n")
    second = hold_unused(repo.place, RUN, refs)
    assert repo.git("rev-parse", f"{second}^@") == first
    assert repo.fsck() == ""


def test_an_empty_tree_that_was_noted_and_never_written_is_there_when_it_is_held(
    repo: Repo, refs: GitRefs
) -> None:
    repo.commit("base", {"f.txt": "1\n"})
    Written.of_run(repo.place.common, RUN).note([("tree", EMPTY_TREE)])
    assert hold_unused(repo.place, RUN, refs) is not None
    assert repo.fsck() == ""


def test_an_object_is_noted_before_it_is_written(repo: Repo) -> None:
    commit = repo.commit("base", {"f.txt": "1\n"})
    written = Written.of_run(repo.place.common, RUN)
    git = GitCommand(GitEnvironment(repo.root, {"GIT_DIR": str(repo.place.common)}))
    with closing(ObjectWriter(git, repo.place.common / "gitpar", written)) as writer:
        ids = writer.write_all([("blob", b"x\n"), ("blob", b"y\n")])
        text = repo.git("cat-file", "commit", commit).encode() + b"\n"
        ids.append(writer.write("commit", text))
    [group] = written.groups()
    assert (*group.others, group.commit) == tuple(ids)
    assert group.commit == CommitId(commit)
