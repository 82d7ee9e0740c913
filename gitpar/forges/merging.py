"""Merging a request, which every forge may refuse for a moment while it still computes whether it merges."""

from __future__ import annotations

from collections.abc import Callable

from gitpar.core.forges import ChangeRequest, RequestState
from gitpar.core.names import CommitId
from gitpar.errors import ForgeRefused
from gitpar.forges.rest import Patience

_LOOKS = 7
_NOT_NOW = frozenset({405, 406, 409, 422})
"""What forges answer where a request cannot be merged, or not yet."""


def merged_when_settled(
    read: Callable[[], ChangeRequest], commit: CommitId, merge: Callable[[], object], patience: Patience
) -> str:
    """Merges once the forge knows of the commit and whether it merges.

    Returns the forge's reason where it does not, else nothing. A request that is merged by
    the time it is looked at counts as merged.
    """
    for look in range(_LOOKS):
        request = read()
        if request.state is RequestState.MERGED:
            return ""
        if request.state is RequestState.CLOSED:
            return "it was closed"
        if request.settled and request.commit == commit:
            break
        patience.pause(min(patience.first_pause_s * 2**look, 8.0))
    try:
        merge()
    except ForgeRefused as refused:
        if refused.status not in _NOT_NOW:
            raise
        return "" if read().state is RequestState.MERGED else refused.message
    return ""
