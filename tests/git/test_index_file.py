"""What two indexes have different, read from their bytes, against what git says of the same two."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from gitpar.git.index_file import Differences, Layouts, differences, layout
from tests.support.repo import Repo, sealed_repo

_SEEDS = range(3)
_STEPS = 8


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return sealed_repo(monkeypatch, tmp_path / "repo")


def index(repo: Repo) -> bytes:
    return (repo.root / ".git/index").read_bytes()


def by_git(repo: Repo, before: str) -> dict[str, tuple[tuple[int, str], tuple[int, str]]]:
    """Returns what git says the index has otherwise than a tree."""
    fields = repo.git("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", before).split(
        "\0"
    )
    found = {}
    for said, path in zip(fields[:-1:2], fields[1::2], strict=True):
        modes, names = said.lstrip(":").split()[:2], said.split()[2:4]
        old, new = (
            (int(mode, 8), name if name.strip("0") else "") for mode, name in zip(modes, names, strict=True)
        )
        found[path] = (old, new)
    return found


def paths(chance: random.Random) -> list[str]:
    names = ["a", "a.b", "a-b", "é", "x" * 300, "y", "z0", "q q", 'w"', "long-" * 20]
    return [f"{chance.choice(names)}/{chance.choice(names)}{chance.randrange(40)}" for _ in range(150)]


def edit(repo: Repo, chance: random.Random) -> None:
    """Adds, removes and changes some files at random in the index."""
    there = repo.git("ls-files", "-z").split("\0")[:-1]
    gone = chance.sample(there, min(len(there), chance.choice([0, 0, 1, 5, 60])))
    changed = chance.sample(there, min(len(there), chance.choice([0, 1, 2, 30])))
    new = chance.sample(paths(chance), chance.choice([0, 1, 3, 40]))
    blob = repo.git("hash-object", "-w", "--stdin", stdin=chance.randbytes(4))
    mode = chance.choice(["100644", "100755", "120000"])
    lines = [f"0 {'0' * 40}\t{path}" for path in gone]
    lines += [f"{mode} {blob}\t{path}" for path in {*changed, *new} - set(gone)]
    repo.git("update-index", "-z", "--index-info", stdin="".join(f"{line}\0" for line in lines).encode())


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_differences_are_those_which_git_finds(repo: Repo, seed: int) -> None:
    chance = random.Random(seed)
    repo.commit("one", {"a/a": "a\n"})
    found = 0
    for _ in range(_STEPS):
        edit(repo, chance)
        before, tree = index(repo), repo.git("write-tree")
        for _ in range(chance.choice([0, 1, 2])):
            edit(repo, chance)
        like = layout(before)
        assert like is not None
        between = differences(like, before, index(repo))
        assert between is not None
        assert between.changed == by_git(repo, tree)
        assert not set(between.touched) & set(between.changed)
        found += len(between.changed)
    assert found


def test_an_index_of_the_other_worktree_is_read_by_the_same_layout(repo: Repo) -> None:
    repo.commit("one", {f"folder/{n}": f"{n}\n" for n in range(50)})
    repo.git("worktree", "add", "-q", "--detach", str(repo.root.with_name("two")))
    other = (repo.root / ".git/worktrees/two/index").read_bytes()
    layouts = Layouts()
    like = layouts.of("commit", index(repo))
    assert like is not None
    assert index(repo) != other
    assert differences(like, other, other) == Differences()
    assert differences(like, index(repo), other) == Differences({}, [os.fsdecode(one) for one in like.names])
    assert layouts.of("commit", other) is like
    assert [like.at(other, name) for name in like.names] == like.starts[:-1]
    assert like.at(other, b"folder/none") is None


def version_4(repo: Repo) -> None:
    repo.git("update-index", "--index-version", "4")


def split(repo: Repo) -> None:
    repo.git("update-index", "--split-index")


def intended(repo: Repo) -> None:
    repo.write("new", "n\n")
    repo.git("add", "-N", "new")


def skipped(repo: Repo) -> None:
    repo.git("update-index", "--skip-worktree", "folder/1")


def in_conflict(repo: Repo) -> None:
    blob = repo.git("rev-parse", "HEAD:folder/1")
    repo.git("update-index", "--index-info", stdin=f"100644 {blob} 1\tc\n100644 {blob} 2\tc\n".encode())


ODD: list[Callable[[Repo], None]] = [version_4, split, intended, skipped, in_conflict]


@pytest.mark.parametrize("change", ODD, ids=lambda one: one.__name__)
def test_an_index_with_more_to_it_than_entries_is_left_to_git(
    repo: Repo, change: Callable[[Repo], None]
) -> None:
    repo.commit("one", {"folder/1": "1\n", "folder/2": "2\n"})
    plain = index(repo)
    change(repo)
    odd = index(repo)
    like = layout(plain)
    assert like is not None
    assert layout(odd) is None
    assert differences(like, plain, odd) is None
    assert differences(like, odd, plain) is None


def test_a_damaged_index_is_read_as_none(repo: Repo) -> None:
    repo.commit("one", {f"folder/{n}": f"{n}\n" for n in range(20)})
    whole = index(repo)
    like = layout(whole)
    assert like is not None
    for end in range(0, len(whole) - 1, 37):
        assert layout(whole[:end]) is None
        assert differences(like, whole, whole[:end]) is None
    longer = bytearray(whole)
    longer[11] += 1  # one more entry than there are
    assert layout(bytes(longer)) is None
    assert differences(like, whole, bytes(longer)) is None
