# ruff: noqa: E501 - a worker's script reads best on one line
"""Files of a fresh worktree are set back in time; whatever a worker then does to them is seen all the same."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gitpar.git.worktrees import GitWorktrees
from gitpar.ports import Workplace
from tests.support.pools import Repo, key, new_repo, sealed, shell, work

_TRIES = 30
_EARLY_S = 0.1
SAME_SIZE = {
    "in place": "cat same.txt > a.txt",
    "by another name": "cat same.txt > n; mv n a.txt",
    "with its own time": "cp -p a.txt t; cat same.txt > a.txt; touch -r t a.txt; rm t",
    "with the time of another": "cat same.txt > a.txt; touch -r src/b.py a.txt",
    "copied over with its time": "cp -p same.txt a.txt",
    "through a hard link": "ln a.txt l; cp -p a.txt t; cat same.txt > l; touch -r t l; rm l t",
    "and a commit of the worker's own": "cp -p a.txt t; cat same.txt > a.txt; touch -r t a.txt; rm t; git commit -qam w || true",
}
"""Edits that leave the size as it was, made in the second in which the worktree was."""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    made = new_repo(tmp_path / "repo")
    made.write({"same.txt": (made.path / "a.txt").read_text().replace("one", "ONE")})
    made.commit()
    return made


def times(repo: Repo, place: Workplace) -> dict[str, int]:
    """Returns by path the second of its content that the worktree's index has."""
    lines = repo.git("ls-files", "--debug", cwd=place.path).splitlines()
    rows = zip(lines[::6], lines[2::6], strict=True)
    return {name: int(line.split()[1].partition(":")[0]) for name, line in rows}


def opened_and_edited(repo: Repo, script: str) -> tuple[GitWorktrees, Workplace]:
    """Returns an attempt in a new worktree whose worker was done in the second in which that was made."""
    for n in range(1, _TRIES):
        pool = repo.pool()  # what was opened before stays where it is: a new one makes a new worktree
        while time.time() % 1 > _EARLY_S:
            time.sleep(0.01)
        second = int(time.time())
        place = pool.open(key(n=n), repo.head)
        shell(place, script)
        if int(time.time()) == second:
            return pool, place
    pytest.skip("this machine makes no worktree in less than a second")


def index_of(repo: Repo, place: Workplace) -> Path:
    return Path(repo.git("rev-parse", "--path-format=absolute", "--git-path", "index", cwd=place.path))


def test_every_file_is_older_than_the_index_and_has_a_second_of_its_own(repo: Repo) -> None:
    place = repo.pool().open(key(), repo.head)
    found = times(repo, place)
    assert list(found) == repo.tree(repo.head)
    assert found == {name: int((place.path / name).lstat().st_mtime) for name in found}
    assert sorted(found.values()) == list(found.values())
    assert len(set(found.values())) == len(found)
    assert max(found.values()) < int(index_of(repo, place).stat().st_mtime)
    assert repo.git("diff-files", "--name-only", cwd=place.path) == ""
    assert repo.git("fsck") == ""


@pytest.mark.parametrize("script", SAME_SIZE.values(), ids=SAME_SIZE)
def test_an_edit_of_the_same_size_is_seen(repo: Repo, script: str) -> None:
    pool, place = opened_and_edited(repo, script)
    for n in (100, 101):  # in the worktree just made, and in that handed on
        capture = pool.capture(place, processes_gone=True)
        assert repo.git("show", f"{capture.result}:a.txt") == repo.git("show", "HEAD:same.txt")
        assert repo.git("diff", "--name-only", repo.head, capture.result) == "a.txt"
        pool.release(place, capture)
        place = pool.open(key(n=n), repo.head)
        shell(place, script)


def test_an_edit_is_seen_by_whoever_recovers_it(repo: Repo) -> None:
    _, place = opened_and_edited(repo, SAME_SIZE["with its own time"])
    capture = repo.pool().recover(place.key, repo.head)
    assert capture is not None
    assert repo.git("show", f"{capture.result}:a.txt") == repo.git("show", "HEAD:same.txt")


@pytest.mark.parametrize(
    "settings",
    [("index.version", "4"), ("core.splitIndex", "true"), ("feature.manyFiles", "true")],
    ids=lambda one: one[0],
)
def test_other_kinds_of_index_do_as_well(repo: Repo, settings: tuple[str, str]) -> None:
    repo.git("config", *settings)
    _, capture = work(repo, repo.pool(), "cp -p same.txt a.txt; echo x > new.txt")
    assert repo.git("show", f"{capture.result}:a.txt") == repo.git("show", "HEAD:same.txt")
    assert repo.git("diff", "--name-only", repo.head, capture.result) == "a.txt\nnew.txt"


def test_links_rights_and_odd_names_stay_as_they_are(repo: Repo) -> None:
    repo.write({'odd\nname \t"x"': "odd\n", "ü/é": "é\n"})
    (repo.path / "link").symlink_to("nowhere")
    (repo.path / "program").write_text("#!/bin/sh\n")
    (repo.path / "program").chmod(0o755)
    head = repo.commit()
    pool = repo.pool()
    place = pool.open(key(), head)
    assert repo.git("status", "--porcelain", cwd=place.path) == ""
    shell(place, "rm link; ln -s elsewhe link; chmod -x program")
    capture = pool.capture(place, processes_gone=True)
    assert repo.git("diff", "--name-only", head, capture.result) == "link\nprogram"
