"""`gitpar resume --retry`, `--skip`, `--accept` as a person types them: real program, real git."""

from __future__ import annotations

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
