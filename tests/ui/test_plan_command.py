"""`gitpar plan`: its whole output, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gitpar.errors import PlanError
from gitpar.ui.cli.plan import command as plan

OWN = """\
jobs: 2
tasks:
  - {id: api, title: Build the API, command: make api, estimate_s: 600, files: {create: [api.py], read: [a]}}
  - {id: ui, title: Build the UI, command: make ui, estimate_s: 900}
  - {id: docs, command: make docs, depends_on: [api, ui, old], estimate_s: 3600, comand: x}
  - {id: old, command: make old, status: done}
  - {id: later, command: make later, status: deferred}
"""
AGENT_OS = {
    "execution_strategy": {
        "mode": "parallel_waves",
        "max_concurrent_workers": 3,
        "waves": [
            {"wave_id": 1, "tasks": ["1"], "rationale": "Ground\x1b[31m", "estimated_duration_minutes": 45},
            {"wave_id": 2, "tasks": ["2", "3"], "estimated_duration_minutes": 60},
        ],
    },
    "tasks": [
        {"id": "1", "type": "parent", "description": "One", "status": "pending"},
        {"id": "2", "type": "parent", "description": "Two", "status": "pending"},
        {
            "id": "3",
            "type": "parent",
            "description": "Three",
            "status": "pending",
            "parallelization": {"blocked_by": ["1"]},
        },
    ],
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(plan, arguments)


def test_a_plan_is_printed_wave_by_wave() -> None:
    Path("plan.yaml").write_text(OWN)
    result = run("plan.yaml")
    assert result.exit_code == 0
    assert result.stdout == (
        "Plan plan.yaml (gitpar): 3 tasks to run in 2 waves, 1 done, 1 left out\n"
        "\n"
        "Wave 1 (2 tasks)\n"
        "  api  Build the API  10 min\n"
        "  ui   Build the UI   15 min\n"
        "\n"
        "Wave 2 (1 task)\n"
        "  docs  1 h, after api, ui, old (done)\n"
        "\n"
        "Critical path (2 tasks, 1 h 15 min): ui, then docs\n"
        "Predicted wall time with 2 jobs: 1 h 15 min (1 h 25 min one after another)\n"
        "\n"
        "Note: `later` is left out: its status is deferred\n"
    )
    assert result.stderr == (
        "Warning: `plan.yaml` line 5: unknown key `comand` (tasks[2].comand)\nHint: Did you mean `command`?\n"
    )
    assert "with 1 job: 1 h 25 min (1 h 25 min one" in run("plan.yaml", "--jobs", "1").stdout


def test_rationale_and_estimates_of_waves_are_printed_without_control_characters() -> None:
    Path("tasks.json").write_text(json.dumps(AGENT_OS))
    assert run("tasks.json").stdout == (
        "Plan tasks.json (agent-os): 3 tasks to run in 2 waves\n"
        "\n"
        "Wave 1 (1 task, 45 min)\n"
        "  Why: Ground\\x1b[31m\n"
        "  1  One\n"
        "\n"
        "Wave 2 (2 tasks, 1 h)\n"
        "  2  Two\n"
        "  3  Three  after 1\n"
        "\n"
        "Critical path (2 tasks): 1, then 3\n"
        "Predicted wall time with 3 jobs: 1 h 45 min\n"
        "\n"
        "Note: 3 tasks have no command of their own: give `gitpar run` an --agent-command\n"
    )


def test_a_plan_without_durations_predicts_nothing() -> None:
    Path("p.json").write_text('[{"id": "a", "command": "true"}]')
    assert run("p.json").stdout == (
        "Plan p.json (gitpar): 1 task to run in 1 wave\n\nWave 1 (1 task)\n  a\n\nCritical path (1 task): a\n"
    )


def test_a_plan_that_is_done_says_so() -> None:
    Path("p.json").write_text('[{"id": "a", "status": "done"}]')
    assert run("p.json").stdout == (
        "Plan p.json (gitpar): 0 tasks to run in 0 waves, 1 done\n\n"
        "Note: every task of the plan is done: there is nothing to run\n"
    )


def test_json_is_what_programs_may_rely_on() -> None:
    Path("plans").mkdir()
    Path("plans/plan.yaml").write_text(OWN)
    found = json.loads(run("-C", "plans", "plan.yaml", "--json").stdout)
    assert found == {
        "plan": "plans/plan.yaml",
        "format": "gitpar",
        "waves": [["api", "ui"], ["docs"]],
        "critical_path": ["ui", "docs"],
        "tasks": [
            task("api", "Build the API", 3, files=["api.py"]),
            task("ui", "Build the UI", 4),
            task("docs", "docs", 5, depends_on=["api", "ui", "old"]),
            task("old", "old", 6, status="done"),
            task("later", "later", 7, status="left-out"),
        ],
        "streams": [],
        "gates": [],
        "problems": [
            {"file": "plans/plan.yaml", "line": 5, "message": "unknown key `comand` (tasks[2].comand)"}
        ],
    }


def task(name: str, title: str, line: int, **more: object) -> dict[str, object]:
    source = {"file": "plans/plan.yaml", "line": line}
    known: dict[str, object] = {
        "id": name,
        "title": title,
        "depends_on": [],
        "files": [],
        "status": "pending",
        "stream": None,
        "repo": None,
        "source": source,
    }
    return {**known, **more}


def test_a_plan_that_cannot_be_run_is_an_error_and_json_has_its_problems() -> None:
    Path("p.yaml").write_text("tasks:\n- {id: a, depends_on: b}\n- {id: b, depends_on: a}\n")
    message = "the tasks wait for each other in a circle: `a` → `b` → `a`"
    result = run("p.yaml", "--json")
    assert isinstance(result.exception, PlanError)
    assert str(result.exception) == f"`p.yaml` line 2: {message} (tasks[0])"
    assert json.loads(result.stdout) == {
        "plan": "p.yaml",
        "format": None,
        "waves": [],
        "critical_path": [],
        "tasks": [],
        "streams": [],
        "gates": [],
        "problems": [{"file": "p.yaml", "line": 2, "message": f"{message} (tasks[0])"}],
    }
    plain = run("p.yaml")
    assert isinstance(plain.exception, PlanError)
    assert plain.stdout == ""


def test_a_missing_dependency_may_be_a_warning_and_a_tag_is_chosen() -> None:
    Path("p.json").write_text('{"x": {"tasks": [{"id": 1, "dependencies": [7]}]}, "y": {"tasks": []}}')
    assert isinstance(run("p.json", "--tag", "x").exception, PlanError)
    result = run("p.json", "--tag", "x", "--missing-dependency", "warn")
    assert result.exit_code == 0
    assert result.stderr == (
        "Warning: `p.json` line 1: task `1` depends on `7`, which is not in the plan; it is ignored "
        "(x.tasks[0].dependencies[0])\n"
    )
