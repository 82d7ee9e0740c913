"""Plans that nobody would write bring nothing but a PlanError, and soon. A sample of tests/long."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from gitpar.errors import PlanError
from gitpar.plans.choices import Choices
from gitpar.plans.crowds import MOST_ROWS
from gitpar.plans.document import MOST_LINES, read_document
from tests.support.plan_fuzz import BIG, CHOICES, FORMATS, TEXTS, bomb, seconds_of, try_plan
from tests.support.plan_reading import Complaints

SMALL = 8_000


@seed(5)
@settings(max_examples=60, database=None)
@given(TEXTS, st.sampled_from(FORMATS), CHOICES)
def test_any_text_is_a_plan_or_a_plan_error(text: str, name: str | None, choices: Choices) -> None:
    try_plan(text, replace(choices, format=name))


@pytest.mark.parametrize("name", BIG)
def test_much_of_one_thing_is_read_soon(name: str) -> None:
    # a megabyte in less than 2 s is judged in tests/long; what grows with the square shows here
    assert seconds_of(BIG[name](SMALL), Choices()) < 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- [ ] T1 x\n" * (MOST_ROWS + 1), "has more than 10,000 check boxes, table rows and headings"),
        ("**T1** x\n\n" * (MOST_ROWS + 1), "has more than 10,000 check boxes, table rows and headings"),
        ('{"tasks": [' + '{"id": 1},' * MOST_ROWS + '{"id": 2}]}', "has more than 10,000 tasks and subtasks"),
        ("- [ ] T1 x\n" + "\n" * MOST_LINES, "has more than 200,000 lines"),
        (f"tasks:\n- id: a\n#{'x' * 150_000}", "longer than 150,000 characters"),
        (f"tasks:\n- &a {{id: a}}\n- [{'*a, ' * 5001}]", "more than 5,000 aliases"),
    ],
)
def test_more_than_any_plan_has_is_refused_with_the_way_on(
    complaints: Complaints, text: str, message: str
) -> None:
    found = complaints(text)
    assert message in found[0]


@pytest.mark.parametrize("levels", [6, 9, 100])
def test_aliases_of_aliases_are_refused(levels: int) -> None:
    with pytest.raises(PlanError, match="aliases stand for more than 500,000 values"):
        read_document("plan", bomb(levels).encode())
