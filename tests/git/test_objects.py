"""Objects written through a git that stays: what it takes, what it refuses, and how it goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from gitpar.git.command import GitCommand, GitFailed
from gitpar.git.environment import GitEnvironment
from gitpar.git.objects import ObjectWriter, is_well_formed, object_id
from tests.support.repo import Repo


def test_objects_are_as_git_writes_them_and_a_refused_one_ends_nothing(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit("first", {"f.txt": "1\n"})
    # a worker may have set this; the folder's name holds what a line-based protocol stumbles over
    repo.git("config", "core.worktree", "/nowhere")
    environment = GitEnvironment(repo.root, {"GIT_DIR": str(repo.root / ".git")})
    writer = ObjectWriter(GitCommand(environment), tmp_path / 'a "new\nline"')
    content = GitCommand(environment.at(repo.root, GIT_WORK_TREE=str(repo.root))).run(
        "cat-file", "commit", commit
    )
    assert writer.write("commit", content.stdout) == commit
    changed = writer.write("commit", content.stdout.replace(b"first", b"second"))
    assert writer.write("blob", b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    with pytest.raises(GitFailed, match="hash-object"):
        writer.write("commit", b"tree nothing\n\n")
    assert writer.write("commit", content.stdout.replace(b"first", b"second")) == changed
    writer.close()
    assert not list(writer.folder.iterdir())
    repo.git("config", "--unset", "core.worktree")
    assert repo.git("log", "-1", "--format=%s", changed) == "second"
    assert repo.git("cat-file", "-t", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391") == "blob"


@pytest.fixture
def scratch(repo: Repo, tmp_path: Path) -> Path:
    """An object folder of its own with a blob, a tree and a commit that the repository does not have."""
    repo.commit("first", {"f.txt": "1\n"})
    other = sealed_copy(repo, tmp_path / "other")
    other.commit("second", {"g.txt": "2\n"})
    return other.root / ".git" / "objects"


def sealed_copy(repo: Repo, path: Path) -> Repo:
    shutil.copytree(repo.root, path)
    return Repo(path)


def writer_into(repo: Repo, tmp_path: Path) -> ObjectWriter:
    environment = GitEnvironment(repo.root, {"GIT_DIR": str(repo.root / ".git")})
    return ObjectWriter(GitCommand(environment), tmp_path / "waiting")


def names_in(objects: Path) -> list[str]:
    return sorted(found.parent.name + found.name for found in objects.glob("??/*"))


def test_trees_and_blobs_are_taken_over_and_commits_left_to_git(
    repo: Repo, scratch: Path, tmp_path: Path
) -> None:
    new = [name for name in names_in(scratch) if name not in names_in(repo.root / ".git" / "objects")]
    left = writer_into(repo, tmp_path).adopt(scratch, new)
    kinds = {name: Repo(scratch.parent.parent).git("cat-file", "-t", name) for name in new}
    assert sorted(kinds.values()) == ["blob", "commit", "tree"]
    assert [kinds[name] for name in left] == ["commit"]
    shutil.rmtree(scratch)
    for name in set(new) - set(left):
        assert repo.git("cat-file", "-t", name) == kinds[name]
    assert repo.git("fsck", "--no-dangling") == ""


def test_what_is_there_already_stays_and_is_young_again(repo: Repo, scratch: Path, tmp_path: Path) -> None:
    writer = writer_into(repo, tmp_path)
    blob = repo.git("rev-parse", "HEAD:f.txt")
    there = repo.root / ".git" / "objects" / blob[:2] / blob[2:]
    os.utime(there, (1, 1))
    before = there.stat()
    assert writer.adopt(scratch, [blob]) == []
    assert (there.stat().st_ino, there.stat().st_mtime > 1) == (before.st_ino, True)


@pytest.mark.parametrize("damage", ["gone", "cut", "changed", "another's"])
def test_what_is_not_what_its_name_says_is_left_to_git(
    repo: Repo, scratch: Path, tmp_path: Path, damage: str
) -> None:
    store = repo.root / ".git" / "objects"
    name = next(one for one in names_in(scratch) if one not in names_in(store))
    file = scratch / name[:2] / name[2:]
    content = file.read_bytes()
    file.unlink()
    changed = {
        "gone": None,
        "cut": content[:-3],
        "changed": b"\0" * 20,
        "another's": zlib.compress(b"blob 1\0x"),
    }
    if (written := changed[damage]) is not None:
        file.write_bytes(written)
    assert writer_into(repo, tmp_path).adopt(scratch, [name]) == [name]
    assert name not in names_in(store)


def test_a_store_that_a_group_shares_is_left_to_git(repo: Repo, scratch: Path, tmp_path: Path) -> None:
    (repo.root / ".git" / "objects").chmod(0o2775)
    assert writer_into(repo, tmp_path).adopt(scratch, names_in(scratch)) == names_in(scratch)


def tree_of_one(repo: Repo, mode: str = "100644") -> tuple[str, bytes]:
    """A tree that the repository does not have, of a file that it has."""
    blob = repo.git("rev-parse", "HEAD:f.txt")
    content = f"{mode} other\0".encode() + bytes.fromhex(blob)
    return object_id("tree", content), content


def test_trees_are_written_as_git_reads_them_and_again_where_they_are_there(
    repo: Repo, tmp_path: Path
) -> None:
    repo.commit("first", {"f.txt": "1\n"})
    writer = writer_into(repo, tmp_path)
    name, content = tree_of_one(repo)
    large = b"".join(f"100644 {at:05}\0".encode() + content[-20:] for at in range(1000))
    trees = {name: content, object_id("tree", large): large}
    for _ in range(2):
        assert writer.put("tree", trees)
    assert repo.git("ls-tree", name) == f"100644 blob {content[-20:].hex()}\tother"
    assert len(repo.git("ls-tree", object_id("tree", large)).splitlines()) == 1000
    file = repo.root / ".git/objects" / name[:2] / name[2:]
    assert file.stat().st_mode & 0o777 == 0o444
    repo.git("fsck", "--strict", "--no-dangling")
    assert not list((repo.root / ".git/objects").glob("tmp_obj_*"))


def test_nothing_is_written_into_a_store_that_a_group_shares(repo: Repo, tmp_path: Path) -> None:
    repo.commit("first", {"f.txt": "1\n"})
    store = repo.root / ".git" / "objects"
    store.chmod(0o2775)
    before = names_in(store)
    assert not writer_into(repo, tmp_path).put("tree", dict([tree_of_one(repo)]))
    assert names_in(store) == before


def test_a_tree_that_cannot_be_written_leaves_nothing(repo: Repo, tmp_path: Path) -> None:
    repo.commit("first", {"f.txt": "1\n"})
    name, content = tree_of_one(repo)
    store = repo.root / ".git" / "objects"
    (store / name[:2]).write_text("in the way")
    with pytest.raises(OSError, match=name[:2]):
        writer_into(repo, tmp_path).put("tree", {name: content})
    (store / name[:2]).unlink()
    assert not list(store.glob("tmp_obj_*"))


def test_what_is_taken_over_is_noted_before(repo: Repo, scratch: Path, tmp_path: Path) -> None:
    class Noted:
        """Keeps what it was told, and whether it was there by then."""

        def __init__(self) -> None:
            self.told: list[tuple[str, bool]] = []

        def note(self, objects: Iterable[tuple[str, str]]) -> None:
            there = names_in(repo.root / ".git" / "objects")
            self.told += [(name, name in there) for _, name in objects]

    writer = writer_into(repo, tmp_path)
    noted = writer.written = Noted()
    new = [name for name in names_in(scratch) if name not in names_in(repo.root / ".git" / "objects")]
    left = writer.adopt(scratch, new)
    assert sorted(noted.told) == [(name, False) for name in new if name not in left]


def test_of_many_trees_none_is_left_half_written(repo: Repo, tmp_path: Path) -> None:
    writer = writer_into(repo, tmp_path)
    store = repo.root / ".git" / "objects"
    trees = [b"100644 f%d\0" % number + bytes.fromhex(object_id("blob", b"")) for number in range(150)]
    named = {object_id("tree", tree): tree for tree in trees}
    blocked = list(named)[100]
    (store / blocked[:2]).mkdir(parents=True, exist_ok=True)
    (store / blocked[:2] / blocked[2:]).mkdir()
    with pytest.raises(OSError, match=blocked[2:]):
        writer.put("tree", named)
    assert not list(store.glob("tmp_obj_*"))
    (store / blocked[:2] / blocked[2:]).rmdir()
    assert writer.put("tree", named)
    assert writer.adopt(store, list(named)) == []  # each is what its name says


_WHO = b"A <a@b> 1 +0000"
HEADS = [
    (b"tree %s\nauthor %s\ncommitter %s\n\nm", True),
    (b"tree %s\nauthor %s\ncommitter %s\nencoding latin-1\n\nm\n", True),
    (b"tree %s\nauthor %s\ncommitter %s\n", False),
    (b"tree %s\nauthor %s\ncommitter %s\n\nm\0", False),
    (b"tree %s\nauthor %s\n\nm", False),
    (b"tree %s\nparent 1\nauthor %s\ncommitter %s\n\nm", False),
    (b"parent %s\nauthor %s\ncommitter %s\n\nm", False),
]
PEOPLE = [
    (b" <a@b> 1 +0000", True),
    (b"<a@b> 1 +0000", False),
    (b"\xc3\xa9 \xff <> 0 -1130", True),
    (b"A<a@b> 1 +0000", False),
    (b"A <a@b> 01 +0000", False),
    (b"A <a@b> 1 +000", False),
    (b"A <a@b> 99999999999999999999 +0000", False),
    (b"A <a@b 1 +0000", False),
    (b"A <a<b> 1 +0000", False),
    (b"A <a@b>", False),
]


def test_a_commit_that_is_written_without_git_is_what_git_takes(repo: Repo, tmp_path: Path) -> None:
    tree = repo.git("rev-parse", f"{repo.commit('first', {'f.txt': '1'})}^{{tree}}").encode()
    commits = [(head.replace(b"%s", tree, 1).replace(b"%s", _WHO), good) for head, good in HEADS]
    valid = commits[0][0]
    commits += [(valid.replace(_WHO, who, 1), good) for who, good in PEOPLE]
    commits += [(valid.replace(b"committer " + _WHO, b"committer " + who), good) for who, good in PEOPLE]
    assert [is_well_formed(commit) for commit, _ in commits] == [good for _, good in commits]
    writer = writer_into(repo, tmp_path)
    names = [writer.write("commit", commit) for commit, good in commits if good]
    assert not writer.folder.exists(), "git was asked"
    for name in names:
        repo.git("update-ref", f"refs/heads/{name}", name)
    assert repo.git("fsck", "--strict") == ""
    for commit, good in commits:
        if not good:
            with contextlib.suppress(GitFailed):  # git takes most of them
                writer.write("commit", commit)
            assert writer.folder.exists(), "git was not asked"
            writer.close()
            shutil.rmtree(writer.folder)
