"""Trees made of indexes in this process, against those that git makes of the same indexes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitpar.core.names import TreeId
from gitpar.git.coordinator import Coordinator
from gitpar.git.index_trees import IndexTrees, same_entries
from gitpar.git.objects import ObjectWriter
from gitpar.git.trees import difference
from tests.support.repo import Repo, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "repo")
    made.commit("one", {"a.txt": "a\n", "folder/b": "b\n", "folder/deep/c": "c\n", "folder.x": "x\n"})
    return made


@pytest.fixture
def coordinator(repo: Repo, tmp_path: Path) -> Iterator[Coordinator]:
    made = Coordinator(repo.place, tmp_path / "coordinator")
    yield made
    made.close()


def files(repo: Repo) -> None:
    repo.write("folder/new", "n\n")
    repo.write('ü/\n"odd" name', "o\n")
    (repo.root / "a.txt").unlink()
    (repo.root / "link").symlink_to("nowhere")
    (repo.root / "folder/b").chmod(0o755)
    repo.git("add", "-A")


def nothing(_repo: Repo) -> None:
    """The index as it was committed."""


def everything_removed(repo: Repo) -> None:
    repo.git("rm", "-rqf", ".")


def a_submodule(repo: Repo) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},sub")


def version_4(repo: Repo) -> None:
    files(repo)
    repo.git("update-index", "--index-version", "4")


def skipped_and_assumed(repo: Repo) -> None:
    files(repo)
    repo.git("update-index", "--skip-worktree", "folder/deep/c")
    repo.git("update-index", "--assume-unchanged", "folder.x")


SAME: list[Callable[[Repo], None]] = [
    nothing,
    files,
    everything_removed,
    a_submodule,
    version_4,
    skipped_and_assumed,
]


@pytest.mark.parametrize("change", SAME, ids=lambda one: one.__name__)
def test_the_tree_is_that_which_git_makes(
    repo: Repo, coordinator: Coordinator, change: Callable[[Repo], None]
) -> None:
    change(repo)
    index = repo.root / ".git/index"
    found = IndexTrees(coordinator).look(index)
    assert found == repo.git("write-tree")


def split(repo: Repo) -> None:
    files(repo)
    repo.git("update-index", "--split-index")


def in_conflict(repo: Repo) -> None:
    other = repo.branch("HEAD", "two", {"a.txt": "2\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("three", {"a.txt": "3\n"})
    with pytest.raises(AssertionError):
        repo.git("merge", "-q", other)


def damaged(repo: Repo) -> None:
    index = repo.root / ".git/index"
    content = bytearray(index.read_bytes())
    content[20] ^= 0xFF
    index.write_bytes(content)


@pytest.mark.parametrize("change", [split, in_conflict, damaged], ids=lambda one: one.__name__)
def test_what_only_git_can_read_is_left_to_git(
    repo: Repo, coordinator: Coordinator, change: Callable[[Repo], None]
) -> None:
    change(repo)
    assert IndexTrees(coordinator).look(repo.root / ".git/index") is None


def test_nothing_reaches_the_users_store_by_a_look(repo: Repo, coordinator: Coordinator) -> None:
    files(repo)
    before = repo.loose()
    IndexTrees(coordinator).look(repo.root / ".git/index")
    assert repo.loose() == before


def test_a_stored_tree_is_whole_in_the_users_store(
    repo: Repo, coordinator: Coordinator, tmp_path: Path
) -> None:
    base = TreeId(repo.git("rev-parse", "HEAD^{tree}"))
    files(repo)
    store = ObjectWriter(coordinator.store, tmp_path / "waiting")
    index = tmp_path / "index"
    shutil.copy(repo.root / ".git/index", index)
    tree = IndexTrees(coordinator).store(index, base, store)
    coordinator.close()
    assert tree == repo.git("write-tree", "--missing-ok")
    listed = repo.git("ls-tree", "-r", "-t", "--format=%(objectname)", f"{tree}")
    assert (
        repo.git("cat-file", "--batch-check=%(objecttype)", stdin=listed.encode()).split().count("missing")
        == 0
    )
    store.close()


@pytest.mark.parametrize("shared", [False, True])
def test_a_changed_tree_is_stored_without_scratch(
    repo: Repo, coordinator: Coordinator, tmp_path: Path, *, shared: bool
) -> None:
    base = TreeId(repo.git("rev-parse", "HEAD^{tree}"))
    files(repo)
    made = repo.git("write-tree", "--missing-ok")
    found = difference(coordinator.pygit(), base, made)
    changed = dict(found.files)
    for name in found.objects:
        if repo.git("cat-file", "-t", name) == "tree":
            (repo.root / ".git/objects" / name[:2] / name[2:]).unlink()
    if shared:
        (repo.root / ".git/objects").chmod(0o2775)
    store = ObjectWriter(coordinator.store, tmp_path / "waiting")
    tree = IndexTrees(coordinator).store_changed(base, changed, store)
    assert tree == (None if shared else made)
    assert not list(coordinator.objects.glob("??/*"))
    if not shared:
        assert repo.git("ls-tree", "-r", "--name-only", made) == repo.git("ls-files")
    store.close()


def test_indexes_that_hold_the_same_are_known_by_their_entries(repo: Repo) -> None:
    index = repo.root / ".git" / "index"
    committed = index.read_bytes()
    repo.write("folder/new", "n\n")
    repo.git("add", "-A")
    staged = index.read_bytes()
    repo.git("write-tree")  # remembers the trees behind the entries
    remembered = index.read_bytes()
    assert staged != remembered
    assert same_entries(staged, remembered)
    assert same_entries(committed, committed)
    assert not same_entries(committed, staged)
    assert not same_entries(b"", staged)
    assert not same_entries(staged[:-30], remembered)
