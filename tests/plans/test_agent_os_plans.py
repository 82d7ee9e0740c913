"""agent-os files, v2 to v4: declared waves honoured and checked, rows of gitpar's own work skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gitpar.core.graph import WaveNote
from gitpar.core.names import TaskId
from tests.support.plan_reading import Complaints, ReadPlan


def parent(
    name: str, wave: int | None = None, *after: str, status: str = "pending", **more: Any
) -> dict[str, Any]:
    part: dict[str, Any] = {"blocked_by": list(after)} | ({"wave": wave} if wave is not None else {})
    task = {"id": name, "type": "parent", "description": f"Do {name}", "status": status}
    return {**task, "parallelization": {**part, **more.pop("parallelization", {})}, **more}


def strategy(*waves: list[str], mode: str = "parallel_waves", **more: Any) -> dict[str, Any]:
    rows = [
        {"wave_id": n, "tasks": ids, "rationale": f"why {n}", "estimated_duration_minutes": 10 * n}
        for n, ids in enumerate(waves, start=1)
    ]
    return {"mode": mode, "waves": rows, **more}


def document(plan_strategy: dict[str, Any] | None, *tasks: dict[str, Any]) -> dict[str, Any]:
    head: dict[str, Any] = {"version": "3.0", "spec": "s"}
    return {**head, **({"execution_strategy": plan_strategy} if plan_strategy else {}), "tasks": list(tasks)}


def test_declared_waves_are_honoured_with_their_rationale_and_jobs(read_plan: ReadPlan) -> None:
    plan = read_plan(
        document(
            strategy(["a"], ["b", "c"], max_concurrent_workers=2),
            parent("a", 1),
            parent("b", 2),
            parent("c", 2, "a"),
        )
    )
    assert plan.format == "agent-os"
    assert plan.graph.waves == (("a",), ("b", "c"))
    assert plan.wave_notes == (WaveNote(1, "why 1", 600.0), WaveNote(2, "why 2", 1200.0))
    assert plan.settings.jobs == 2


def test_notes_move_with_the_waves_that_are_left_to_run(read_plan: ReadPlan) -> None:
    tasks = [parent("a", 1, status="pass"), parent("b", 2), parent("c", 3, "b")]
    plan = read_plan(document(strategy(["a"], ["b"], ["c"]), *tasks))
    assert plan.graph.waves == (("b",), ("c",))
    assert plan.wave_notes == (WaveNote(1, "why 2", 1200.0), WaveNote(2, "why 3", 1800.0))


def test_a_wave_that_holds_a_task_and_its_blocked_by_is_an_error(complaints: Complaints) -> None:
    content = document(strategy(["a", "b"]), parent("a", 1), parent("b", 1, "a"))
    assert complaints(content) == [
        "`plan` line 29: task `b` of wave 1 depends on `a` of wave 1 (tasks[1])",
        "Move `b` to a later wave",
    ]


def test_waves_are_checked(complaints: Complaints) -> None:
    content = document(strategy(["a", "x"], ["a"]), parent("a"), parent("b"))
    content["execution_strategy"]["waves"] += [
        {"wave_id": 2, "tasks": []},
        {"tasks": ["b"]},
        {"wave_id": "3"},
    ]
    assert [line.split(": ", 1)[1] for line in complaints(content)] == [
        "the wave names `x`, which is not in the plan (execution_strategy.waves[0].tasks[1])",
        "task `a` is in wave 1 and in wave 2 (execution_strategy.waves[1].tasks[0])",
        "the wave 2 is declared twice (execution_strategy.waves[2])",
        "a wave without a `wave_id` (execution_strategy.waves[3])",
        'expected a whole number from 0 to 1,000,000, found `"3"` (execution_strategy.waves[4].wave_id)',
    ]


def test_sequential_gives_every_task_a_wave_after_what_it_waits_for(read_plan: ReadPlan) -> None:
    tasks = [parent("a", 2, "c"), parent("b", 1), parent("c", 1)]
    plan = read_plan(document(strategy(["b", "c"], ["a"], mode="sequential"), *tasks))
    assert plan.graph.waves == (("b",), ("c",), ("a",))
    assert plan.graph[TaskId("c")].depends_on == ()


def test_fully_parallel_keeps_dependencies_and_no_waves(read_plan: ReadPlan) -> None:
    tasks = [parent("a", 1), parent("b", 2), parent("c", 2, "a")]
    plan = read_plan(document(strategy(["a"], ["b", "c"], mode="fully_parallel"), *tasks))
    assert plan.graph.waves == (("a", "b"), ("c",))
    assert plan.notes == (
        "`plan` line 1: mode fully_parallel: the declared waves are not kept, dependencies alone decide",
    )


def test_blocks_is_the_other_side_of_blocked_by(read_plan: ReadPlan) -> None:
    plan = read_plan(document(None, parent("a", parallelization={"blocks": ["b", "z"]}), parent("b")))
    assert plan.graph.waves == (("a",), ("b",))
    assert [one.message for one in plan.warnings] == ["task `a` blocks `z`, which is not in the plan"]


def test_waves_that_count_from_zero_are_renumbered(read_plan: ReadPlan) -> None:
    plan = read_plan(document(None, parent("a", 0), parent("b", 1)))
    assert plan.graph.waves == (("a",), ("b",))


def subtask(name: str, owner: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "subtask", "parent": owner, "description": f"Step {name}", **more}


def test_subtasks_are_part_of_their_parent(read_plan: ReadPlan) -> None:
    tasks = [
        parent("1"),
        parent("2", None, "1.1"),
        subtask("1.1", "1", status="pass"),
        subtask("1.2", "1", status="pending", notes="mind the gap"),
        subtask("2.1", "2", status="pending"),
    ]
    plan = read_plan(document(None, *tasks))
    assert plan.graph.waves == (("1",), ("2",))
    assert plan.graph[TaskId("1")].prompt == (
        "# Task 1: Do 1\n\n## Subtasks\n\n- 1.1 Step 1.1 (already done)\n- 1.2 Step 1.2\n  mind the gap\n"
    )


def test_subtasks_without_their_parents_are_tasks_in_order(read_plan: ReadPlan) -> None:
    tasks = [subtask("1.1", "1"), subtask("2.1", "2"), subtask("1.2", "1"), subtask("2.2", "2")]
    plan = read_plan(document(strategy(), *tasks))
    assert plan.graph.waves == (("1.1", "2.1"), ("1.2", "2.2"))


def v4(name: str, kind: str, *after: str, **more: Any) -> dict[str, Any]:
    task = {"id": name, "task_type": kind, "description": f"Do {name}", "status": "pending"}
    return {**task, "depends_on": list(after), **more}


def test_v4_follows_depends_on_through_rows_that_are_gitpars_own_work(read_plan: ReadPlan) -> None:
    plan = read_plan(
        {
            "version": "4.0",
            "tasks": [
                v4("W1-BRANCH", "git-operation"),
                v4(
                    *("1", "implementation", "W1-BRANCH"),
                    shared_files=["a.py"],
                    failure_prevention=["no lost writes"],
                ),
                v4("1.1", "implementation", parent="1"),
                v4("W1-PR", "git-operation", "1"),
                v4("W1-REVIEW", "pr-review", "W1-PR"),
                v4("W1-VERIFY", "verification", "1.1"),
                v4("2", "implementation", "W1-REVIEW", "W1-VERIFY"),
                v4("2.1", "implementation", "1", parent="2"),
            ],
            "computed": {
                "waves": [
                    {"depth": 0, "tasks": ["W1-BRANCH", "1"], "label": "Ground", "parallel": True},
                    {"depth": 1, "tasks": ["W1-VERIFY"], "label": "Check"},
                ],
                "max_concurrent_workers": 3,
            },
        }
    )
    assert plan.graph.waves == (("1",), ("W1-VERIFY",), ("2",))
    assert plan.graph[TaskId("2")].depends_on == ("1", "W1-VERIFY")
    assert plan.graph[TaskId("1")].scope.modify == ("a.py",)
    assert "- failure prevention:\n  - no lost writes\n" in plan.graph[TaskId("1")].prompt
    assert plan.wave_notes == (WaveNote(1, "Ground"), WaveNote(2, "Check"))
    assert plan.settings.jobs == 3
    assert [note.split(": ", 1)[1] for note in plan.notes] == [
        "`W1-BRANCH` is skipped: git-operation rows are gitpar's own work",
        "`W1-PR` is skipped: git-operation rows are gitpar's own work",
        "`W1-REVIEW` is skipped: pr-review rows are gitpar's own work",
    ]


def test_skipped_leaves_out_what_waits_for_it(read_plan: ReadPlan) -> None:
    plan = read_plan(document(None, parent("a", status="skipped"), parent("b", None, "a"), parent("c")))
    assert plan.graph.waves == (("c",),)
    assert plan.notes[0] == "`a` is left out: its status is skipped"


def test_the_summary_beside_the_plan_is_in_the_prompt(read_plan: ReadPlan, tmp_path: Path) -> None:
    summary = {
        "global_context": {"tech_stack": ["Python", "git"], "branch_name": "feature"},
        "tasks": {"a": {"summary": "Short", "codebase_refs": {"functions": ["f(x)"]}}},
    }
    (tmp_path / "context-summary.json").write_text(json.dumps(summary))
    assert read_plan(document(None, parent("a"))).graph[TaskId("a")].prompt == (
        "# Task a: Do a\n\n## The project\n\n- tech stack:\n  - Python\n  - git\n- branch name: feature\n\n"
        "## What is known about this task\n\n- summary: Short\n- codebase refs:\n  - functions:\n    - f(x)\n"
    )


@pytest.mark.parametrize("broken", ["{", "[]", "null", '{"tasks": []}', '{"tasks": {"a": 5}}'])
def test_a_summary_of_no_use_stops_nothing(read_plan: ReadPlan, tmp_path: Path, broken: str) -> None:
    (tmp_path / "context-summary.json").write_text(broken)
    plan = read_plan(document(None, parent("a")))
    assert plan.graph.waves == (("a",),)
    assert bool(plan.warnings) == (broken in ("{", "null"))
