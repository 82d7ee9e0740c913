"""ralph plans: neighbours with [P] at once, everything else in order, and the mess that real files hold."""

from __future__ import annotations

import json
from pathlib import Path

from gitpar.core.graph import TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans.model import Plan
from tests.support.plan_reading import Complaints, ReadPlan

PLAN = """\
---
spec: shop
---
# Tasks: Shop

- [P] tasks = different files, no dependencies

## Phase 1: Make it work

- [x] 1.1 [P] Add the model
  - **Do**: write it
- [ ] 1.2 [P] Add the view
  - **Do**:
    1. First
    2. Second
  - **Files**: `src/view.py`, `src/new.py` (create), `old.py` (deleted), src/*.css
  - **Done when**: it shows
  - **Verify**: `make view`
  - **Commit**: `feat(view): show it`
  - _Requirements: FR-1_

### Later in the phase

- [ ] 1.3 [P] Add the docs
  - **Files**: README.md (10 files), the rest
  - **Verify**: All commands pass: `make docs`
  - **Commit**: (none unless fixes needed)
- [ ] V4 [VERIFY] Checkpoint
- [ ] 1.5 [SEQUENTIAL] [P] Alone
- [ ] 1.6 [P] Last of the phase

## Phase 2: Tests

- [ ] 2.1 [P] First of the next
- [ ] 2.2a [P] Second
- [ ] VF [VERIFY] Final
"""


def waves(plan: Plan) -> list[list[str]]:
    return [list(wave) for wave in plan.graph.waves]


def test_groups_of_p_run_at_once_and_everything_else_alone(read_plan: ReadPlan) -> None:
    plan = read_plan(PLAN)
    assert plan.format == "ralph"
    assert plan.usual_jobs == 3
    assert waves(plan) == [["1.2", "1.3"], ["V4"], ["1.5"], ["1.6"], ["2.1", "2.2a"], ["VF"]]
    assert plan.graph[TaskId("V4")].depends_on == ("1.1", "1.2", "1.3")
    assert plan.warnings == ()
    assert plan.notes == ()


def test_the_fields_below_a_task_are_read(read_plan: ReadPlan) -> None:
    graph = read_plan(PLAN).graph
    view, docs = graph[TaskId("1.2")], graph[TaskId("1.3")]
    assert (view.title, view.source.line) == ("Add the view", 12)
    assert (view.scope.create, view.scope.modify) == (("src/new.py",), ("src/view.py", "old.py"))
    assert (view.verify, view.commit_message) == ("make view", "feat(view): show it")
    assert (docs.verify, docs.commit_message, docs.scope.written) == (None, None, ("README.md",))
    assert view.prompt == (
        "# Task 1.2: Add the view\n\n- **Do**:\n    1. First\n    2. Second\n"
        "  - **Files**: `src/view.py`, `src/new.py` (create), `old.py` (deleted), src/*.css\n"
        "  - **Done when**: it shows\n  - **Verify**: `make view`\n  - **Commit**: `feat(view): show it`\n"
        "  - _Requirements: FR-1_\n\n## Where it stands\n\nPhase 1: Make it work\n[P]\n"
    )


def test_blocks_of_parallel_tasks(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        ## Phase 1
        - [ ] 1.1 First
        ### [PARALLEL] The two
        - [ ] 1.2 One
        - [ ] 1.3 [VERIFY] Look
        - [ ] 1.4 Two
        - [ ] 1.5 Three
        ### [/PARALLEL]
        - [ ] 1.6 Last
        - [ ] 1.7 Very last
        """
    )
    assert waves(plan) == [["1.1"], ["1.2"], ["1.3"], ["1.4", "1.5"], ["1.6"], ["1.7"]]


def test_examples_heredocs_and_boxes_without_ids_are_no_tasks_and_are_named(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        # Tasks
        ```markdown
        - [ ] 9.1 An example
        ```json
        {}
        ```
        - [ ] 9.2 Another
        ```
        - [ ] 1.1 Make a PR
          - **Do**:
            1. `gh pr create --body "$(cat <<'EOF'
        ## Summary
        - [ ] 9.3 In a here-document
        EOF
        )"`
          - **Commit**: None
        - [ ] 1.2 Another
          - **Verify**: `gh pr create --body "## Test plan
        ## Breaking
        - [ ] no id" --head x && echo done`
          - **Commit**: `fix: x`
          - [ ] a step

        <!--
        - [ ] 9.4 In a comment
        -->
        """
    )
    assert [task.id for task in plan.graph] == ["1.1", "1.2"]
    assert plan.graph[TaskId("1.2")].commit_message == "fix: x"
    assert "## Breaking" in plan.graph[TaskId("1.2")].prompt
    assert plan.notes == (
        "`plan`: 1 check box has no id and is no task (line 22)",
        "`plan`: `9.1` (line 3), `9.2` (line 7) stand in a code block, so no task",
        "`plan`: `9.3` (line 13) stands in a here-document, so no task",
        "`plan`: `9.4` (line 25) stands in a comment, so no task",
    )


