"""Makes the commits of a landing in scratch. What is made here is proved elsewhere, by other code."""

from __future__ import annotations

import re
from typing import Protocol

from gitpar.core.names import CommitId, TreeId
from gitpar.core.settings import Strategy
from gitpar.core.settlement import trailers
from gitpar.git.commits import CommitText, identity, stamp, with_trailers, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.rebase import replay
from gitpar.ports import Landing
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Draft:
    """A landing that was computed and is not proved: its commits, oldest first, and their last tree.

    `made` is how its commits were made, which is not the landing's own strategy where a
    rebase did not go step by step.
    """

    tree: TreeId
    chain: tuple[CommitId, ...]
    made: Strategy
    notes: tuple[str, ...] = ()


class Drafts(Protocol):
    """Who makes the commits of landings. Nothing depends on their being right: each is proved."""

    def draft(self, landing: Landing, tree: TreeId) -> Draft:
        """Makes the commits that land a merged tree, in scratch."""
        ...


def trailers_of(landing: Landing) -> dict[str, str]:
    """Returns the trailers that every commit of a landing carries."""
    return {"Gitpar-Run": landing.run, "Gitpar-Task": landing.task, "Gitpar-Attempt": str(landing.n)}


def all_trailers(landing: Landing) -> list[tuple[str, str]]:
    """Returns the trailers of a landing with those that tell what policies settled."""
    found = landing.settlement
    settled = found.settled if found is not None else ()
    return [*trailers_of(landing).items(), *trailers((*settled, *landing.carried))]


class Drafting:
    """Fulfils Drafts in a coordinator repository, in the user's name."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._identity: str | None = None

    def draft(self, landing: Landing, tree: TreeId) -> Draft:
        """Makes the commits that land a merged tree, in scratch."""
        repository = self._coordinator.pygit()
        made, notes = landing.strategy, []
        if made is Strategy.REBASE:
            # what a policy settled is in none of the commits
            replayed = (
                []
                if landing.settlement
                else replay(self._coordinator, landing, all_trailers(landing), self._who)
            )
            if replayed and replayed[-1][1] == tree:
                return Draft(tree, tuple(commit for commit, _ in replayed), made)
            made = Strategy.SQUASH
            notes.append("squashed: replaying the commits one by one does not give the merged tree")
        parents = [landing.tip, landing.result] if made is Strategy.MERGE else [landing.tip]
        now = stamp(self._who)
        commit = write_commit(repository, tree, parents, CommitText(now, now, _message(landing)))
        return Draft(tree, (commit,), made, tuple(notes))

    @property
    def _who(self) -> str:
        if self._identity is None:
            self._identity = identity(self._coordinator.place.command)
        return self._identity


def _message(landing: Landing) -> bytes:
    title = re.sub(r"\s+", " ", landing.title).strip()
    text = landing.message or f"Merge task {landing.task}: {title}"
    return with_trailers(text.encode(errors="surrogateescape"), all_trailers(landing))
