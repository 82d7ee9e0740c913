"""spec-kit plans: phases in order, [P] inside them, and the ways people write ids and dependencies."""

from __future__ import annotations

import pytest

from gitpar.core.graph import TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans.model import Plan
from tests.support.plan_reading import ReadPlan

PLAN = """\
# Tasks: Shop

## Format: `[ID] [P?] [Story] Description`

- **[P]**: Can run in parallel

## Phase 1: Setup

- [X] T001 Create the project per plan.md
- [ ] T002 [P] Configure linting in `.eslintrc.json`

## Phase 2: Foundational

- [ ] T003 Add the model in src/models/base.py
- [ ] T004 [P] Add errors in src/errors.py

**Checkpoint**: ready

## Phase 3: User Story 1 - Buy (Priority: P1)

### Tests for User Story 1

- [ ] T005 [P] [US1] Test buying in tests/test_buy.py

### Implementation for User Story 1

- [ ] T006 [P] [US1] Cart in src/models/cart.py
- [ ] T007 [US1] Service in src/services/buy.py (depends on T005, T006)
- [ ] T008 [P] [US1] Page in src/pages/buy.tsx

## Phase 4: User Story 2 - Sell

- [ ] T009 [US2] Sell in src/sell.py
- [ ] T010 [US2] Route in src/routes.py

## Phase 5: Polish

- [ ] T011 [P] Write docs/README.md
"""


def waves(plan: Plan) -> list[list[str]]:
    return [list(wave) for wave in plan.graph.waves]


def test_phases_are_barriers_and_p_waits_only_for_them(read_plan: ReadPlan) -> None:
    plan = read_plan(PLAN)
    assert plan.format == "spec-kit"
    assert waves(plan) == [
        ["T002"],
        ["T003", "T004"],
        ["T005", "T006", "T008"],
        ["T007"],
        ["T009"],
        ["T010"],
        ["T011"],
    ]
    assert plan.graph[TaskId("T007")].depends_on == ("T005", "T006")
    assert plan.graph[TaskId("T009")].depends_on == ("T007", "T008")
    assert plan.graph[TaskId("T007")].scope.modify == ("src/services/buy.py",)
    assert plan.graph[TaskId("T002")].scope.modify == (".eslintrc.json",)
    assert plan.graph[TaskId("T005")].prompt == (
        "# Task T005: Test buying in tests/test_buy.py\n\n"
        "## Where it stands\n\nTests for User Story 1\n[P] [US1]\n"
    )


def test_stories_may_run_beside_each_other(read_plan: ReadPlan) -> None:
    plan = read_plan(PLAN, parallel_stories=True)
    assert waves(plan) == [
        ["T002"],
        ["T003", "T004"],
        ["T005", "T006", "T008", "T009"],
        ["T007", "T010"],
        ["T011"],
    ]


VARIANTS = """\
## Phase 1: Setup
- [x] **T001** [P] [Setup] 创建后端：`backend/src/A.cs`
- [x] **T-M1-002** Bold with dashes
- [ ] [T003] [P] In brackets
- [ ] T-004: With a colon
- [ ] T007.1 [P] [US1.5] Below
- [ ] T023a [Foundation] With a letter（依赖T-004、T007.1；more）
- [ ] T-SB04 Out of order
- [ ] `T005` In code
- [ ] ~~T051~~ [P] ~~Dropped~~ — gone
- [x] ~~T052~~ Done and dropped
- [ ] T030 ~~Replaced~~ → by T005
* [ ] T031 With a star, see [docs](x.md)
1. [ ] T032 In a numbered list
- [ ]T033 Without a blank
- [ ] T034 - With a dash
- [ ] T035 (depends on T031-T033 and T001)
- [ ] T036 Needs nothing (depends on T099)
- [ ] T037 requires T038
- [ ] T038 After T037, which it depends on
"""


def test_ids_are_read_however_they_are_written(read_plan: ReadPlan) -> None:
    plan = read_plan(VARIANTS)
    ids = ["T001", "T-M1-002", "T003", "T-004", "T007.1", "T023a", "T-SB04", "T005", "T051", "T052", "T030"]
    ids += ["T031", "T032", "T033", "T034", "T035", "T036", "T037", "T038"]
    graph = plan.graph
    assert [task.id for task in graph] == ids
    assert [task.id for task in graph if task.status is TaskStatus.DONE] == ["T001", "T-M1-002", "T052"]
    assert [task.id for task in graph if task.status is TaskStatus.LEFT_OUT] == ["T051", "T030"]
    titles = {task.id: task.title for task in graph}
    assert titles[TaskId("T001")] == "创建后端：`backend/src/A.cs`"
    assert titles[TaskId("T-004")] == "With a colon"
    assert titles[TaskId("T034")] == "With a dash"
    assert titles[TaskId("T031")] == "With a star, see [docs](x.md)"
    assert titles[TaskId("T-M1-002")] == "Bold with dashes"
    assert {"T-004", "T007.1"} <= set(graph[TaskId("T023a")].depends_on)
    assert {"T031", "T032", "T033", "T001"} <= set(graph[TaskId("T035")].depends_on)
    assert [str(one) for one in plan.warnings] == [
        "`plan` line 18: `T036` says that it depends on `T099`, which is not in the plan",
        "`plan` line 19: `T037` says that it depends on `T038`, which comes later; order counts",
    ]


