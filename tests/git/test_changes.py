"""Change sets as git reports them, hunks as libgit2 does, and the coordinator they are read in."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from gitpar.core.changes import ChangeKind, FileChange, Hunk
from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.git.analysis import GitRepository
from gitpar.git.changes import read_hunks
from gitpar.git.command import GitFailed
from gitpar.git.coordinator import Coordinator
from tests.support.repo import Repo, lines


@pytest.fixture
def base(repo: Repo) -> CommitId:
    return repo.commit("base", {"a.txt": lines(), "sub/b.txt": lines((1, "other")), "old": "1\n"})


def shape(change: FileChange) -> tuple[str, str, str | None]:
    return change.path, change.kind.value, change.old_path


def test_every_kind_of_change_is_seen(repo: Repo, base: CommitId, repository: GitRepository) -> None:
    (repo.root / "sub/b.txt").rename(repo.root / "c.txt")
    tip = repo.commit("all kinds", {"a.txt": lines((3, "x")), "new": b"\0\1", "old": None})
    (found,) = repository.change_sets([(base, tip)])
    assert [shape(change) for change in found.files] == [
        ("a.txt", ChangeKind.MODIFIED, None),
        ("c.txt", ChangeKind.RENAMED, "sub/b.txt"),
        ("new", ChangeKind.ADDED, None),
        ("old", ChangeKind.DELETED, None),
    ]
    new, old = found.files[2], found.files[3]
    assert (new.old_mode, new.old_id, new.new_mode) == (0, "", 0o100644)
    assert (old.new_mode, old.new_id, old.old_id) == (0, "", repo.git("rev-parse", f"{base}:old"))
    assert found.paths == ("a.txt", "sub/b.txt", "c.txt", "new", "old")
    assert (found.base, found.tip) == (base, tip)


def test_modes_links_and_submodules_are_kept_apart(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    (repo.root / "a.txt").chmod(0o755)
    (repo.root / "old").unlink()
    (repo.root / "old").symlink_to("a.txt")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{base},vendor")
    repo.git("add", "a.txt", "old")
    repo.git("commit", "-q", "-m", "modes")
    (found,) = repository.change_sets([(base, CommitId(repo.git("rev-parse", "HEAD")))])
    assert [(c.path, c.kind, c.old_mode, c.new_mode) for c in found.files] == [
        ("a.txt", ChangeKind.MODIFIED, 0o100644, 0o100755),
        ("old", ChangeKind.MODIFIED, 0o100644, 0o120000),
        ("vendor", ChangeKind.ADDED, 0, 0o160000),
    ]


@pytest.mark.parametrize("raw", [b"new\nline", b"caf\xe9", b":colon", b"tab\there", "日本".encode()])
def test_any_path_survives(repo: Repo, base: CommitId, repository: GitRepository, raw: bytes) -> None:
    name = os.fsdecode(raw)
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"text\n")
    repo.git("update-index", "--add", "-z", "--index-info", stdin=f"100644 {blob}\t".encode() + raw + b"\0")
    repo.git("commit", "-q", "-m", "odd name")
    (found,) = repository.change_sets([(base, CommitId(repo.git("rev-parse", "HEAD")))])
    assert [change.path for change in found.files] == [name]
    assert os.fsencode(found.files[0].path) == raw


def test_many_pairs_come_in_order_doubles_and_empty_ones_too(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    tips = [repo.branch(base, f"tip {at}", {f"file-{at}": "x\n"}) for at in range(3)]
    pairs = [(base, tips[0]), (base, base), (base, tips[2]), (base, tips[0]), (tips[1], tips[2])]
    found = repository.change_sets(pairs)
    assert [change_set.paths for change_set in found] == [
        ("file-0",),
        (),
        ("file-2",),
        ("file-0",),
        ("file-1", "file-2"),
    ]
    assert repository.change_sets([]) == []


def test_a_missing_commit_is_an_error(base: CommitId, repository: GitRepository) -> None:
    with pytest.raises(GitFailed):
        repository.change_sets([(base, CommitId("1" * 40)), (base, base)])


def test_attempts_read_change_sets_at_the_same_time(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    tips = [repo.branch(base, f"tip {at}", {f"file-{at}": f"{at}\n"}) for at in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda tip: repository.change_sets([(base, tip)])[0].paths, tips * 3))
        lost = list(pool.map(lambda tip: repository.undone(base, tips[0], base, tip), tips * 3))
    assert found == [(f"file-{at}",) for at in range(6)] * 3
    assert lost == [() if at == 0 else ("file-0:1",) for at in range(6)] * 3


def test_an_empty_side_of_a_hunk_lies_before_its_start(repo: Repo, base: CommitId) -> None:
    text = lines().splitlines(keepends=True)
    text[4:4] = ["in between\n"]
    del text[0], text[-1]
    repo.write("a.txt", "".join(text))
    new = repo.git("hash-object", "-w", "a.txt")
    coordinator = Coordinator(repo.place, repo.root / "coordinator")
    found = read_hunks(coordinator.pygit(), repo.git("rev-parse", f"{base}:a.txt"), new)
    assert found == (Hunk(1, 1, 1, 0), Hunk(5, 0, 4, 1), Hunk(20, 1, 20, 0))
    binary = repo.git("hash-object", "-w", "--stdin", stdin=b"a\0b")
    assert read_hunks(coordinator.pygit(), binary, new) is None
    coordinator.close()


def test_objects_behind_the_users_alternates_are_read(repo: Repo, base: CommitId) -> None:
    tip = repo.commit("tip", {"a.txt": lines((3, "x"))})
    repo.git("clone", "-q", "--shared", ".", "../borrower")
    borrower = Repo(repo.root.parent / "borrower")
    assert not borrower.loose()
    repository = GitRepository(borrower.place, RunId("r1"))
    assert repository.change_sets([(base, tip)])[0].paths == ("a.txt",)
    other = borrower.branch(base, "y", {"a.txt": "y\n"})
    (pair,) = repository.compare(base, [(TaskId("x"), tip), (TaskId("y"), other)]).pairs
    assert pair.tier == "conflict"
    repository.close()


def test_what_a_killed_gitpar_left_is_cleared(repo: Repo, base: CommitId) -> None:
    folder = repo.root / ".git/gitpar/runs/r1/git"
    (folder / "objects/ab").mkdir(parents=True)
    (folder / "config").write_text("[core]\n\tfsmonitor = touch ran\n")
    repository = GitRepository(repo.place, RunId("r1"))
    assert not (folder / "objects/ab").exists()
    assert "fsmonitor" not in (folder / "config").read_text()
    assert repository.change_sets([(base, base)])[0].files == ()
    repository.close()
    assert not folder.exists()
