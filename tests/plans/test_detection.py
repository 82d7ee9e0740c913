"""Whose plan a file is: by its content; where that does not say, the formats it could be are named."""

from __future__ import annotations

import pytest

from tests.support.plan_reading import Complaints, ReadPlan


def test_an_ambiguous_file_names_the_formats_and_can_be_forced(
    read_plan: ReadPlan, complaints: Complaints
) -> None:
    text = "- [ ] T001 One\n- [ ] 1.2 Two\n- [ ] 1.3 Three\n"
    assert complaints(text) == [
        "`plan`: could be spec-kit (1 id such as T001) or ralph (2 ids such as 1.2)",
        "Say which it is: --format spec-kit or --format ralph",
    ]
    for name in ("spec-kit", "ralph"):
        plan = read_plan(text, format=name)
        assert (plan.format, len(plan.graph)) == (name, 3)
    table = "\n| Task | Status |\n|--|--|\n| T1 | TASK:PENDING |\n| T2 | TASK:PENDING |\n"
    assert complaints(text + table)[0] == (
        "`plan`: could be markdown-plan (2 rows with a status) or spec-kit (1 id such as T001)"
        " or ralph (2 ids such as 1.2)"
    )


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("- [ ] T001 a\n- [ ] T002 [P] b\n", "spec-kit"),
        ("- [ ] 1.1 a\n", "ralph"),
        ("- [ ] T001 a\n  - **Do**: x\n  - **Verify**: `y`\n", "ralph"),
        ("- [ ] T001 [US1] a\n  - **Do**: x\n  - **Verify**: `y`\n", "spec-kit"),
        ("- [ ] 1.1 [US1] a\n", "spec-kit"),
        ("- [ ] T001 [RED] a\n- [ ] T002 [GREEN] a\n- [ ] V1 [VERIFY] b\n", "ralph"),
        ("Task | Status\n-----|-----\nT1 | TASK:PENDING\n", "markdown-plan"),
        ("\ufeff---\ntitle: x\n---\n- [ ] T001 a\n", "spec-kit"),
        ("**Created**: now\n\n### Task 1: a\n- Note: x\n**Status**: TASK:PENDING\n", "markdown-plan"),
        ("tasks:\n- id: a\n  command: x\n  prompt: |\n    - [ ] T001 no\n    | a | b |\n", "gitpar"),
        ("# - [ ] T001 a\ntasks: [{id: a, command: x}]\n", "gitpar"),
        ("[[tasks]]\nid = 'a'\ncommand = 'x'\nprompt = '''\n- [ ] T001 no\n'''\n", "gitpar"),
    ],
)
def test_recognised_by_content(read_plan: ReadPlan, text: str, format_: str) -> None:
    assert read_plan(text).format == format_


def test_a_few_ids_among_many_rows_do_not_make_a_file_ambiguous(read_plan: ReadPlan) -> None:
    rows = "".join(f"| T{n} | x{n} | TASK:PENDING |\n" for n in range(8))
    text = f"| Task | Name | Status |\n|--|--|--|\n{rows}\n- [ ] T1 done\n- [ ] T2 done\n"
    assert read_plan(text).format == "markdown-plan"


SECTIONS = "\n## T1: a\n\nText.\n\n## T2: b\n\n**Files**: `c.py`\n"


def test_the_sections_of_a_tables_rows_are_not_another_plan(read_plan: ReadPlan) -> None:
    plan = read_plan(
        "| ID | Task | Status |\n|--|--|--|\n| T1 | a | Done |\n| T2 | b | Pending |\n" + SECTIONS
    )
    assert plan.format == "markdown-plan"
    assert [task.status.value for task in plan.graph] == ["done", "pending"]
    plan = read_plan(SECTIONS + "\n| Area | Status |\n|--|--|\n| T9 | Done |\n| T8 | Done |\n")
    assert (plan.format, [str(task.id) for task in plan.graph]) == ("spec-kit", ["T1", "T2"])


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("### T1 \u2014 a\n- [ ] x\n### T2 \u2014 b\n### T3 - c\n- [x] y\n", ["T1", "T2", "T3"]),
        ("# Plan\n## Task 1\n## Task 2 (later)\n### Task 3.1: no\n## Task 3: c\n", ["1", "2", "3"]),
    ],
)
def test_headings_with_nothing_but_a_label_are_tasks_where_several_are(
    read_plan: ReadPlan, complaints: Complaints, text: str, ids: list[str]
) -> None:
    assert [str(task.id) for task in read_plan(text).graph] == ids
    assert complaints(text.replace("Task 3:", "Step 3:").replace("### T3", "### V"))[0] == (
        "`plan`: is not a plan that gitpar can read"
    )


def test_what_is_no_task_because_the_others_are_written_otherwise_is_named(read_plan: ReadPlan) -> None:
    rows = "".join(f"| T{n} | TASK:PENDING |\n" for n in range(1, 9))
    plan = read_plan(
        "| Task | Status |\n|--|--|\n" + rows + "\n- [ ] T1 x\n- [ ] 9.1 y\n\n```\n- [x] T2 z\n```\n"
    )
    assert plan.notes == (
        "`plan`: `T1` (line 12), `9.1` (line 13): no tasks, but boxes beside the tables that list them",
        "`plan`: `T2` (line 16) stands in a code block, so no task",
    )
    boxes = "".join(f"- [ ] T00{n} x\n" for n in range(1, 9))
    plan = read_plan(boxes + "\n| Phase | Status |\n|--|--|\n| Phase 2 | Done |\n| all | Done |\n")
    assert plan.notes == ("`plan`: `2` (line 12): no tasks, but rows of tables beside the boxes that are",)
