# ruff: noqa: E501 - a worker's script reads best on one line
from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support.pools import Repo, key, new_repo, sealed, shell, work


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    return new_repo(tmp_path / "repo")


def test_a_worktree_stands_at_the_base_on_the_attempts_branch(repo: Repo) -> None:
    pool = repo.pool()
    place = pool.open(key(), repo.head)
    assert repo.git("status", "--porcelain", "--ignored", cwd=place.path) == ""
    assert repo.git("symbolic-ref", "HEAD", cwd=place.path) == "refs/heads/gitpar/r1/task/t1/1"
    assert repo.git("rev-parse", "HEAD", cwd=place.path) == repo.head
    assert (place.path / "src/b.py").read_text() == "b = 1\n"
    assert (place.path.parent / "by-task" / "t1").resolve() == place.path
    listed = repo.git("worktree", "list", "--porcelain")
    assert f"worktree {place.path}\n" in listed
    assert "locked gitpar r1" in listed


def test_what_was_left_uncommitted_is_the_result_and_its_author_the_user(repo: Repo) -> None:
    pool = repo.pool()
    _, capture = work(repo, pool, "echo new > new.txt; rm docs/d.md; echo 2 >> a.txt; mv src/c.py src/e.py")
    assert repo.tree(capture.result) == [".gitignore", "a.txt", "new.txt", "src/b.py", "src/e.py"]
    assert repo.git("rev-parse", f"{capture.result}^") == repo.head
    assert repo.branch(key()) == capture.result
    assert repo.kept(key()) == capture.keep == capture.result
    assert (capture.problem, capture.notes, capture.reusable) == ("", (), True)
    assert repo.git("log", "-1", "--format=%an <%ae>%n%B", capture.result) == (
        "Ada <ada@example.org>\nt1: work left uncommitted\n\nGitpar-Run: r1\nGitpar-Task: t1\nGitpar-Attempt: 1\n"
    )


def test_without_an_identity_gitpar_signs(repo: Repo) -> None:
    repo.git("config", "--unset", "user.name")
    repo.git("config", "--unset", "user.email")
    _, capture = work(repo, repo.pool(), "echo new > new.txt")
    assert repo.git("log", "-1", "--format=%an <%ae>", capture.result) == "gitpar <gitpar@localhost>"


def test_nothing_changed_leaves_the_base(repo: Repo) -> None:
    _, capture = work(repo, repo.pool(), "git status; git log > /dev/null")
    assert capture.result == capture.keep == repo.head


def test_a_slot_is_handed_on_clean_also_to_another_base(repo: Repo) -> None:
    pool = repo.pool()
    older = repo.git("rev-parse", "HEAD^")
    place, capture = work(
        repo,
        pool,
        "echo x > new.txt; mkdir -p e/f; echo log > x.log; git add -A; git commit -qm w; git tag t; rm a.txt",
    )
    pool.release(place, capture)
    second = pool.open(key("t2"), repo.head)
    assert second.path == place.path
    assert repo.git("status", "--porcelain", "--ignored", cwd=second.path) == ""
    assert not (second.path / "e").exists()
    pool.release(second, pool.capture(second, processes_gone=True))
    third = pool.open(key("t3"), repo.git("rev-parse", older))  # type: ignore[arg-type] # an id
    assert third.path == place.path
    assert repo.git("rev-parse", "HEAD", cwd=third.path) == older
    assert (third.path / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert repo.git("status", "--porcelain", "--ignored", cwd=third.path) == ""


def test_the_next_worker_finds_an_index_that_agrees_with_its_files(repo: Repo) -> None:
    """`git apply --index` and its like compare times, and do not look into a file whose time is another."""
    pool = repo.pool()
    script = (
        "echo more >> a.txt; rm src/b.py; mkdir src/b.py; echo x > src/b.py/new; git mv docs/d.md d.md;"
        "chmod +x src/c.py; rm .gitignore; ln -s a.txt .gitignore; git add -A; git commit -qm w"
    )
    place, capture = work(repo, pool, script)
    pool.release(place, capture)
    second = pool.open(key("t2"), repo.head)
    assert second.path == place.path
    assert repo.git("diff-files", "--name-only", cwd=second.path) == ""
    assert repo.git("status", "--porcelain", "--ignored", cwd=second.path) == ""
    assert not (second.path / "docs/d.md").is_symlink()
    patch = repo.path.parent / "change.patch"
    patch.write_text("--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-one\n+1\n two\n")
    shell(second, f"git apply --index --unidiff-zero {patch}")
    pool.release(second, pool.capture(second, processes_gone=True))
    pool.close()


def test_eight_are_opened_at_once_and_closed_without_a_trace(repo: Repo) -> None:
    pool = repo.pool(jobs=8)
    failures: list[BaseException] = []

    def attempt(name: str) -> None:
        try:
            for n in range(1, 4):
                place = pool.open(key(name, n), repo.head)
                shell(
                    place,
                    f"echo {name} > {name}.txt; git add -A; git commit -qm {name}; echo {n} >> {name}.txt",
                )
                pool.release(place, pool.capture(place, processes_gone=True))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=attempt, args=(f"t{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for i in range(8):
        for n in range(1, 4):
            assert repo.git("show", f"{repo.branch(key(f't{i}', n))}:t{i}.txt") == f"t{i}\n{n}"
    pool.close()
    assert repo.git("worktree", "list", "--porcelain").count("worktree ") == 1
    assert repo.git("status", "--porcelain") == ""
    assert not (repo.common / "worktrees").exists()
