# ruff: noqa: E501 - a worker's script reads best on one line
"""A worktree gets back what its attempt changed, from another worktree where that is certain to be the same."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gitpar.git.worktrees import GitWorktrees
from gitpar.ports import Workplace
from tests.support.pools import Repo, key, new_repo, recorded, sealed, shell

_EVERYTHING = (
    "echo more >> a.txt; rm src/b.py; chmod -x program; echo new > new; mkdir -p n/m; echo new > n/m/f;"
    " mv same.txt n/same.txt; rm -r gone; echo file > gone; rm 'ü/é'; rmdir ü; mkdir ü; echo x > 'ü/other'"
)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    made = new_repo(tmp_path / "repo")
    made.write({"ü/é": "é\n", "same.txt": "ONE\ntwo\nthree\nfour\n", "gone/deep/file": "g\n"})
    (made.path / "link").symlink_to("a.txt")
    (made.path / "program").write_text("#!/bin/sh\n")
    (made.path / "program").chmod(0o755)
    made.commit()
    return made


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The calls of git."""
    return recorded("git", tmp_path, monkeypatch)


def opened(repo: Repo, jobs: int) -> tuple[GitWorktrees, Workplace]:
    """Opens an attempt, and another one beside it where there is room."""
    pool = repo.pool(jobs=jobs)
    place = pool.open(key("t1"), repo.head)
    if jobs > 1:
        pool.open(key("t2"), repo.head)
    return pool, place


def two(repo: Repo) -> tuple[GitWorktrees, Workplace, Workplace]:
    pool = repo.pool()
    return pool, pool.open(key("t1"), repo.head), pool.open(key("t2"), repo.head)


def given_back(repo: Repo, pool: GitWorktrees, place: Workplace) -> Path:
    """Captures and releases an attempt and asserts that the worktree is as it was, by every byte."""
    pool.release(place, pool.capture(place, processes_gone=True))
    again = pool.open(key("t3"), repo.head)
    assert again.path == place.path
    assert repo.git("diff-files", cwd=again.path) == ""  # the index knows the files' times
    assert repo.git("status", "--porcelain", "--ignored", cwd=again.path) == ""
    index = repo.git("rev-parse", "--path-format=absolute", "--git-path", "index", cwd=again.path)
    Path(index).unlink()
    repo.git("reset", "-q", cwd=again.path)  # forgets all times: every file is read
    assert repo.git("status", "--porcelain", "--ignored", cwd=again.path) == ""
    return again.path


def checked_out(calls: Path) -> int:
    return calls.read_text().count("checkout-index")


def test_files_come_back_from_another_worktree_without_git(repo: Repo, calls: Path) -> None:
    pool, place, other = two(repo)
    shell(place, _EVERYTHING)
    shell(other, "echo mine >> README.md 2>/dev/null || true; echo mine > mine")
    given_back(repo, pool, place)
    assert checked_out(calls) == 0
    assert (other.path / "mine").read_text() == "mine\n"


LEFT_TO_GIT = {
    "changed there too": ("echo 1 >> a.txt", "echo 2 >> a.txt"),
    "changed there, with its size and time": (
        "echo 1 >> a.txt",
        "cp -p a.txt t; tr a-z A-Z < t > a.txt; touch -r t a.txt; rm t",
    ),
    "made again there with the same content": ("echo 1 >> a.txt", "cp -p a.txt t; mv t a.txt"),
    "gone there": ("echo 1 >> a.txt", "rm a.txt"),
    "a link there": ("echo 1 >> a.txt", "mv a.txt t; ln -s t a.txt"),
    "a pipe there": ("echo 1 >> a.txt", "rm a.txt; mkfifo a.txt"),
    "a link": ("rm link; echo 1 > link", "true"),
    "its folder is a link": ("rm -r gone; ln -s ../outside gone; echo gone >> .git-ignored", "true"),
}


@pytest.mark.parametrize("how", LEFT_TO_GIT)
def test_what_is_not_certain_is_checked_out_by_git(repo: Repo, calls: Path, how: str) -> None:
    mine, theirs = LEFT_TO_GIT[how]
    pool, place, other = two(repo)
    outside = place.path.with_name("outside")
    outside.mkdir()
    shell(other, theirs)
    shell(place, mine)
    given_back(repo, pool, place)
    assert checked_out(calls) or "folder" in how
    assert not list(outside.iterdir())


