"""`--barrier merged`: the next wave starts from what reviewers have merged of the one before. Pure.

A run that waits for that has ended as one that needs a person: nobody holds it while
people review. When the merge is found, it goes on like any other that is taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gitpar.core import barrier_events as be
from gitpar.core import events as e
from gitpar.core.names import CommitId
from gitpar.core.run import Level, Run, Stage
from gitpar.core.settings import Barrier


def awaited(run: Run) -> Level | None:
    """Returns the level whose request has to be merged before the run can go on, None where it can."""
    level = run.level
    if run.settings.barrier is not Barrier.MERGED or level is None or level.stage is not Stage.WAITING:
        return None
    below = _below(run)
    return below if below is not None and below.merged is None else None


def start(run: Run) -> CommitId:
    """Returns the commit that the next level is cut from."""
    below = _below(run)
    return run.tip if below is None or below.merged is None else below.merged


def _below(run: Run) -> Level | None:
    """The last level that something has landed on."""
    landed = (level for level in reversed(run.levels) if level.tip not in (None, level.base))
    return next(landed, None)


def _merged(run: Run, event: be.LevelMerged) -> None:
    run.levels[event.level - 1].merged = event.commit
    if run.publication is not None:
        run.publication.closed = False


def _lifted(run: Run, _event: be.BarrierLifted) -> None:
    run.settings = replace(run.settings, barrier=Barrier.LANDED)
    if run.publication is not None:
        run.publication.closed = False


BARRIER: dict[type[e.Event], Callable[[Run, Any], None]] = {
    be.LevelMerged: _merged,
    be.BarrierLifted: _lifted,
}
