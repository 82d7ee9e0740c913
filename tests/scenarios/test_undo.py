"""`gitpar undo` and `gitpar history`: every ref back where it was, and forward again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar, normalised
from tests.support.plans import facts, run_json, show, write_plan
from tests.support.sealed import git

TASKS: dict[str, str | dict[str, Any]] = {
    "a": "echo a > a",
    "b": "echo b > b",
    "c": {"command": "cat a > c", "depends_on": ["a"]},
}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write_plan(tmp_path / "plan.json", TASKS)


def branches(repo: Path) -> dict[str, str]:
    """The user's branches and gitpar's, each with its commit."""
    listed = git(repo, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
    return dict(line.split() for line in listed.splitlines())


def test_a_run_is_undone_and_brought_back_and_undone_again(repo: Path, plan: Path) -> None:
    git(repo, "branch", "release")
    before = branches(repo)
    run = run_json(repo, plan, "--into", "release")["run"]
    after = branches(repo)
    assert len(after) == len(before) + 5
    done = gitpar("undo", cwd=repo)
    assert (done.status, done.stderr) == (0, "")
    assert branches(repo) == before
    assert normalised(done.stdout).replace(run, "<run>") == (
        "  gitpar/<run>/level/1 is gone, from <commit>\n"
        "  gitpar/<run>/task/a/1 is gone, from <commit>\n"
        "  gitpar/<run>/task/b/1 is gone, from <commit>\n"
        "  gitpar/<run>/level/2 is gone, from <commit>\n"
        "  gitpar/<run>/task/c/1 is gone, from <commit>\n"
        "  release is at <commit>, from <commit>\n"
        "<run> was undone: 6 refs put back\n"
        "To take that back: gitpar undo <run>.1\n"
    )
    stands = gitpar("status", cwd=repo).stdout
    assert stands.startswith(f"Run {run} was undone: 3 landed of 3 tasks\n")
    assert "git merge" not in stands, "a branch that is gone"
    assert f"gitpar undo {run}.1" in stands
    git(repo, "gc", "--quiet", "--prune=now")
    assert gitpar("undo", f"{run}.1", cwd=repo).status == 0
    assert branches(repo) == after
    assert show(repo, "release", "c") == "a"
    assert gitpar("undo", run, cwd=repo).status == 0
    assert branches(repo) == before
    told = facts(gitpar("history", "--json", cwd=repo))["operations"]
    assert [(one["operation"], one["of"], one["state"]) for one in told] == [
        (f"{run}.3", run, "done"),
        (f"{run}.2", f"{run}.1", "done"),
        (f"{run}.1", run, "done"),
        (run, "", "undone"),
    ]
    assert [len(one["moves"]) for one in told] == [6] * 4
    assert gitpar("history", run, cwd=repo).stdout.count("\n") == 4 + 24


def test_what_cannot_be_undone_says_why_and_how_to_go_on(repo: Path, plan: Path) -> None:
    assert gitpar("history", cwd=repo).stdout == "nothing was ever run here\n"
    assert gitpar("undo", cwd=repo).status == 2
    run = run_json(repo, plan)["run"]
    for words, said in (
        ((f"{run}.7",), "there is no such undo"),
        ((run, "--level", "9"), "has no level 9"),
        (("nothing",), "there is no such run"),
    ):
        done = gitpar("undo", *words, cwd=repo)
        assert done.status == 2
        assert said in done.stderr
    assert gitpar("undo", run, cwd=repo).status == 0
    again = gitpar("undo", run, cwd=repo)
    assert again.status == 2
    assert f"Hint: To bring it back: gitpar undo {run}.1" in again.stderr


def test_what_somebody_else_moved_or_uses_is_left(repo: Path, plan: Path) -> None:
    run = run_json(repo, plan)["run"]
    moved, used = f"gitpar/{run}/level/1", f"gitpar/{run}/level/2"
    git(repo, "update-ref", f"refs/heads/{moved}", "main")
    git(repo, "switch", "-q", used)
    done = facts(gitpar("undo", "--json", cwd=repo), status=1)
    assert {one["ref"].removeprefix("refs/heads/"): one["why"].split(" ")[2] for one in done["left"]} == {
        moved: "at",
        used: "checked",
    }
    assert set(branches(repo)) == {"main", moved, used}
    git(repo, "switch", "-q", "main")
    rest = facts(gitpar("undo", run, "--json", cwd=repo), status=1)
    assert [one["ref"] for one in rest["moved"]] == [f"refs/heads/{used}"]
    nothing = gitpar("undo", run, cwd=repo)
    assert nothing.status == 1
    assert nothing.stdout.endswith(f"nothing of {run} was taken back\n")


def test_a_level_and_those_after_it_are_undone(repo: Path, plan: Path) -> None:
    git(repo, "branch", "release")
    run = run_json(repo, plan, "--into", "release")
    first = run["levels"][0]
    assert gitpar("undo", "--level", "2", cwd=repo).status == 0
    there = branches(repo)
    assert there["release"] == there[first["branch"]] == first["commit"]
    assert not [name for name in there if "/level/2" in name or "/task/c" in name]
    assert gitpar("undo", run["run"], cwd=repo).status == 0
    assert set(branches(repo)) == {"main", "release"}


def test_a_checked_out_branch_goes_back_with_its_files_or_not_at_all(repo: Path, plan: Path) -> None:
    git(repo, "branch", "start")
    run = run_json(repo, plan, "--into", "main")["run"]
    assert (repo / "c").exists()
    (repo / "README.md").write_text("# Being edited\n", encoding="utf-8")
    refused = facts(gitpar("undo", "--json", cwd=repo), status=1)
    assert "uncommitted changes" in refused["left"][0]["why"]
    git(repo, "checkout", "-q", "README.md")
    assert gitpar("undo", run, cwd=repo).status == 0
    assert git(repo, "rev-parse", "main") == git(repo, "rev-parse", "start")
    assert not (repo / "c").exists()
    assert git(repo, "status", "--porcelain") == ""


@pytest.mark.parametrize("step", ["undo.move", "undo.moved"])
def test_an_undo_that_was_killed_is_finished_by_the_next(repo: Path, plan: Path, step: str) -> None:
    before = branches(repo)
    run = run_json(repo, plan)["run"]
    killed = gitpar("undo", cwd=repo, env={"GITPAR_FAULT": f"{step}:1:kill"})
    assert killed.status == -9
    assert "it was interrupted; to finish it: gitpar undo" in gitpar("history", cwd=repo).stdout
    assert gitpar("undo", run, cwd=repo).status == 0
    assert branches(repo) == before
    assert [one["operation"] for one in facts(gitpar("history", "--json", cwd=repo))["operations"]] == [
        f"{run}.1",
        run,
    ]
    assert gitpar("undo", f"{run}.1", cwd=repo).status == 0
    assert gitpar("verify", cwd=repo).status == 0


def test_an_undone_run_is_not_resumed_and_is_purged_whole(repo: Path, plan: Path) -> None:
    gitpar("run", plan, cwd=repo, env={"GITPAR_FAULT": "landing.moved:1:kill"})
    assert gitpar("undo", cwd=repo).status == 0
    resumed = gitpar("resume", cwd=repo)
    assert resumed.status == 2
    assert "was undone, so there is nothing to go on from" in resumed.stderr
    assert gitpar("clean", "--purge", "--yes", cwd=repo).status == 0
    assert git(repo, "for-each-ref", "--format=%(refname)") in {
        "refs/heads/main",
        "refs/heads/main\nrefs/notes/gitpar",
    }
