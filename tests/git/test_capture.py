# ruff: noqa: E501 - a worker's script reads best on one line
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.pools import Repo, key, new_repo, sealed, shell, work


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    return new_repo(tmp_path / "repo")


@dataclass(frozen=True, slots=True)
class Odd:
    """A worker's script, and what must become of it. `WROTE-…` words must be kept."""

    script: str
    problem: str = ""
    note: str = ""
    in_result: tuple[str, ...] = ()
    not_in_result: tuple[str, ...] = ()
    reusable: bool = True


MERGE = """
git checkout -q -b side; echo WROTE-side > a.txt; git commit -qam side
git checkout -q -; echo WROTE-own > a.txt; git commit -qam own
"""
ODD = {
    "committed and left": Odd(
        "echo WROTE-1 > n1; git add -A; git commit -qm w; echo WROTE-2 > n2", in_result=("n1", "n2")
    ),
    "assume-unchanged": Odd(
        "echo WROTE-1 > a.txt; git update-index --assume-unchanged a.txt", in_result=("a.txt",)
    ),
    "skip-worktree": Odd(
        "echo WROTE-1 > a.txt; git update-index --skip-worktree a.txt", in_result=("a.txt",)
    ),
    "intent-to-add": Odd("echo WROTE-1 > n1; git add -N n1", in_result=("n1",)),
    "same size, old times": Odd(
        "touch -r src/b.py stamp; printf 'W = 1\\n' > src/b.py; touch -r stamp src/b.py; rm stamp; echo WROTE-x > x",
        in_result=("src/b.py",),
    ),
    "staged, then removed": Odd("echo WROTE-1 > n1; git add n1; rm n1", note="staged", not_in_result=("n1",)),
    "staged, then edited": Odd(
        "echo WROTE-1 > n1; git add n1; echo WROTE-2 > n1", note="staged", in_result=("n1",)
    ),
    "ignored, but staged by force": Odd(
        "echo WROTE-1 > one.log; git add -f one.log; echo WROTE-2 > two.log",
        note="ignored files are kept",
        in_result=("one.log",),
        not_in_result=("two.log",),
    ),
    "ignored, but committed by force": Odd(
        "mkdir logs; echo WROTE-1 > logs/one.log; git add -f logs/one.log; git commit -qm w; echo WROTE-2 > logs/two.log",
        note="ignored files are kept",
        in_result=("logs/one.log",),
        not_in_result=("logs/two.log",),
    ),
    "amended": Odd(
        "echo WROTE-1 > n1; git add -A; git commit -qm w; echo WROTE-2 > n1; git commit -qa --amend -m w2",
        note="commits outside the result are kept",
        in_result=("n1",),
    ),
    "reset hard": Odd(
        "echo WROTE-1 > n1; git add -A; git commit -qm w; git reset -q --hard HEAD^; rm -f .git-nothing",
        note="commits outside the result are kept",
        not_in_result=("n1",),
    ),
    "detached": Odd(
        "git checkout -q --detach; echo WROTE-1 > n1; git add -A; git commit -qm w",
        note="HEAD was left detached",
        in_result=("n1",),
    ),
    "another branch": Odd(
        "git checkout -q -b mine; echo WROTE-1 > n1; git add -A; git commit -qm w; echo WROTE-2 > n2",
        note="HEAD was left on `mine`",
        in_result=("n1", "n2"),
    ),
    "own branch has more than HEAD": Odd(
        "echo WROTE-1 > n1; git add -A; git commit -qm w; git checkout -q HEAD^; echo WROTE-2 > n2",
        note="commits outside the result are kept",
        in_result=("n2",),
        not_in_result=("n1",),
    ),
    "own branch deleted": Odd(
        "echo WROTE-1 > n1; git add -A; git commit -qm w; git update-ref -d $(git symbolic-ref HEAD); echo WROTE-2 > n2",
        note="its branch was deleted",
        in_result=("n1", "n2"),
    ),
    "own branch deleted from another": Odd(
        "b=$(git branch --show-current); git checkout -q -b mine; git branch -D $b; echo WROTE-1 > n1",
        note="its branch was deleted",
        in_result=("n1",),
    ),
    "unborn": Odd(
        "git checkout -q --orphan other; echo WROTE-1 > n1", note="HEAD was left without", in_result=("n1",)
    ),
    "orphan with a commit": Odd(
        "git checkout -q --orphan other; echo WROTE-1 > n1; git add -A; git commit -qm w",
        problem="does not contain the base",
    ),
    "below the base": Odd(
        "git reset -q --hard HEAD^; echo WROTE-1 > n1", problem="does not contain the base"
    ),
    "base rewritten": Odd(
        "echo WROTE-1 > a.txt; git commit -qa --amend -m other", problem="does not contain the base"
    ),
    "merge": Odd(MERGE + "git merge -q side || :; echo WROTE-3 > n3", problem="a merge was left in progress"),
    "rebase": Odd(MERGE + "git rebase -q side || :", problem="a rebase was left in progress"),
    "cherry-pick": Odd(MERGE + "git cherry-pick side || :", problem="a cherry-pick was left in progress"),
    "revert": Odd(
        MERGE + "echo WROTE-3 > a.txt; git commit -qam 3; git revert --no-edit HEAD^ || :",
        problem="a revert was left in progress",
    ),
    "bisect": Odd(
        "git bisect start -q HEAD HEAD^; echo WROTE-1 > n1", problem="a bisect was left in progress"
    ),
    "am": Odd(
        MERGE + "git format-patch -q -1 side --stdout > ../p.mbox; git am -q ../p.mbox || :; rm ../p.mbox",
        problem="a `git am` was left in progress",
    ),
    "stash": Odd(
        "echo WROTE-1 > n1; git stash -q -u; echo WROTE-2 > n2", note="a stash entry", in_result=("n2",)
    ),
    "worktree ref": Odd(
        "c=$(echo WROTE-1 | git hash-object -w --stdin)\n"
        "t=$(printf '100644 blob %s\\tx\\n' $c | git mktree); git update-ref refs/worktree/w $(git commit-tree -m w $t)",
        note="refs/worktree/w",
    ),
    "ignored": Odd(
        "echo WROTE-1 > x.log; mkdir secret; echo WROTE-2 > secret/s; ln -s WROTE-3 secret/l; echo 'n2' >> .gitignore;"
        "echo WROTE-4 > n2; mkdir __pycache__; echo x > __pycache__/x.pyc",
        note="not kept, can be made again: `__pycache__/`",
        not_in_result=("x.log", "secret/s", "n2"),
    ),
    "nested with commits": Odd(
        "git init -q sub; cd sub; echo WROTE-1 > f; git add f; git commit -qm c1; echo WROTE-2 > f; git commit -qam c2;"
        "git reset -q --hard HEAD^; echo WROTE-3 > g",
        note="the repository `sub` inside the worktree is kept",
        not_in_result=("sub", "sub/f"),
    ),
    "nested and committed as a link": Odd(
        "git init -q sub; cd sub; echo WROTE-1 > f; git add f; git commit -qm c; cd ..; git add -A; git commit -qm w;"
        "echo WROTE-2 > sub/f; echo WROTE-3 > n1",
        note="the history of the repository `sub`",
        in_result=("sub", "n1"),
    ),
    "a branch below its own": Odd(
        "b=$(git symbolic-ref HEAD); git checkout -q --detach; git update-ref -d $b; git update-ref $b/x HEAD;"
        "echo WROTE-1 > n1",
        note="its branch `gitpar/r1/task/t1/1` cannot be written",
        in_result=("n1",),
    ),
    "nested without commits": Odd(
        "git init -q new/sub; echo WROTE-1 > new/sub/f; echo WROTE-2 > n2", in_result=("new/sub/f", "n2")
    ),
    "nested over tracked files": Odd(
        "cd src; git init -q; echo WROTE-1 > b.py; git add b.py; git commit -qm c; echo WROTE-2 > b.py; echo WROTE-3 > n",
        in_result=("src/b.py", "src/n"),
    ),
    "nested and ignored": Odd(
        "git init -q secret; cd secret; echo WROTE-1 > f; git add f; git commit -qm c1; git rm -q f; git commit -qm c2",
    ),
    "shallow clone": Odd(
        "git clone -q --depth 1 file://$PWD/../../../repo sub; echo WROTE-1 > sub/f",
        note="the repository `sub`",
    ),
    "a further worktree": Odd(
        "git worktree add -q --detach wt; cd wt; echo WROTE-1 > n1; git add -A; git commit -qm w; echo WROTE-2 > n2",
        note="the repository `wt`",
    ),
    "no .git": Odd("rm .git; echo WROTE-1 > n1", in_result=("n1",)),
    "a repository of its own": Odd(
        "rm .git; git init -q .; echo WROTE-1 > n1; git add -A; git commit -qm w; echo WROTE-2 > n1",
        in_result=("n1",),
    ),
    "no admin folder": Odd(
        "echo WROTE-1 > n1; rm -r $(git rev-parse --absolute-git-dir)", note="metadata", in_result=("n1",)
    ),
    "locks left": Odd(
        "echo WROTE-1 > n1; d=$(git rev-parse --absolute-git-dir); touch $d/index.lock $d/HEAD.lock;"
        "touch $(git rev-parse --git-common-dir)/$(git symbolic-ref HEAD).lock",
        in_result=("n1",),
    ),
    "broken index": Odd(
        "echo WROTE-1 > n1; echo x > $(git rev-parse --absolute-git-dir)/index",
        note="its index could not be read",
        in_result=("n1",),
    ),
    "special files": Odd("mkfifo src/p; echo WROTE-1 > n1", note="no files: `src/p`", in_result=("n1",)),
    "a tracked file is a pipe now": Odd(
        "rm a.txt; mkfifo a.txt; echo WROTE-1 > n1", problem="git could not add", reusable=False
    ),
    "file for folder, folder for file": Odd(
        "rm -r docs; echo WROTE-1 > docs; rm a.txt; mkdir a.txt; echo WROTE-2 > a.txt/n",
        in_result=("docs", "a.txt/n"),
    ),
    "odd names": Odd(
        "echo WROTE-1 > 'a b\"c'; printf WROTE-2 > \"$(printf 'n\\nl.log')\"; printf WROTE-3 > \"$(printf '\\377')\"",
    ),
    "config that hides": Odd(
        "git config core.worktree /nowhere; git config status.showUntrackedFiles no; git config core.sparseCheckout true;"
        "git config core.excludesFile $PWD/.x; echo 'n1' > .x; echo WROTE-1 > n1",
        note="ignored files are kept",
    ),
    "hooks": Odd(
        "h=$(git rev-parse --git-common-dir)/hooks; mkdir -p $h; printf '#!/bin/sh\\nexit 1\\n' > $h/reference-transaction;"
        "chmod +x $h/*; echo WROTE-1 > n1",
        in_result=("n1",),
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_every_byte_of_an_odd_worker_is_kept_and_the_slot_goes_on(repo: Repo, name: str) -> None:
    odd = ODD[name]
    pool = repo.pool()
    place, capture = work(repo, pool, odd.script)
    kept = repo.reachable_contents(repo.kept(key()))
    written = set(re.findall(r"WROTE-\d", odd.script))
    assert {word for word in written if word not in kept} == set()
    assert "cannot be written" in odd.note or repo.branch(key()) == capture.result
    tree = repo.tree(capture.result)
    assert [path for path in odd.in_result if path not in tree] == []
    assert [path for path in odd.not_in_result if path in tree] == []
    assert odd.problem in capture.problem
    assert bool(odd.problem) == bool(capture.problem)
    assert odd.note in "\n".join(capture.notes)
    assert capture.reusable == odd.reusable
    repo.git("config", "--unset-all", "core.worktree", status=0 if "core.worktree" in odd.script else 5)
    pool.release(place, capture)
    # since 2.55 git looks at the indexes of all worktrees, and the worker may have broken its own
    assert repo.git("fsck", "--connectivity-only", "--no-dangling", "--no-progress") == ""
    following = pool.open(key("t2"), repo.head)
    assert (following.path == place.path) == odd.reusable
    assert repo.git("status", "--porcelain", "--ignored", "-uall", cwd=following.path) == ""
    assert repo.git("rev-parse", "--git-path", "ORIG_HEAD", cwd=following.path / "src").endswith("/ORIG_HEAD")
    assert {line[0] for line in repo.git("ls-files", "-v", cwd=following.path).splitlines()} == {"H"}
    assert not list(following.path.rglob("*.pyc"))
    empty = pool.capture(following, processes_gone=True)
    assert (empty.result, empty.keep, empty.problem, empty.notes) == (repo.head, repo.head, "", ())


def test_a_worktree_that_is_gone_is_a_problem_and_its_commits_are_kept(repo: Repo) -> None:
    pool = repo.pool()
    place, capture = work(repo, pool, 'echo 1 > n1; git add -A; git commit -qm w; echo 2 > n2; rm -r "$PWD"')
    assert "worktree is gone" in capture.problem
    assert "n1" in repo.tree(capture.result)
    pool.release(place, capture)
    pool.open(key("t2"), repo.head)


def test_something_else_in_the_worktrees_place_is_left_alone(repo: Repo, tmp_path: Path) -> None:
    pool = repo.pool()
    place = pool.open(key(), repo.head)
    (tmp_path / "precious").write_text("x")
    place.path.rename(tmp_path / "moved")
    place.path.symlink_to(tmp_path)
    capture = pool.capture(place, processes_gone=True)
    assert "worktree is gone" in capture.problem
    pool.release(place, capture)
    assert (tmp_path / "precious").exists()
    assert place.path.is_symlink()


def test_a_process_that_lives_on_retires_the_worktree(repo: Repo) -> None:
    pool = repo.pool()
    place = pool.open(key(), repo.head)
    shell(place, "echo 1 > n1")
    capture = pool.capture(place, processes_gone=False)
    assert (capture.reusable, len(capture.notes)) == (False, 1)
    pool.release(place, capture)
    assert pool.open(key("t2"), repo.head).path != place.path
    pool.close()
    assert (place.path / "n1").read_text() == "1\n"


def test_too_many_ignored_bytes_retire_the_worktree(repo: Repo) -> None:
    pool = repo.pool(ignored_limit_bytes=1000)
    place, capture = work(repo, pool, "head -c 2000 /dev/zero > x.log; echo 1 > n1")
    assert not capture.reusable
    assert str(place.path) in "\n".join(capture.notes)
    pool.release(place, capture)
    pool.close()
    assert (place.path / "x.log").stat().st_size == 2000
    assert f"worktree {place.path}\n" in repo.git("worktree", "list", "--porcelain")


def test_the_users_stash_survives_a_worker_that_drops_it(repo: Repo) -> None:
    repo.write({"a.txt": "the user's\n"})
    repo.git("stash", "-q")
    pool = repo.pool()
    _, capture = work(repo, pool, "git stash drop -q; echo 1 > n1")
    assert "a stash entry of yours" in "\n".join(capture.notes)
    assert "the user's" in repo.reachable_contents(capture.keep)


def test_what_a_worker_made_unreadable_is_kept(repo: Repo) -> None:
    probe = repo.path / "probe"
    probe.touch(mode=0)
    if os.access(probe, os.R_OK):
        pytest.skip("rights do not stop this user")
    probe.unlink()
    pool = repo.pool()
    place, capture = work(repo, pool, "mkdir d; echo 1 > d/f; echo 2 > g; chmod 000 d g src")
    assert {"d/f", "g", "src/b.py"} <= set(repo.tree(capture.result))
    assert capture.problem == ""
    pool.release(place, capture)
    assert pool.open(key("t2"), repo.head).path == place.path
