"""What a power cut leaves behind: files without content. See tests/long/test_power_cuts.py for real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.git.flushing import drop_empty
from gitpar.git.removal import leftovers, remove_run, stale_locks
from gitpar.git.site import RECORD
from gitpar.ports import Workplace
from tests.support.pools import RUN, Repo, key, new_repo, sealed, shell


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    return new_repo(tmp_path / "repo")


def admin_of(repo: Repo, place: Workplace) -> Path:
    return Path(repo.git("rev-parse", "--absolute-git-dir", cwd=place.path))


def empty(*files: Path) -> None:
    for file in files:
        file.chmod(0o644)
        file.write_bytes(b"")


WORKER = """
echo 1 > WROTE-1; git add -A; git commit -qm one
echo 2 > WROTE-2; git add -A; git commit -qm two; git reset -q --hard HEAD~
echo 3 > WROTE-3; git add -A; echo 4 > WROTE-4
"""


@pytest.mark.parametrize(
    "lost", ["all that git wrote", "the first commit", "what was staged", "what a staged tree holds"]
)
def test_what_a_worktree_holds_is_kept_whatever_git_lost(repo: Repo, lost: str) -> None:
    pool = repo.pool()
    before = set(repo.common.glob("objects/??/*"))
    place = pool.open(key(), repo.head)
    shell(place, WORKER)
    admin = admin_of(repo, place)
    if lost == "all that git wrote":
        empty(*set(repo.common.glob("objects/??/*")) - before)
        empty(*(admin / name for name in ("HEAD", "commondir", "gitdir", "locked", "index", "gitpar-index")))
        empty(
            repo.common / "refs/heads/gitpar/r1/task/t1/1",
            repo.common / "logs/refs/heads/gitpar/r1/task/t1/1",
        )
    else:
        if lost == "what a staged tree holds":
            repo.git("write-tree", cwd=place.path)
            (place.path / "WROTE-3").write_text("5\n")
        name = repo.git("rev-parse", "HEAD" if lost == "the first commit" else ":WROTE-3", cwd=place.path)
        empty(repo.common / "objects" / name[:2] / name[2:])
    assert drop_empty(repo.common / "objects") == (7 if lost == "all that git wrote" else 1)
    assert set(repo.common.glob("objects/??/*")) >= before
    capture = repo.pool().recover(key(), repo.head)
    assert capture is not None
    assert {"WROTE-1", "WROTE-3", "WROTE-4"} <= set(repo.tree(capture.result))
    assert repo.branch(key()) == capture.result
    assert "broken" not in repo.git("fsck", "--connectivity-only", capture.keep)
    root = place.path.parent.parent
    # the worktree's bytes are deleted behind
    assert not [one for one in leftovers(repo.common, RUN, root) if "/.trash-" not in one]


def test_locks_of_a_capture_that_was_cut_off_do_not_hinder_the_next(repo: Repo) -> None:
    place = repo.pool().open(key(), repo.head)
    shell(place, "echo 1 > WROTE-1; git add WROTE-1; echo 2 > WROTE-1; echo build > ignored.log")
    own = repo.common / "gitpar" / "runs" / RUN / "slots" / "1"
    for name in ("index", "files-index", "worker-index", "unmerged-index"):
        (own / f"{name}.lock").touch()
    capture = repo.pool().recover(key(), repo.head)
    assert capture is not None
    assert capture.problem == ""
    assert repo.git("show", f"{capture.result}:WROTE-1") == "2"
    assert repo.git("show", f"{capture.keep}^2:staged/WROTE-1") == "1"


def test_a_device_may_have_another_number_after_a_start_of_the_machine(repo: Repo) -> None:
    place = repo.pool().open(key(), repo.head)
    shell(place, "echo 1 > WROTE-1")
    record = repo.common / "gitpar" / "runs" / RUN / "slots" / "1" / RECORD
    device = place.path.lstat().st_dev
    record.write_text(record.read_text().replace(f'"inode": [{device}, ', f'"inode": [{device + 1}, '))
    capture = repo.pool().recover(key(), repo.head)
    assert capture is not None
    assert (capture.problem, capture.reusable) == ("", True)
    assert "WROTE-1" in repo.tree(capture.result)


@pytest.mark.parametrize("lost", ["its record", "what git knows", "both", "its record, and git's folder"])
@pytest.mark.parametrize("by", ["clean", "a resume"])
def test_a_worktree_in_which_nobody_was_goes(repo: Repo, lost: str, by: str) -> None:
    pool = repo.pool()
    place = pool.lend(repo.head).path
    [admin] = (repo.common / "worktrees").iterdir()
    record = repo.common / "gitpar" / "runs" / RUN / "slots" / "1" / RECORD
    if "git's folder" in lost:
        (admin / "gitdir").unlink()
        (admin / "locked").unlink()
        (admin / "commondir").unlink()
    elif lost != "its record":
        empty(*(path for path in admin.rglob("*") if path.is_file()))
    if lost != "what git knows":
        empty(record)
    if by == "clean":
        remove_run(repo.common, RUN, place.parent.parent)
        assert leftovers(repo.common, RUN, place.parent.parent) == ()
    else:
        repo.pool().close()
    assert not admin.exists()
    assert not place.exists()


def test_locks_of_a_runs_own_refs_are_found(repo: Repo) -> None:
    ours = [
        repo.common / f"refs/heads/gitpar/{RUN}/task/a/1.lock",
        repo.common / f"refs/gitpar/keep/{RUN}/a/1.lock",
        repo.common / f"refs/gitpar/unused/{RUN}.lock",
    ]
    others = [repo.common / "refs/heads/gitpar/r2/level/1.lock", repo.common / "refs/heads/main.lock"]
    for lock in (*ours, *others):
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    assert list(stale_locks(repo.common, "gitpar", RUN)) == ours
