"""`gitpar conflicts --worktrees`: what is in the worktrees counts, and nothing of it is touched."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar, running
from tests.support.repo import Repo, lines, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with two further worktrees: `../api` on a branch, `repo/inner` detached."""
    made = sealed_repo(monkeypatch, tmp_path / "repo")
    made.commit("base", {"f": lines(), "g": lines(), ".gitignore": "*.log\n"})
    made.git("worktree", "add", "-q", "-b", "api", "../api")
    made.git("worktree", "add", "-q", "--detach", "inner")
    return made


def look_at(*folders: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, time and content of every file below the folders, git's own included.

    The time of an object is left out: git renews it where it would write the same again.
    """
    found = {}
    for path in (path for folder in folders for path in folder.rglob("*")):
        stat = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (stat.st_mode, 0 if "objects" in path.parts else stat.st_mtime_ns, content)
    return found


def compared(repo: Repo, *options: str) -> tuple[int, dict[str, Any], str]:
    done = gitpar("conflicts", "--worktrees", "--json", *options, cwd=repo.root)
    return done.status, json.loads(done.stdout), done.stderr


def conflicting(facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [(p["a"], p["b"], p["kind"]) for p in facts["pairs"] if p["tier"] == "conflict"]


def test_uncommitted_and_untracked_work_counts_and_stays_as_it_is(repo: Repo, tmp_path: Path) -> None:
    api, inner = tmp_path / "api", repo.root / "inner"
    (api / "f").write_text(lines((3, "api")))  # not staged
    (api / "new").write_text("api\n")  # untracked
    (inner / "f").write_text(lines((3, "inner")))
    repo.git("-C", "inner", "add", "f")  # staged
    (inner / "f").write_text(lines((3, "inner, later")))
    (inner / "new").write_text("inner\n")
    (inner / "ignored.log").write_text("no\n")
    (repo.root / "g").unlink()  # the main worktree's own
    before = look_at(repo.root, api)

    status, facts, stderr = compared(repo)

    assert (status, stderr) == (1, "")
    assert conflicting(facts) == [("api", "inner", "content")]
    assert {change["id"]: change["files"] for change in facts["changes"]} == {
        "main": ["g"],
        "api": ["f", "new"],
        "inner": ["f", "new"],
    }
    [pair] = facts["pairs"]
    assert {place["path"] for place in pair["paths"]} == {"f", "new"}
    assert (facts["order"], facts["fold"]["conflicting"]) == (["main", "api"], ["inner"])
    assert look_at(repo.root, api) == before


def test_a_merge_that_is_under_way_is_taken_for_what_it_will_be(repo: Repo, tmp_path: Path) -> None:
    repo.git("branch", "other", repo.branch("main", "other", {"f": lines((3, "other"))}))
    repo.git("checkout", "-q", "main")
    other = tmp_path / "other"
    repo.git("worktree", "add", "-q", str(other), "other")
    api = tmp_path / "api"
    (api / "f").write_text(lines((3, "api")))
    repo.git("-C", str(api), "commit", "-qam", "api")
    with pytest.raises(AssertionError):
        repo.git("-C", str(api), "merge", "-q", "other")
    assert conflicting(compared(repo)[1]) == []
    repo.git("-C", str(api), "merge", "--abort")
    assert conflicting(compared(repo)[1]) == [("api", "other", "content")]


def test_what_cannot_be_compared_is_left_out_and_said(repo: Repo, tmp_path: Path) -> None:
    for name in ("gone", "unborn"):
        repo.git("worktree", "add", "-q", "--detach", str(tmp_path / name))
    (tmp_path / "gone" / ".git").unlink()
    for path in (tmp_path / "gone").iterdir():
        path.unlink()
    (tmp_path / "gone").rmdir()
    repo.git("-C", str(tmp_path / "unborn"), "checkout", "-q", "--orphan", "fresh")
    api = tmp_path / "api"
    for name in ("clone", "begun"):
        repo.git("init", "-q", str(api / name))
        (api / name / "x").write_text("x\n")
    repo.git("-C", str(api / "clone"), "-c", "user.name=a", "-c", "user.email=a@b", "add", "x")
    repo.git("-C", str(api / "clone"), "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")
    (api / "kept").write_text("kept\n")

    status, facts, stderr = compared(repo)

    assert status == 0
    assert {change["id"]: change["files"] for change in facts["changes"]}["api"] == ["kept"]
    assert sorted(stderr.splitlines()) == sorted(
        [
            f"note: `{api}/begun` is left out: a repository without a commit",
            f"note: `{api}`: left out, because they are repositories of their own: `clone`",
            f"note: `{tmp_path}/gone` is left out: the folder is gone",
            f"note: `{tmp_path}/unborn` is left out: it has no commit yet",
        ]
    )


def test_watching_tells_each_change_once_and_ends_with_ctrl_c(repo: Repo, tmp_path: Path) -> None:
    api, inner = tmp_path / "api", repo.root / "inner"
    with running(repo.root, "conflicts", "--worktrees", "--watch") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["pairs"] == []
        (api / "f").write_text(lines((3, "api")))
        assert json.loads(process.stdout.readline())["changes"][1] == {"id": "api", "files": ["f"]}
        (inner / "f").write_text(lines((3, "inner")))
        assert conflicting(json.loads(process.stdout.readline())) == [("api", "inner", "content")]
        repo.git("-C", str(api), "commit", "-qam", "api")
        told = json.loads(process.stdout.readline())
        assert (conflicting(told), told["changes"][1]["files"]) == ([("api", "inner", "content")], ["f"])
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stdout.read() == ""
