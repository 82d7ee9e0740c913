"""Sister runs: how places are divided, and what one run makes of the outcomes of the others."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from gitpar.core.apply import apply
from gitpar.core.asked import Sister, Sisters
from gitpar.core.decide import decide
from gitpar.core.events import Event, LevelOpened, LevelOpening, RunOpened, RunResumed
from gitpar.core.graph import Source, Task
from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.core.run import Run, TaskState
from gitpar.core.settings import RunSettings, Schedule
from gitpar.core.sister_events import LevelShared, Outcome, PlacesGiven
from gitpar.core.sisters import done_with, outcomes, shares, waits_for_sisters
from gitpar.engine.sharing import Places, redistributed

BASE = CommitId("b" * 40)


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 9), min_size=1), st.integers(0, 12))
def test_no_place_is_given_twice_or_for_nothing_and_none_is_kept_back(
    needs: dict[str, int], jobs: int
) -> None:
    found = shares(needs, jobs)
    assert found.keys() == needs.keys()
    assert all(found[name] <= need for name, need in needs.items())
    assert sum(found.values()) == min(jobs, sum(needs.values()))
    wanting = [name for name, need in needs.items() if need]
    assert jobs < len(wanting) or all(found[name] for name in wanting)


class _Shop:
    """Runs of which only their places are looked at: who has so much ready and at work, and hears later."""

    def __init__(self, jobs: int, at_work: tuple[int, int]) -> None:
        """`at_work` are attempts of a dead owner's, which are to be looked after."""
        self.jobs = jobs
        self.runs = [opened(name, jobs, Schedule.DAG) for name in ("api", "web")]
        for run, orphans in zip(self.runs, at_work, strict=True):
            run.queues.ready.clear()
            run.active.update({TaskId(f"orphan {n}"): 1 for n in range(orphans)})
        self.places = [Places(run) for run in self.runs]
        self.told: list[list[PlacesGiven]] = [[] for _ in self.runs]

    def act(self, at: int, what: str) -> None:
        run = self.runs[at]
        event: Event = LevelOpened(at=3.0, level=1)
        if what == "ready":
            run.queues.ready.append(TaskId("r"))
        elif what == "start" and run.queues.ready and len(run.active) < run.pace.jobs:
            run.queues.ready.popleft()
            run.active[TaskId(str(len(run.active)))] = 1
        elif what == "end" and run.active:
            run.active.popitem()
        elif what == "again" and run.active:
            run.active.popitem()
            run.queues.ready.append(TaskId("r"))
        elif what == "hear" and self.told[at]:
            event = self.told[at].pop(0)
            apply(run, event)
        if self.places[at].changed(event):
            for to, jobs in redistributed(self.places, self.jobs):
                self.places[to].promise(jobs)
                self.told[to].append(PlacesGiven(at=3.0, jobs=jobs))
        assert sum(max(run.pace.jobs, len(run.active)) for run in self.runs) <= self.jobs, what


@example((0, 1), 0, [(0, "ready"), (1, "again")])
@given(
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.integers(0, 3),
    st.lists(st.tuples(st.integers(0, 1), st.sampled_from(("ready", "start", "end", "again", "hear")))),
)
def test_where_tasks_start_early_no_place_is_held_twice_and_none_kept_from_who_has_use_for_it(
    at_work: tuple[int, int], more: int, steps: list[tuple[int, str]]
) -> None:
    jobs = max(1, sum(at_work) + more)
    shop = _Shop(jobs, at_work)
    for at in range(2):
        shop.act(at, "joins")
    for at, what in steps:
        shop.act(at, what)
    while any(shop.told):
        for at in range(2):
            shop.act(at, "hear")
    has = [max(run.pace.jobs, len(run.active)) for run in shop.runs]
    use = [len(run.active) + len(run.queues.ready) for run in shop.runs]
    assert sum(has) == min(jobs, sum(use))
    assert all(one <= wanted for one, wanted in zip(has, use, strict=True))


def task(name: str, repo: str, *depends_on: str) -> Task:
    return Task(
        id=TaskId(name),
        title=name,
        source=Source("plan.json"),
        command="true",
        depends_on=tuple(map(TaskId, depends_on)),
        repo=repo,
    )


TASKS = (
    task("a1", "api"),
    task("w1", "web"),
    task("w2", "web"),
    task("a2", "api", "w1"),
    task("w3", "web", "a2"),
)


def opened(own: str, jobs: int = 4, schedule: Schedule = Schedule.WAVES) -> Run:
    """The run of one repository, at work on its first level."""
    sisters = Sisters(own, (Sister("api", "/api"), Sister("web", "/web")))
    run = Run(
        RunOpened(
            at=1.0,
            run=RunId("7f3a"),
            plans=("plan.json",),
            format="gitpar",
            tasks=TASKS,
            wave_notes=(),
            base=BASE,
            settings=RunSettings(jobs=jobs, schedule=schedule),
            sisters=sisters,
        )
    )
    apply(run, LevelOpening(at=2.0, level=1, base=BASE))
    return apply(run, LevelOpened(at=2.0, level=1))


def test_a_run_works_on_its_own_tasks_with_its_share_of_the_places() -> None:
    api, web = opened("api", jobs=3), opened("web", jobs=3)
    assert (list(api.level.ready), list(web.level.ready)) == (["a1"], ["w1", "w2"])  # type: ignore[union-attr]
    assert (api.pace.jobs, web.pace.jobs) == (1, 2)
    assert apply(api, PlacesGiven(at=3.0, jobs=2)).pace.jobs == 2
    assert apply(api, RunResumed(at=4.0)).pace.jobs == 1


def test_a_level_that_is_over_is_stood_behind_until_it_is_over_everywhere() -> None:
    run = opened("api")
    run.tasks[TaskId("a1")].state = TaskState.LANDED
    level = run.level
    assert level is not None
    level.ready.clear()
    level.offered.clear()
    apply(run, RunResumed(at=3.0))
    assert waits_for_sisters(run) is level
    assert (done_with(run), decide(run)) == (1, [])
    assert outcomes(run, 1) == (Outcome(TaskId("a1"), TaskState.LANDED),)
    failed = Outcome(TaskId("w1"), TaskState.FAILED, "exit status 3")
    told = Outcome(TaskId("w2"), TaskState.LANDED, notes="the schema has changed")
    apply(run, LevelShared(at=4.0, level=1, outcomes=(failed, told)))
    assert {name: (task.state, task.reason) for name, task in run.tasks.items()} == {
        "a1": (TaskState.LANDED, ""),
        "w1": (TaskState.FAILED, "exit status 3"),
        "w2": (TaskState.LANDED, ""),
        "a2": (TaskState.BLOCKED, "waits for `w1`, which failed"),
        "w3": (TaskState.BLOCKED, "waits for `w1`, which failed"),
    }
    assert (run.told, run.tasks[TaskId("w2")].answer) == ([TaskId("w2")], "the schema has changed")
    assert (waits_for_sisters(run), run.level, done_with(run)) == (None, None, 3)
