"""What is known of a run's publishing: folded from its events. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any

from gitpar.core import events as e
from gitpar.core.forges import Layer, RequestState
from gitpar.core.names import CommitId
from gitpar.core.settings import PublishAs
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.core.run import Run


@dataclass(frozen=True, slots=True)
class Published:
    """A request of the run as the forge was last seen to have it."""

    number: int
    url: str
    base: str
    commit: CommitId
    state: RequestState


@dataclass(slots=True)
class Publication:
    """One publishing of a run, the newest. `pushed` are the branches that a push has brought there."""

    mode: PublishAs
    remote: str
    target: str
    layers: tuple[Layer, ...]
    notes: bool = False
    closed: bool = False
    problems: tuple[str, ...] = ()
    requests: dict[str, Published] = field(default_factory=dict)
    """By head."""
    refused: str = ""


def _opened(run: Run, event: e.PublishOpened) -> None:
    before = run.publication.requests if run.publication is not None else {}
    run.publication = Publication(event.mode, event.remote, event.target, event.layers, event.notes)
    heads = {layer.head for layer in event.layers}
    run.publication.requests.update({head: one for head, one in before.items() if head in heads})


def _pushing(run: Run, event: e.BranchesPushing) -> None:
    """From here on the remote may hold these commits, whether or not anybody was told."""
    for push in event.pushes:
        run.pushed.setdefault(push.head, set()).add(push.commit)


def _pushed(run: Run, event: e.BranchesPushed) -> None:
    if run.publication is not None:
        run.publication.refused = event.refused


def _seen(run: Run, event: e.RequestSeen) -> None:
    if run.publication is not None:
        run.publication.requests[event.head] = Published(
            event.number, event.url, event.base, event.commit, event.state
        )


def _closed(run: Run, event: e.PublishClosed) -> None:
    if run.publication is not None:
        run.publication.closed = True
        run.publication.problems = event.problems


def _nothing(_run: Run, _event: e.Event) -> None:
    """What is about to happen changes nothing yet; that notes are there, the remote says."""


PUBLISHING: dict[type[e.Event], Callable[[Run, Any], None]] = {
    e.PublishOpened: _opened,
    e.BranchesPushing: _pushing,
    e.BranchesPushed: _pushed,
    e.NotesPushing: _nothing,
    e.NotesPushed: _nothing,
    e.RequestWriting: _nothing,
    e.RequestMerging: _nothing,
    e.RequestSeen: _seen,
    e.PublishClosed: _closed,
}
