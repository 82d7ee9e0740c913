"""Pull requests as GitHub invented them and Gitea and Forgejo speak them too: what both have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gitpar.core.forges import ChangeRequest, Draft, OpenChange, RequestState
from gitpar.core.names import CommitId
from gitpar.forges.merging import merged_when_settled
from gitpar.forges.rest import Rest

Understands = Callable[[Mapping[str, Any]], ChangeRequest]


class PullRequests:
    """Half of ports.Forge: reads, opens and changes single pull requests; `understands` reads one."""

    def __init__(self, rest: Rest, understands: Understands) -> None:
        self._rest = rest
        self._understands = understands
        self._pulls = f"/repos/{rest.address.repository}/pulls"

    def read(self, number: int) -> ChangeRequest:
        """Returns one pull request."""
        return self._rest.read(self._understands, f"{self._pulls}/{number}", f"to show #{number}")

    def open(self, draft: Draft) -> ChangeRequest:
        """Makes a pull request."""
        body = {"title": draft.title, "head": draft.head, "base": draft.base, "body": draft.body}
        what = f"a pull request from `{draft.head}` into `{draft.base}`"
        return self._rest.understood(self._understands, self._rest.once("POST", self._pulls, what, body))

    def update(self, number: int, draft: Draft) -> ChangeRequest:
        """Changes base, title and body of a pull request."""
        body = {"title": draft.title, "base": draft.base, "body": draft.body}
        changed = self._rest.change("PATCH", f"{self._pulls}/{number}", f"to change #{number}", body)
        return self._rest.understood(self._understands, changed)

    def _merged(self, method: str, number: int, commit: CommitId, body: Mapping[str, Any]) -> str:
        """Merges a pull request at a commit, in the forge's own words; returns why not, else nothing."""

        def ask() -> object:
            return self._rest.once(method, f"{self._pulls}/{number}/merge", f"to merge #{number}", body)

        return merged_when_settled(lambda: self.read(number), commit, ask, self._rest.patience)


def open_change(item: Mapping[str, Any]) -> OpenChange:
    """Reads a row of a list as an open pull request."""
    number, head = int(item["number"]), item["head"]
    return OpenChange(
        number,
        f"#{number} {head['ref']}",
        CommitId(head["sha"]),
        f"refs/pull/{number}/head",
        item["base"]["ref"],
    )


def change_request(item: Mapping[str, Any], *, merged: bool, settled: bool = True) -> ChangeRequest:
    """Reads a pull request; whether it is merged and settled, each forge says in words of its own."""
    return ChangeRequest(
        number=int(item["number"]),
        head=item["head"]["ref"],
        base=item["base"]["ref"],
        commit=CommitId(item["head"]["sha"]),
        state=RequestState.MERGED if merged else RequestState(item["state"]),
        title=item["title"],
        body=item.get("body") or "",
        url=item["html_url"],
        settled=settled,
    )
