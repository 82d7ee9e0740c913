"""Streams: places for so many of their tasks at once, one stream after another, one stream alone."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.graph import TaskGraph
from gitpar.core.run import Run
from gitpar.core.selection import select, taken_as_done
from gitpar.core.settings import StreamRules
from gitpar.core.stream_states import streams
from gitpar.core.streams import one_at_a_time
from gitpar.errors import UsageError
from tests.support.amounts import examples
from tests.support.simulation import Script, Simulation, task

ONE = StreamRules(name="API", jobs=1)
TWO = StreamRules(name="ui", jobs=2)


def most_at_once(sim: Simulation, rng: Random | None = None) -> dict[str | None, int]:
    seen: dict[str | None, int] = {}

    def watch(run: Run) -> None:
        at_work: dict[str | None, int] = {}
        for name in run.active:
            stream = run.graph[name].stream
            at_work[stream] = at_work.get(stream, 0) + 1
        for stream, count in at_work.items():
            seen[stream] = max(seen.get(stream, 0), count)

    sim.go(rng, watch=watch)
    return seen


def wide(count: int = 6) -> list[object]:
    return [task(f"{stream}{n}", stream=stream) for n in range(count) for stream in ("api", "ui", "web")]


def test_a_stream_has_no_more_workers_than_its_settings_allow_and_others_take_the_jobs() -> None:
    sim = Simulation(wide(), jobs=8, streams=(ONE, TWO))  # type: ignore[arg-type]
    assert most_at_once(sim) == {"api": 1, "ui": 2, "web": 5}
    assert {found.state.value for found in sim.run.tasks.values()} == {"landed"}


def test_a_limited_stream_is_not_starved_by_a_long_one() -> None:
    tasks = [task("a1", stream="api"), task("a2", stream="api"), *(task(f"w{n}") for n in range(20))]
    sim = Simulation(tasks, jobs=2, streams=(ONE,))
    sim.go()
    order = [name for name, _ in sim.started]
    assert order.index("a2") == 2, "it starts as soon as its stream's place is free"


def test_a_retry_keeps_its_streams_place() -> None:
    tasks = [task("a1", stream="api"), task("a2", stream="api"), task("a3", stream="api")]
    sim = Simulation(tasks, Script(endings={"a1": ["fail", "ok"], "a2": ["fail"]}), jobs=3, streams=(ONE,))
    assert most_at_once(sim) == {"api": 1}
    assert sim.started == [("a1", 1), ("a1", 2), ("a2", 1), ("a2", 2), ("a3", 1)]


@examples(60)
@given(st.integers(0, 10**6), st.data())
def test_limits_hold_and_nothing_stalls_whatever_happens(seed: int, data: st.DataObject) -> None:
    rng = Random(seed)
    names = [f"t{n}" for n in range(14)]
    tasks = [
        task(
            name, *rng.sample(names[:at], k=min(at, rng.randrange(2))), stream=rng.choice(["api", "ui", None])
        )
        for at, name in enumerate(names)
    ]
    script = Script(
        endings={name: [rng.choice(["ok", "fail", "timeout"]), "ok"] for name in names if rng.random() < 0.4},
        conflicting={name for name in names if rng.random() < 0.2},
        unchanged={name for name in names if rng.random() < 0.2},
    )
    sim = Simulation(tasks, script, jobs=4, streams=(ONE, TWO))
    kills = data.draw(st.lists(st.integers(5, 120), max_size=3))
    for stop in sorted(kills):
        sim.go(rng, stop_after=stop)
        if sim.run.end is None:
            sim.kill_and_resume()
    seen = most_at_once(sim, rng)
    assert seen.get("api", 0) <= 1
    assert seen.get("ui", 0) <= 2
    assert sim.run.end is not None


# --- one after another ----------------------------------------------------------------------


def chains() -> TaskGraph:
    return TaskGraph(
        [
            task("a1", stream="api"),
            task("u1", stream="ui"),
            task("a2", "a1", stream="api"),
            task("u2", "u1", stream="ui"),
            task("a3", "a2", "u1", stream="api"),
            task("x"),
        ]
    )


def test_streams_one_after_another_take_turns_only_where_one_waits_for_another() -> None:
    graph = TaskGraph(one_at_a_time(chains()))
    assert graph.waves == (("a1",), ("a2",), ("u1",), ("u2",), ("x",), ("a3",))


@examples(100)
@given(st.integers(0, 10**6))
def test_no_wave_has_two_streams_and_dependencies_hold(seed: int) -> None:
    rng = Random(seed)
    names = [f"t{n}" for n in range(12)]
    tasks = [
        task(name, *rng.sample(names[:at], k=min(at, rng.randrange(3))), stream=rng.choice("abc"))
        for at, name in enumerate(names)
    ]
    graph = TaskGraph(one_at_a_time(TaskGraph(tasks)))
    assert sorted(name for wave in graph.waves for name in wave) == sorted(names)
    assert all(len({graph[name].stream for name in wave}) == 1 for wave in graph.waves)


# --- one stream alone ---------------------------------------------------------------------------


def test_only_one_stream_is_run_and_what_it_waits_for_is_taken_as_done() -> None:
    tasks, skipped = select(chains(), (), (), ("API",))
    assert TaskGraph(tasks).waves == (("a1",), ("a2",), ("a3",))
    assert skipped == (
        ("u1", "not in stream `api`"),
        ("u2", "not in stream `api`"),
        ("x", "not in stream `api`"),
    )
    assert taken_as_done(chains(), tasks, ("API",)) == (
        "`a3` waits for `u1` of stream `ui`, which is taken as done",
    )


def test_streams_add_up_and_meet_only_and_skip() -> None:
    tasks, _ = select(chains(), (), ("u1",), ("api", "ui"))
    assert TaskGraph(tasks).waves == (("a1",), ("a2",))
    tasks, _ = select(chains(), ("a1", "u1"), (), ("ui",))
    assert TaskGraph(tasks).waves == (("u1",),)
    with pytest.raises(UsageError, match="`--only` and `--stream` leave no task"):
        select(chains(), ("a1",), (), ("ui",))


@pytest.mark.parametrize(
    ("tasks", "hint"),
    [
        ([task("a", stream="api")], "Did you mean `api`?"),
        ([task("a", stream="night"), task("b", stream="day")], "It has `night`, `day`"),
        (
            [task("a")],
            "A stream is a column `Stream` of a table, a task's `stream`, or one of several plan files",
        ),
    ],
)
def test_an_unknown_stream_is_an_error_that_helps(tasks: list[object], hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        select(TaskGraph(tasks), (), (), ("apis",))  # type: ignore[arg-type]
    assert raised.value.hints == (hint,)


def test_the_view_tells_of_each_stream() -> None:
    rules = StreamRules(name="API", jobs=1, account="team-b")
    sim = Simulation(
        [task("a", stream="api"), task("b", stream="api"), task("c")],
        Script(endings={"b": ["fail"]}),
        streams=(rules,),
    )
    (stream,) = streams(sim.go())
    assert (stream.name, stream.jobs, stream.account, stream.tasks) == ("api", 1, "team-b", ("a", "b"))
    assert dict(stream.states) == {"landed": 1, "failed": 1}
