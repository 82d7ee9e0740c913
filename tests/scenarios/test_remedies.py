"""`gitpar resume --retry`, `--skip`, `--accept`, `--resolve` as a person types them: real program and git."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar
from tests.support.plans import Facts, facts, run_json, show, states, tip, write_plan
from tests.support.sealed import git

FRAGILE = "echo half > fragile.txt && test -e {} && echo whole > fragile.txt"
TASKS: dict[str, str | dict[str, Any]] = {
    "good": "echo good > good.txt",
    "after": {"command": "cat fragile.txt > after.txt", "depends_on": ["fragile"]},
}


@pytest.fixture
def switch(tmp_path: Path) -> Path:
    """While it is not there, `fragile` writes half of its work and fails."""
    return tmp_path / "switch"


@pytest.fixture
def failed(repo: Path, tmp_path: Path, switch: Path) -> Facts:
    tasks = {"fragile": FRAGILE.format(switch), **TASKS}
    run = run_json(repo, write_plan(tmp_path / "plan.json", tasks, retries=0), status=1)
    assert states(run) == {"fragile": "failed", "good": "landed", "after": "blocked"}
    return run


def test_tried_again_it_lands_on_a_level_behind_the_others(repo: Path, failed: Facts, switch: Path) -> None:
    said = gitpar("status", cwd=repo).stdout
    assert f"gitpar resume {failed['run']} --retry fragile" in said
    before = git(repo, "rev-parse", failed["levels"][0]["branch"])
    switch.touch()
    done = gitpar("resume", "--retry", "fragile", cwd=repo)
    assert done.status == 0, done.stderr
    assert "goes on, 1 landed so far" in done.stderr
    run = facts(gitpar("resume", "--json", cwd=repo))
    assert states(run) == {"fragile": "landed", "good": "landed", "after": "landed"}
    assert [(level["level"], level["tasks"]) for level in run["levels"]] == [
        (1, ["good"]),
        (2, ["fragile"]),
        (3, ["after"]),
    ]
    assert git(repo, "rev-parse", run["levels"][0]["branch"]) == before
    assert [show(repo, tip(run), name) for name in ("good.txt", "fragile.txt", "after.txt")] == [
        "good",
        "whole",
        "whole",
    ]
    [task] = [task for task in run["tasks"] if task["id"] == "fragile"]
    assert [attempt["state"] for attempt in task["attempts"]] == ["failed", "succeeded"]


def test_what_a_failed_attempt_left_is_landed(repo: Path, failed: Facts) -> None:
    run = facts(gitpar("resume", failed["run"], "--accept", "fragile", "--json", cwd=repo))
    assert states(run) == {"fragile": "landed", "good": "landed", "after": "landed"}
    assert show(repo, tip(run), "after.txt") == "half"


def test_left_out_the_run_is_done(repo: Path, failed: Facts) -> None:
    run = facts(gitpar("resume", "--skip", "fragile", "--json", cwd=repo))
    assert run["state"] == "done"
    assert states(run) == {"fragile": "skipped", "good": "landed", "after": "skipped"}
    assert run["levels"][0]["commit"] == failed["levels"][0]["commit"]


def test_what_cannot_be_changes_nothing(repo: Path, failed: Facts) -> None:
    for option, name, said in (
        ("--retry", "fragil", "the run has no such task"),
        ("--skip", "good", "it is landed, neither held nor failed"),
    ):
        done = gitpar("resume", option, name, cwd=repo)
        assert done.status == 2
        assert done.stderr.startswith(f"Error: `{option} {name}`: {said}")
        assert "Hint: " in done.stderr
    assert facts(gitpar("status", "--json", cwd=repo)) == failed


def test_after_a_clean_it_is_tried_again_all_the_same(repo: Path, failed: Facts, switch: Path) -> None:
    assert failed["state"] == "failed"
    assert gitpar("clean", cwd=repo).status == 0
    switch.touch()
    run = facts(gitpar("resume", "--retry", "fragile", "--json", cwd=repo))
    assert set(states(run).values()) == {"landed"}


# --- settled by hand ---------------------------------------------------------------------


@pytest.fixture
def colliding(repo: Path, tmp_path: Path) -> Facts:
    """A run in which `fragile` failed, whose result does not merge with what `good` landed."""
    git(repo, "config", "user.name", "Ada Example")
    git(repo, "config", "user.email", "ada@example.org")
    tasks: dict[str, str | dict[str, Any]] = {
        "fragile": "echo fragile > README.md && false",
        "good": "echo good > README.md",
        "after": {"command": "cat README.md > after.txt", "depends_on": ["fragile"]},
    }
    run = run_json(repo, write_plan(tmp_path / "plan.json", tasks, retries=0), status=1)
    assert states(run) == {"fragile": "failed", "good": "landed", "after": "blocked"}
    return run


def test_a_task_is_settled_by_hand(repo: Path, colliding: Facts) -> None:
    words = ("resume", colliding["run"], "--resolve", "fragile")
    place = repo.parent / f"{repo.name}.worktrees" / f"{colliding['run']}.resolve" / "fragile"

    done = gitpar(*words, cwd=repo)
    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"Error: `fragile` is laid out in `{place}`, with conflicts in `README.md`",
        f"Hint: Settle and commit them there: git -C {place} commit",
        f"Hint: Then: gitpar resume {colliding['run']} --resolve fragile",
    ]
    assert "<<<<<<<" in (place / "README.md").read_text()
    assert facts(gitpar("status", "--json", cwd=repo), 0) == colliding

    again = gitpar(*words, cwd=repo)
    assert again.stderr.startswith(f"Error: `fragile` is not settled yet in `{place}`, with conflicts in")
    (place / "README.md").write_text("good and fragile\n")
    git(place, "add", "README.md")
    staged = gitpar(*words, cwd=repo)
    assert staged.status == 1
    assert "nothing is committed there" in staged.stderr

    git(place, "commit", "--quiet", "--message", "Settle it")
    run = facts(gitpar(*words, "--json", cwd=repo))
    assert states(run) == {"fragile": "landed", "good": "landed", "after": "landed"}
    assert show(repo, tip(run), "after.txt") == "good and fragile"
    [task] = [task for task in run["tasks"] if task["id"] == "fragile"]
    assert [attempt["state"] for attempt in task["attempts"]] == ["failed", "succeeded"]
    assert task["files"] == ["README.md"]
    assert git(repo, "rev-parse", task["attempts"][1]["keep_ref"]) == git(place, "rev-parse", "HEAD")
    assert gitpar("clean", cwd=repo).status == 0
    assert (place / "README.md").exists(), "it is the person's"


def test_a_settled_one_that_was_there_before_is_none(repo: Path, colliding: Facts) -> None:
    words = ("resume", colliding["run"], "--resolve", "fragile")
    place = repo.parent / f"{repo.name}.worktrees" / f"{colliding['run']}.resolve" / "fragile"
    gitpar(*words, cwd=repo)
    git(place, "merge", "--abort")
    done = gitpar(*words, cwd=repo)
    assert done.status == 1
    level = colliding["levels"][0]["branch"]
    assert done.stderr.splitlines()[:2] == [
        f"Error: `{place}` holds nothing but what `fragile` and the run had before",
        f"Hint: Bring it up to date there: git -C {place} merge {level}",
    ]
    # one that was deleted by hand is made again
    shutil.rmtree(place)
    assert "is laid out in" in gitpar(*words, cwd=repo).stderr
