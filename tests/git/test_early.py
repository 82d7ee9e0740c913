"""Worktrees that are made while a run begins."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from gitpar.faults import Step
from gitpar.git.removal import leftovers
from tests.support.pools import RUN, Repo, child, key, new_repo, sealed, shell

BEGIN = """
import sys
from pathlib import Path
from tests.support.pools import Repo
repo = Repo(Path(sys.argv[1]))
pool = repo.pool(jobs=2)
pool.begin(repo.head, 2)
pool.close()
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    return new_repo(tmp_path / "repo")


def made(repo: Repo) -> int:
    return repo.git("worktree", "list", "--porcelain").count("worktree ") - 1


def test_workers_get_the_worktrees_that_were_made_early(repo: Repo) -> None:
    pool = repo.pool(jobs=2)
    pool.begin(repo.head, 5)
    places = [pool.open(key("a"), repo.head), pool.open(key("b"), repo.head)]
    assert made(repo) == 2
    for place in places:
        shell(place, "echo new > new")
        capture = pool.capture(place, processes_gone=True)
        assert "new" in repo.tree(capture.result)
        pool.release(place, capture)
    pool.close()
    assert made(repo) == 0


def test_one_worker_gets_one_worktree_however_quickly_it_asks(repo: Repo) -> None:
    pool = repo.pool(jobs=1)
    pool.begin(repo.head, 1)
    pool.open(key("a"), repo.head)
    assert made(repo) == 1


def test_a_run_that_ends_before_anybody_worked_leaves_none(repo: Repo) -> None:
    pool = repo.pool(jobs=2)
    pool.begin(repo.head, 2)
    pool.close()
    assert made(repo) == 0
    root = repo.path.with_name("repo.worktrees")
    assert not [one for one in leftovers(repo.common, RUN, root) if "/.trash-" not in one]


@pytest.mark.parametrize("settings", [{"pooled": False}, {"slow_workers": True}, {"setup": "true"}])
def test_none_is_made_early_where_nobody_would_notice(repo: Repo, settings: dict[str, object]) -> None:
    pool = repo.pool(jobs=2, **settings)
    pool.begin(repo.head, 2)
    pool.open(key("a"), repo.head)
    assert made(repo) == 1


def test_who_needs_a_worktree_is_told_that_none_can_be_made(repo: Repo) -> None:
    in_the_way = repo.path.with_name("repo.worktrees")
    in_the_way.write_text("")
    pool = repo.pool(jobs=2)
    pool.begin(repo.head, 2)
    with pytest.raises(OSError, match=r"repo\.worktrees"):
        pool.open(key("a"), repo.head)
    in_the_way.unlink()
    assert pool.open(key("b"), repo.head).path.is_dir()
    assert made(repo) == 1


@pytest.mark.parametrize(
    "step", [Step.WORKTREE_ADD, Step.WORKTREE_ADDED, Step.WORKTREE_CHECKOUT, Step.WORKTREE_CHECKED_OUT]
)
def test_what_a_kill_leaves_of_them_is_cleared_away(repo: Repo, step: Step) -> None:
    assert child(repo, BEGIN, f"{step}:1:kill").returncode == -signal.SIGKILL
    repo.pool().close()
    assert made(repo) == 0
