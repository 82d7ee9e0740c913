"""`gitpar run --on-predicted`: conflicts that are foreseen are not run into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar
from tests.support.plans import facts, run_json, show, states, tip, write_plan
from tests.support.repo import Repo, sealed_repo

FILES = {"files": {"create": ["new.txt"]}}
TASKS: dict[str, str | dict[str, Any]] = {
    "a": {**FILES, "command": "echo a >> new.txt"},
    "b": {**FILES, "command": "echo b >> new.txt"},
    "c": {"files": {"create": ["c.txt"]}, "command": "echo c > c.txt"},
    "d": {"files": {"create": ["d.txt"]}, "command": "echo d > d.txt"},
}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    made.commit("base", {"README.md": "# Shop\n"})
    return made


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return write_plan(tmp_path / "plan.json", TASKS)


def attempts(run: dict[str, object]) -> dict[str, int]:
    return {task["id"]: len(task["attempts"]) for task in run["tasks"]}  # type: ignore[attr-defined]


def test_one_waits_for_the_other_and_nothing_is_done_twice(repo: Repo, plan: Path) -> None:
    done = gitpar("run", plan, "--json", "--jobs", "2", cwd=repo.root)
    run = facts(done)
    assert "note: `b` waits for `a`: 97% that they would conflict in `new.txt`\n" in done.stderr
    assert set(states(run).values()) == {"landed"}
    assert attempts(run) == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert len(run["levels"]) == 1, "b landed on the level of the others"
    assert show(repo.root, tip(run), "new.txt") == "a\nb"
    assert run["metrics"]["conflict_rate"] == 0
    [wait] = run["waits"]
    assert (wait["first"], wait["later"], round(wait["probability"], 2)) == ("a", "b", 0.97)
    assert "`b` for `a`: conflicts were predicted" in gitpar("report", cwd=repo.root).stdout


@pytest.mark.parametrize(("choice", "said"), [("ignore", ""), ("warn", "97%")])
def test_where_it_is_not_wanted_the_conflict_happens(repo: Repo, plan: Path, choice: str, said: str) -> None:
    done = gitpar("run", plan, "--json", "--jobs", "2", "--on-predicted", choice, cwd=repo.root)
    run = facts(done)
    assert ("97%" in done.stderr) == bool(said)
    assert attempts(run) == {"a": 1, "b": 2, "c": 1, "d": 1}
    assert show(repo.root, tip(run), "new.txt") == "a\nb"


def test_the_setting_can_stand_in_the_repository(repo: Repo, plan: Path) -> None:
    (repo.root / "gitpar.toml").write_text('on-predicted = "ignore"\n')
    assert attempts(run_json(repo.root, plan, "--jobs", "2"))["b"] == 2


@pytest.mark.parametrize("fault", ["landing.move:1:kill", "landing.moved:1:kill", "worker.started:3:kill"])
def test_after_a_kill_the_same_one_waits(repo: Repo, plan: Path, fault: str) -> None:
    killed = gitpar("run", plan, "--jobs", "2", cwd=repo.root, env={"GITPAR_FAULT": fault})
    assert killed.status not in {0, 1, 2, 3}
    # what another gitpar would foresee now does not matter any more
    (repo.root / "gitpar.toml").write_text('on-predicted = "ignore"\n')
    run = facts(gitpar("resume", "--json", cwd=repo.root))
    assert set(states(run).values()) == {"landed"}
    assert show(repo.root, tip(run), "new.txt") == "a\nb"
    first = {task["id"]: task["attempts"][0] for task in run["tasks"]}
    grown = repo.git("merge-base", first["a"]["commit"], first["b"]["commit"]) if first["b"]["commit"] else ""
    assert grown in {first["a"]["commit"], ""}


def test_a_failure_does_not_block_who_waited(repo: Repo, tmp_path: Path) -> None:
    tasks: dict[str, str | dict[str, Any]] = {**TASKS, "a": {**FILES, "command": "exit 1", "retries": 0}}
    plan = write_plan(tmp_path / "failing.json", tasks)
    run = run_json(repo.root, plan, "--jobs", "1", status=1)
    assert states(run) == {"a": "failed", "b": "landed", "c": "landed", "d": "landed"}


def test_declared_and_changed_files_are_compared_at_the_end(repo: Repo, tmp_path: Path) -> None:
    wide = {
        "files": {"modify": ["README.md", "docs/**"]},
        "command": "echo x > other.txt; echo y >> README.md",
    }
    plan = write_plan(tmp_path / "wide.json", {"a": wide})
    done = gitpar("run", plan, cwd=repo.root)
    assert done.status == 0
    shown = done.stdout[done.stdout.index("Declared and changed files") :]
    assert "other.txt" in shown
    assert "docs/**" in shown


def test_a_damaged_memory_of_the_history_is_said_and_left_aside(repo: Repo, plan: Path) -> None:
    place = repo.root / ".git" / "gitpar" / "forecast.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text("{")
    done = gitpar("run", plan, "--jobs", "2", cwd=repo.root)
    assert done.status == 0
    assert "forecast.json` cannot be read" in done.stderr
    assert "`b` waits for `a`" in done.stderr
    told = gitpar("conflicts", plan, "--dry-run", cwd=repo.root)
    assert (told.status, told.stdout) == (3, "")
    assert "Learn it again: gitpar conflicts --calibrate" in told.stderr
