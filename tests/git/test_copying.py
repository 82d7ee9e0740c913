"""Worktrees made at the same time are checked out once and copied; nobody can tell which is which."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitpar.core.names import CommitId
from gitpar.git.command import GitFailed
from gitpar.git.worktrees import GitWorktrees
from gitpar.ports import Workplace
from tests.support.pools import Repo, key, new_repo, recorded, sealed, shell


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    made = new_repo(tmp_path / "repo")
    made.write({'-odd\nname \t"x"': "odd\n", "ü/é": "é\n", "same.txt": "ONE\ntwo\nthree\nfour\n"})
    (made.path / "link").symlink_to("nowhere")
    (made.path / "program").write_text("#!/bin/sh\n")
    (made.path / "program").chmod(0o755)
    made.commit()
    return made


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The calls of `cp`."""
    return recorded("cp", tmp_path, monkeypatch)


def opened(repo: Repo, pool: GitWorktrees, count: int = 2) -> list[Workplace]:
    """Opens worktrees; the first is not checked out before the others wait for it."""
    done = repo.path.with_name("go-on")
    wait = f"for i in $(seq 500); do [ -e {done} ] && break; sleep 0.02; done; cat"
    repo.git("config", "filter.wait.smudge", wait)
    (repo.common / "info").mkdir(exist_ok=True)
    (repo.common / "info" / "attributes").write_text("a.txt filter=wait\n")
    with ThreadPoolExecutor(count) as threads:
        coming = [threads.submit(pool.open, key(f"t{n}"), repo.head) for n in range(count)]
        while pool.checkouts.waiting < count - 1 and not any(one.done() for one in coming):
            time.sleep(0.005)
        done.touch()
        return [one.result() for one in coming]


def as_checked_out(repo: Repo, place: Workplace) -> None:
    """Asserts that git sees its own checkout, without reading a file."""
    assert repo.git("diff-files", cwd=place.path) == ""
    assert repo.git("status", "--porcelain", "--ignored", cwd=place.path) == ""
    assert repo.git("rev-parse", "--absolute-git-dir", cwd=place.path) == str(
        repo.common / "worktrees" / place.path.name
    )
    assert (place.path / "program").stat().st_mode & 0o777 == (repo.path / "program").stat().st_mode & 0o777
    assert (place.path / "link").readlink() == Path("nowhere")


def test_the_second_of_two_is_copied(repo: Repo, calls: Path) -> None:
    places = opened(repo, repo.pool())
    assert calls.read_text().count("called") == 1
    for place in places:
        as_checked_out(repo, place)
    assert repo.git("fsck") == ""


def test_one_alone_is_not_copied(repo: Repo, calls: Path) -> None:
    as_checked_out(repo, repo.pool().open(key(), repo.head))
    assert calls.read_text() == ""


@pytest.mark.parametrize(
    ("setting", "copied"),
    [("index.version=4", 0), ("core.splitIndex=true", 1), ("feature.manyFiles=true", 0)],
)
def test_other_kinds_of_index_do_as_well(repo: Repo, calls: Path, setting: str, copied: int) -> None:
    repo.git("config", *setting.split("="))
    for place in opened(repo, repo.pool()):
        as_checked_out(repo, place)
    assert calls.read_text().count("called") == copied


def test_a_copy_that_breaks_off_is_checked_out_over(repo: Repo, calls: Path) -> None:
    broken = f'#!/bin/sh\necho called >>"{calls}"\nfor last; do :; done\necho half >"$last/a.txt"\nexit 1\n'
    (calls.parent / "bin" / "cp").write_text(broken)
    for place in opened(repo, repo.pool()):
        as_checked_out(repo, place)
        assert (place.path / "a.txt").read_text() == (repo.path / "a.txt").read_text()
    assert calls.read_text().count("called") == 1


@pytest.mark.parametrize(
    "script",
    [
        "cat same.txt > a.txt",
        "cp -p a.txt t; cat same.txt > a.txt; touch -r t a.txt; rm t",
        "cp -p same.txt a.txt",
        "cp -p same.txt n; mv n a.txt; touch -r src/b.py a.txt",
    ],
)
def test_edits_of_the_same_size_are_seen_in_both(repo: Repo, script: str) -> None:
    pool = repo.pool()
    for place in opened(repo, pool):
        shell(place, script)
        capture = pool.capture(place, processes_gone=True)
        assert repo.git("show", f"{capture.result}:a.txt") == repo.git("show", "HEAD:same.txt")
        assert repo.git("diff", "--name-only", repo.head, capture.result) == "a.txt"


def test_many_at_once_at_two_commits(repo: Repo) -> None:
    bases = [repo.head, CommitId(repo.git("rev-parse", "HEAD~1"))] * 4
    pool = repo.pool(jobs=len(bases))
    with ThreadPoolExecutor(len(bases)) as threads:
        places = list(threads.map(pool.open, [key(f"t{n}") for n in range(len(bases))], bases))
    for place, base in zip(places, bases, strict=True):
        assert repo.git("rev-parse", "HEAD", cwd=place.path) == base
        assert repo.git("status", "--porcelain", "--ignored", cwd=place.path) == ""
        assert sorted(repo.git("ls-files", cwd=place.path).splitlines()) == sorted(
            repo.git("ls-tree", "-r", "--name-only", base).splitlines()
        )


def test_for_slow_workers_all_are_copied_from_one(repo: Repo, calls: Path) -> None:
    for place in opened(repo, repo.pool(jobs=5, slow_workers=True), 5):
        as_checked_out(repo, place)
    assert calls.read_text().count("called") == 4


def test_nobody_waits_for_a_worktree_that_cannot_be_made(repo: Repo) -> None:
    bases = [CommitId("1" * 40), repo.head, repo.head, repo.head]
    pool = repo.pool(jobs=len(bases), slow_workers=True)
    with ThreadPoolExecutor(len(bases)) as threads:
        coming = [threads.submit(pool.open, key(f"t{n}"), base) for n, base in enumerate(bases)]
        with pytest.raises(GitFailed):
            coming[0].result()
        for one in coming[1:]:
            as_checked_out(repo, one.result())
