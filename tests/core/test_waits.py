"""Tasks that wait for others of their wave, because a conflict was predicted."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.apply import fold
from gitpar.core.asked import PredictedWait
from gitpar.core.events import RunOpened
from gitpar.core.graph import Task
from gitpar.core.names import TaskId
from gitpar.core.run import Run
from tests.support.amounts import examples
from tests.support.simulation import BASE, Script, Simulation, task


class Waiting(Simulation):
    """A simulation in which some tasks wait for others of their wave, given as `later: firsts`."""

    def __init__(
        self, tasks: list[Task], waits: dict[str, str], script: Script | None = None, **more: object
    ) -> None:
        super().__init__(tasks, script, starts=(), **more)
        opened = self.journal[0]
        assert isinstance(opened, RunOpened)
        pairs = [(first, later) for later, firsts in waits.items() for first in firsts.split()]
        found = tuple(PredictedWait(TaskId(first), TaskId(later), 0.9) for first, later in pairs)
        starts = tuple(TaskId(first) for first, _ in pairs)
        values = {name: getattr(opened, name) for name in opened.__dataclass_fields__}
        self.journal = [RunOpened(**{**values, "waits": found, "starts": starts})]
        self.run = Run(self.journal[0])  # type: ignore[arg-type]


def bases(run: Run) -> dict[str, str]:
    return {task_id: found.attempts[0].base for task_id, found in run.tasks.items() if found.attempts}


def test_who_waits_starts_from_what_the_other_landed_in_the_same_level() -> None:
    sim = Waiting([task("a"), task("b"), task("c")], {"c": "a"}, jobs=3)
    run = sim.go()
    assert bases(run) == {"a": BASE, "b": BASE, "c": "base+a"}
    assert run.tip == "base+a+b+c"
    assert (fold(sim.journal[:1]).tasks[TaskId("c")].reason, run.tasks[TaskId("c")].reason) == (
        "waits for `a`: a conflict was predicted",
        "",
    )
    assert (len(run.levels), run.tasks[TaskId("c")].level) == (1, 1)


def test_the_rest_of_the_wave_does_not_wait() -> None:
    sim = Waiting([task("a"), task("b"), task("c"), task("d")], {"b": "a"}, jobs=4)
    active: list[set[str]] = []
    sim.go(watch=lambda run: active.append(set(run.active)))
    assert {"a", "c", "d"} in active
    assert all(not {"a", "b"} <= together for together in active)


def test_what_others_wait_for_is_started_first() -> None:
    sim = Waiting([task("a"), task("b"), task("c")], {"a": "c"}, jobs=1)
    sim.go()
    assert [name for name, _ in sim.started] == ["c", "b", "a"], "b goes while c lands"


def test_a_chain_is_worked_off_link_by_link() -> None:
    sim = Waiting([task("a"), task("b"), task("c")], {"b": "a", "c": "b a"}, jobs=3)
    assert bases(sim.go()) == {"a": BASE, "b": "base+a", "c": "base+a+b"}


def test_a_failure_lets_those_go_that_waited_and_blocks_nobody() -> None:
    sim = Waiting([task("a"), task("b"), task("c")], {"b": "a"}, Script(endings={"a": ["fail"]}), jobs=3)
    run = sim.go()
    assert {name: found.state.value for name, found in run.tasks.items()} == {
        "a": "failed", "b": "landed", "c": "landed",
    }  # fmt: skip
    assert [n for name, n in sim.started if name == "a"] == [1, 2]


def test_who_changed_nothing_or_does_not_merge_is_waited_for_no_longer() -> None:
    for script in (
        Script(unchanged={"a"}),
        Script(conflicting={"b"}),
        Script(endings={"a": ["timeout", "ok"]}),
    ):
        run = Waiting(
            [task("c"), task("a"), task("b"), task("d")], {"b": "a c", "d": "b"}, script, jobs=4
        ).go()
        assert {found.state.value for found in run.tasks.values()} == {"landed"}


def test_a_wait_for_a_task_of_another_level_or_left_out_counts_for_nothing() -> None:
    sim = Waiting([task("a"), task("b", "a"), task("c")], {"c": "b", "b": "a"}, jobs=3)
    run = sim.go()
    assert {found.state.value for found in run.tasks.values()} == {"landed"}
    assert bases(run)["c"] == BASE


def test_who_waits_for_a_blocked_task_goes_without_it() -> None:
    tasks = [task("broken"), task("fine"), task("a", "broken"), task("b", "fine"), task("c", "fine")]
    run = Waiting(tasks, {"b": "a"}, Script(endings={"broken": ["fail"]})).go()
    assert {name: found.state.value for name, found in run.tasks.items()} == {
        "broken": "failed", "fine": "landed", "a": "blocked", "b": "landed", "c": "landed",
    }  # fmt: skip


NAMES = [f"t{n}" for n in range(7)]
WAITS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=10)
KINDS = st.sampled_from(["ok", "fail", "timeout", "problem"])


def scripts(endings: st.SearchStrategy[list[str]]) -> st.SearchStrategy[Script]:
    some = st.sets(st.sampled_from(NAMES))
    return st.builds(
        Script,
        endings=st.dictionaries(st.sampled_from(NAMES), endings),
        conflicting=some,
        unchanged=some,
    )


def drawn_waits(drawn: list[tuple[int, int]]) -> dict[str, str]:
    waits: dict[str, str] = {}
    for first, later in drawn:
        if first < later:
            waits[NAMES[later]] = f"{waits.get(NAMES[later], '')} {NAMES[first]}".strip()
    return waits


@examples(100)
@given(WAITS, scripts(st.lists(KINDS, min_size=1, max_size=3)), st.integers(1, 4), st.integers(0, 2**16))
def test_no_run_stalls_whatever_happens(
    drawn: list[tuple[int, int]], script: Script, jobs: int, seed: int
) -> None:
    needs = Random(seed)
    script.endings["broken"] = ["fail"]
    before = [task("fine"), task("broken")]
    tasks = [task(name, *needs.choice([(), ("fine",), ("broken",)])) for name in NAMES]
    after = [task(f"after {name}", name) for name in NAMES if needs.randrange(2)]
    sim = Waiting([*before, *tasks, *after], drawn_waits(drawn), script, jobs=jobs)
    run = sim.go(Random(seed))
    assert {found.state.value for found in run.tasks.values()} <= {"landed", "failed", "held", "blocked"}


@examples(100)
@given(WAITS, scripts(KINDS.map(lambda kind: [kind])), st.integers(1, 4), st.integers(0, 2**16))
def test_a_kill_changes_nothing(drawn: list[tuple[int, int]], script: Script, jobs: int, seed: int) -> None:
    tasks, waits = [task(name) for name in NAMES], drawn_waits(drawn)
    whole = Waiting(tasks, waits, script, jobs=jobs).go(Random(seed))
    killed = Waiting(tasks, waits, script, jobs=jobs)
    killed.go(Random(seed), stop_after=2 + seed % 60)
    if killed.run.end is None:
        killed.kill_and_resume()
        killed.go(Random(seed + 1))
    ends = [{found.task.id: found.state for found in run.tasks.values()} for run in (whole, killed.run)]
    assert ends[0] == ends[1]


def test_who_is_blocked_does_not_start_when_its_wait_ends() -> None:
    tasks = [task("broken"), task("fine"), task("a", "fine"), task("b", "broken")]
    sim = Waiting(tasks, {"b": "a"}, Script(endings={"broken": ["fail"]}))
    run = sim.go()
    assert run.tasks["b"].state.value == "blocked"  # type: ignore[index]
    assert "b" not in dict(sim.started)
