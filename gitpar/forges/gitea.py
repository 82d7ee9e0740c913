"""Pull requests on Gitea and Forgejo.

Source: the description that every Gitea serves at /swagger.v1.json, and the code of
Gitea 1.22 for what that does not say. Its list of pull requests knows no branches, so it
is read newest change first and searched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitpar.core.forges import ChangeRequest, OpenChange
from gitpar.core.names import CommitId
from gitpar.forges.pulls import PullRequests, change_request, open_change
from gitpar.forges.rest import Rest

_PAGE = 50
"""The longest page that a Gitea gives unless it was told otherwise."""


class Gitea(PullRequests):
    """Fulfils ports.Forge."""

    def __init__(self, rest: Rest) -> None:
        super().__init__(rest, _request)

    def listed(self, target: str) -> Sequence[OpenChange]:
        """Returns the open pull requests into one branch."""
        what = f"to list the open requests into `{target}`"
        found = self._rest.all(open_change, self._pulls, what, state="open", limit=_PAGE)
        return [change for change in found if change.target == target]

    def requests(self, head: str) -> Sequence[ChangeRequest]:
        """Returns the pull requests from one branch of the repository itself, of the last 2,500 of all."""
        what = f"to list the requests from `{head}`"
        found = self._rest.all(_own, self._pulls, what, state="all", sort="recentupdate", limit=_PAGE)
        return [request for request in found if request is not None and request.head == head]

    def merge(self, number: int, commit: CommitId) -> str:
        """Merges a pull request by a merge commit."""
        # `do` since Gitea 1.27, whose decoder knows capitals from small letters; what read `Do` before takes
        # either for one, and each ignores what it does not know
        return self._merged("POST", number, commit, {"Do": "merge", "do": "merge", "head_commit_id": commit})


def _own(item: Mapping[str, Any]) -> ChangeRequest | None:
    """Returns a request, None for one from a fork, whose branch may be called the same."""
    return _request(item) if item["head"]["repo_id"] == item["base"]["repo_id"] else None


def _request(item: Mapping[str, Any]) -> ChangeRequest:
    return change_request(item, merged=bool(item.get("merged")))
