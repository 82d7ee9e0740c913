"""task-master: subtasks run as tasks, and the folders that its generators write beside the plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gitpar.core.graph import TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans.choices import Choices
from gitpar.plans.model import Outcome, TaskEnd
from gitpar.plans.reading import read_plans
from gitpar.plans.write_back import write_status
from tests.support.plan_reading import Complaints, ReadPlan

WHOLE = {
    "id": 2,
    "title": "Carts",
    "details": "All about carts.",
    "dependencies": [1],
    "status": "pending",
    "subtasks": [
        {"id": 1, "title": "Model", "status": "done", "dependencies": []},
        {"id": 2, "title": "Routes", "details": "GET and PUT.", "dependencies": [1], "status": "pending"},
        {"id": "3", "title": "Tests", "dependencies": ["2.2", "2"], "status": "pending"},
        {"id": 4, "title": "Docs", "dependencies": ["3.1"], "verify": "make docs", "status": "pending"},
    ],
}
PLAN: dict[str, Any] = {
    "tasks": [
        {"id": 1, "title": "Ground", "details": "x", "status": "pending"},
        WHOLE,
        {
            "id": 3,
            "title": "Users",
            "dependencies": [],
            "subtasks": [{"id": 1, "title": "Model", "status": "pending"}],
        },
        {"id": 4, "title": "Ship", "dependencies": [2, "3.1"], "status": "pending"},
    ]
}


def test_subtasks_become_tasks_and_their_task_a_bracket_around_them(read_plan: ReadPlan) -> None:
    plan = read_plan(PLAN, expand_subtasks=True)
    assert [task.id for task in plan.graph] == ["1", "2.1", "2.2", "2.3", "2.4", "3.1", "4"]
    after = {str(task.id): task.depends_on for task in plan.graph}
    assert after["2.2"] == ("1", "2.1")
    assert after["2.3"] == ("1", "2.2")
    assert after["2.4"] == ("1", "3.1")
    assert after["3.1"] == ()
    assert after["4"] == ("2.1", "2.2", "2.3", "2.4", "3.1")
    assert plan.graph.waves == (("1", "3.1"), ("2.2", "2.4"), ("2.3",), ("4",))
    docs = plan.graph[TaskId("2.4")]
    assert (docs.title, docs.verify, docs.source.key) == ("Docs", "make docs", "tasks[1].subtasks[3]")
    prompt = plan.graph[TaskId("2.2")].prompt
    assert prompt.startswith("# Task 2.2: Routes\n\n## Details\n\nGET and PUT.\n\n")
    assert "## The task it is a part of: 2\n\n> # Carts\n>\n> ## Details\n>\n> All about carts." in prompt


def test_without_the_option_they_stay_in_the_prompt_of_their_task(read_plan: ReadPlan) -> None:
    plan = read_plan(PLAN)
    assert [task.id for task in plan.graph] == ["1", "2", "3", "4"]
    assert plan.graph[TaskId("4")].depends_on == ("2", "3")


def test_a_plain_number_is_a_sibling_else_a_task(read_plan: ReadPlan, complaints: Complaints) -> None:
    parts = [{"id": 1, "title": "a"}, {"id": 2, "title": "b", "dependencies": [9]}]
    plan = {"tasks": [{"id": 5, "title": "x", "subtasks": parts}, {"id": 7, "title": "y"}]}
    assert complaints(plan, expand_subtasks=True)[0] == (
        "`plan` line 15: task `5.2` depends on `5.9`, which is not in the plan "
        "(tasks[0].subtasks[1].dependencies[0])"
    )
    parts[1]["dependencies"] = ["7"]
    assert read_plan(plan, expand_subtasks=True).graph[TaskId("5.2")].depends_on == ("7",)
    parts[1]["dependencies"] = [5]
    parts[1]["id"] = 5
    assert "task `5.5` depends on itself" in complaints(plan, expand_subtasks=True)[0]
    parts[1]["dependencies"] = ["5"]
    parts[1]["id"] = 2
    found = read_plan(plan, expand_subtasks=True)
    assert found.graph[TaskId("5.2")].depends_on == ()
    assert "`5.2` depends on `5`, which it is a part of; that is ignored" in str(found.warnings[0])


def test_what_the_whole_says_of_its_status_goes_for_its_parts(read_plan: ReadPlan) -> None:
    def plan(status: str, *parts: str) -> dict[str, Any]:
        rows = [{"id": n, "title": "t", "status": one} for n, one in enumerate(parts, start=1)]
        return {
            "tasks": [{"id": 1, "title": "x", "status": status, "subtasks": rows}, {"id": 2, "title": "y"}]
        }

    def statuses(content: dict[str, Any]) -> list[TaskStatus]:
        return [task.status for task in read_plan(content, expand_subtasks=True).graph]

    done, pending, out = TaskStatus.DONE, TaskStatus.PENDING, TaskStatus.LEFT_OUT
    assert statuses(plan("done", "pending", "done")) == [done, done, pending]
    assert statuses(plan("deferred", "pending", "done")) == [out, done, pending]
    assert statuses(plan("pending", "done", "done")) == [done, done, pending]
    assert read_plan(plan("pending", "done"), expand_subtasks=True).notes == (
        "`plan` line 3: `1` counts as done: all its subtasks are",
    )


def test_a_task_with_a_command_of_its_own_stays_whole(read_plan: ReadPlan) -> None:
    whole = {"id": 1, "title": "x", "command": "make", "subtasks": [{"id": 1, "title": "a"}]}
    assert read_plan({"tasks": [whole]}, format="taskmaster", expand_subtasks=True).graph.waves == (("1",),)


@pytest.mark.parametrize("name", ["agent-os", "gitpar"])
def test_other_formats_say_that_they_have_no_subtasks(read_plan: ReadPlan, name: str) -> None:
    plan = read_plan({"tasks": [{"id": "1"}]}, format=name, expand_subtasks=True, parallel_stories=True)
    assert [one.message for one in plan.warnings] == [
        f"--expand-subtasks means nothing for a plan of the format {name}",
        f"--parallel-stories means nothing for a plan of the format {name}",
    ]


def test_writing_back_a_subtask_changes_it_and_its_task_with_the_last(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    text = json.dumps(PLAN, indent=2)
    path.write_text(text)
    landed = TaskEnd(outcome=Outcome.LANDED)

    def write(*names: str, outcome: Outcome = Outcome.LANDED) -> str:
        before = path.read_text().splitlines()
        assert write_status(path, {TaskId(name): TaskEnd(outcome=outcome) for name in names}) == ()
        after = path.read_text().splitlines()
        return " ".join(
            f"{n}:{b.strip()}" for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b
        )

    lines = text.splitlines()
    at = {
        name: number
        for number, line in enumerate(lines)
        for name in ("Routes", "Tests", "Docs")
        if name in line
    }
    routes = write("2.2")
    assert routes.endswith(':"status": "done"')
    assert routes.count("status") == 1
    assert at["Routes"] < int(routes.partition(":")[0]) < at["Tests"]
    assert write("2.3", outcome=Outcome.FAILED).endswith(':"status": "blocked"')
    assert write("2.3", "2.4").count('"status": "done"') == 3
    done = [task.id for task in read_plans([path]).graph if task.status is TaskStatus.DONE]
    assert done == ["2"]
    assert write_status(path, {TaskId("3.9"): landed})[0].message.startswith("task `3.9` is no longer")


def test_the_folder_of_a_task_is_in_its_prompt(tmp_path: Path) -> None:
    folder = tmp_path / ".taskmaster"
    for name, text in {
        "tasks/tasks.json": json.dumps(PLAN),
        "docs/task-1/prompt.md": "# Do it\n\nLike this.\n",
        "docs/task-1/task.md": "not read: there is a prompt",
        "docs/task-1/acceptance-criteria.md": "- [ ] T001 it works\n",
        "docs/task-002/task.txt": "Carts, at length.",
        "docs/task-4/prompt.md": "x" * 200_001,
        "docs/tasks.md": "no folder",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    plan = read_plans([folder / "tasks/tasks.json"])
    assert plan.graph[TaskId("1")].prompt == (
        "# Ground\n\n## Details\n\nx\n\n## Instructions\n\n# Do it\n\nLike this.\n\n"
        "## Acceptance criteria\n\n- [ ] T001 it works\n"
    )
    assert plan.graph[TaskId("2")].prompt.endswith("## Instructions\n\nCarts, at length.\n")
    assert "Instructions" not in plan.graph[TaskId("4")].prompt
    assert plan.warnings[0].message == (
        f"`{folder / 'docs/task-4/prompt.md'}` beside it is longer than 200,000 bytes and is left out"
    )
    expanded = read_plans([folder / "tasks/tasks.json"], Choices(expand_subtasks=True))
    assert "> Carts, at length." in expanded.graph[TaskId("2.2")].prompt


def test_subtasks_that_are_mere_texts_are_part_of_the_prompt(read_plan: ReadPlan) -> None:
    plan = {
        "tasks": [
            {"id": 1, "title": "A", "status": "pending", "subtasks": ["Do this", "Then that", 7, " "]},
            {"id": 2, "title": "B", "status": "pending", "dependencies": [1]},
        ]
    }
    for expand in (False, True):
        found = read_plan(plan, expand_subtasks=expand)
        first, _ = found.graph
        assert [str(task.id) for task in found.graph] == ["1", "2"]
        assert "- Do this\n- Then that" in first.prompt
        assert [problem.message for problem in found.warnings] == [
            "expected a subtask, found `7`; it is left out",
            'expected a subtask, found `" "`; it is left out',
        ]
    assert found.notes == ("`plan` line 3: `1` stays one task: its subtasks have no ids",)
