"""Gates in runs without a world: who is blamed, what lands, how often a gate runs, and what kills change."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.gating import GOAL, wave
from gitpar.core.batches import must_pass
from gitpar.core.gates import MOST, Smallest, Wanted, batch_size, smallest
from gitpar.core.names import CommitId, TaskId
from gitpar.core.remedies import Remedies
from gitpar.core.run import Run
from gitpar.core.settings import GateOn, GateRules, LevelPolicy, Schedule
from tests.support.amounts import examples
from tests.support.simulation import Script, Simulation, task

TESTS = GateRules(name="tests", command="make test")
ALONE = GateRules(name="lint", command="make lint", on=(GateOn.TASK,))
END = GateRules(name="e2e", command="make e2e", on=(GateOn.RUN,))
EIGHT = [task(name) for name in "abcdefgh"]


def states(run: Run) -> dict[str, str]:
    return {name: found.state.value for name, found in run.tasks.items() if found.state.value != "landed"}


def tips_of(run: Run) -> list[CommitId]:
    """Where the levels end that anything landed on."""
    return [level.tip for level in run.levels if level.tip is not None and level.tip != level.base]


def on_levels(sim: Simulation) -> list[str]:
    return [commit for name, commit in sim.gated if name == "tests"]


# --- tasks --------------------------------------------------------------------------------


def test_a_result_that_its_gate_refuses_is_a_failed_attempt_and_tried_again() -> None:
    sim = Simulation([task("a", verify="check a"), task("b")], Script(broken=[{"a", "1"}]), retries=1)
    run = sim.go()
    assert run.tip == "base+a+b"
    assert [n for _, n in sim.started] == [1, 1, 2]
    first = run.tasks[TaskId("a")].attempts[0]
    assert (first.state.value, first.problem) == ("failed", "gate `verify` fails: exit status 1")
    assert sim.gated == [("verify", "a#1"), ("verify", "a#1"), ("verify", "a#2")], "a failure is seen twice"


def test_gates_of_a_task_are_run_one_after_the_other_its_own_first_and_stop_at_a_failure() -> None:
    gates = (ALONE, GateRules(name="types", command="make types", on=(GateOn.TASK,)))
    sim = Simulation(
        [task("a", verify="check")], Script(broken=[{"a", "1"}], flaky={2}), gates=gates, retries=0
    )
    sim.script.broken.clear()
    assert sim.go().tip == "base+a"
    assert [name for name, _ in sim.gated] == ["verify", "lint", "lint", "types"]
    assert [one.flaky for one in sim.run.gates.runs.values()] == [False, False, True, False]  # type: ignore[union-attr]


def test_tasks_that_failed_or_changed_nothing_meet_no_gate() -> None:
    script = Script(endings={"a": ["fail"]}, unchanged={"b"})
    sim = Simulation([task("a"), task("b"), task("c")], script, gates=(ALONE,), retries=0)
    assert states(sim.go()) == {"a": "failed"}
    assert sim.gated == [("lint", "c#1")]


def test_without_verify_the_tasks_own_commands_are_not_run() -> None:
    sim = Simulation([task("a", verify="false")], Script(broken=[{"a"}]), verify=False)
    assert states(sim.go()) == {}
    assert sim.run.gates is None


# --- levels -------------------------------------------------------------------------------


def test_whether_what_lands_has_to_pass_can_be_asked() -> None:
    gates: dict[tuple[GateRules, ...], bool] = {(): False, (ALONE, END): False, (ALONE, TESTS): True}
    assert {found: must_pass(Simulation(EIGHT, gates=found).run) for found in gates} == gates


def test_a_wave_that_passes_is_gated_once_and_lands_in_order() -> None:
    sim = Simulation(EIGHT, gates=(TESTS,))
    assert sim.go().tip == "base+a+b+c+d+e+f+g+h"
    assert on_levels(sim) == ["base+a+b+c+d+e+f+g+h"]


@pytest.mark.parametrize("culprit", list("abcdefgh"))
def test_the_culprit_is_held_and_the_rest_lands(culprit: str) -> None:
    sim = Simulation(EIGHT, Script(broken=[{culprit}]), gates=(TESTS,))
    run = sim.go()
    assert states(run) == {culprit: "held"}
    assert run.tip == "base" + "".join(f"+{name}" for name in "abcdefgh" if name != culprit)
    assert "gate `tests` fails when it is merged: exit status 1 (its output: gitpar logs 7f3a --gate " in (
        run.tasks[TaskId(culprit)].reason
    )
    assert len(on_levels(sim)) <= 7


@pytest.mark.parametrize("pair", ["ab", "ah", "gh", "ce", "bdg"])
def test_those_that_are_only_broken_together_are_named_and_the_last_of_them_is_held(pair: str) -> None:
    sim = Simulation(EIGHT, Script(broken=[set(pair)]), gates=(TESTS,))
    run = sim.go()
    assert states(run) == {pair[-1]: "held"}
    names = " and ".join(f"`{name}`" for name in pair[:-1])
    assert f"fails together with {names}, not without" in run.tasks[TaskId(pair[-1])].reason


def test_what_waits_for_a_culprit_is_blocked_and_the_next_level_is_gated_by_itself() -> None:
    tasks = [task("a"), task("b"), task("c", "a"), task("d", "b")]
    sim = Simulation(tasks, Script(broken=[{"b"}]), gates=(TESTS,))
    run = sim.go()
    assert states(run) == {"b": "held", "d": "blocked"}
    assert (run.tip, on_levels(sim)[-1]) == ("base+a+c", "base+a+c")


def test_a_gate_that_fails_without_anybody_holds_the_level_and_says_so() -> None:
    sim = Simulation(EIGHT, Script(base_fails=True), gates=(TESTS,))
    run = sim.go()
    assert set(states(run).values()) == {"held"}
    assert run.tasks[TaskId("a")].reason.startswith("gate `tests` fails without it too, on base")
    assert on_levels(sim)[-2:] == ["base", "base"], "believed after the second failure"


def test_a_flaky_gate_blames_nobody() -> None:
    sim = Simulation(EIGHT, Script(flaky={1, 2, 3, 4}), gates=(TESTS,))
    assert states(sim.go()) == {}
    assert any(one.flaky for one in sim.run.gates.runs.values())  # type: ignore[union-attr]


def test_a_gate_without_an_end_is_not_run_again() -> None:
    sim = Simulation(EIGHT[:1], Script(hangs={"a"}), gates=(TESTS,))
    assert states(sim.go()) == {"a": "held"}
    assert on_levels(sim) == ["base+a", "base"]


def test_a_level_lands_whole_or_not_at_all_where_that_is_asked() -> None:
    script = Script(broken=[{"c"}])
    sim = Simulation([*EIGHT[:4], task("z", "a")], script, gates=(TESTS,), level_policy=LevelPolicy.ALL)
    run = sim.go()
    assert run.tip == "base"
    assert set(states(run)) == {"a", "b", "c", "d", "z"}
    assert run.tasks[TaskId("a")].reason.startswith(
        "the level lands whole or not at all: `c` gate `tests` fails"
    )


@pytest.mark.parametrize("gates", [(), (TESTS,)])
def test_a_whole_level_waits_for_what_is_run_again(gates: tuple[GateRules, ...]) -> None:
    sim = Simulation(EIGHT[:4], Script(conflicting={"b"}), gates=gates, level_policy=LevelPolicy.ALL)
    assert sim.go().tip == "base+a+c+d+b"
    failing = Script(conflicting={"b"}, endings={"b": ["ok", "fail"]})
    sim = Simulation(EIGHT[:4], failing, gates=gates, level_policy=LevelPolicy.ALL, retries=0)
    assert (sim.go().tip, len(states(sim.run))) == ("base", 4)


def test_what_does_not_merge_on_what_is_not_gated_yet_is_judged_when_that_has_landed() -> None:
    sim = Simulation(EIGHT[:4], Script(conflicting={"c"}, broken=[{"b"}]), gates=(TESTS,))
    assert (sim.go().tip, states(sim.run)) == ("base+a+d+c", {"b": "held"})


def test_a_person_may_take_a_result_whatever_gates_say_and_it_is_not_gated() -> None:
    sim = Simulation(EIGHT[:3], Script(broken=[{"b"}]), gates=(TESTS,))
    sim.go()
    before = len(sim.gated)
    sim.decide(Remedies(accept=(TaskId("b"),)))
    assert (sim.go().tip, len(sim.gated)) == ("base+a+c+b", before)


def test_at_5_percent_failures_gates_are_run_less_than_once_for_two_tasks_that_land() -> None:
    found = [wave(seed, 0.05) for seed in range(60)]
    assert sum(one.runs for one in found) / sum(one.landed for one in found) <= GOAL
    assert sum(one.proved for one in found) == 0, "a tree that has passed is not asked again"


def test_pairs_and_single_culprits_are_told_apart_in_any_mixture() -> None:
    for seed in range(25):
        wave(seed, 0.1, size=(2, 24), pairs=0.1)


def test_gates_on_several_gates_at_once_run_at_most_as_many_as_may_be() -> None:
    gates = tuple(GateRules(name=name, command=name) for name in ("one", "two", "three"))
    sim = Simulation(EIGHT, gates=gates, gate_jobs=2)
    at_once: list[int] = []
    sim.go(watch=lambda run: at_once.append(len(run.gates.open) if run.gates else 0))
    assert (max(at_once), sim.run.tip) == (2, "base+a+b+c+d+e+f+g+h")
    assert sorted(name for name, _ in sim.gated) == ["one", "three", "two"]


def test_what_comes_next_is_gated_on_the_assumption_that_those_ahead_pass() -> None:
    often = (50, 100)
    sim = Simulation(EIGHT, gates=(TESTS,), gate_history=often, gate_jobs=4, speculate=True)
    at_once: list[int] = []
    sim.go(watch=lambda run: at_once.append(len(run.gates.open) if run.gates else 0))
    assert (max(at_once), sim.run.tip) == (4, "base+a+b+c+d+e+f+g+h")
    sim = Simulation(EIGHT, Script(broken=[{"c"}]), gates=(TESTS,), gate_jobs=3, speculate=True)
    assert states(sim.go()) == {"c": "held"}


# --- the run ------------------------------------------------------------------------------


def test_the_gate_of_the_run_is_run_once_at_the_end_and_a_failure_needs_a_person() -> None:
    tasks = [task("a"), task("b", "a")]
    sim = Simulation(tasks, gates=(END,))
    assert (sim.go().state, sim.gated) == ("done", [("e2e", "base+a+b")])
    sim = Simulation(tasks, Script(broken=[{"a", "b"}]), gates=(END,))
    assert (sim.go().state, sim.run.tip, len(sim.gated)) == ("needs-you", "base+a+b", 2)
    sim = Simulation(tasks, Script(endings={"a": ["fail"]}), gates=(END,))
    assert (sim.go().state, sim.gated) == ("failed", [])


def test_a_tree_that_has_passed_is_not_gated_again() -> None:
    everywhere = GateRules(name="tests", command="make test", on=tuple(GateOn))
    same = GateRules(name="again", command="make test", on=(GateOn.RUN,))
    sim = Simulation([task("a")], gates=(everywhere, same))
    assert (sim.go().state, sim.gated) == ("done", [("tests", "a#1"), ("tests", "base+a")])


# --- kills --------------------------------------------------------------------------------


WAVES = [*EIGHT[:5], task("f", "a", verify="check f"), task("g", "b"), task("h", "f")]


@examples(50)
@given(
    st.integers(0, 10**6), st.lists(st.integers(3, 90), max_size=4), st.sampled_from(["c", "ce", "ag", "f"])
)
def test_whatever_is_killed_the_same_tasks_are_held_and_the_same_tree_lands(
    seed: int, kills: list[int], broken: str
) -> None:
    def simulation() -> Simulation:
        script = Script(broken=[set(broken)], conflicting={"d"})
        return Simulation(WAVES, script, gates=(TESTS, END), gate_jobs=2, speculate=seed % 2 == 0)

    undisturbed = simulation().go()
    sim = simulation()
    for stop in sorted(kills):
        sim.go(Random(seed), stop_after=stop)
        if sim.run.end is None:
            sim.kill_and_resume()
    run = sim.go(Random(seed))
    assert (run.tip, states(run)) == (undisturbed.tip, states(undisturbed))
    assert all(run.gates and run.gates.verdict((TESTS,), tip) for tip in tips_of(run)), "nothing else lands"


@examples(30)
@given(st.integers(0, 10**6), st.lists(st.integers(3, 90), max_size=2))
def test_with_the_schedule_dag_the_same_tasks_land(seed: int, kills: list[int]) -> None:
    def simulation() -> Simulation:
        script = Script(broken=[{"base", "c"}])
        return Simulation(WAVES, script, gates=(TESTS, ALONE), schedule=Schedule.DAG)

    sim = simulation()
    for stop in sorted(kills):
        sim.go(Random(seed), stop_after=stop)
        if sim.run.end is None:
            sim.kill_and_resume()
    assert states(sim.go(Random(seed))) == {"c": "held"}


def test_a_resume_asks_no_gate_what_it_has_answered() -> None:
    sim = Simulation(EIGHT, Script(broken=[{"e"}]), gates=(TESTS,))
    while sim.run.end is None:
        sim.go(stop_after=len(sim.journal) + 31)
        if sim.run.end is None:
            sim.kill_and_resume()
    answered = on_levels(sim)
    undisturbed = Simulation(EIGHT, Script(broken=[{"e"}]), gates=(TESTS,))
    undisturbed.go()
    ended = [one for one in sim.run.gates.runs.values() if one.verdict == "passed"]  # type: ignore[union-attr]
    assert len({one.opened.commit for one in ended}) == len(ended)
    assert set(answered) == set(on_levels(undisturbed))


# --- arithmetic ---------------------------------------------------------------------------


def test_batches_are_as_large_as_the_failures_that_were_seen_allow() -> None:
    seen = {rate: batch_size(rate, 100) for rate in (0, 5, 20, 50, 90)}
    assert seen == {0: 64, 5: 14, 20: 4, 50: 1, 90: 1}
    assert batch_size(0, 0) == 14
    assert batch_size(0, 10**9) == MOST


@examples(200)
@given(st.sets(st.integers(0, 30), max_size=4), st.integers(0, 31))
def test_the_smallest_set_is_found_in_few_questions(culprits: set[int], more: int) -> None:
    others = tuple(TaskId(str(n)) for n in range(max([more, *(at + 1 for at in culprits)])))
    wanted = {TaskId(str(at)) for at in culprits}
    known: dict[tuple[TaskId, ...], bool] = {}
    while isinstance(step := smallest(others, known.get), Wanted):
        known[step.others] = wanted <= set(step.others)
    assert step == Smallest(tuple(sorted(wanted, key=int)))
    assert len(known) <= (len(wanted) + 1) * 6


def test_a_certificate_names_the_gates_that_saw_it_and_the_tree_they_saw() -> None:
    sim = Simulation(EIGHT[:1], Script(flaky={1}), gates=(TESTS,))
    found = [json.loads(one.certificate) for one in sim.go().tasks.values()]
    assert found == [{"gates": [{"gate": "tests", "verdict": "flaky", "tree": "base+a"}]}]
    sim = Simulation(EIGHT[:2], gates=(TESTS,))
    found = [json.loads(one.certificate) for one in sim.go().tasks.values()]
    assert found == [{"gates": [{"gate": "tests", "verdict": "passed", "tree": "base+a+b"}]}] * 2
