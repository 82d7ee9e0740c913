"""Compares revisions: which get in each other's way, and in which order the most of them lands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gitpar.core.comparison import Compared
from gitpar.core.names import TaskId
from gitpar.errors import UsageError
from gitpar.git import comparing
from gitpar.git.builds import BuildLook
from gitpar.git.refs import GitRefs
from gitpar.git.repository import discover
from gitpar.symbols import can_read, read_symbols
from gitpar.wiring.request import CompareRequest


def compare(directory: Path, request: CompareRequest) -> Compared:
    """Compares the revisions of a request with each other.

    Raises UsageError for a revision that is not there, EnvironmentFault where there is
    no repository.
    """
    place = discover(directory)
    refs = GitRefs(place)
    try:
        named = [(TaskId(name), refs.resolve(name)) for name in _all_different(request.revisions)]
        base = None if request.base is None else refs.resolve(request.base)
    finally:
        refs.close()
    with comparing.workbench(place) as coordinator:
        look = BuildLook(coordinator, can_read, read_symbols)
        return comparing.compared(coordinator, base, named, look=look)


def _all_different(names: Sequence[str]) -> Sequence[str]:
    """Returns the names; raises UsageError where one was given twice."""
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise UsageError(f"`{twice}` is given twice", "Name every revision once")
    return names