def test_an_ignored_link_in_the_place_of_a_folder_is_not_followed(repo: Repo) -> None:
    pool, place, _other = two(repo)
    outside = place.path.with_name("outside")
    outside.mkdir()
    exclude = repo.common / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("/gone\n")
    shell(place, "rm -r gone; ln -s ../outside gone")
    pool.release(place, pool.capture(place, processes_gone=True))
    again = pool.open(key("t3"), repo.head)
    assert (again.path / "gone/deep/file").read_text() == "g\n"
    assert not list(outside.iterdir())


def test_files_that_git_converts_are_converted_again(repo: Repo, calls: Path) -> None:
    repo.write({".gitattributes": "*.txt text eol=crlf\n"})
    repo.commit()
    pool, place, _other = two(repo)
    assert b"\r\n" in (place.path / "a.txt").read_bytes()
    shell(place, "echo 1 >> a.txt; echo 1 >> src/b.py")
    path = given_back(repo, pool, place)
    assert b"\r\n" in (path / "a.txt").read_bytes()
    assert checked_out(calls) == 1


def test_a_file_that_is_changed_everywhere_is_checked_out_once(repo: Repo, calls: Path) -> None:
    """Tasks come back to the same files: a changelog, a registry."""
    pool, place, other = two(repo)
    before = (place.path / "a.txt").read_bytes()
    shell(other, "echo 2 >> a.txt")
    for n in range(1, 4):
        shell(place, "echo 1 >> a.txt; chmod +x a.txt")
        pool.release(place, pool.capture(place, processes_gone=True))
        place = pool.open(key("t3", n), repo.head)
        assert (place.path / "a.txt").read_bytes() == before
        assert repo.git("diff-files", cwd=place.path) == ""
        assert repo.git("status", "--porcelain", "--ignored", cwd=place.path) == ""
    assert checked_out(calls) == 1


def test_what_a_file_held_at_one_commit_is_not_given_to_another(repo: Repo, calls: Path) -> None:
    """It is the same blob, which git writes otherwise there."""
    pool, place, other = two(repo)
    shell(other, "echo 2 >> a.txt")
    shell(place, "echo 1 >> a.txt")
    pool.release(place, pool.capture(place, processes_gone=True))
    repo.write({".gitattributes": "*.txt text eol=crlf\n"})
    repo.commit()
    later = pool.open(key("t4"), repo.head)
    shell(later, "echo 1 >> a.txt")
    pool.release(later, pool.capture(later, processes_gone=True))
    again = pool.open(key("t5"), repo.head)
    assert again.path == later.path == place.path
    assert b"\r\n" in (again.path / "a.txt").read_bytes()
    assert checked_out(calls) == 2


TOUCHED = {
    "its time": "touch a.txt src/b.py link program",
    "an old time": "touch -d 2001-01-01 a.txt",
    "rewritten": "cp a.txt t; cat t > a.txt; rm t",
    "replaced": "cp a.txt t; mv t a.txt",
    "rights that git does not keep": "chmod 600 a.txt",
    "beside a change": "touch a.txt; echo 1 >> src/b.py",
}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("how", TOUCHED)
def test_the_index_knows_files_that_were_touched_only(repo: Repo, how: str, jobs: int) -> None:
    """Commands of git that look at times only, as `git apply --index`, work in the next attempt."""
    pool, place = opened(repo, jobs)
    shell(place, TOUCHED[how])
    given_back(repo, pool, place)


def test_the_index_knows_files_after_many_attempts_in_one_second(repo: Repo) -> None:
    pool = repo.pool()
    pool.open(key("t0"), repo.head)
    for n in range(1, 8):
        place = pool.open(key("t1", n), repo.head)
        assert repo.git("diff-files", cwd=place.path) == ""
        shell(place, f"echo {n} >> {['a.txt', 'src/b.py', 'program'][n % 3]}")
        pool.release(place, pool.capture(place, processes_gone=True))


