"""Streams of a run as people see them."""

from __future__ import annotations

from gitpar.core.run import TaskState
from gitpar.core.stream_states import StreamView
from gitpar.core.view import RunView
from gitpar.ui.plain import clean

HEADINGS = ("Stream", "Landed", "Else", "At once", "Account")
_ELSE = tuple(state for state in TaskState if state is not TaskState.LANDED)


def rows(view: RunView) -> list[tuple[str, ...]]:
    """Returns a row for each stream, under HEADINGS."""
    return [_row(stream) for stream in view.streams]


def _row(stream: StreamView) -> tuple[str, ...]:
    rest = [f"{stream.count(state)} {state.value}" for state in _ELSE if stream.count(state)]
    return (
        clean(stream.name),
        f"{stream.count(TaskState.LANDED)} of {len(stream.tasks)}",
        ", ".join(rest),
        str(stream.jobs) if stream.jobs is not None else "",
        clean(stream.account),
    )
