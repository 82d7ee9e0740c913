"""Markdown plans: tables of all header variants, the task's section as its prompt, order and streams."""

from __future__ import annotations

import pytest

from gitpar.core.graph import TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans.model import Plan
from tests.support.plan_reading import Complaints, ReadPlan

PLAN = """\
# Plan 7: Shop

## Progress Tracking

| Task | Name | Status | Date |
|------|------|--------|------|
| R1 | Research \\| look | TASK:COMPLETE | 2026-02-18 |
| I1 | Build it | TASK:PENDING | |
| T1 | (Optional) Measure | TASK:PENDING (later) | |
| D1 | Document | TASK:IN_PROGRESS — half | |

## 1. Problem

Not a task.

## Task I1: Build it

**Status**: TASK:PENDING

### Execution Strategy

Use two subagents.

```bash
# not a heading
```

| Flag | Status |
|------|--------|
| x | fine |

### Definition of Done

- [ ] it works

## Task D1: Document it

Write.
"""


def waves(plan: Plan) -> list[list[str]]:
    return [list(wave) for wave in plan.graph.waves]


def test_rows_are_tasks_in_order_and_their_sections_are_whole(read_plan: ReadPlan) -> None:
    plan = read_plan(PLAN)
    assert plan.format == "markdown-plan"
    assert waves(plan) == [["I1"], ["D1"]]
    assert plan.graph[TaskId("D1")].depends_on == ("I1",)
    assert plan.graph[TaskId("D1")].status_text == "TASK:IN_PROGRESS"
    section = PLAN.split("## Task I1: Build it\n\n", 1)[1].split("\n\n## Task D1", maxsplit=1)[0]
    assert plan.graph[TaskId("I1")].prompt == f"# Task I1: Build it\n\n{section}\n"
    assert plan.notes == ("`T1` is optional and left out: --optional runs it too",)


@pytest.mark.parametrize(
    ("header", "row", "wanted"),
    [
        ("Task|Name|Status|Date", "T1|Do|TASK:PENDING|", ("T1", "Do", "pending")),
        ("Task|Stream|Name|Status|Date", "T1|amd|Do|TASK:PENDING|", ("T1", "Do", "pending")),
        ("Task|Name|Status|Date|Model", "T1|Do|TASK:COMPLETE|1|m", ("T1", "Do", "done")),
        ("ID|Task|Kind|Status", "M-A|Do|x|TASK:SKIPPED", ("M-A", "Do", "left-out")),
        ("Task|Description|Priority|Status", "6.4.10|Do|High|TASK:PARTIAL (x)", ("6.4.10", "Do", "pending")),
        ("Task|Category|Status|Validation|Description", "1|Cat|TASK:BLOCKED|v|Do", ("1", "Do", "pending")),
        ("Task|Status|Description", "T1|`TASK:DEFERRED`|Do", ("T1", "Do", "left-out")),
        ("Step|Status|Description", "0|TASK:COMPLETE|Do", ("0", "Do", "done")),
        ("#|Task|Status|DoD", "T1|Do|**TASK:PENDING**|d", ("T1", "Do", "pending")),
        ("Phase|Task|Status|Date", "0.6.1|Do|`TASK:COMPLETE`|d", ("0.6.1", "Do", "done")),
        ("Task|Status|Date", "T1 Do it|TASK:PENDING|", ("T1", "Do it", "pending")),
        ("Task|Area|Status", "T0 — Do it|f|TASK:N/A", ("T0", "Do it", "left-out")),
        ("Task|Status|Commit", "Phase 0: Constants|TASK:PENDING|", ("0", "Constants", "pending")),
        ("Task|Status|Description", "Task 4|TASK:PENDING|Do", ("4", "Do", "pending")),
        ("Task|Status|Commit", "Add helper functions now|TASK:PENDING|", ("add-helper-functions-now",) * 1),
        ("Task|What|Now", "T1|Do|TASK:PENDING", ("T1", "Do", "pending")),
        ("Task|Status|Description", "1a|PENDING|Do", ("1a", "Do", "pending")),
        ("ID|Task|Status", "L0.1|Do|✅ Complete", ("L0.1", "Do", "done")),
        ("ID|Task|Status", "L0.1|Do|⬜", ("L0.1", "Do", "pending")),
        ("ID|Task|Status", "L0.1|Do|[x]", ("L0.1", "Do", "done")),
        ("ID|Task|Status", "L0.1|Do|In progress", ("L0.1", "Do", "pending")),
        ("ID|Task|Status", "L0.1|Do|**Done** (late)", ("L0.1", "Do", "done")),
        ("Task|Status", "Write the docs|Done", ("write-the-docs", "Write the docs", "done")),
    ],
)
def test_header_variants(read_plan: ReadPlan, header: str, row: str, wanted: tuple[str, ...]) -> None:
    rule = "|".join("---" for _ in header.split("|"))
    plan = read_plan(f"# Plan\n\n|{header}|\n|{rule}|\n|{row}|\n", format="markdown-plan")
    (task,) = plan.graph
    assert (task.id, task.title, task.status.value)[: len(wanted)] == wanted


