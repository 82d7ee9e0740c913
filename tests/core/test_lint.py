"""Remarks on plans."""

from __future__ import annotations

from gitpar.core.graph import Scope, Source, Task, TaskGraph, TaskStatus
from gitpar.core.intents import Tracked
from gitpar.core.lint import BROAD, Remark, Remarked, remarks
from gitpar.core.names import TaskId

FILES = Tracked([*(f"src/f{n}.py" for n in range(BROAD + 1)), "README.md"])


def task(name: str, *files: str, after: tuple[str, ...] = (), done: bool = False) -> Task:
    return Task(
        id=TaskId(name),
        title=name,
        source=Source("p"),
        depends_on=tuple(map(TaskId, after)),
        scope=Scope(modify=files),
        status=TaskStatus.DONE if done else TaskStatus.PENDING,
    )


def said(*tasks: Task, mode: str | None = None) -> list[Remark]:
    return list(remarks(TaskGraph(tasks), FILES, mode))


def test_a_task_that_writes_very_many_files_is_broad() -> None:
    assert said(task("a", "src/"), task("b", "src/f1*.py"), task("c", "src/", done=True)) == [
        Remark(Remarked.BROAD, (TaskId("a"),), number=BROAD + 1)
    ]
    names = [f"new/{n}" for n in range(BROAD + 1)]
    assert said(task("a", *names[:BROAD])) == []
    assert [one.number for one in said(task("a", *names))] == [BROAD + 1]


def test_tasks_of_one_wave_that_write_one_file_share_it() -> None:
    shared = Remark(Remarked.SHARED, (TaskId("a"), TaskId("c")), "README.md", 1)
    assert said(task("a", "README.md"), task("b", "b"), task("c", "./README.md", "README.md")) == [shared]
    assert said(task("a", "README.md"), task("c", "README.md", after=("a",))) == []
    assert said(task("a", "*.md"), task("c", "*.md")) == []


def test_a_mode_that_nothing_can_follow() -> None:
    chain = [task("a"), task("b", after=("a",)), task("c", after=("b",))]
    for mode in ("parallel_waves", "fully_parallel"):
        assert said(*chain, mode=mode) == [Remark(Remarked.ONE_BY_ONE, path=mode)]
        assert said(*chain, task("d"), mode=mode) == []
        assert said(chain[0], mode=mode) == []
    assert said(*chain) == []
    assert said(*chain, mode="sequential") == []
