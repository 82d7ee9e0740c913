# ruff: noqa: E501 - a worker's script reads best on one line
from __future__ import annotations

import shutil
import signal
import time
import uuid
from pathlib import Path

import pytest

from gitpar.core.names import CommitId
from gitpar.faults import Step
from gitpar.git.admin import add
from gitpar.git.removal import leftovers, remove_run
from gitpar.git.site import RECORD, Record, Site, default_root, delete_behind
from tests.support.amounts import one_in
from tests.support.pools import RUN, Repo, child, key, new_repo, sealed, shell, work

CHILD = """
import subprocess, sys
from pathlib import Path
from tests.support.pools import Repo, key, shell
repo = Repo(Path(sys.argv[1]))
pool = repo.pool(setup="true")
for task in ("t1", "t2"):
    place = pool.open(key(task), repo.git("rev-parse", "HEAD" if task == "t1" else "HEAD^"))
    shell(place, f"echo WROTE-{task}-1 > n1; git add -A; git commit -qm w; git commit -q --amend -m v;"
                 f"echo WROTE-{task}-2 > n2; echo WROTE-{task}-3 > x.log")
    print("worked", task, flush=True)
    pool.release(place, pool.capture(place, processes_gone=True))
pool.close()
print("closed", flush=True)
"""
RECOVER = """
import sys
from pathlib import Path
from tests.support.pools import Repo, key
repo = Repo(Path(sys.argv[1]))
pool = repo.pool(setup="true")
for task in ("t1", "t2"):
    print(task, pool.recover(key(task), repo.git("rev-parse", "HEAD" if task == "t1" else "HEAD^")) is not None)
pool.close()
"""
STEPS = [
    (Step.WORKTREE_ADD, 1), (Step.WORKTREE_ADDED, 1), (Step.WORKTREE_CHECKOUT, 1), (Step.WORKTREE_CHECKOUT, 2),
    (Step.WORKTREE_CHECKED_OUT, 1), (Step.WORKTREE_SETUP, 1), (Step.BRANCH_ATTACH, 1),
    (Step.BRANCH_ATTACHED, 1), (Step.CAPTURE_INDEX, 1),
    (Step.CAPTURE_COMMIT, 1), (Step.CAPTURE_REFS, 1), (Step.CAPTURED, 1), (Step.CAPTURE_REFS, 2),
    (Step.SLOT_RESET, 1), (Step.SLOT_CLEAN, 1), (Step.SLOT_READY, 1), (Step.WORKTREE_REMOVE, 1),
    (Step.WORKTREE_REMOVED, 1),
]  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    return new_repo(tmp_path / "repo")


def settled(folder: Path) -> bool:
    """Waits until a folder that is deleted behind is gone."""
    until = time.monotonic() + 10
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return not folder.exists()


def nothing_left(repo: Repo) -> bool:
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 1
    assert not (repo.common / "worktrees").exists()
    assert not list(repo.common.rglob("*.lock"))
    assert repo.git("fsck", "--connectivity-only", "--no-dangling", "--no-progress") == ""
    return settled(repo.path.with_name("repo.worktrees"))


@pytest.mark.parametrize(("step", "passage"), one_in(2, STEPS))
def test_a_kill_loses_nothing_and_recovery_may_be_killed_too(repo: Repo, step: Step, passage: int) -> None:
    killed = child(repo, CHILD, f"{step}:{passage}:kill")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    worked = [line.split()[1] for line in killed.stdout.splitlines() if line.startswith("worked")]
    if step in {Step.CAPTURE_INDEX, Step.CAPTURE_REFS, Step.SLOT_CLEAN}:
        again = child(repo, RECOVER, "capture.captured:1:kill,worktree.remove:1:kill")
        assert again.returncode == -signal.SIGKILL, again.stderr
    done = child(repo, RECOVER)
    assert done.returncode == 0, done.stderr
    for task in worked:
        assert f"{task} True" in done.stdout
        kept = repo.reachable_contents(repo.kept(key(task)))
        assert [n for n in (1, 2, 3) if f"WROTE-{task}-{n}" not in kept] == []
        assert {"n1", "n2"} <= set(repo.tree(repo.branch(key(task))))
    assert nothing_left(repo)
    # and the run can go on: a branch that a killed attempt made at its base is no obstacle
    pool = repo.pool()
    place = pool.open(key("t1", 2), repo.head)
    if "t1" not in worked:
        pool.release(place, pool.capture(place, processes_gone=True))
        place = pool.open(key("t1"), repo.head)
    assert repo.git("status", "--porcelain", "--ignored", cwd=place.path) == ""


