"""How a run stops and ends. Pure; part of `apply`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitpar.core import events as e
from gitpar.core.run import Run


def _stop_requested(run: Run, event: e.StopRequested) -> None:
    run.stop_requested = True
    run.stop_now = run.stop_now or event.now


def _workers_stopping(run: Run, _event: e.WorkersStopping) -> None:
    run.stopping = True


def _run_closing(run: Run, event: e.RunClosing) -> None:
    run.closing = event.end


def _run_closed(run: Run, event: e.RunClosed) -> None:
    run.end = event.end
    run.message = event.message
    run.worked_s += max(0.0, event.at - (run.since if run.since is not None else event.at))
    run.since = None


STOPPING: dict[type[e.Event], Callable[[Run, Any], None]] = {
    e.StopRequested: _stop_requested,
    e.WorkersStopping: _workers_stopping,
    e.RunClosing: _run_closing,
    e.RunClosed: _run_closed,
}
