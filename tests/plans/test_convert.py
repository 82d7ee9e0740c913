"""Any plan as one of gitpar's own, and the JSON Schema of these."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gitpar.core.graph import Source, Task, TaskStatus
from gitpar.errors import PlanError
from gitpar.plans import own
from gitpar.plans.convert import converted
from gitpar.plans.model import Plan
from gitpar.plans.reading import read_plans
from gitpar.plans.schema import plan_schema
from tests.support.plan_reading import ReadPlan

FOLDER = os.environ.get("GITPAR_SAMPLES")
SCHEMA: dict[str, Any] = json.loads(plan_schema())

TABLE = """\
# Plan

| Task | Stream | Name | Status | Date |
|------|--------|------|--------|------|
| F1 | a | First | TASK:COMPLETE | |
| F2 | a | Second é | TASK:PENDING | |
| F3 | b | Third | TASK:SKIPPED | |
| F4 | b | Fourth | TASK:PENDING | |

## Task F2: Second é

Do `src/a.py`.
"""
BOXES = """\
## Phase 1: Setup
- [x] T001 Ground in `src/a.py`
- [ ] T002 [P] [US1] Left in src/b.py
- [ ] T003 [P] [US1] Right in src/c.py
## Phase 2: Polish
- [ ] T004 (Optional) Shine
- [ ] T005 Ship
"""
GROUPS = """\
- [ ] 1.1 [P] One
  - **Files**: `a.py` (create), `b.py`
  - **Verify**: `make test`
  - **Commit**: `feat: one`
- [ ] 1.2 [P] Two
- [ ] 1.3 [VERIFY] Three
"""
WAVES = {
    "execution_strategy": {"mode": "sequential", "max_concurrent_workers": 2},
    "tasks": [
        {"id": "1", "description": "One", "status": "pending", "parallelization": {"blocked_by": ["2"]}},
        {"id": "2", "description": "Two", "status": "pending", "estimated_duration_minutes": 5},
    ],
}
OWN = """\
strategy: squash
jobs: 2
agent_command: work
timeout_s: 60
tasks:
  - {id: 1.10, command: make, env: {A: 1, B: x}, retries: 0, timeout_s: 5, files: {create: [a], read: [b/]}}
  - {id: x, prompt: "do\\n\\n  it\\n", depends_on: [1.10], agent: claude, verify: make test, wave: 4}
  - {id: y, stream: s}
"""
MASTER = {"tasks": [{"id": 1, "title": "x", "details": "y", "dependencies": []}]}


def same(task: Task) -> Task:
    """A task without what tells only where it stands and how the file spells its status."""
    return replace(task, source=Source(""), status_text="")


def check(plan: Plan, folder: Path) -> None:
    text = converted(plan)
    jsonschema.validate(json.loads(text), SCHEMA)
    path = folder / "converted.json"
    path.write_text(text, encoding="utf-8")
    again = read_plans([path])
    assert again.format == "gitpar"
    assert [same(task) for task in again.graph] == [same(task) for task in plan.graph]
    assert again.graph.waves == plan.graph.waves
    assert again.settings.jobs == (plan.settings.jobs or plan.usual_jobs)
    assert replace(again.settings, jobs=None) == replace(plan.settings, jobs=None)
    assert again.warnings == ()
    assert converted(again) == text


@pytest.mark.parametrize("content", [TABLE, BOXES, GROUPS, WAVES, OWN, MASTER])
def test_a_plan_and_its_conversion_are_the_same_plan(
    read_plan: ReadPlan, content: Any, tmp_path: Path
) -> None:
    check(read_plan(content), tmp_path)


def test_the_whole_of_a_conversion(read_plan: ReadPlan) -> None:
    found = json.loads(converted(read_plan(GROUPS)))
    prompts = [task.pop("prompt") for task in found["tasks"]]
    assert prompts[0].startswith("# Task 1.1: One\n\n- **Files**: `a.py` (create), `b.py`\n")
    assert prompts[2] == "# Task 1.3: Three\n\n## Where it stands\n\n[VERIFY]\n"
    assert found == {
        "jobs": 3,
        "tasks": [
            {
                "id": "1.1",
                "title": "One",
                "depends_on": [],
                "files": {"create": ["a.py"], "modify": ["b.py"]},
                "verify": "make test",
                "commit_message": "feat: one",
            },
            {"id": "1.2", "title": "Two", "depends_on": []},
            {"id": "1.3", "title": "Three", "depends_on": ["1.1", "1.2"]},
        ],
    }
    statuses = [task.get("status") for task in json.loads(converted(read_plan(TABLE)))["tasks"]]
    assert statuses == ["done", None, "skipped", None]
    assert "é" in converted(read_plan(TABLE))


def real() -> list[Path]:
    return sorted(path for path in Path(FOLDER).glob("*/*") if path.parent.name != "agents") if FOLDER else []


@pytest.mark.skipif(FOLDER is None, reason="GITPAR_SAMPLES names no folder with real plan files")
def test_real_plans_are_converted_whole(tmp_path: Path) -> None:
    converted_ones = 0
    for path in real():
        try:
            plan = read_plans([path])
        except PlanError:
            continue
        check(plan, tmp_path)
        converted_ones += 1
    assert converted_ones >= 20


def test_the_schema_knows_every_key_that_the_reader_knows() -> None:
    assert set(SCHEMA["properties"]) == {*own.ROOT_KEYS, "$schema"}
    assert set(SCHEMA["$defs"]["task"]["properties"]) == {*own.TASK_KEYS, "dependencies"}
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "task",
    [
        {"id": "a", "commnd": "x"},
        {"title": "no id"},
        {"id": "a", "depends_on": [["b"]]},
        {"id": "a", "files": {"delete": ["x"]}},
        {"id": "a", "wave": 0},
    ],
)
def test_what_the_reader_complains_of_the_schema_refuses(read_plan: ReadPlan, task: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"tasks": [task]}, SCHEMA)
    try:
        assert read_plan({"tasks": [task]}, format="gitpar").warnings != ()
    except PlanError as error:
        assert error.problems != ()  # noqa: PT017 - either way is right


def test_a_status_of_its_own_is_kept_as_what_it_means(read_plan: ReadPlan) -> None:
    plan = read_plan({"jobs": 1, "tasks": [{"id": "a", "status": "held"}, {"id": "b", "status": "landed"}]})
    assert [task.status for task in plan.graph] == [TaskStatus.PENDING, TaskStatus.DONE]
    assert [task.get("status") for task in json.loads(converted(plan))["tasks"]] == [None, "done"]
