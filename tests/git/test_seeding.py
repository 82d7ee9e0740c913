from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.errors import EnvironmentFault, UsageError
from tests.support.pools import Repo, key, new_repo, sealed, shell, work


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    repo = new_repo(tmp_path / "repo")
    repo.write({".env": "KEY=1\n", "secret/s": "s\n", "x.log": "log\n", "node_modules/m/i.js": "m\n"})
    return repo


def test_worktreeinclude_brings_what_matches_and_is_ignored(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "o.env").write_text("o")
    (repo.path / "away").symlink_to(tmp_path / "outside")
    repo.write(
        {".worktreeinclude": "# env\n.env\nsecret/\n!x.log\na.txt\naway/*\nuntracked\n", "untracked": "u"}
    )
    place = repo.pool().open(key(), repo.head)
    there = {path.name for path in place.path.iterdir()}
    assert there == {".git", ".gitignore", "a.txt", "docs", "src", ".env", "secret"}
    assert (place.path / ".env").read_text() == "KEY=1\n"


def test_seeds_are_no_work_and_a_changed_one_is_given_back(repo: Repo) -> None:
    pool = repo.pool(copy=(".env", "plain.txt", "secret"), symlink=("node_modules",))
    repo.write({"plain.txt": "not ignored\n"})
    place, capture = work(
        repo, pool, "echo 1 > n1; echo CHANGED > .env; echo MORE > secret/more; cat node_modules/m/i.js"
    )
    assert "plain.txt" not in repo.tree(capture.result)
    assert "node_modules" not in repo.tree(capture.result)
    kept = repo.reachable_contents(capture.keep)
    assert "CHANGED" in kept
    assert "MORE" in kept
    assert "not ignored" not in kept
    pool.release(place, capture)
    again = pool.open(key("t2"), repo.head)
    assert again.path == place.path
    assert (again.path / ".env").read_text() == "KEY=1\n"
    assert (again.path / "plain.txt").read_text() == "not ignored\n"
    assert not (again.path / "secret" / "more").exists()
    assert (again.path / "node_modules").readlink() == repo.path / "node_modules"
    assert pool.capture(again, processes_gone=True).keep == repo.head
    assert (repo.path / ".env").read_text() == "KEY=1\n"


def test_a_tracked_file_is_never_overwritten(repo: Repo) -> None:
    repo.write({"a.txt": "changed, not committed\n"})
    place = repo.pool(copy=("a.txt",)).open(key(), repo.head)
    assert (place.path / "a.txt").read_text() == "one\ntwo\nthree\nfour\n"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "."])
def test_a_path_outside_is_refused(repo: Repo, path: str) -> None:
    pool = repo.pool(copy=(path,))
    with pytest.raises(UsageError, match="inside the repository"):
        pool.open(key(), repo.head)
    pool.close()
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 1


def test_setup_runs_once_a_slot_and_what_it_made_survives(repo: Repo) -> None:
    runs = repo.path.parent / "runs"
    pool = repo.pool(
        setup=f"echo x >> '{runs}'; echo S > x.log; mkdir -p .venv; echo p > .venv/p; echo t >> a.txt"
    )
    repo.write({".gitignore": (repo.path / ".gitignore").read_text() + ".venv\n"})
    repo.commit()
    place, capture = work(repo, pool, "cat x.log .venv/p; echo more > .venv/q; echo 1 > n1")
    assert repo.git("diff", "--name-only", repo.head, capture.result) == "n1"
    pool.release(place, capture)
    again = pool.open(key("t2"), repo.head)
    assert again.path == place.path
    assert (again.path / "x.log").read_text() == "S\n"
    assert (again.path / ".venv" / "q").exists()
    assert runs.read_text() == "x\n"
    shell(again, "echo spoilt > x.log")
    pool.release(again, pool.capture(again, processes_gone=True))
    third = pool.open(key("t3"), repo.head)
    assert (third.path / "x.log").read_text() == "S\n"
    assert runs.read_text() == "x\nx\n"


@pytest.mark.parametrize(("command", "message"), [("exit 3", "status 3"), ("sleep 60", "within 0.2 s")])
def test_a_setup_that_fails_leaves_nothing_and_gives_the_place_back(
    repo: Repo, command: str, message: str
) -> None:
    pool = repo.pool(setup=command, setup_timeout_s=0.2, jobs=1)
    for _ in range(2):
        with pytest.raises(EnvironmentFault, match=message):
            pool.open(key(), repo.head)
    pool.close()
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 1


