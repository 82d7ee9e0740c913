"""Pull requests on Gitea and Forgejo.

Source: the description that every Gitea serves at /swagger.v1.json, and the code of
Gitea 1.22 for what that does not say. Its list of pull requests knows no branches, so it
is read newest change first and searched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitpar.core.forges import ChangeRequest, Draft, OpenChange, RequestState
from gitpar.core.names import CommitId
from gitpar.forges.merging import merged_when_settled
from gitpar.forges.rest import Rest

_PAGE = 50
"""The longest page that a Gitea gives unless it was told otherwise."""


class Gitea:
    """Fulfils ports.Forge."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._pulls = f"/repos/{rest.address.repository}/pulls"

    def listed(self, target: str) -> Sequence[OpenChange]:
        """Returns the open pull requests into one branch."""
        what = f"to list the open requests into `{target}`"
        found = self._rest.all(_listed, self._pulls, what, state="open", limit=_PAGE)
        return [change for change in found if change.target == target]

    def requests(self, head: str) -> Sequence[ChangeRequest]:
        """Returns the pull requests from one branch of the repository itself, of the last 2,500 of all."""
        what = f"to list the requests from `{head}`"
        found = self._rest.all(_own, self._pulls, what, state="all", sort="recentupdate", limit=_PAGE)
        return [request for request in found if request is not None and request.head == head]

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
        body = {"Do": "merge", "head_commit_id": commit}

        def post() -> object:
            what = f"to merge #{number}"
            return self._rest.once("POST", f"{self._pulls}/{number}/merge", what, body)

        return merged_when_settled(lambda: self.read(number), commit, post, self._rest.patience)


def _own(item: Mapping[str, Any]) -> ChangeRequest | None:
    """Returns a request, None for one from a fork, whose branch may be called the same."""
    return _request(item) if item["head"]["repo_id"] == item["base"]["repo_id"] else None


def _listed(item: Mapping[str, Any]) -> OpenChange:
    number = int(item["number"])
    head = item["head"]
    commit = CommitId(head["sha"])
    return OpenChange(
        number, f"#{number} {head['ref']}", commit, f"refs/pull/{number}/head", item["base"]["ref"]
    )


def _request(item: Mapping[str, Any]) -> ChangeRequest:
    return ChangeRequest(
        number=int(item["number"]),
        head=item["head"]["ref"],
        base=item["base"]["ref"],
        commit=CommitId(item["head"]["sha"]),
        state=RequestState.MERGED if item.get("merged") else RequestState(item["state"]),
        title=item["title"],
        body=item.get("body") or "",
        url=item["html_url"],
    )
