"""What it means for a run that somebody else goes on with it. Pure; part of `apply`."""

from __future__ import annotations

from gitpar.core import budgets, early, pacing
from gitpar.core import events as e
from gitpar.core.landings import line_up
from gitpar.core.run import Run, Stage


def resumed(run: Run, event: e.RunResumed) -> None:
    """Opens again what the former owner had begun; the pause is nobody's time."""
    if run.since is not None:
        run.worked_s += run.last_at - run.since
    for level in run.levels[run.current :]:
        if level.opened_at:
            level.opened_at += max(0.0, event.at - run.last_at)
    run.end = run.closing = None
    run.stop_requested = run.stop_now = run.stopping = False
    run.paused_until = 0.0
    run.to_end.clear()
    budgets.raised(run, event)
    pacing.begin(run)
    run.agreed = None
    if run.sisters is not None and run.level is not None and not run.dag:
        from gitpar.core.sisters import share_out  # noqa: PLC0415 - most runs are in one repository

        share_out(run, run.level)
    run.trouble = run.disturbed = run.message = ""
    run.since = event.at
    run.orphans = dict(run.active)
    run.recovering.clear()
    if run.gates is not None:
        run.gates.resumed(run)
    for level in run.levels:
        if level.stage is Stage.OPENING:
            level.stage = Stage.WAITING
        elif level.stage is Stage.COMPARING:
            level.stage = Stage.WORKING
        line_up(level)
        level.noting = None
    early.resumed(run)
