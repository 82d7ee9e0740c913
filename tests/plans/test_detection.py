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
