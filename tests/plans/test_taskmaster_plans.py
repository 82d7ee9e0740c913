"""claude-task-master files: every shape, mixed ids, statuses, subtasks."""

from __future__ import annotations

from typing import Any

import pytest

from gitpar.core.graph import TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans.choices import MissingDependency
from tests.support.plan_reading import Complaints, ReadPlan


def row(number: int | str, *after: int | str, status: str = "pending", **more: Any) -> dict[str, Any]:
    task = {"id": number, "title": f"Task {number}", "dependencies": list(after), "status": status}
    return {**task, **more}


FLAT = [row(1, status="done"), row("2", 1), row(3, "1", "2.1"), row("x-4", 2)]
FLAT[1]["subtasks"] = [{"id": 1, "title": "First half", "status": "done"}, {"id": 2, "title": "Second half"}]


@pytest.mark.parametrize(
    "content",
    [
        {"tasks": FLAT},
        FLAT,
        {"master": {"tasks": FLAT, "metadata": {}}, "later": {"tasks": []}},
        {"only": {"tasks": FLAT}},
        {"tasks": {"tasks": FLAT}},
    ],
    ids=["flat", "list", "master", "only tag", "tag called tasks"],
)
def test_every_shape_gives_the_same_waves(read_plan: ReadPlan, content: Any) -> None:
    plan = read_plan(content)
    assert plan.format == "taskmaster"
    assert plan.graph.waves == (("2",), ("3", "x-4"))
    assert plan.graph[TaskId("3")].depends_on == ("1", "2")
    assert plan.graph[TaskId("1")].status is TaskStatus.DONE


def test_a_tag_is_chosen_and_its_name_is_in_the_key(read_plan: ReadPlan, complaints: Complaints) -> None:
    content = {"a": {"tasks": [row(1)]}, "b": {"tasks": [row(2), row(1)]}}
    plan = read_plan(content, tag="b")
    assert plan.graph.waves == (("2", "1"),)
    assert plan.graph[TaskId("1")].source.key == "b.tasks[1]"
    assert complaints(content) == ["`plan` line 1: has several tags: `a`, `b`", "Choose one with --tag NAME"]
    assert complaints(content, tag="c") == ["`plan` line 1: has no tag `c`; it has `a`, `b`"]
    assert complaints([row(1)], tag="c") == ["`plan` line 1: has no tags, so no tag `c`", "Leave --tag out"]


def test_done_completed_and_cancelled_satisfy_and_deferred_leaves_out(read_plan: ReadPlan) -> None:
    statuses = ["done", "completed", "cancelled", "review", "in-progress", "blocked", "todo", "deferred"]
    rows = [row(number, status=status) for number, status in enumerate(statuses, start=1)]
    plan = read_plan([*rows, row(9, 1, 2, 3), row(10, 8), row(11, 10), row(12, status="In_Progress")])
    assert plan.graph.waves == (("4", "5", "6", "7", "9", "12"),)
    assert [task.id for task in plan.graph if task.status is TaskStatus.LEFT_OUT] == ["8", "10", "11"]
    assert plan.notes == (
        "`8` is left out: its status is deferred",
        "`10` is left out: it depends on `8`, which is left out",
        "`11` is left out: it depends on `10`, which is left out",
    )


def test_a_plan_that_is_done_says_so(read_plan: ReadPlan) -> None:
    plan = read_plan([row(1, status="done"), row(2, 1, status="cancelled")])
    assert plan.graph.waves == ()
    assert plan.notes == ("every task of the plan is done: there is nothing to run",)


def test_an_unknown_status_is_a_warning(read_plan: ReadPlan) -> None:
    plan = read_plan([row(1, status="pendign"), row(2, status="waiting for Bob")])
    assert [str(one) for one in plan.warnings] == [
        "`plan` line 6: the status `pendign` is not known; the task counts as pending ([0].status)",
        "`plan` line 12: the status `waiting for Bob` is not known; the task counts as pending ([1].status)",
    ]
    assert plan.warnings[0].hint == "Did you mean `pending`?"
    assert plan.graph.waves == (("1", "2"),)