def test_tails_depends_columns_and_order(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        | ID | Task | Status |
        |---|---|---|
        | T0 | a | TASK:PENDING |
        | T1 | b | TASK:PENDING |
        | T3 | c | TASK:PENDING (dep: T0,T1; **NOT** T4) |
        | T4 | d | TASK:PENDING (dep: T5, T9) |
        | T5 | e | TASK:DEFERRED |
        | T6 | f | TASK:PENDING |
        """
    )
    graph = plan.graph
    assert graph[TaskId("T3")].depends_on == ("T0", "T1")
    assert graph[TaskId("T4")].status is TaskStatus.LEFT_OUT
    assert graph[TaskId("T6")].depends_on == ("T3",)
    assert [str(one) for one in plan.warnings] == [
        "`plan` line 6: `T4` says that it depends on `T9`, which is not in the plan"
    ]
    plan = read_plan(
        """\
        | ID | Task | Status | Depends |
        |---|---|---|---|
        | 1 | a | TASK:PENDING | - |
        | 2 | b | TASK:PENDING | 1 |
        | 3 | c | TASK:PENDING | |
        | 4 | d | TASK:PENDING | 2, 3 and 1 |
        """
    )
    assert waves(plan) == [["1", "3"], ["2"], ["4"]]


def test_a_row_may_depend_on_a_later_one(read_plan: ReadPlan, complaints: Complaints) -> None:
    head = "| Task | Name | Status |\n|---|---|---|\n"
    plan = read_plan(
        head + "| T1 | a | TASK:PENDING (dep: T3) |\n| T2 | b | TASK:PENDING |\n| T3 | c | TASK:PENDING |\n"
    )
    assert waves(plan) == [["T2"], ["T3"], ["T1"]]
    circle = head + "| T1 | a | TASK:PENDING (dep: T2) |\n| T2 | b | TASK:PENDING (dep: T1) |\n"
    assert "in a circle: `T1` → `T2` → `T1`" in complaints(circle)[0]


def test_streams_run_beside_each_other(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        | Task | Stream | Name | Status | Date |
        |---|---|---|---|---|
        | F3 | AMD | a | TASK:PENDING | |
        | F4 | Jetson | b | TASK:PENDING | |
        | F5 | AMD | c | TASK:PENDING | |
        | F6 | - | d | TASK:PENDING | |
        | F7 | Jetson | e | TASK:PENDING | |
        """
    )
    assert waves(plan) == [["F3", "F4", "F6"], ["F5", "F7"]]
    assert [task.stream for task in plan.graph] == ["AMD", "Jetson", "AMD", None, "Jetson"]