def test_a_git_killed_in_the_middle_of_worktree_add_is_mended(repo: Repo) -> None:
    half = repo.common / "worktrees" / "1"
    half.mkdir(parents=True)
    (half / "locked").write_text("gitpar r1")
    (repo.path.with_name("repo.worktrees") / "r1" / "1").mkdir(parents=True)
    foreign = repo.common / "worktrees" / "other"
    foreign.mkdir()
    (foreign / "locked").write_text("initializing")
    pool = repo.pool()
    pool.open(key(), repo.head)
    assert not (half / "locked").exists() or (half / "gitdir").exists()
    assert foreign.exists()


@pytest.mark.parametrize("step", [Step.CAPTURE_INDEX, Step.CAPTURE_COMMIT, Step.CAPTURE_REFS])
def test_a_full_disk_at_capture_leaves_the_worktree_alone(repo: Repo, step: Step) -> None:
    code = """
import sys
from pathlib import Path
from tests.support.pools import Repo, key, shell
repo = Repo(Path(sys.argv[1]))
pool = repo.pool(jobs=1)
place = pool.open(key(), repo.head)
shell(place, "echo WROTE-1 > n1")
try:
    pool.capture(place, processes_gone=True)
except OSError as error:
    print(error)
pool.open(key("t2"), repo.head)
"""
    done = child(repo, code, f"{step}:1:enospc")
    assert done.returncode == 0, done.stderr
    assert "No space left" in done.stdout
    assert repo.kept(key()) == ""
    pool = repo.pool()
    capture = pool.recover(key(), repo.head)
    assert capture is not None
    assert "n1" in repo.tree(capture.result)


def test_what_was_captured_is_told_again_with_its_problem(repo: Repo) -> None:
    _, capture = work(repo, repo.pool(), "git reset -q --hard HEAD^; echo 1 > x.log")
    assert capture.problem
    assert repo.pool().recover(key(), repo.head) == capture
    assert repo.pool().recover(key(), repo.head) == capture
    written = repo.common / "gitpar" / "runs" / RUN / "captures" / "t1.1.json"
    written.unlink()
    rebuilt = repo.pool().recover(key(), repo.head)
    assert rebuilt is not None
    assert (rebuilt.result, rebuilt.keep, rebuilt.problem) == (capture.result, capture.keep, capture.problem)


def test_recovery_of_an_attempt_without_a_worktree_is_none(repo: Repo) -> None:
    assert repo.pool().recover(key(), repo.head) is None


def test_what_is_not_captured_stays_and_is_listed(repo: Repo) -> None:
    pool = repo.pool()
    place = pool.open(key(), repo.head)
    shell(place, "echo 1 > n1")
    root = place.path.parent.parent
    repo.pool().close()
    assert leftovers(repo.common, RUN, root) == (f"worktree {place.path}",)
    stays = f"worktree {place.path} (its worker's work is not captured yet; gitpar resume does that)"
    assert remove_run(repo.common, RUN, root) == ((), (stays,))
    assert (place.path / "n1").exists()
    assert repo.pool().recover(key(), repo.head) is not None
    assert remove_run(repo.common, RUN, root) == ((), ())
    assert nothing_left(repo)
    assert leftovers(repo.common, RUN, root) == ()


def test_kept_worktrees_stay_until_they_are_purged(repo: Repo) -> None:
    pool = repo.pool(keep_worktrees=True)
    place, capture = work(repo, pool, "echo 1 > n1")
    pool.release(place, capture)
    pool.close()
    assert (place.path / "n1").exists()
    root = place.path.parent.parent
    assert remove_run(repo.common, RUN, root)[0] == ()
    assert remove_run(repo.common, RUN, root, purge=True) == ((f"worktree {place.path}",), ())
    assert nothing_left(repo)