def test_teardown_runs_once_in_each_worktree_that_goes(repo: Repo) -> None:
    there = repo.path.parent / "torn-down"
    pool = repo.pool(
        setup='echo "$GITPAR_PORT" > .port',
        teardown=f'echo "$PWD $GITPAR_PORT $(cat .port)" >> "{there}"; exit 3',
        jobs=2,
    )
    first, second = pool.open(key("t1"), repo.head), pool.open(key("t2"), repo.head)
    for place in (first, second):
        shell(place, "echo x > x")
        pool.release(place, pool.capture(place, processes_gone=True))
    assert not there.exists(), "a worktree that is handed on is not torn down"
    pool.close()
    lines = there.read_text().splitlines()
    assert sorted(lines) == sorted(
        f"{p.path} {20000 + 20 * p.slot} {20000 + 20 * p.slot}" for p in (first, second)
    )
    assert [problem.partition(" in worktree")[0] for problem in pool.told()] == [
        "`teardown` ended with status 3"
    ] * 2
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 1


def test_teardown_runs_where_setup_failed_and_has_a_limit(repo: Repo) -> None:
    there = repo.path.parent / "torn-down"
    pool = repo.pool(setup="exit 3", teardown=f"echo x > '{there}'; sleep 60", teardown_timeout_s=0.2)
    with pytest.raises(EnvironmentFault, match="status 3") as failed:
        pool.open(key(), repo.head)
    assert there.read_text() == "x\n"
    assert Path(failed.value.hints[0].removeprefix("What it printed: ")).exists()
    [problem] = pool.told()
    assert problem.startswith("`teardown` did not end within 0.2 s in worktree 1 (what it printed: ")
    pool.close()


def test_sparse_checkout_is_inherited_and_given_back(repo: Repo) -> None:
    repo.git("sparse-checkout", "set", "--cone", "src")
    pool = repo.pool()
    place, capture = work(
        repo,
        pool,
        "test ! -e docs; mkdir docs; echo new > docs/e.md; echo 2 >> src/b.py; git sparse-checkout disable",
    )
    changed = repo.git("diff", "--name-only", repo.head, capture.result)
    assert changed.splitlines() == ["docs/e.md", "src/b.py"]
    pool.release(place, capture)
    again = pool.open(key("t2"), repo.head)
    assert again.path == place.path
    files = sorted(path.name for path in again.path.rglob("*") if path.is_file())
    assert files == [".git", ".gitignore", "a.txt", "b.py", "c.py"]
    assert repo.git("status", "--porcelain", cwd=again.path) == ""


def test_submodules_are_inherited_and_their_commits_kept(repo: Repo, tmp_path: Path) -> None:
    library = new_repo(tmp_path / "library")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.path), "lib")
    repo.commit("submodule")
    library.path.rename(tmp_path / "gone")
    pool = repo.pool()
    place, capture = work(
        repo,
        pool,
        "cd lib; test $(git remote get-url origin) = " + str(library.path) + "; echo WROTE-1 > l; git add l;"
        "git commit -qm l; git rm -q l; git commit -qm l2; echo WROTE-2 > m",
    )
    kept = repo.reachable_contents(capture.keep)
    assert "WROTE-1" in kept
    assert "WROTE-2" in kept
    assert repo.git("diff", "--name-only", repo.head, capture.result) == "lib"
    assert repo.git("fsck", "--connectivity-only", "--no-dangling", "--no-progress") == ""
    pool.release(place, capture)
    again = pool.open(key("t2"), repo.head)
    assert again.path == place.path
    assert repo.git("status", "--porcelain", "--ignored", cwd=again.path) == ""
    assert (again.path / "lib" / "src" / "b.py").exists()


def test_a_seed_that_the_next_base_tracks_is_work_again(repo: Repo) -> None:
    repo.write({"plain.txt": "seed\n"})
    pool = repo.pool(copy=("plain.txt",))
    before = repo.head
    place = pool.open(key(), before)
    pool.release(place, pool.capture(place, processes_gone=True))
    repo.write({"plain.txt": "tracked\n"})
    after = repo.commit()
    again = pool.open(key("t2"), after)
    assert again.path == place.path
    assert (again.path / "plain.txt").read_text() == "tracked\n"
    shell(again, "echo 2 >> plain.txt")
    capture = pool.capture(again, processes_gone=True)
    assert repo.git("show", f"{capture.result}:plain.txt") == "tracked\n2"