def test_an_edit_right_after_is_seen(repo: Repo) -> None:
    """The file that came back was written in the same second, and has the same size."""
    pool, place, _other = two(repo)
    shell(place, "tr a-z A-Z < a.txt > t; mv t a.txt")
    pool.release(place, pool.capture(place, processes_gone=True))
    again = pool.open(key("t3"), repo.head)
    shell(again, "tr a-z n-za-m < a.txt > t; mv t a.txt")
    changed = (again.path / "a.txt").read_text()
    found = pool.capture(again, processes_gone=True)
    assert repo.git("show", f"{found.result}:a.txt") + "\n" == changed


RIGHTS = {
    "of a file": "chmod 600 a.txt; chmod 500 program",
    "of a folder": "chmod 700 src; chmod 555 gone gone/deep",
    "of all, beside changes": "chmod -R a-w .; chmod u+w src; echo 1 > src/new; rm -f src/b.py",
    "of the worktree": "chmod 700 .",
    "beside a repository": "chmod 600 a.txt; chmod 700 src; git init -q inner; echo 1 > inner/x",
}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("whose", RIGHTS)
def test_rights_that_git_does_not_keep_are_given_back(repo: Repo, whose: str, jobs: int) -> None:
    pool, place = opened(repo, jobs)
    before = rights(place.path)
    shell(place, RIGHTS[whose])
    assert rights(given_back(repo, pool, place)) == before


def test_rights_that_setup_gave_stay(repo: Repo) -> None:
    pool = repo.pool(jobs=1, setup="mkdir -m 700 keys; echo 1 > keys/own; chmod 500 gone")
    place = pool.open(key("t1"), repo.head)
    before = rights(place.path)
    shell(place, "echo 1 > src/new; echo 1 > keys/x")
    pool.release(place, pool.capture(place, processes_gone=True))
    assert rights(pool.open(key("t3"), repo.head).path) == before


def rights(folder: Path) -> dict[str, int]:
    """What may be done with everything in a worktree, by path."""
    there = [folder, *(path for path in folder.rglob("*") if path.name != ".git")]
    return {str(path.relative_to(folder)): path.lstat().st_mode for path in there}


ANOTHER_FILE = {
    "written over": ("echo mine > a.txt", False),
    "emptied": (": > a.txt", False),
    "made longer": ("seq 1 4000 > a.txt", False),
    "a new file": ("rm a.txt; echo mine > a.txt", False),
    "it has a second name": ("ln a.txt ../second; echo mine > a.txt", True),
    "a link": ("rm a.txt; ln -s ../outside a.txt", True),
    "rights of its own": ("echo mine > a.txt; chmod 600 a.txt", True),
    "it may not be written": ("echo mine > a.txt; chmod 444 a.txt", True),
    "attributes of its own": (
        'echo mine > a.txt; python3 -c \'import os; os.setxattr("a.txt", "user.x", b"1")\'',
        True,
    ),
}
"""What a worker does to a file, and whether another one takes its place."""


@pytest.mark.skipif(sys.platform != "linux", reason="attributes of files cannot be listed here")
@pytest.mark.parametrize("how", ANOTHER_FILE)
def test_a_file_is_written_over_unless_it_is_more_than_its_content(repo: Repo, how: str) -> None:
    script, another = ANOTHER_FILE[how]
    pool, place, _ = two(repo)
    outside = place.path.with_name("outside")
    outside.write_text("outside\n")
    shell(place, script)
    left = (place.path / "a.txt").lstat().st_ino
    second = place.path.with_name("second")
    held = second.read_text() if second.exists() else ""
    path = given_back(repo, pool, place) / "a.txt"
    if not another:
        assert path.stat().st_ino == left
    assert path.is_file()
    assert not path.is_symlink()
    assert path.stat().st_nlink == 1
    assert os.listxattr(path) == []
    assert path.stat().st_mode == (repo.path / "a.txt").stat().st_mode
    assert path.read_bytes() == (repo.path / "a.txt").read_bytes()
    assert outside.read_text() == "outside\n"
    assert (second.read_text() if second.exists() else "") == held
