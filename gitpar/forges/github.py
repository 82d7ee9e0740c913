"""Pull requests on GitHub.

Source: docs.github.com/rest/pulls/pulls, version 2022-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitpar.core.forges import ChangeRequest, Draft, OpenChange, RequestState
from gitpar.core.names import CommitId
from gitpar.forges.merging import merged_when_settled
from gitpar.forges.rest import Rest


class GitHub:
    """Fulfils ports.Forge."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._pulls = f"/repos/{rest.address.repository}/pulls"
        self._owner = rest.address.repository.partition("/")[0]

    def listed(self, target: str) -> Sequence[OpenChange]:
        """Returns the open pull requests into one branch."""
        what = f"to list the open requests into `{target}`"
        return self._rest.all(_listed, self._pulls, what, state="open", base=target, per_page=100)

    def requests(self, head: str) -> Sequence[ChangeRequest]:
        """Returns all pull requests from one branch of the repository itself."""
        what = f"to list the requests from `{head}`"
        whose = f"{self._owner}:{head}"
        found = self._rest.all(_request, self._pulls, what, state="all", head=whose, per_page=100)
        return [request for request in found if request.head == head]

    def read(self, number: int) -> ChangeRequest:
        """Returns one pull request."""
        return self._rest.read(_request, f"{self._pulls}/{number}", f"to show #{number}")

    def open(self, draft: Draft) -> ChangeRequest:
        """Makes a pull request."""
        body = {"title": draft.title, "head": draft.head, "base": draft.base, "body": draft.body}
        what = f"a pull request from `{draft.head}` into `{draft.base}`"
        return self._rest.understood(_request, self._rest.once("POST", self._pulls, what, body))

    def update(self, number: int, draft: Draft) -> ChangeRequest:
        """Changes base, title and body of a pull request."""
        body = {"title": draft.title, "base": draft.base, "body": draft.body}
        what = f"to change #{number}"
        return self._rest.understood(
            _request, self._rest.change("PATCH", f"{self._pulls}/{number}", what, body)
        )

    def merge(self, number: int, commit: CommitId) -> str:
        """Merges a pull request by a merge commit."""
        body = {"sha": commit, "merge_method": "merge"}

        def put() -> object:
            return self._rest.once("PUT", f"{self._pulls}/{number}/merge", f"to merge #{number}", body)

        return merged_when_settled(lambda: self.read(number), commit, put, self._rest.patience)


def _listed(item: Mapping[str, Any]) -> OpenChange:
    number = int(item["number"])
    head = item["head"]
    return OpenChange(
        number,
        f"#{number} {head['ref']}",
        CommitId(head["sha"]),
        f"refs/pull/{number}/head",
        item["base"]["ref"],
    )


def _request(item: Mapping[str, Any]) -> ChangeRequest:
    merged = item.get("merged_at") is not None
    state = RequestState.MERGED if merged else RequestState(item["state"])
    return ChangeRequest(
        number=int(item["number"]),
        head=item["head"]["ref"],
        base=item["base"]["ref"],
        commit=CommitId(item["head"]["sha"]),
        state=state,
        title=item["title"],
        body=item.get("body") or "",
        url=item["html_url"],
        # a list does not say; a single pull request says null until it is known
        settled="mergeable" not in item or item["mergeable"] is not None or merged,
    )
