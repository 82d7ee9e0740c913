"""Every sentence said about publishing while it goes and when it is over. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitpar.core import events as e
from gitpar.core.forges import RequestState
from gitpar.core.run import Run
from gitpar.core.settings import PublishAs
from gitpar.core.view import PublicationView, RequestView, RunView
from gitpar.ui.plain import clean, named

_STATES = {
    RequestState.OPEN: "is open",
    RequestState.MERGED: "is merged",
    RequestState.CLOSED: "is closed",
}


def _opened(event: e.PublishOpened, run: Run) -> list[str]:
    parts = "1 branch" if len(event.layers) == 1 else f"{len(event.layers)} branches"
    into = f" for {named(event.target)}" if event.target else ""
    return [f"publishing run {run.id} ({event.mode.value}): {parts} to {named(event.remote)}{into}"]


def _pushed(event: e.BranchesPushed, run: Run) -> list[str]:
    remote = named(run.publication.remote) if run.publication is not None else "the remote"
    if event.refused:
        return [f"{remote} refused the push, nothing moved there: {clean(event.refused)}"]
    return [f"pushed to {remote}"]


def _noted(event: e.NotesPushed, _run: Run) -> list[str]:
    return ["pushed the certificates"] if not event.refused else []


def _seen(event: e.RequestSeen, _run: Run) -> list[str]:
    where = f"{named(event.head)} into {named(event.base)}"
    return [f"request {event.number} {_STATES[event.state]}: {where}, {clean(event.url)}"]


def _merging(event: e.RequestMerging, _run: Run) -> list[str]:
    return [f"merging request {event.number}"]


def _closed(event: e.PublishClosed, run: Run) -> list[str]:
    told = [clean(problem) for problem in event.problems]
    if run.publication is not None and not run.publication.layers:
        return ["nothing landed, so nothing was published"]
    return [*told, "published" if not told else "published as far as could be"]


SAID: dict[type[e.Event], Callable[[Any, Run], list[str]]] = {
    e.PublishOpened: _opened,
    e.BranchesPushed: _pushed,
    e.NotesPushed: _noted,
    e.RequestSeen: _seen,
    e.RequestMerging: _merging,
    e.PublishClosed: _closed,
}
"""What is said of each event, as in `text`."""


def published_lines(view: RunView) -> list[str]:
    """Says how a run stands on remote and forge; empty where it was not published."""
    if view.repositories:
        from gitpar.ui import several  # noqa: PLC0415 - most runs are in one repository

        return several.published_lines(view, published_lines)
    found = view.publication
    if found is None:
        return []
    lines = [_part(found, request) for request in found.requests]
    return [*lines, *map(clean, found.problems)]


def _part(found: PublicationView, request: RequestView) -> str:
    if found.mode in (PublishAs.BRANCH, PublishAs.INTO):
        return f"{named(request.branch)} of {named(found.remote)} at {request.commit[:12]}"
    if request.number is None:
        return f"{named(request.branch)}: no request yet"
    into = f"{named(request.branch)} into {named(request.base)}"
    return f"request {request.number} is {request.state}: {into}, {clean(request.url)}"
