"""`gitpar resume --replan`, and what a resume says about a plan that has changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar
from tests.support.plans import facts, run_json, show, states, tip, write_plan
from tests.support.repo import Repo, sealed_repo

TASKS: dict[str, str | dict[str, Any]] = {
    "a": "echo a > a",
    "b": {"command": "echo b > b", "depends_on": ["a"]},
    "c": {"command": "echo c > c", "depends_on": ["b"]},
}
NEW: dict[str, str | dict[str, Any]] = {
    "a": "echo a > a",
    "b": {"command": "echo otherwise > b", "depends_on": ["a"]},
    "d": {"command": "cat a b > d", "depends_on": ["b"]},
}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    made.commit("base", {"README.md": "# Shop\n"})
    return made


@pytest.fixture
def plan(repo: Repo, tmp_path: Path) -> Path:
    """The plan of a run that was killed when its first task had landed."""
    path = write_plan(tmp_path / "plan.json", TASKS)
    env = {"GITPAR_FAULT": "level.create:2:kill"}
    assert gitpar("run", path, "--write-back", cwd=repo.root, env=env).status < 0
    return path


def test_a_changed_file_is_told_and_not_taken(repo: Repo, plan: Path) -> None:
    write_plan(plan, NEW)
    done = gitpar("resume", "--json", cwd=repo.root)
    run = facts(done)
    assert states(run) == {"a": "landed", "b": "landed", "c": "landed"}
    assert show(repo.root, tip(run), "b") == "b"
    [said] = [line for line in done.stderr.splitlines() if "note: `plan.json`" in line]
    assert said.partition("note: ")[2] == (
        "`plan.json` has changed since then (`d` added, `b` changed, `c` removed): the run goes on with the "
        f"plan it began with. To take it as it is now: gitpar resume {run['run']} --replan"
    )


def test_the_plan_is_taken_as_it_is_now(repo: Repo, plan: Path) -> None:
    write_plan(plan, NEW)
    done = gitpar("resume", "--replan", "--json", cwd=repo.root)
    run = facts(done)
    assert states(run) == {"a": "landed", "b": "landed", "d": "landed", "c": "skipped"}
    assert show(repo.root, tip(run), "d") == "a\notherwise"
    assert "the run takes its plan anew: `d` added, `b` changed, `c` removed" in done.stderr
    # what was written back has gone to the file as it is now
    written = {row["id"]: row.get("status") for row in json.loads(plan.read_text())["tasks"]}
    assert written == {"a": "done", "b": "done", "d": "done"}
    again = gitpar("resume", "--replan", "--json", cwd=repo.root)
    assert facts(again)["levels"] == run["levels"]


def test_a_finished_run_goes_on_with_what_was_added_from_another_file(repo: Repo, tmp_path: Path) -> None:
    first = run_json(repo.root, write_plan(tmp_path / "plan.json", TASKS))
    other = write_plan(tmp_path / "more.json", {**TASKS, "e": {"command": "cat c > e", "depends_on": ["c"]}})
    run = facts(gitpar("resume", first["run"], "--replan", other, "--json", cwd=repo.root))
    assert states(run) == {"a": "landed", "b": "landed", "c": "landed", "e": "landed"}
    assert [level["commit"] for level in run["levels"][:3]] == [level["commit"] for level in first["levels"]]
    assert show(repo.root, tip(run), "e") == "c"


def test_what_contradicts_is_told_by_id_and_nothing_is_done(repo: Repo, plan: Path) -> None:
    write_plan(plan, {"a": "rm -r .", "b": TASKS["b"]})
    done = gitpar("resume", "--replan", cwd=repo.root)
    assert done.status == 2
    wanted = "Error: the plan contradicts what has been done:\n       `a` has landed, and its command changed"
    assert wanted in done.stderr
    write_plan(plan, {"b": "echo b"})
    assert "`a` has landed and is no longer in the plan" in gitpar("resume", "--replan", cwd=repo.root).stderr
    assert gitpar("resume", "--replan", "--retry", "b", cwd=repo.root).status == 2
    plan.write_text("{")
    assert gitpar("resume", "--replan", cwd=repo.root).status == 2
    done = gitpar("resume", "--json", cwd=repo.root)
    assert states(facts(done)) == {"a": "landed", "b": "landed", "c": "landed"}
    assert "note: `plan.json` cannot be read any more" in done.stderr


def test_what_the_run_was_asked_for_holds_for_the_plan_as_it_is_now(repo: Repo, tmp_path: Path) -> None:
    rows = [
        {"id": 1, "title": "One", "command": "echo 1 > 1", "status": "pending", "dependencies": []},
        {"id": 2, "title": "Two", "command": "echo 2 > 2", "status": "pending", "dependencies": [1]},
    ]
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps({"master": {"tasks": []}, "web": {"tasks": rows}}))
    begun = gitpar(
        *("run", path, "--tag", "web", "--agent-command", "echo $GITPAR_TASK > $GITPAR_TASK", "--skip", "2"),
        "--json",
        cwd=repo.root,
    )
    assert states(facts(begun)) == {"1": "landed", "2": "skipped"}
    rows.append({"id": 3, "title": "Three", "status": "pending", "dependencies": [1]})
    path.write_text(json.dumps({"master": {"tasks": []}, "web": {"tasks": rows}}))
    run = facts(gitpar("resume", "--replan", "--json", cwd=repo.root))
    assert states(run) == {"1": "landed", "2": "skipped", "3": "landed"}


@pytest.mark.parametrize("fault", ["journal.append:1:kill", "journal.appended:1:kill", "landing.move:1:kill"])
def test_killed_while_the_plan_is_taken(repo: Repo, plan: Path, fault: str) -> None:
    write_plan(plan, NEW)
    assert gitpar("resume", "--replan", cwd=repo.root, env={"GITPAR_FAULT": fault}).status < 0
    run = facts(gitpar("resume", "--replan", "--json", cwd=repo.root))
    assert states(run) == {"a": "landed", "b": "landed", "d": "landed", "c": "skipped"}