def test_cleaning_returns_when_the_bytes_are_gone(repo: Repo) -> None:
    pool = repo.pool()
    place = pool.open(key(), repo.head)
    root = place.path.parent.parent
    for number in range(3000):
        (place.path / f"new-{number}").touch()
    assert pool.capture(place, processes_gone=True).reusable
    assert remove_run(repo.common, RUN, root) == ((f"worktree {place.path}",), ())
    assert not root.exists()


def test_cleaning_removes_the_folder_of_all_worktrees_where_that_of_the_run_is_gone(repo: Repo) -> None:
    """Whoever deletes behind may be killed between the two."""
    root = repo.path.with_name("repo.worktrees")
    root.mkdir()
    remove_run(repo.common, RUN, root)
    assert not root.exists()


def test_where_somebody_has_removed_all_worktrees_the_rest_goes_and_no_folder_comes_back(repo: Repo) -> None:
    pool = repo.pool()
    place = pool.open(key(), repo.head)
    root = place.path.parent.parent
    assert pool.capture(place, processes_gone=True).reusable
    shutil.rmtree(root)
    remove_run(repo.common, RUN, root)
    assert not root.exists()
    assert not (repo.common / "worktrees").exists()
    assert list(repo.common.glob(f"gitpar/runs/{RUN}/slots/*")) == []