def test_what_looks_like_a_row_and_is_none_is_named(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        | ID | Task | Status |
        |---|---|---|
        | **Group** ||||
        | M0 | a | TASK:PENDING |
        | M-C | b | STANDS (never done) |
        | M1 | c | TASK:WHATEVER |
        | M0 | A | TASK:PENDING |
        | M0 | other | TASK:PENDING |

        | Risk | Status |
        |---|---|
        | R1 | open |

        ```markdown
        | Task | Status |
        |---|---|
        | F3 | TASK:PENDING |
        ```
        """
    )
    assert [task.id for task in plan.graph] == ["M0", "M1", "M0-2"]
    assert plan.notes == (
        "`plan` line 5: `M-C` is no task: its status is none that is known",
        "`plan`: `F3` (line 17) stands in a code block, so no task",
        "`plan` line 7: `M0` is listed a second time and is one task",
    )
    assert [str(one) for one in plan.warnings] == [
        "`plan` line 6: the status `TASK:WHATEVER` of `M1` is not known; the task counts as pending",
        "`plan` line 8: the id `M0` is used a second time; this task is called `M0-2`",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "### T1: One (`TASK:COMPLETE`)\n\ntext\n\n### T2 - Two `TASK:PENDING` Interactive\n",
        "### Task T1: One\n**Status**: `TASK:COMPLETE`\n\n### Task T2: Two\n**Status**: TASK:PENDING\n",
        (
            "### Task T1: One\n\n| Field | Value |\n|--|--|\n| Status | `TASK:COMPLETE` |\n\n"
            "### Task T2: Two\n\n| Field | Value |\n|--|--|\n| Status | `TASK:PENDING` |\n"
        ),
    ],
)
def test_sections_may_carry_the_status(read_plan: ReadPlan, text: str) -> None:
    plan = read_plan(f"# Plan\n\nProgress: `TASK:PENDING` / `TASK:COMPLETE`\n\n{text}")
    assert plan.format == "markdown-plan"
    assert [(task.id, task.title, task.status.value) for task in plan.graph] == [
        ("T1", "One", "done"),
        ("T2", "Two", "pending"),
    ]


def test_tables_without_a_status_are_open_and_another_may_tell_it(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        | Task ID | Description | Supports |
        |---|---|---|
        | T-001 | One | x |
        | T-002 | Two | y |

        | Task ID | Update | Status |
        |---|---|---|
        | T-001 | made | Complete |
        """
    )
    assert [(task.id, task.title, task.status.value, task.source.line) for task in plan.graph] == [
        ("T-001", "One", "done", 8),
        ("T-002", "Two", "pending", 4),
    ]


def test_a_numbered_heading_is_a_section_only_where_it_says_so(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        | # | Task | Status |
        |---|---|---|
        | 1 | Build the thing | TASK:PENDING |
        | 2 | Test the thing | TASK:PENDING |
        ## 1. Problem
        no
        ## 2. Test the thing
        yes
        """
    )
    assert "no" not in plan.graph[TaskId("1")].prompt.split()
    assert "yes" in plan.graph[TaskId("2")].prompt


def test_rows_that_stand_in_no_table_are_tasks_too(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        | Task | Name | Status | Date |
        |---|---|---|---|
        | T1 | a | TASK:PENDING | |

        | T2 | b | TASK:COMPLETE | 2026-01-01 |
        | T3 | TASK:PENDING |

        > | T4 | d | TASK:PENDING | |
        """
    )
    assert [(task.id, task.title, task.status.value) for task in plan.graph] == [
        ("T1", "a", "pending"),
        ("T2", "b", "done"),
        ("T3", "T3", "pending"),
    ]
    assert plan.notes == ("`plan` line 8: a row in a quotation is no task",)


@pytest.mark.parametrize(
    "text",
    [
        "| ID | Name | Kind | Status |\n|--|--|--|--|\n| T1 | a | Human | Todo |\n| T2 | b | C | Todo |",
        "| ID | Task | Status |\n|--|--|--|\n| T1 | a (interactive) | Todo |\n| T2 | b | Todo |\n",
        "### T1 - a `TASK:PENDING` Interactive\n\n### T2 - b `TASK:PENDING`\n",
        "- [ ] T1 [HUMAN] a\n- [ ] T2 [P] a human readable b\n",
        "- [ ] 1.1 a (human: say which)\n- [ ] 1.2 (interactive) shells\n",
    ],
)
def test_what_is_marked_as_interactive_is_for_a_person(read_plan: ReadPlan, text: str) -> None:
    assert [task.agent for task in read_plan(text).graph] == ["human", None]
