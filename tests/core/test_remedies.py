"""What a person can do about tasks that came to nothing, and that a kill changes none of it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.events import RunEnd
from gitpar.core.names import CommitId, TaskId
from gitpar.core.remedies import Remedies, by_hand
from gitpar.core.run import Run
from gitpar.core.settings import OnRevert
from gitpar.errors import UsageError
from tests.support.amounts import examples
from tests.support.simulation import Script, Simulation, task

TASKS = [
    task("bad"),
    task("good"),
    task("after", "bad"),
    task("both", "after", "good"),
    task("apart", "good"),
]


def asked(**named: str) -> Remedies:
    wanted: dict[str, Any] = {option: tuple(map(TaskId, ids.split())) for option, ids in named.items()}
    return Remedies(**wanted)


def states(run: Run) -> dict[str, str]:
    return {task_id: found.state.value for task_id, found in run.tasks.items()}


def failing() -> Simulation:
    """A finished run in which `bad` failed: `after` and `both` are blocked, `apart` landed on level 2."""
    sim = Simulation(TASKS, Script(endings={"bad": ["fail"]}), retries=0)
    assert sim.go().end is RunEnd.FAILED
    assert states(sim.run) == {
        "bad": "failed",
        "good": "landed",
        "after": "blocked",
        "both": "blocked",
        "apart": "landed",
    }
    return sim


def test_a_task_is_tried_again_and_what_waited_for_it_follows_on_levels_of_their_own() -> None:
    sim = failing()
    sim.script.endings.clear()
    sim.decide(asked(retry="bad"))
    run = sim.go()
    assert run.end is RunEnd.DONE
    assert set(states(run).values()) == {"landed"}
    assert [level.tasks for level in run.levels] == [("good",), ("apart",), ("bad",), ("after",), ("both",)]
    assert [run.tasks[found].level for found in run.tasks] == [3, 1, 4, 5, 2]
    assert run.tip == "base+good+apart+bad+after+both"
    assert [n for name, n in sim.started if name == "bad"] == [1, 2]
    assert [n for name, n in sim.started if name == "good"] == [1]


def test_levels_keep_their_numbers_also_where_one_was_passed_over() -> None:
    tasks = [task("a", wave=1), task("a2", wave=1), task("b", "a", wave=2), task("c", wave=3)]
    sim = Simulation(tasks, Script(endings={"a": ["fail"]}), retries=0)
    sim.go()
    before = dict(sim.refs)
    sim.script.endings.clear()
    sim.decide(asked(retry="a"))
    run = sim.go()
    assert [(level.number, level.tasks) for level in run.levels] == [
        *((1, ("a2",)), (2, ()), (3, ("c",)), (4, ("a",)), (5, ("b",)))
    ]
    assert before.items() <= sim.refs.items(), "a branch that was there has moved"


def test_a_task_that_fails_again_has_its_retries_again_and_can_be_tried_once_more() -> None:
    sim = Simulation(TASKS, Script(endings={"bad": ["fail"]}), retries=1)
    sim.go()
    sim.decide(asked(retry="bad"))
    assert sim.go().end is RunEnd.FAILED
    assert len(sim.run.tasks[TaskId("bad")].attempts) == 4
    assert sim.run.tasks[TaskId("both")].reason == "waits for `bad`, which failed"
    sim.script.endings.clear()
    sim.decide(asked(retry="bad"))
    assert sim.go().end is RunEnd.DONE


def test_a_task_is_left_out_with_what_waits_for_it() -> None:
    sim = failing()
    before = sim.run.tip
    sim.decide(asked(skip="bad"))
    run = sim.go()
    assert (run.end, run.tip) == (RunEnd.DONE, before)
    assert [states(run)[name] for name in ("bad", "after", "both")] == ["skipped"] * 3
    assert run.tasks[TaskId("both")].reason == "waits for `bad`, which is left out"


def test_only_a_blocked_task_is_left_out() -> None:
    sim = failing()
    sim.script.endings.clear()
    sim.decide(asked(skip="both", retry="bad"))
    run = sim.go()
    assert run.end is RunEnd.DONE
    assert states(run) == {**states(run), "after": "landed", "both": "skipped"}


def test_of_two_that_failed_one_is_tried_again_and_the_reason_of_what_waits_is_the_other() -> None:
    tasks = [task("a"), task("b"), task("c"), task("waits", "a", "b"), task("more", "waits")]
    sim = Simulation(tasks, Script(endings={"a": ["fail"], "b": ["fail"]}), retries=0)
    sim.go()
    assert sim.run.tasks[TaskId("more")].reason == "waits for `a`, which failed"
    sim.script.endings.clear()
    sim.decide(asked(retry="a"))
    assert sim.go().end is RunEnd.FAILED
    assert sim.run.tasks[TaskId("more")].reason == "waits for `b`, which failed"
    sim.decide(asked(retry="b"))
    assert sim.go().tip == "base+c+a+b+waits+more"


def test_what_a_failed_worker_left_is_landed() -> None:
    sim = failing()
    sim.decide(asked(accept="bad"))
    run = sim.go()
    assert (run.end, run.tip) == (RunEnd.DONE, "base+good+apart+bad+after+both")
    assert run.tasks[TaskId("bad")].last.n == 1


def test_what_takes_others_lines_away_is_landed_where_a_person_wants_it() -> None:
    script = Script(conflicting={"b"}, undoing={"b"})
    sim = Simulation([task("a"), task("b")], script, on_revert=OnRevert.HOLD)
    assert sim.go().end is RunEnd.NEEDS_PERSON
    script.conflicting.clear()
    sim.decide(asked(accept="b"))
    assert sim.go().tip == "base+a+b"


def test_what_is_accepted_and_does_not_merge_is_held_and_not_run_again() -> None:
    script = Script(endings={"b": ["fail"]}, conflicting={"b"})
    sim = Simulation([task("a"), task("b")], script, retries=0)
    sim.go()
    sim.decide(asked(accept="b"))
    run = sim.go()
    assert run.end is RunEnd.NEEDS_PERSON
    assert states(run)["b"] == "held"
    assert len(run.tasks[TaskId("b")].attempts) == 1
    # tried again it may step aside again
    script.endings.clear()
    sim.decide(asked(retry="b"))
    assert sim.go().end is RunEnd.DONE


@pytest.mark.parametrize(
    ("remedies", "said"),
    [
        (asked(retry="bda"), "`--retry bda`: the run has no such task"),
        (asked(retry="good"), "`--retry good`: it is landed, neither held nor failed"),
        (asked(accept="after"), "`--accept after`: it waits for `bad`, which failed"),
        (asked(retry="bad", skip="bad"), "`bad` stands at --retry and at --skip"),
    ],
)
def test_what_cannot_be_is_said(remedies: Remedies, said: str) -> None:
    sim = failing()
    with pytest.raises(UsageError) as caught:
        sim.decide(remedies)
    assert caught.value.message == said
    assert caught.value.hints


def test_what_left_nothing_cannot_be_accepted() -> None:
    sim = Simulation([task("a")], Script(endings={"a": ["fail"]}, unchanged={"a"}))
    sim.go()
    with pytest.raises(UsageError, match="left nothing that could land"):
        sim.decide(asked(accept="a"))


@examples(150)
@given(seed=st.integers(0, 2**32), kills=st.lists(st.integers(1, 60), max_size=4))
def test_a_kill_at_any_event_changes_nothing(seed: int, kills: list[int]) -> None:
    chance = Random(seed)
    names = [f"t{n}" for n in range(chance.randint(2, 7))]
    tasks = [
        task(name, *chance.sample(names[:at], chance.randint(0, min(2, at)))) for at, name in enumerate(names)
    ]
    bad = {name: ["fail"] for name in names if chance.random() < 0.4}
    conflicting = {name for name in names if chance.random() < 0.3}
    runs = []
    for stops in ([], kills):
        sim = Simulation(tasks, Script(dict(bad), set(conflicting)), retries=0)
        sim.go()
        failed = [name for name, state in states(sim.run).items() if state == "failed"]
        if not failed:
            return
        sim.script.endings.clear()
        sim.decide(asked(retry=" ".join(failed[::2]), skip=" ".join(failed[1::2])))
        begun = len(sim.journal)
        for stop in stops:
            sim.go(stop_after=begun + stop)
            if sim.run.end is None:
                sim.kill_and_resume()
        runs.append(sim.go())
    assert states(runs[0]) == states(runs[1])
    assert [level.tasks for level in runs[0].levels] == [level.tasks for level in runs[1].levels]
    assert sorted(runs[0].tip.split("+")) == sorted(runs[1].tip.split("+"))


def test_what_was_settled_by_hand_lands_as_an_attempt_of_its_own() -> None:
    sim = failing()
    tip = sim.run.tip
    settled = by_hand(sim.run, TaskId("bad"), (tip, CommitId("hand"), ("bad.txt",)), 200.0)
    sim.decide(asked(resolve="bad"), settled)
    run = sim.go()
    assert (run.end, run.tip) == (RunEnd.DONE, "base+good+apart+bad+after+both")
    attempt = run.tasks[TaskId("bad")].last
    assert (attempt.n, attempt.result, attempt.files) == (2, "hand", ("bad.txt",))
    assert ("bad", 2) not in sim.started
