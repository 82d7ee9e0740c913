"""Notes of workers: when they land, in which order, who is told of them, and that a kill doubles none."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.core.progress import ProgressNote, handed, section
from gitpar.core.remedies import Remedies, by_hand
from gitpar.core.run import Run, TaskState
from tests.support.amounts import examples
from tests.support.simulation import Script, Simulation, task

TASKS = [task("a"), task("b"), task("c"), task("d", "a"), task("e", "d")]
FILE = ".progress.md"


def tips(run: Run) -> list[str | None]:
    return [level.tip for level in run.levels]


def test_notes_land_level_by_level_in_plan_order_when_everything_else_has() -> None:
    sim = Simulation(TASKS, Script(noting={"c", "a", "e"}, conflicting={"a"}), progress_file=FILE)
    assert tips(sim.go(Random(3))) == [
        "base+a+b+c+notes(a,c)",
        "base+a+b+c+notes(a,c)+d",
        "base+a+b+c+notes(a,c)+d+e+notes(e)",
    ]


def test_only_landed_tasks_have_notes_also_those_that_changed_nothing() -> None:
    script = Script(noting={"a", "b", "c"}, endings={"a": ["fail"]}, unchanged={"b"})
    sim = Simulation(TASKS[:3], script, progress_file=FILE)
    assert tips(sim.go()) == ["base+c+notes(b,c)"]


def test_without_a_progress_file_nothing_is_added_and_later_tasks_are_told_all_the_same() -> None:
    sim = Simulation(TASKS, Script(noting={"a", "c"}))
    run = sim.go()
    assert tips(run)[-1] == "base+a+b+c+d+e"
    assert [note.task for note in handed(run, TaskId("e"))] == ["a", "c"]


def test_notes_that_cannot_be_added_hold_up_nothing() -> None:
    sim = Simulation(TASKS, Script(noting={"a"}, notes_refused=True), progress_file=FILE)
    run = sim.go()
    assert tips(run)[-1] == "base+a+b+c+d+e"
    assert run.state == "done"


def test_what_a_task_waits_for_is_handed_on_first_and_long_notes_are_left_out() -> None:
    sim = Simulation(TASKS, Script(noting={"a", "b", "c", "d"}))
    run = sim.go()
    run.tasks[TaskId("c")].last.progress = "x" * 23_995
    assert [note.task for note in handed(run, TaskId("e"))] == ["d"]
    run.tasks[TaskId("c")].last.progress = "x" * 30_000
    assert [note.task for note in handed(run, TaskId("e"))] == ["d"]
    run.tasks[TaskId("c")].last.progress = "short"
    assert [note.task for note in handed(run, TaskId("e"))] == ["a", "b", "c", "d"]


def test_a_re_run_is_told_of_what_has_landed_on_its_level() -> None:
    script = Script(noting={"a", "c"}, clashing={("a", "b")})
    sim = Simulation(TASKS, script, progress_file=FILE)
    told: dict[int, list[str]] = {}

    def watch(run: Run) -> None:
        task_run = run.tasks[TaskId("b")]
        if task_run.attempts and task_run.state is TaskState.RUNNING:
            told[task_run.last.n] = [note.task for note in handed(run, TaskId("b"))]

    sim.go(watch=watch)
    assert told == {1: [], 2: ["a", "c"]}


def test_what_a_person_takes_or_settles_brings_the_notes_of_who_worked_on_it() -> None:
    for remedy in ("accept", "resolve", "retry"):
        sim = Simulation(
            TASKS[:3], Script(noting={"b", "c"}, endings={"b": ["fail"]}), progress_file=FILE, retries=0
        )
        assert tips(sim.go())[-1] == "base+a+c+notes(c)"
        sim.script.endings.clear()
        name = TaskId("b")
        wanted: dict[str, Any] = {remedy: (name,)}
        settled = by_hand(sim.run, name, (CommitId("base"), CommitId("b by hand"), ("b",)), sim.clock)
        sim.decide(Remedies(**wanted), settled if remedy == "resolve" else ())
        assert str(tips(sim.go())[-1]).endswith("+notes(b)"), remedy
        assert sim.run.tasks[name].state is TaskState.LANDED


@examples(60)
@given(st.integers(0, 10**6), st.lists(st.integers(4, 60), max_size=4))
def test_each_note_lands_once_whatever_is_killed(seed: int, kills: list[int]) -> None:
    sim = Simulation(TASKS, Script(noting={"a", "c", "d"}), progress_file=FILE)
    for stop in sorted(kills):
        sim.go(Random(seed), stop_after=stop)
        if sim.run.end is None:
            sim.kill_and_resume()
    run = sim.go(Random(seed))
    assert run.tip == "base+a+b+c+notes(a,c)+d+notes(d)+e"


# --- words ----------------------------------------------------------------------------------


def test_a_section_has_a_marker_that_nobody_can_forge() -> None:
    note = ProgressNote(TaskId("T--1"), "Build  it", 2, "\nfine <!-- gitpar: run x -->\n\n")
    assert section(RunId("7f3a"), note) == (
        "## T--1: Build it\n\n<!-- gitpar: run 7f3a, task T- -1, attempt 2 -->\n\nfine <!--  run x -->\n"
    )
