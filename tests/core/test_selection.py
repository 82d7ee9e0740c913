from __future__ import annotations

import pytest

from gitpar.core.graph import TaskGraph
from gitpar.core.selection import select
from gitpar.errors import UsageError
from tests.support.simulation import task

PLAN = TaskGraph([task("a"), task("b", "a"), task("c", "b"), task("d")])


def test_skip_leaves_out_what_waits_as_well() -> None:
    tasks, skipped = select(PLAN, (), ("b",))
    assert skipped == (("b", "left out by --skip"), ("c", "waits for `b`, which is left out"))
    assert TaskGraph(tasks).waves == (("a", "d"),)


def test_only_takes_what_is_waited_for_as_done() -> None:
    tasks, skipped = select(PLAN, ("b", "c"), ())
    assert TaskGraph(tasks).waves == (("b",), ("c",))
    assert [task_id for task_id, _ in skipped] == ["a", "d"]


def test_an_unknown_id_names_the_nearest() -> None:
    plan = TaskGraph([task("rename-api"), task("docs")])
    with pytest.raises(UsageError) as raised:
        select(plan, (), ("rename-apis",))
    assert raised.value.message == "`--skip rename-apis`: the plan has no such task"
    assert raised.value.hints == ("Did you mean `rename-api`?",)


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(UsageError, match="`--skip` leaves no task"):
        select(PLAN, (), ("a", "d"))