def test_an_id_used_twice_is_another_task_and_the_same_task_listed_twice_is_one(read_plan: ReadPlan) -> None:
    plan = read_plan("- [ ] 1.1 One\n- [ ] 1.1 Two\n- [ ] 1.2 Three\n- [ ] 1.1 one\n- [ ] 1.1 Four\n")
    assert waves(plan) == [["1.1"], ["1.1-2"], ["1.2"], ["1.1-3"]]
    assert [str(one) for one in plan.warnings] == [
        "`plan` line 2: the id `1.1` is used a second time; this task is called `1.1-2`",
        "`plan` line 5: the id `1.1` is used a second time; this task is called `1.1-3`",
    ]
    assert plan.notes == ("`plan` line 4: `1.1` is listed a second time and is one task",)


def test_tasks_inside_tasks_come_before_them_in_order(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        - [ ] 1. Set up
          - [x] 1.1 Write tests
          - [ ] 1.2 Build
            - a remark
          - [ ] 1.3 Check
        - [ ] 2. Use it
          - [ ]* 2.1 Measure
        """
    )
    assert plan.format == "ralph"
    assert waves(plan) == [["1.2"], ["1.3"], ["1"], ["2"]]
    assert plan.graph[TaskId("2.1")].status_text == "optional"
    assert "1.2 Build" in plan.graph[TaskId("1")].prompt


def test_optional_tasks_wait_to_be_asked_for_and_hold_up_nobody(read_plan: ReadPlan) -> None:
    text = (
        "- [ ] 1.1 First\n- [ ] 1.2 (Optional) Second\n- [ ] 1.3 [Optional] Third (or not)\n- [ ] 1.4 Last\n"
    )
    plan = read_plan(text)
    assert waves(plan) == [["1.1"], ["1.4"]]
    assert plan.graph[TaskId("1.4")].depends_on == ("1.1",)
    assert plan.notes == (
        "`1.2` is optional and left out: --optional runs it too",
        "`1.3` is optional and left out: --optional runs it too",
    )
    assert waves(read_plan(text, optional=True)) == [["1.1"], ["1.2"], ["1.3"], ["1.4"]]


def test_an_odd_box_is_open_and_said(read_plan: ReadPlan) -> None:
    plan = read_plan("- [-] 1.1 One\n- [~] 1.2 Two\n- [✓] 1.3 Three\n- [] 1.4 Four\n* [X] 1.5 Five\n")
    assert [task.status for task in plan.graph] == [TaskStatus.PENDING] * 2 + [
        TaskStatus.DONE,
        TaskStatus.PENDING,
        TaskStatus.DONE,
    ]
    assert [one.message for one in plan.warnings] == [
        "the box `[-]` of `1.1` is neither empty nor ticked; it counts as open"
    ]


def test_tasks_may_be_headings(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        ## Phase 1
        ### Task 1.1: Add it
        **Do:**
        1. Add
        **Files:**
        - `a.py` - Create - the thing
        **Done when:**
        - [x] it is there
        **Verify:**
        ```bash
        make it
        ```
        ### Task 1.2: [VERIFY] Look
        **Do:** look
        - [ ] seen
        ### Task 3 is no such thing
        """
    )
    assert plan.format == "ralph"
    first, second = plan.graph
    assert (first.id, first.status, first.verify, first.scope.create) == (
        "1.1",
        TaskStatus.DONE,
        "make it",
        ("a.py",),
    )
    assert (second.id, second.title, second.status) == ("1.2", "Look", TaskStatus.PENDING)


def test_the_state_beside_it_says_where_to_start(read_plan: ReadPlan, tmp_path: Path) -> None:
    text = "- [x] 1.1 One\n- [ ] 1.2 Two\n- [ ] 1.3 Three\n"
    state = tmp_path / ".ralph-state.json"
    state.write_text(json.dumps({"taskIndex": 2, "totalTasks": 3}))
    plan = read_plan(text)
    assert waves(plan) == [["1.3"]]
    assert plan.notes == ("`1.2` is done: `.ralph-state.json` starts at task 3",)
    state.write_text(json.dumps({"taskIndex": 2, "totalTasks": 9}))
    plan = read_plan(text)
    assert waves(plan) == [["1.2"], ["1.3"]]
    assert [one.message for one in plan.warnings] == [
        "`.ralph-state.json` counts 9 tasks, this file has 3; its index is ignored"
    ]
    for broken in ("{", "[]", '{"taskIndex": "2"}', "[" * 5000):
        state.write_text(broken)
        assert waves(read_plan(text)) == [["1.2"], ["1.3"]]


def test_a_plan_of_another_syntax_cannot_be_forced(complaints: Complaints) -> None:
    found = complaints({"tasks": [{"id": 1}]}, format="ralph", tag="x")
    assert found == [
        "`plan` line 1: has no tags, so no tag `x`",
        "`plan` line 1: is JSON, and a ralph plan is Markdown",
        "Leave --tag out",
        "Leave --format out",
    ]


def test_too_many_at_once_are_refused(complaints: Complaints) -> None:
    text = "".join(f"- [ ] {phase}.{n} [P] x{n}\n" for phase in (1, 2) for n in range(400))
    text = text.replace("- [ ] 2.0 ", "## Phase 2\n- [ ] 2.0 ")
    assert complaints(text) == [
        "`plan` line 1: more than 100,000 dependencies follow from its text and order",
        "Divide the plan into several",
    ]
