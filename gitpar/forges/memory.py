"""A forge that lives in this process: real behaviour, no network. For trying things and for tests.

It keeps the rules that publishing relies on: one open request from one branch into
another, none for branches that are not there or bring nothing, no merge of a head that
has moved. What the branches hold is asked of whoever made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from gitpar.core.forges import ChangeRequest, Draft, OpenChange, RequestState
from gitpar.core.names import CommitId
from gitpar.errors import ForgeRefused


class Branches(Protocol):
    """The branches of the repository that a MemoryForge stands for, by short name."""

    def tip(self, branch: str) -> CommitId | None:
        """Returns where a branch stands, None where there is none."""
        ...

    def brings(self, head: CommitId, base: CommitId) -> bool:
        """Says whether `head` has commits that `base` has not."""
        ...

    def merge(self, head: CommitId, branch: str, message: str) -> str:
        """Merges a commit into a branch; returns why it does not merge, else nothing."""
        ...


class MemoryForge:
    """Fulfils ports.Forge."""

    def __init__(self, branches: Branches) -> None:
        self._branches = branches
        self._requests: dict[int, ChangeRequest] = {}

    def listed(self, target: str) -> Sequence[OpenChange]:
        """Returns the open requests into one branch."""
        return [
            OpenChange(each.number, f"#{each.number} {each.head}", each.commit, each.url, each.base)
            for each in map(self.read, self._requests)
            if each.base == target and each.state is RequestState.OPEN
        ]

    def requests(self, head: str) -> Sequence[ChangeRequest]:
        """Returns all requests from one branch."""
        return [each for each in map(self.read, self._requests) if each.head == head]

    def read(self, number: int) -> ChangeRequest:
        """Returns one request; the head of an open one is where its branch stands."""
        if number not in self._requests:
            raise ForgeRefused(404, f"there is no request #{number}")
        found = self._requests[number]
        tip = self._branches.tip(found.head)
        if found.state is RequestState.OPEN and tip is not None:
            return self._keep(replace(found, commit=tip))
        return found

    def open(self, draft: Draft) -> ChangeRequest:
        """Makes a request."""
        head = self._brings(draft)
        for each in self.requests(draft.head):
            if each.base == draft.base and each.state is RequestState.OPEN:
                raise ForgeRefused(422, f"#{each.number} is open from `{draft.head}` into `{draft.base}`")
        number = len(self._requests) + 1
        return self._keep(
            ChangeRequest(
                number,
                draft.head,
                draft.base,
                head,
                RequestState.OPEN,
                draft.title,
                draft.body,
                f"memory:{number}",
            )
        )

    def update(self, number: int, draft: Draft) -> ChangeRequest:
        """Gives a request another base, title and body."""
        found = self.read(number)
        self._tip(draft.base)
        return self._keep(replace(found, base=draft.base, title=draft.title, body=draft.body))

    def merge(self, number: int, commit: CommitId) -> str:
        """Merges a request whose head is `commit`."""
        found = self.read(number)
        if found.state is not RequestState.OPEN:
            return "" if found.state is RequestState.MERGED else "it was closed"
        if found.commit != commit:
            return f"its head is {found.commit[:12]}, not {commit[:12]}"
        refused = self._branches.merge(commit, found.base, f"Merge #{number}: {found.title}")
        if not refused:
            self._keep(replace(found, state=RequestState.MERGED))
        return refused

    def end(self, number: int, state: RequestState) -> None:
        """Closes a request, or marks it as merged, as a person would by hand."""
        self._keep(replace(self.read(number), state=state))

    def _brings(self, draft: Draft) -> CommitId:
        """Returns where the head stands; refuses what would bring nothing."""
        head, base = self._tip(draft.head), self._tip(draft.base)
        if not self._branches.brings(head, base):
            raise ForgeRefused(422, f"`{draft.head}` brings nothing that `{draft.base}` has not")
        return head

    def _tip(self, branch: str) -> CommitId:
        if (tip := self._branches.tip(branch)) is None:
            raise ForgeRefused(422, f"there is no branch `{branch}`")
        return tip

    def _keep(self, request: ChangeRequest) -> ChangeRequest:
        self._requests[request.number] = request
        return request
