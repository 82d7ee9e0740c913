"""A run whose repository proves something else than what is to land: no level moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gitpar.config import load_settings
from gitpar.core.changes import ChangeSet
from gitpar.core.conflicts import ConflictReport
from gitpar.core.events import RunOpened
from gitpar.core.graph import Source, Task
from gitpar.core.names import CommitId, Results, RunId, TaskId, TreeId
from gitpar.core.run import Run, TaskState
from gitpar.core.settings import Strategy
from gitpar.engine.coordinator import Coordinator
from gitpar.journal.lease import Owner
from gitpar.journal.memory import MemoryJournal, MemoryStore
from gitpar.ports import Landing, Proof, Refusal, Repository
from gitpar.ui.console import Quiet
from gitpar.wiring.assemble import pool_settings, world_of
from gitpar.wiring.crew import crew_of
from gitpar.wiring.sandboxing import Sandboxes
from gitpar.wiring.site import Site
from tests.support.repo import Repo, sealed_repo

RUN = RunId("r1")
Prove = Callable[[Repository, Landing, list[Landing]], Proof | Refusal]


class Wrong:
    """Fulfils ports.Repository by another, whose `prove` is called wrongly for the second landing."""

    def __init__(self, right: Repository, prove: Prove) -> None:
        self._right = right
        self._prove = prove
        self._before: list[Landing] = []

    def change_sets(self, pairs: Sequence[tuple[CommitId, CommitId]]) -> Sequence[ChangeSet]:
        return self._right.change_sets(pairs)

    def compare(
        self, base: CommitId, results: Results, *, fold: bool = True, expected: Sequence[Landing] = ()
    ) -> ConflictReport:
        return self._right.compare(base, results, fold=fold, expected=expected)

    def prove(self, landing: Landing) -> Proof | Refusal:
        if not self._before:
            self._before.append(landing)
            return self._right.prove(landing)
        return self._prove(self._right, landing, self._before)

    def carry(self, landing: Landing) -> Proof | Refusal:
        return self._right.carry(landing)

    def undone(self, level_base: CommitId, tip: CommitId, first: CommitId, result: CommitId) -> Sequence[str]:
        return self._right.undone(level_base, tip, first, result)

    def close(self) -> None:
        self._right.close()


def _proved(found: Proof | Refusal) -> Proof:
    assert isinstance(found, Proof), found
    return found


def _changed(**facts: object) -> Prove:
    """Proves the landing with some of it changed."""

    def prove(right: Repository, landing: Landing, _before: list[Landing]) -> Proof | Refusal:
        return right.prove(replace(landing, **facts))  # type: ignore[arg-type]

    return prove


def _spoiled(**facts: object) -> Prove:
    """Proves the landing and changes the proof."""

    def prove(right: Repository, landing: Landing, _before: list[Landing]) -> Proof | Refusal:
        return replace(_proved(right.prove(landing)), **facts)  # type: ignore[arg-type]

    return prove


def _stale(right: Repository, landing: Landing, before: list[Landing]) -> Proof | Refusal:
    return right.prove(replace(landing, tip=before[0].tip))


def _the_one_before(right: Repository, _landing: Landing, before: list[Landing]) -> Proof | Refusal:
    return right.prove(before[0])


def _result_of_the_one_before(right: Repository, landing: Landing, before: list[Landing]) -> Proof | Refusal:
    return right.prove(replace(landing, result=before[0].result))


def _twice(right: Repository, landing: Landing, before: list[Landing]) -> Proof | Refusal:
    return right.prove(replace(before[0], tip=landing.tip))


WRONG: dict[str, Prove] = {
    "on a stale tip": _stale,
    "the landing before again": _the_one_before,
    "the task before once more on top": _twice,
    "the result of the task before": _result_of_the_one_before,
    "as another task": _changed(task=TaskId("c")),
    "as another attempt": _changed(n=2),
    "in another run": _changed(run=RunId("r2")),
    "by another strategy": _changed(strategy=Strategy.SQUASH),
    "another commit": _spoiled(commit=CommitId("1" * 40)),
    "another tree": _spoiled(tree=TreeId("1" * 40)),
    "without a certificate": _spoiled(certificate=""),
    "a certificate of another version": _spoiled(certificate='{"version":0}'),
    "a certificate that is not whole": _spoiled(certificate='{"version":1}'),
}


@pytest.mark.parametrize("wrong", [None, *WRONG])
def test_a_proof_of_something_else_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str | None
) -> None:
    repo = sealed_repo(monkeypatch, tmp_path / "project")
    base = repo.commit("base", {"f": "f\n"})
    run = Run(_opened(repo, base))
    site = Site.at(repo.root)
    settings, _ = load_settings(repo.root, {"jobs": 1}, {})
    journal = MemoryJournal.own(MemoryStore(), RUN, Owner.this_process())
    pool, _ = pool_settings(site, settings)
    sandboxes = Sandboxes.of(site.place.common, repo.root, crew_of(settings, repo.root), settings)
    with world_of(site, run, pool, sandboxes, of_streams={}) as world:
        repository = world.repository if wrong is None else Wrong(world.repository, WRONG[wrong])
        Coordinator(run, journal, replace(world, repository=repository), Quiet()).drive()
    landed = {name for name, task in run.tasks.items() if task.state is TaskState.LANDED}
    tip = repo.git("rev-parse", "refs/heads/gitpar/r1/level/1")
    subjects = repo.git("log", "--first-parent", "--format=%s", f"{base}..{tip}").splitlines()
    noted = repo.git("notes", "--ref", "gitpar", "list").splitlines()
    if wrong is None:
        assert (landed, len(subjects), len(noted)) == ({"a", "b"}, 2, 2)
        return
    assert landed == {"a"}
    assert subjects == ["Merge task a: Do a"]
    assert len(noted) == 1
    held = run.tasks[TaskId("b")]
    assert held.state is TaskState.HELD
    assert held.reason in {"its certificate is about another landing"} | {
        f"`a` has landed already, as {tip[:12]}"
    }


def _opened(repo: Repo, base: CommitId) -> RunOpened:
    settings, _ = load_settings(repo.root, {"jobs": 1}, {})
    tasks = (
        Task(id=TaskId(name), title=f"Do {name}", source=Source("plan"), command=f"echo {name} > {name}.txt")
        for name in ("a", "b")
    )
    return RunOpened(
        at=time.time(),
        run=RUN,
        plans=("plan",),
        format="gitpar",
        tasks=tuple(tasks),
        wave_notes=(),
        base=base,
        settings=settings.run,
    )
