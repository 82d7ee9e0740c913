"""Plans in Markdown that name a repository: by row, by task and by section."""

from __future__ import annotations

import pytest

from tests.support.plan_reading import ReadPlan

TABLE = """# Plan

| ID | Repo | Task | Status | Depends |
|----|------|------|--------|---------|
| T1 | `../web` | Show it | TASK:PENDING | |
| T2 | - | Serve it | TASK:PENDING | |
| T3 | web | Tell of it | TASK:PENDING | T1, T2 |
| T4 | | Sum it up | TASK:PENDING | T3 |

## T2: Serve it

Write it down.

```yaml
- repo: local
```

## T4: Sum it up

**Repository**: docs
"""

BOXES = """# Tasks

## Phase 1: Setup

**Repo**: ../web

- [ ] T001 Make the folder
- [ ] T002 Describe it
  - Repo: `docs`
- [ ] T003 Keep it
  - Repo: https://example.org/web.git
  - Repository: the one that we had before

### Behind it

- [ ] T004 Go on

## Phase 2: Core

- [ ] T005 Serve it
"""


@pytest.mark.parametrize(
    ("text", "format_", "wanted"),
    [
        (TABLE, "markdown-plan", {"T1": "../web", "T2": None, "T3": "web", "T4": "docs"}),
        (
            BOXES,
            "spec-kit",
            {"T001": "../web", "T002": "docs", "T003": "../web", "T004": "../web", "T005": None},
        ),
    ],
)
def test_rows_tasks_and_sections_name_repositories(
    read_plan: ReadPlan, text: str, format_: str, wanted: dict[str, str | None]
) -> None:
    plan = read_plan(text)
    assert plan.format == format_
    assert {task.id: task.repo for task in plan.graph} == wanted


def test_a_line_below_several_ways_of_writing_it(read_plan: ReadPlan) -> None:
    ways = ("**Repo**: a/b", "**Repo:** a/b", "- Repo: a/b", "  * _Repository_: `a/b`", "REPO: a/b")
    boxes = "".join(f"- [ ] T00{n} Do it\n  {way}\n" for n, way in enumerate(ways, 1))
    plan = read_plan(f"# Tasks\n\n## Phase 1: Setup\n\n{boxes}")
    assert [task.repo for task in plan.graph] == ["a/b"] * len(ways)