def test_tasks_may_be_headings(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        ## Phase 1: Setup
        ### **T001** [Setup] Configure
        **File**: `a.py`
        ### **T002** [Setup] ✅ Migrate
        **Dependencies**: T001
        ## Phase 2: More
        ### **T003** [P] [US1] Go
        """
    )
    assert plan.format == "spec-kit"
    assert [(task.id, task.title, task.status.value) for task in plan.graph] == [
        ("T001", "Configure", "pending"),
        ("T002", "Migrate", "done"),
        ("T003", "Go", "pending"),
    ]
    assert plan.graph[TaskId("T001")].scope.modify == ("a.py",)
    assert plan.graph[TaskId("T003")].depends_on == ("T002",)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("- [ ] S3 bucket made", 0),
        ("- [ ] UTF-8 everywhere", 0),
        ("- [ ] Phase 1 complete", 0),
        ("- [ ] [a link](T001)", 0),
        ("- [P] T001 legend", 0),
        ("- [ ] TXXX [P] placeholder", 0),
        ("- [ ] FE-01: sure", 1),
        ("- [ ] FE-01 one\n- [ ] FE-02 two\n- [ ] FE-03 three", 3),
        ("- [ ] TASK-1 one", 1),
        ("> - [ ] T001 quoted", 1),
        ("\t- [ ] T001 set in by a tab", 1),
    ],
)
def test_what_counts_as_an_id(read_plan: ReadPlan, title: str, words: int) -> None:
    plan = read_plan(f"- [ ] T900 Ground\n{title}\n", format="spec-kit")
    assert len(plan.graph) == 1 + words
    if not words and "[P] T001" not in title and "link" not in title:
        assert plan.notes == ("`plan`: 1 check box has no id and is no task (line 2)",)


def test_headings_without_a_box_beside_those_with_one_are_open_tasks(read_plan: ReadPlan) -> None:
    text = """
        # Tasks
        ## Phase 1
        ### [X] T01 — One
        - did it
        ### T02 — Two
        - [ ] T09 in it
        ### [ ] T03 Three
    """
    plan = read_plan(text, format="spec-kit")
    assert [(task.id, task.title, task.status.value) for task in plan.graph] == [
        ("T01", "One", "done"),
        ("T02", "Two", "pending"),
        ("T09", "in it", "pending"),
        ("T03", "Three", "pending"),
    ]


def test_paragraphs_that_begin_with_an_id_are_tasks_where_nothing_else_is(read_plan: ReadPlan) -> None:
    rows = "".join(
        f"**T00{n}** {'✅ ' * (n == 1)}[Setup] Do {n}  \n- **File**: `a{n}.py`\n\n" for n in (1, 2, 3)
    )
    plan = read_plan(
        f"# Tasks\n\n### Phase 1: A\n\n{rows}### Phase 2: B\n\n**T004** [P] Last\n\n## Notes\n\nx\n"
    )
    assert plan.format == "spec-kit"
    assert [(task.id, task.title, task.status.value) for task in plan.graph] == [
        ("T001", "Do 1", "done"),
        ("T002", "Do 2", "pending"),
        ("T003", "Do 3", "pending"),
        ("T004", "Last", "pending"),
    ]
    assert plan.graph.waves == (("T002",), ("T003",), ("T004",))
    assert "Notes" not in plan.graph[TaskId("T004")].prompt


@pytest.mark.parametrize(
    ("title", "paths"),
    [
        ("Lint `.ts/.tsx` files", ()),
        ("Lint `.ts`, `.tsx` and *.js files of `src/app.ts`", ("src/app.ts",)),
        ("Format .ts/.tsx/.js in web/", ()),
        ("Match `*.test.ts`, `.spec.ts`, `.d.ts`", ()),
        ("Write `.github/ci.yml` and `.eslintrc.json`", (".github/ci.yml", ".eslintrc.json")),
    ],
)
def test_endings_of_files_are_no_paths(read_plan: ReadPlan, title: str, paths: tuple[str, ...]) -> None:
    (task,) = read_plan(f"- [ ] T001 {title}\n").graph
    assert task.scope.written == paths
