"""Pull requests on GitHub.

Source: docs.github.com/rest/pulls/pulls, version 2022-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitpar.core.forges import ChangeRequest, OpenChange
from gitpar.core.names import CommitId
from gitpar.forges.pulls import PullRequests, change_request, open_change
from gitpar.forges.rest import Rest


class GitHub(PullRequests):
    """Fulfils ports.Forge."""

    def __init__(self, rest: Rest) -> None:
        super().__init__(rest, _request)
        self._owner = rest.address.repository.partition("/")[0]

    def listed(self, target: str) -> Sequence[OpenChange]:
        """Returns the open pull requests into one branch."""
        what = f"to list the open requests into `{target}`"
        return self._rest.all(open_change, self._pulls, what, state="open", base=target, per_page=100)

    def requests(self, head: str) -> Sequence[ChangeRequest]:
        """Returns all pull requests from one branch of the repository itself."""
        what = f"to list the requests from `{head}`"
        whose = f"{self._owner}:{head}"
        found = self._rest.all(_request, self._pulls, what, state="all", head=whose, per_page=100)
        return [request for request in found if request.head == head]

    def merge(self, number: int, commit: CommitId) -> str:
        """Merges a pull request by a merge commit."""
        return self._merged("PUT", number, commit, {"sha": commit, "merge_method": "merge"})


def _request(item: Mapping[str, Any]) -> ChangeRequest:
    merged = item.get("merged_at") is not None
    # a list does not say; a single pull request says null until it is known
    settled = "mergeable" not in item or item["mergeable"] is not None or merged
    return change_request(item, merged=merged, settled=settled)
