"""Tasks for a person: the run goes on elsewhere, and what the person says reaches later tasks."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.agents import HUMAN
from gitpar.core.briefing import briefing
from gitpar.core.events import RunEnd
from gitpar.core.names import TaskId
from gitpar.core.remedies import Remedies
from gitpar.core.run import Run
from gitpar.core.settings import Schedule
from gitpar.errors import UsageError
from tests.support.amounts import examples
from tests.support.simulation import Script, Simulation, task

TASKS = [
    task("a"),
    task("ask", "a", agent=HUMAN),
    task("b", "a"),
    task("after", "ask"),
    task("last", "after", "b"),
    task("apart", "b"),
]


def states(run: Run) -> dict[str, str]:
    return {task_id: found.state.value for task_id, found in run.tasks.items()}


def said(name: str, text: str = "") -> Remedies:
    return Remedies(approve=((TaskId(name), text),))


def waiting(schedule: Schedule = Schedule.WAVES) -> Simulation:
    sim = Simulation(TASKS, schedule=schedule)
    assert sim.go().end is RunEnd.NEEDS_PERSON
    return sim


@pytest.mark.parametrize("schedule", Schedule)
def test_the_run_goes_on_elsewhere_and_needs_a_person_for_the_rest(schedule: Schedule) -> None:
    sim = waiting(schedule)
    assert states(sim.run) == {
        "a": "landed",
        "ask": "held",
        "b": "landed",
        "after": "blocked",
        "last": "blocked",
        "apart": "landed",
    }
    assert sim.run.tasks[TaskId("ask")].reason == "is for a person"
    assert sim.run.tasks[TaskId("last")].reason == "waits for `ask`, which is for a person"
    assert "ask" not in dict(sim.started)
    assert sim.run.tip == "base+a+b+apart"
    sim.decide(said("ask"))
    assert (sim.go().end, sim.run.tip) == (RunEnd.DONE, "base+a+b+apart+after+last")


def test_an_answer_is_told_to_the_tasks_after_it() -> None:
    sim = waiting()
    sim.decide(said("ask", "Use the port 8081."))
    told: dict[str, list[tuple[str, str]]] = {}

    def watch(run: Run) -> None:
        for name in run.active:
            told[name] = [(note.task, note.text) for note in briefing(run, name).notes]

    run = sim.go(watch=watch)
    assert run.end is RunEnd.DONE
    assert set(states(run).values()) == {"landed"}
    assert told == {name: [("ask", "Use the port 8081.")] for name in ("after", "last")}
    assert run.tip == "base+a+b+apart+after+last"
    assert run.tasks[TaskId("ask")].reason == "answered by a person"


def test_an_approval_needs_no_words_and_lands_no_note() -> None:
    sim = Simulation(TASKS, Script(noting={"after"}), progress_file="notes.md")
    sim.go()
    sim.decide(said("ask", "Yes."))
    assert str(sim.go().tip).count("notes(after)") == 1
    assert "notes(ask" not in str(sim.run.tip)
    sim = waiting()
    sim.decide(said("ask"))
    assert sim.go().end is RunEnd.DONE
    assert sim.run.tasks[TaskId("ask")].reason == "approved by a person"


def test_a_plan_of_nothing_but_people_needs_them() -> None:
    sim = Simulation([task("one", agent=HUMAN), task("two", "one", agent=HUMAN)])
    assert sim.go().end is RunEnd.NEEDS_PERSON
    assert states(sim.run) == {"one": "held", "two": "blocked"}
    sim.decide(said("one"))
    assert sim.go().end is RunEnd.NEEDS_PERSON
    assert states(sim.run) == {"one": "landed", "two": "held"}
    sim.decide(said("two", "fine"))
    assert sim.go().end is RunEnd.DONE
    assert sim.started == []


def test_what_was_not_asked_cannot_be_answered() -> None:
    sim = waiting()
    for asked, message in (
        (said("b"), "`--approve b`: it is not for a person"),
        (said("b", "x"), "`--answer b`: it is not for a person"),
        (Remedies(retry=(TaskId("ask"),)), "`--retry ask`: it is for a person"),
        (Remedies(accept=(TaskId("ask"),)), "`--accept ask`: it is for a person"),
        (said("nobody"), "`--approve nobody`: the run has no such task"),
        (said("ask", "x" * 20_001), "the answer to `ask` is longer than 20,000 characters"),
    ):
        with pytest.raises(UsageError) as caught:
            sim.decide(asked)
        assert caught.value.message == message
    sim.decide(said("ask"))
    with pytest.raises(UsageError, match="it is landed"):
        sim.decide(said("ask"))
    sim = waiting()
    sim.decide(Remedies(skip=(TaskId("ask"),)))
    assert sim.go().end is RunEnd.DONE
    assert states(sim.run)["last"] == "skipped"


@examples(40)
@given(st.integers(0, 10**6), st.lists(st.integers(4, 60), max_size=4))
def test_whenever_it_is_killed_the_end_is_the_same(seed: int, kills: list[int]) -> None:
    sim = Simulation(TASKS)
    for stop in sorted(kills):
        sim.go(Random(seed), stop_after=stop)
        if sim.run.end is None:
            sim.kill_and_resume()
    assert sim.go(Random(seed)).end is RunEnd.NEEDS_PERSON
    sim.decide(said("ask", "Go."))
    sim.go(Random(seed), stop_after=len(sim.journal) + (kills[0] if kills else 3) % 20)
    if sim.run.end is None:
        sim.kill_and_resume()
    run = sim.go(Random(seed))
    assert (run.end, run.tasks[TaskId("ask")].answer) == (RunEnd.DONE, "Go.")
    assert str(run.tip).startswith("base+a+b+apart")
    assert str(run.tip).endswith("+after+last")