def test_what_is_deleted_behind_goes_at_once_where_it_cannot_be_moved(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for worktrees in (tmp_path / "file" / "r1", *elsewhere(tmp_path)):
        scratch = tmp_path / "scratch"
        (scratch / "objects").mkdir(parents=True)
        delete_behind(scratch, worktrees)
        assert not scratch.exists()
        assert worktrees.parent.is_file() or settled(worktrees.parent)


def elsewhere(place: Path) -> list[Path]:
    """Returns a folder to be on another file system, where the machine has one to write to."""
    others = (Path("/dev/shm"), Path("/tmp"))
    found = (one for one in others if one.is_dir() and one.stat().st_dev != place.stat().st_dev)
    return [one / f"gitpar-test-{uuid.uuid4().hex}" / "r1" for one in found]


def test_small_files_that_attempts_replaced_are_freed_with_their_slot(repo: Repo) -> None:
    for number in range(1500):
        (repo.path / f"file-with-a-long-name-{number:05}").touch()
    repo.git("add", "-A")
    repo.git("commit", "-qm", "many files: their index is large")
    older = CommitId(repo.git("rev-parse", "HEAD^"))
    pool = repo.pool(jobs=1)
    for number in range(4):
        place = pool.open(key(f"t{number}"), repo.head if number > 1 else older)
        shell(place, "echo x > new")
        pool.release(place, pool.capture(place, processes_gone=True))
    sizes = [file.stat().st_size for file in repo.common.glob(f"gitpar/runs/{RUN}/slots/1/spent-*")]
    # four branches that moved, and the indexes of the first two attempts
    assert len([size for size in sizes if size == 41]) == 4
    assert [41 < size < 10_000 for size in sizes if size != 41] in ([True], [True, True])
    pool.close()
    assert nothing_left(repo)
    assert list(repo.common.glob(f"gitpar/runs/{RUN}/slots/*")) == []


def test_without_a_pool_every_attempt_gets_a_fresh_worktree(repo: Repo) -> None:
    pool = repo.pool(pooled=False)
    place, capture = work(repo, pool, "mkdir node_modules; echo 1 > node_modules/m")
    pool.release(place, capture)
    second = pool.open(key("t2"), repo.head)
    assert not (second.path / "node_modules").exists()
    pool.release(second, pool.capture(second, processes_gone=True))
    pool.close()
    assert nothing_left(repo)


def test_what_pool_keep_names_survives(repo: Repo) -> None:
    pool = repo.pool()
    place, capture = work(
        repo, pool, "mkdir -p node_modules docs/node_modules; echo 1 | tee node_modules/m docs/node_modules/m"
    )
    assert capture.keep == repo.head
    pool.release(place, capture)
    second = pool.open(key("t2"), repo.head)
    assert (second.path / "docs" / "node_modules" / "m").exists()


def test_a_branch_of_somebody_elses_is_not_taken(repo: Repo) -> None:
    repo.git("branch", "gitpar/r1/task/t1/1", "HEAD^")
    pool = repo.pool(jobs=1)
    with pytest.raises(Exception, match="exists already"):
        pool.open(key(), repo.head)
    assert repo.branch(key()) == repo.git("rev-parse", "HEAD^")
    pool.open(key("t2"), CommitId(repo.head))


def test_worktrees_lie_beside_the_repository_or_in_the_state_folder(tmp_path: Path) -> None:
    assert default_root(tmp_path / "shop") == (tmp_path / "shop.worktrees", None)
    assert default_root(tmp_path / "shop.git") == (tmp_path / "shop.worktrees", None)
    root, notice = default_root(tmp_path / "not-there" / "shop")
    assert notice is not None
    assert str(root) in notice
    assert root.name.endswith("-not-there-shop")


@pytest.mark.parametrize("part", [b'{"number": 1, "pa', b"\0" * 20, b"7", b""])
def test_the_last_whole_record_of_a_slot_holds(tmp_path: Path, part: bytes) -> None:
    """A kill or a power cut may leave a part of one."""
    site = Site(tmp_path, RUN, tmp_path / "worktrees")
    first, second = Record(1, "/w/1", task="t1", n=1), Record(1, "/w/1", task="t2", n=1, stash=("s",))
    site.write(first)
    file = site.slot_folder(1) / RECORD
    with file.open("ab") as broken:
        broken.write(part)
    assert site.records() == [first]
    site.write(second, durably=True)
    assert site.records() == [second]
    file.write_bytes(part)
    assert site.records() == []


def test_what_a_killed_run_left_is_removed_once_it_is_captured(repo: Repo) -> None:
    child(repo, CHILD, f"{Step.SLOT_RESET}:1:kill")
    root = repo.path.with_name("repo.worktrees")
    assert remove_run(repo.common, RUN, root) == ((f"worktree {root / RUN / '1'}",), ())
    assert nothing_left(repo)


def facts(admin: Path) -> dict[str, str]:
    """What a worktree's metadata says but for what goes by its place."""
    files = {path.name: path.read_text().strip() for path in admin.iterdir() if path.is_file()}
    return {name: text for name, text in files.items() if name not in ("gitdir", "index")}


def test_metadata_is_made_as_git_makes_it(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "--no-checkout", "--detach", "--lock", "--reason", "why", "../theirs")
    own = tmp_path / "ours"
    admin = add(repo.common, own, tmp_path / "draft", reason="why", base=repo.head)
    assert admin == repo.common / "worktrees" / "ours"
    theirs = repo.common / "worktrees" / "theirs"
    assert facts(admin) == facts(theirs)
    assert (admin / "gitdir").read_text() == f"{own}/.git\n"
    assert (theirs / "gitdir").read_text() == f"{tmp_path / 'theirs'}/.git\n"
    assert repo.git("rev-parse", "HEAD", cwd=own) == repo.head
    repo.git("checkout", "-q", "-b", "work", cwd=own)
    assert repo.git("reflog", "-1", "--format=%gs", cwd=own) == f"checkout: moving from {repo.head} to work"
    repo.git("worktree", "prune")
    repo.git("worktree", "repair")
    assert repo.git("worktree", "list", "--porcelain").count("locked why") == 2


def test_a_name_that_is_taken_is_left_alone(repo: Repo, tmp_path: Path) -> None:
    taken = repo.common / "worktrees" / "ours"
    taken.mkdir(parents=True)
    (taken / "locked").write_text("initializing")
    admin = add(repo.common, tmp_path / "ours", tmp_path / "draft", reason="why", base=repo.head)
    assert admin == repo.common / "worktrees" / "ours1"
    assert (tmp_path / "ours/.git").read_text() == f"gitdir: {admin}\n"
    assert [path.name for path in taken.iterdir()] == ["locked"]


@pytest.mark.parametrize("why", ["settings of its own", "a group", "not empty"])
def test_what_is_not_plain_is_left_to_git(repo: Repo, tmp_path: Path, why: str) -> None:
    own = tmp_path / "ours"
    if why == "a group":
        repo.common.chmod(0o2775)
    elif why == "not empty":
        own.mkdir()
        (own / "file").write_text("")
    else:
        (repo.common / "config.worktree").write_text("")
    assert add(repo.common, own, tmp_path / "draft", reason="why", base=repo.head) is None
    assert not (repo.common / "worktrees").exists()
