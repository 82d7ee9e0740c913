"""Merge requests on GitLab.

Source: docs.gitlab.com/api/merge_requests, version 4 of the interface.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

from gitpar.core.forges import ChangeRequest, Draft, OpenChange, RequestState
from gitpar.core.names import CommitId
from gitpar.forges.merging import merged_when_settled
from gitpar.forges.rest import Rest

_STATES = {
    "opened": RequestState.OPEN,
    "locked": RequestState.OPEN,  # for as long as a merge takes
    "merged": RequestState.MERGED,
    "closed": RequestState.CLOSED,
}
_COMPUTING = frozenset({"unchecked", "checking", "preparing", "cannot_be_merged_recheck"})


class GitLab:
    """Fulfils ports.Forge."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        project = urllib.parse.quote(rest.address.repository, safe="")
        self._merges = f"/projects/{project}/merge_requests"

    def listed(self, target: str) -> Sequence[OpenChange]:
        """Returns the open merge requests into one branch."""
        what = f"to list the open requests into `{target}`"
        return self._rest.all(_listed, self._merges, what, state="opened", target_branch=target, per_page=100)

    def requests(self, head: str) -> Sequence[ChangeRequest]:
        """Returns all merge requests from one branch of the project itself."""
        what = f"to list the requests from `{head}`"
        found = self._rest.all(_own, self._merges, what, state="all", source_branch=head, per_page=100)
        return [request for request in found if request is not None]

    def read(self, number: int) -> ChangeRequest:
        """Returns one merge request."""
        return self._rest.read(_request, f"{self._merges}/{number}", f"to show !{number}")

    def open(self, draft: Draft) -> ChangeRequest:
        """Makes a merge request."""
        body = {
            "source_branch": draft.head,
            "target_branch": draft.base,
            "title": draft.title,
            "description": draft.body,
        }
        what = f"a merge request from `{draft.head}` into `{draft.base}`"
        return self._rest.understood(_request, self._rest.once("POST", self._merges, what, body))

    def update(self, number: int, draft: Draft) -> ChangeRequest:
        """Changes target, title and description of a merge request."""
        body = {"target_branch": draft.base, "title": draft.title, "description": draft.body}
        what = f"to change !{number}"
        return self._rest.understood(
            _request, self._rest.change("PUT", f"{self._merges}/{number}", what, body)
        )

    def merge(self, number: int, commit: CommitId) -> str:
        """Merges a merge request, at once or not at all."""

        def put() -> object:
            what = f"to merge !{number}"
            return self._rest.once("PUT", f"{self._merges}/{number}/merge", what, {"sha": commit})

        return merged_when_settled(lambda: self.read(number), commit, put, self._rest.patience)


def _listed(item: Mapping[str, Any]) -> OpenChange:
    number = int(item["iid"])
    return OpenChange(
        number,
        f"!{number} {item['source_branch']}",
        CommitId(item["sha"]),
        f"refs/merge-requests/{number}/head",
        item["target_branch"],
    )


def _own(item: Mapping[str, Any]) -> ChangeRequest | None:
    """Returns a request, None for one from a fork, whose branch may be called the same."""
    return _request(item) if item["source_project_id"] == item["target_project_id"] else None


def _request(item: Mapping[str, Any]) -> ChangeRequest:
    state = _STATES[item["state"]]
    # older GitLabs say merge_status only
    status = item.get("detailed_merge_status") or item.get("merge_status") or ""
    return ChangeRequest(
        number=int(item["iid"]),
        head=item["source_branch"],
        base=item["target_branch"],
        commit=CommitId(item["sha"] or ""),
        state=state,
        title=item["title"],
        body=item.get("description") or "",
        url=item["web_url"],
        settled=state is not RequestState.OPEN or status not in _COMPUTING,
    )