def test_a_missing_dependency_is_an_error_or_a_warning(read_plan: ReadPlan, complaints: Complaints) -> None:
    content = {"tasks": [row("build"), row("docs", "biuld", "build.1")]}
    said = "`plan` line 13: task `docs` depends on `biuld`, which is not in the plan"
    unknown = "`plan` line 14: task `docs` depends on `build.1`, which is not in the plan"
    assert complaints(content) == [
        f"{said} (tasks[1].dependencies[0])",
        f"{unknown} (tasks[1].dependencies[1])",
        "Did you mean `build`?",
    ]
    plan = read_plan(content, missing=MissingDependency.WARN)
    assert [one.message for one in plan.warnings] == [
        "task `docs` depends on `biuld`, which is not in the plan; it is ignored",
        "task `docs` depends on `build.1`, which is not in the plan; it is ignored",
    ]
    assert plan.graph.waves == (("build", "docs"),)


def test_a_dependency_on_a_task_called_like_a_subtask_means_the_task(read_plan: ReadPlan) -> None:
    content = [row("1", subtasks=[{"id": 1, "title": "s"}]), row("1.1"), row("2", "1.1")]
    assert read_plan(content).graph[TaskId("2")].depends_on == ("1.1",)


def test_a_subtask_that_waits_for_another_tasks_subtask_is_a_warning(read_plan: ReadPlan) -> None:
    first = row(1, subtasks=[{"id": 1, "title": "a", "dependencies": []}])
    waiting = [{"id": 1, "title": "b", "dependencies": ["1.1"]}, {"id": 2, "title": "c", "dependencies": [1]}]
    plan = read_plan([first, row(2, subtasks=waiting), row(3, 2, 1, subtasks=waiting)])
    assert [one.message for one in plan.warnings] == [
        "this subtask waits for `1.1`, but task `2` does not depend on `1`, so they may run at once"
    ]


def test_the_prompt_holds_everything_and_marks_what_is_done(read_plan: ReadPlan) -> None:
    task = row(
        7,
        description="What and why.",
        details="Line one\nLine two",
        testStrategy="Run it.",
        subtasks=[
            {"id": 1, "title": "One", "status": "done", "details": "hidden"},
            {"id": 2, "title": "Two", "description": "do two", "details": "so\n\nand so"},
        ],
    )
    assert read_plan([task]).graph[TaskId("7")].prompt == (
        "# Task 7\n\nWhat and why.\n\n## Details\n\nLine one\nLine two\n\n## Test strategy\n\nRun it.\n\n"
        "## Subtasks\n\n- 7.1 One (already done)\n- 7.2 Two\n  do two\n  so\n\n  and so\n"
    )


def test_declared_files_and_gitpars_own_keys_are_read(read_plan: ReadPlan) -> None:
    files = [
        {"path": "src/new.py", "action": "create"},
        {"path": "./src/old.py", "action": "modify"},
        {"path": "README.md", "action": "reference"},
        "docs/*.md",
        {"path": "/etc/passwd"},
    ]
    task = row(1, relevantFiles=files, command="make one", timeout_s=5, retries=0, estimate_s=90)
    plan = read_plan([task])
    found = plan.graph[TaskId("1")]
    assert (found.scope.create, found.scope.modify, found.scope.read) == (
        ("src/new.py",),
        ("src/old.py", "docs/*.md"),
        ("README.md",),
    )
    assert (found.command, found.timeout_s, found.retries, found.estimate_s) == ("make one", 5.0, 0, 90.0)
    assert [one.message for one in plan.warnings] == [
        "`/etc/passwd` is outside the repository and is left out of the declared files"
    ]


def test_rows_that_are_no_tasks_are_all_named(complaints: Complaints) -> None:
    assert complaints({"tasks": [row(1), 5, {"title": "x"}, {"id": None}, {"id": [1]}, {"id": True}]}) == [
        "`plan` line 9: expected a task, found `5` (tasks[1])",
        "`plan` line 10: a task without an `id` (tasks[2])",
        "`plan` line 13: a task without an `id` (tasks[3])",
        "`plan` line 17: expected an id (text or a number), found a list (tasks[4].id)",
        "`plan` line 22: expected an id (text or a number), found `true` (tasks[5].id)",
        "Give every task an id of its own",
    ]
