"""Compares changes: which get in each other's way, and in which order the most of them lands."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gitpar.config import load_settings
from gitpar.core.comparison import Compared
from gitpar.core.names import CommitId, Results, TaskId
from gitpar.core.run import Attempt, AttemptState, Run
from gitpar.errors import UsageError
from gitpar.git import comparing
from gitpar.git.builds import BuildLook
from gitpar.git.coordinator import Coordinator
from gitpar.git.refs import resolved
from gitpar.git.repository import RepositoryPlace
from gitpar.git.snapshots import Snapshots, SnapshotTaker
from gitpar.symbols import can_read, read_symbols
from gitpar.wiring.request import CompareRequest
from gitpar.wiring.site import Site

_PAUSE_S = 1.0
_SHARE = 4
"""Looking again takes at most one part in so many of the time."""


def compare(directory: Path, request: CompareRequest) -> Compared:
    """Compares what a request names, pair by pair, as git would merge it.

    Raises UsageError for a revision that is not there, EnvironmentFault where there is
    no repository or where a shallow clone hides the answer.
    """
    site = Site.at(directory)
    if request.worktrees:
        return next(watch(directory, request))
    if request.run is not None:
        return _compare_run(site, site.chosen(request.run or None), request)
    named = [(TaskId(name), resolved(site.place, name)) for name in _all_different(request.revisions)]
    return _compare(site.place, named, _base(site.place, request.base), request)


def watch(directory: Path, request: CompareRequest) -> Iterator[Compared]:
    """Compares the worktrees now and after each change of what is in them, without end."""
    place = Site.at(directory).place
    base = _base(place, request.base)
    with comparing.workbench(place, _drivers(place)) as coordinator:
        taker = SnapshotTaker(coordinator)
        seen: Snapshots | None = None
        while True:
            began_at = time.monotonic()
            found = taker.take()
            if found != seen:
                seen = found
                if not found.results:
                    raise UsageError("no worktree has anything to compare", *found.notes)
                compared = _compared(coordinator, base, found.results, request)
                yield replace(compared, notes=(*found.notes, *compared.notes))
            time.sleep(max(_PAUSE_S, (_SHARE - 1) * (time.monotonic() - began_at)))


def _compare_run(site: Site, run: Run, request: CompareRequest) -> Compared:
    """Compares what the tasks of a run made at once: of each its first success, before any re-run."""
    results = [
        (task.task.id, attempt.kept)
        for task in run.tasks.values()
        if (attempt := _first_success(task.attempts)) and attempt.kept
    ]
    if not results:
        raise UsageError(
            f"run {run.id} has no results to compare yet", f"See where it stands: gitpar status {run.id}"
        )
    _all_there(site.place, run, results)
    compared = _compare(site.place, results, _base(site.place, request.base) or run.base, request)
    waiting = len(run.tasks) - len(results)
    notes = (f"{waiting} of {len(run.tasks)} tasks have no result and are left out",) if waiting else ()
    return replace(compared, notes=(*notes, *compared.notes))


def _first_success(attempts: Sequence[Attempt]) -> Attempt | None:
    return next((each for each in attempts if each.state is AttemptState.SUCCEEDED), None)


def _all_there(place: RepositoryPlace, run: Run, results: Results) -> None:
    """Raises UsageError where a result was removed together with its keep-ref."""
    asked = "".join(f"{commit}\n" for _, commit in results)
    said = place.command.run("cat-file", "--batch-check", stdin=asked.encode()).text.splitlines()
    for (task, commit), line in zip(results, said, strict=True):
        if not line.startswith(f"{commit} commit "):
            raise UsageError(
                f"what `{task}` made in run {run.id} is gone: commit {commit[:12]} was removed",
                f"What was found while it ran: gitpar report {run.id}",
            )


def _compare(
    place: RepositoryPlace, results: Results, base: CommitId | None, request: CompareRequest
) -> Compared:
    with comparing.workbench(place, _drivers(place)) as coordinator:
        return _compared(coordinator, base, results, request)


def _compared(
    coordinator: Coordinator, base: CommitId | None, results: Results, request: CompareRequest
) -> Compared:
    drivers = _drivers(coordinator.place)
    look = BuildLook(coordinator, can_read, read_symbols) if request.symbols else None
    return comparing.compared(coordinator, base, results, drivers, look=look)


def _drivers(place: RepositoryPlace) -> tuple[str, ...]:
    return load_settings(place.main, {}, os.environ)[0].merge_drivers


def _base(place: RepositoryPlace, revision: str | None) -> CommitId | None:
    return None if revision is None else resolved(place, revision)


def _all_different(names: Sequence[str]) -> Sequence[str]:
    """Returns the names; raises UsageError where one was given twice."""
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise UsageError(f"`{twice}` is given twice", "Name every revision once")
    return names
