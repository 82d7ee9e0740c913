"""Refs of the user's repository: found, named, moved all or none."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from gitpar.core.names import NO_COMMIT, CommitId, RefName
from gitpar.errors import EnvironmentFault, RefMoved, UsageError
from gitpar.git.command import GitFailed
from gitpar.git.refs import GitRefs
from gitpar.git.repository import discover
from gitpar.ports import RefUpdate
from tests.support.repo import Repo

LEVEL = RefName("refs/heads/gitpar/r1/level/1")
KEEP = RefName("refs/gitpar/keep/r1/a/1")


@pytest.fixture
def commits(repo: Repo) -> list[CommitId]:
    return [repo.commit(f"number {number}", {"f": f"{number}\n"}) for number in range(3)]


@pytest.fixture
def refs(repo: Repo) -> Iterator[GitRefs]:
    opened = GitRefs(repo.place)
    yield opened
    opened.close()


def test_refs_move_from_their_old_value_and_back_to_nothing(refs: GitRefs, commits: list[CommitId]) -> None:
    refs.move([RefUpdate(LEVEL, commits[0], NO_COMMIT), RefUpdate(KEEP, commits[1], NO_COMMIT)])
    assert refs.read("refs/heads/gitpar/r1") == {LEVEL: commits[0]}
    refs.move([RefUpdate(LEVEL, commits[2], commits[0])])
    refs.move([RefUpdate(LEVEL, NO_COMMIT, commits[2])])
    assert refs.read("refs/heads/gitpar") == {}
    assert refs.read("refs/gitpar/keep/r1") == {KEEP: commits[1]}


def test_a_moved_ref_keeps_all_of_the_transaction_from_moving(refs: GitRefs, commits: list[CommitId]) -> None:
    refs.move([RefUpdate(LEVEL, commits[1], NO_COMMIT)])
    with pytest.raises(RefMoved) as caught:
        refs.move([RefUpdate(KEEP, commits[0], NO_COMMIT), RefUpdate(LEVEL, commits[2], commits[0])])
    assert (caught.value.ref, caught.value.expected, caught.value.found) == (LEVEL, commits[0], commits[1])
    assert refs.read("refs/gitpar") == {}
    refs.move([RefUpdate(LEVEL, commits[2], commits[1])])
    assert refs.read(LEVEL) == {LEVEL: commits[2]}


def test_a_ref_that_should_or_should_not_exist_is_told_apart(refs: GitRefs, commits: list[CommitId]) -> None:
    with pytest.raises(RefMoved) as caught:
        refs.move([RefUpdate(LEVEL, commits[0], commits[1])])
    assert caught.value.found == NO_COMMIT
    refs.move([RefUpdate(LEVEL, commits[0], NO_COMMIT)])
    with pytest.raises(RefMoved) as caught:
        refs.move([RefUpdate(LEVEL, commits[0], NO_COMMIT)])
    assert caught.value.found == commits[0]


def test_refs_that_somebody_packed_between_two_moves_are_seen(
    repo: Repo, refs: GitRefs, commits: list[CommitId]
) -> None:
    refs.move([RefUpdate(LEVEL, commits[0], NO_COMMIT)])
    repo.git("pack-refs", "--all", "--prune")
    refs.move([RefUpdate(LEVEL, commits[1], commits[0])])
    repo.git("pack-refs", "--all", "--prune")
    refs.move([RefUpdate(LEVEL, NO_COMMIT, commits[1])])
    assert repo.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_no_hook_of_the_users_runs(repo: Repo, refs: GitRefs, commits: list[CommitId]) -> None:
    hook = repo.root / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho ran >> ../hook-ran\nexit 1\n")
    hook.chmod(0o755)
    refs.move([RefUpdate(LEVEL, commits[0], NO_COMMIT)])
    assert refs.read(LEVEL) == {LEVEL: commits[0]}
    assert not list(repo.root.parent.glob("**/hook-ran"))


def test_a_branch_called_gitpar_is_named(repo: Repo, refs: GitRefs, commits: list[CommitId]) -> None:
    repo.git("branch", "gitpar")
    with pytest.raises(UsageError) as caught:
        refs.move([RefUpdate(LEVEL, commits[0], NO_COMMIT)])
    assert caught.value.message == (
        "the branch `gitpar/r1/level/1` cannot be made, because there is a branch `gitpar`"
    )
    assert caught.value.hints[0] == "Rename that branch: git branch -m gitpar gitpar-old"


def test_a_lock_that_is_given_back_is_waited_for(repo: Repo, refs: GitRefs, commits: list[CommitId]) -> None:
    refs.move([RefUpdate(LEVEL, commits[0], NO_COMMIT)])
    lock = repo.root / ".git" / f"{LEVEL}.lock"
    lock.touch()
    timer = threading.Timer(0.3, lock.unlink)
    timer.start()
    refs.move([RefUpdate(LEVEL, commits[1], commits[0])])
    timer.join()
    assert refs.read(LEVEL) == {LEVEL: commits[1]}


RELEASE = RefName("refs/heads/release")


@pytest.mark.parametrize("ref", [RELEASE, LEVEL])
@pytest.mark.parametrize("locked", ["for this move", "for another", "with nothing in it"])
def test_a_lock_that_stays_is_named_or_left_by_a_power_cut(
    repo: Repo, refs: GitRefs, commits: list[CommitId], ref: RefName, locked: str
) -> None:
    refs.move([RefUpdate(ref, commits[0], NO_COMMIT)])
    lock = repo.root / ".git" / f"{ref}.lock"
    held = {"for this move": f"{commits[1]}\n", "for another": f"{commits[0]}\n", "with nothing in it": ""}
    lock.write_text(held[locked])
    # of the run's own refs nobody but its owner moves any
    if ref == LEVEL or locked == "for this move":
        refs.move([RefUpdate(ref, commits[1], commits[0])])
        assert refs.read(ref) == {ref: commits[1]}
        return
    with pytest.raises(EnvironmentFault) as caught:
        refs.move([RefUpdate(ref, commits[1], commits[0])])
    assert str(lock) in caught.value.message
    assert refs.read(ref) == {ref: commits[0]}


def test_an_empty_lock_of_a_users_branch_is_nobodys_also_where_the_branch_is_to_go(
    repo: Repo, refs: GitRefs, commits: list[CommitId]
) -> None:
    refs.move([RefUpdate(RELEASE, commits[0], NO_COMMIT)])
    lock = repo.root / ".git" / f"{RELEASE}.lock"
    lock.touch()
    with pytest.raises(EnvironmentFault):
        refs.move([RefUpdate(RELEASE, NO_COMMIT, commits[0])])
    assert lock.exists()
    assert refs.read(RELEASE) == {RELEASE: commits[0]}


def test_a_lock_that_came_after_a_stale_one_is_waited_for(
    repo: Repo, refs: GitRefs, commits: list[CommitId]
) -> None:
    stale, fresh = (repo.root / ".git" / f"{ref}.lock" for ref in (KEEP, LEVEL))
    found = []
    for lock in (stale, fresh):
        lock.parent.mkdir(parents=True)
    stale.touch()

    def hold() -> None:
        while stale.exists():
            time.sleep(0.002)
        fresh.touch()
        time.sleep(0.6)
        found.append(fresh.exists())
        fresh.unlink()

    other = threading.Thread(target=hold)
    other.start()
    refs.move([RefUpdate(KEEP, commits[0], NO_COMMIT), RefUpdate(LEVEL, commits[1], NO_COMMIT)])
    other.join()
    assert found == [True]
    assert refs.read(LEVEL) == {LEVEL: commits[1]}


def test_a_commit_that_is_not_there_is_refused_in_gits_words(refs: GitRefs, commits: list[CommitId]) -> None:
    with pytest.raises(GitFailed, match="nonexistent object"):
        refs.move([RefUpdate(LEVEL, CommitId("1" * 40), NO_COMMIT), RefUpdate(KEEP, commits[0], NO_COMMIT)])
    assert refs.read("refs/gitpar") == {}


def test_many_threads_move_refs_at_once(refs: GitRefs, commits: list[CommitId]) -> None:
    names = [RefName(f"refs/gitpar/keep/r1/{number}/1") for number in range(40)]

    def work(part: list[RefName]) -> None:
        for name in part:
            refs.move([RefUpdate(name, commits[0], NO_COMMIT)])

    threads = [threading.Thread(target=work, args=(names[at::4],)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refs.read("refs/gitpar") == dict.fromkeys(sorted(names), commits[0])


def test_a_revision_is_resolved_and_an_unknown_one_named(
    repo: Repo, refs: GitRefs, commits: list[CommitId]
) -> None:
    repo.git("tag", "-a", "-m", "one", "v1", commits[1])
    assert refs.resolve("HEAD") == refs.resolve("main") == commits[2]
    assert refs.resolve("v1") == refs.resolve("main~1") == commits[1]
    with pytest.raises(UsageError) as caught:
        refs.resolve("mian")
    assert caught.value.message == "`mian` names no commit in this repository"
    assert caught.value.hints == ("Did you mean `main`?",)
    for odd in ("--all", "-n1", "", "main..v1", f"{commits[0]} {commits[1]}", "v1:f"):
        with pytest.raises(UsageError):
            refs.resolve(odd)


def test_an_empty_repository_has_nothing_to_start_from(refs: GitRefs) -> None:
    with pytest.raises(UsageError, match="no commit yet"):
        refs.resolve("HEAD")


def test_head_is_that_of_the_worktree_one_stands_in(repo: Repo, commits: list[CommitId]) -> None:
    repo.git("worktree", "add", "-q", "--detach", "../other", commits[0])
    inner = repo.root.parent / "other" / "sub"
    inner.mkdir()
    place = discover(inner)
    assert (place.root, place.common, place.main) == (inner.parent, repo.root / ".git", repo.root)
    refs = GitRefs(place)
    assert refs.resolve("HEAD") == commits[0]
    refs.close()


def test_a_bare_repository_has_no_worktree(repo: Repo, commits: list[CommitId]) -> None:
    repo.git("clone", "-q", "--bare", ".", "../bare.git")
    place = discover(repo.root.parent / "bare.git")
    assert (place.root, place.common) == (None, repo.root.parent / "bare.git")
    refs = GitRefs(place)
    assert refs.resolve("main") == commits[2]
    refs.close()


@pytest.mark.parametrize(
    ("option", "reason", "hint"),
    [
        ("--object-format=sha256", "named by sha256", "git init --object-format=sha1"),
        ("reftable", "reftable format", "git refs migrate --ref-format=files"),
    ],
)
def test_formats_that_cannot_be_read_are_refused(repo: Repo, option: str, reason: str, hint: str) -> None:
    folder = repo.root.parent / "other"
    if option == "reftable":
        made = Repo(folder)
        made.git("config", "core.repositoryFormatVersion", "1")
        made.git("config", "extensions.refStorage", "reftable")
        (folder / ".git/reftable").mkdir()
    else:
        Repo(folder, option)
    with pytest.raises(EnvironmentFault, match=reason) as caught:
        discover(folder)
    assert hint in caught.value.hints[0]


def test_a_folder_outside_of_any_repository_is_refused(repo: Repo) -> None:
    with pytest.raises(EnvironmentFault, match="is not in a git repository") as caught:
        discover(repo.root.parent)
    assert "git init" in caught.value.hints[0]
    with pytest.raises(EnvironmentFault, match="is not a folder"):
        discover(repo.root / "nowhere")
