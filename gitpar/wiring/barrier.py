"""Waits until the request of a wave was merged by its reviewers, and takes the run on from there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from gitpar.core.barrier import awaited
from gitpar.core.barrier_events import LevelMerged
from gitpar.core.forges import ChangeRequest, RequestState
from gitpar.core.names import MERGED, level_ref, short
from gitpar.core.run import Level, Run
from gitpar.core.view import RunView, view
from gitpar.errors import EnvironmentFault, GitparError
from gitpar.forges.at import forge_at
from gitpar.git.holding import lacking
from gitpar.git.remotes import GitRemote
from gitpar.git.repository import RepositoryPlace
from gitpar.ports import Forge, Watcher
from gitpar.values import dataclass
from gitpar.wiring.publishing import goal_of
from gitpar.wiring.request import PublishRequest
from gitpar.wiring.running import resume
from gitpar.wiring.site import Site

_FIRST_S = 1.0
_LONGEST_S = 300.0
_GROWTH = 1.5
_MOST_LOST = 10
"""So often in a row the forge or the remote may not be reached before the waiting is given up."""
_NAMED = 5


class NotMerged(GitparError):
    """The request was closed, or what was merged is not what landed; the run is as it was."""


@dataclass(frozen=True, slots=True)
class _Sides:
    place: RepositoryPlace
    forge: Forge
    remote: GitRemote
    target: str


def await_merge(directory: Path, named: str, request: PublishRequest, watcher: Watcher) -> RunView:
    """Asks again and again whether the wave that a run waits for was merged, and goes on with the run then.

    Returns the run as it was where the time to wait is over. Raises NotMerged where its
    request was closed, or where the target does not hold what landed.
    """
    site = Site.at(directory)
    run = site.chosen(named)
    level = awaited(run)
    if level is None or run.publication is None:
        return view(run, run.last_at)
    sides = _sides(site, run, request)
    until = None if run.settings.barrier_wait_s is None else time.monotonic() + run.settings.barrier_wait_s
    found = _polled(lambda: _merged(sides, run, level), until)
    if found is None:
        return view(run, run.last_at)
    merged = _held(sides, run, level, found)
    return resume(directory, run.id, watcher, found=(merged,))


def _sides(site: Site, run: Run, request: PublishRequest) -> _Sides:
    goal = goal_of(site.place, run.settings, request)
    known = run.publication
    if goal.address is None or known is None:
        raise ValueError("a run that waits for a merge has published requests")
    return _Sides(site.place, forge_at(goal.address), GitRemote(site.place, known.remote), known.target)


def _polled(ask: Callable[[], ChangeRequest | None], until: float | None) -> ChangeRequest | None:
    """Asks until there is an answer or the time is over; what cannot be reached is asked again later."""
    pause, lost = _FIRST_S, 0
    while True:
        try:
            if (found := ask()) is not None:
                return found
            lost = 0
        except EnvironmentFault:
            lost += 1
            if lost >= _MOST_LOST:
                raise
        left = pause if until is None else until - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(pause, left))
        pause = min(pause * _GROWTH, _LONGEST_S)


def _merged(sides: _Sides, run: Run, level: Level) -> ChangeRequest | None:
    """Returns the level's request once it is merged, None while it is open."""
    head = short(level_ref(run.settings.prefix, run.id, level.number))
    requests = sides.forge.requests(head)
    merged = [each for each in requests if each.state is RequestState.MERGED]
    if merged:
        return max(merged, key=lambda each: each.number)
    if any(each.state is RequestState.OPEN for each in requests):
        return None
    newest = max(requests, key=lambda each: each.number, default=None)
    what = f"request {newest.number} from `{head}` was closed" if newest else f"`{head}` has no request"
    raise NotMerged(
        f"{what}, so wave {level.number} is not merged; nothing was started",
        "Open it again and have it merged, then the same again",
        *_else(run),
    )


def _held(sides: _Sides, run: Run, level: Level, found: ChangeRequest) -> LevelMerged:
    """Fetches the target and returns what goes into the journal, once it holds what landed."""
    commit = sides.remote.fetch(sides.target, f"{MERGED}{run.id}/{level.number}")
    tip = level.tip
    if tip is None:
        raise ValueError(f"level {level.number} has no tip")
    paths = lacking(sides.place, commit, tip)
    if paths:
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        named = ", ".join(f"`{path}`" for path in paths[:_NAMED]) + more
        raise NotMerged(
            f"request {found.number} was merged, but `{sides.target}` at {commit[:12]} does not hold "
            f"what landed in wave {level.number}: {named}",
            f"See what differs: git diff {commit[:12]} {tip[:12]}",
            *_else(run),
        )
    return LevelMerged(at=time.time(), level=level.number, commit=commit)


def _else(run: Run) -> tuple[str, ...]:
    return (f"To start the next wave from the level's own branch: gitpar resume {run.id} --barrier landed",)
