"""Computes a landing in scratch, proves it, and only then writes it into the user's store."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gitpar.core.changes import ChangeKind
from gitpar.core.conflicts import PathConflict
from gitpar.core.names import NO_COMMIT, CommitId, TreeId
from gitpar.core.settings import Strategy
from gitpar.git import certificate
from gitpar.git.attributes import Attributes
from gitpar.git.changes import read_change_sets
from gitpar.git.commits import CommitText, identity, publish, stamp, with_trailers, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.foresight import Foresight, Merged
from gitpar.git.mergetree import SingleMerge
from gitpar.git.objects import ObjectWriter
from gitpar.git.opinion import Sides, form, level_entries, whole
from gitpar.git.rebase import replay
from gitpar.git.trees import difference, tree_of
from gitpar.ports import Landing, Proof, Refusal

if TYPE_CHECKING:
    from pygit2 import Repository


class Lander:
    """Proves landings one after another; not for several threads."""

    def __init__(self, coordinator: Coordinator, attributes: Attributes) -> None:
        self._coordinator = coordinator
        self._attributes = attributes
        self._foresight = Foresight(coordinator)
        self._store = ObjectWriter(coordinator.store, coordinator.git_dir)

    def foresee(self, base: CommitId, results: Iterable[CommitId]) -> None:
        """Has git merge the results of a wave, in landing order, all at once."""
        self._foresight.look(base, results)

    def close(self) -> None:
        """Ends the processes that write into the user's store."""
        self._store.close()

    def prove(self, landing: Landing) -> Proof | Refusal:
        """Computes the landing commit and its certificate; nothing is stored where it is refused.

        `git merge-tree` decides while libgit2 merges for itself; what both agree on is stored.
        """
        repository = self._coordinator.pygit()
        self._attributes.follow(repository, tree_of(repository, landing.tip))
        parting = CommitId(str(repository.merge_base(landing.tip, landing.result) or NO_COMMIT))
        if problem := certificate.ancestry_problem(repository, landing, parting):
            return Refusal(reason=problem)
        sides = Sides(parting, landing.tip, landing.result)
        merged = self._foresight.find(repository, sides) or self._merged(repository, sides)
        opinion, outcome = merged.opinion, merged.outcome
        if not outcome.clean:
            return Refusal(conflicts=tuple(_named(conflict, landing) for conflict in outcome.conflicts))
        landed = difference(repository, tree_of(repository, landing.tip), outcome.tree)
        evidence = certificate.Evidence(merged.task, merged.level, landed.files)
        if certificate.strangers(evidence):
            opinion = whole(self._coordinator, sides)
            changes = read_change_sets(self._coordinator.scratch, [(parting, landing.tip)])[0].files
            renames = tuple(change for change in changes if change.kind is ChangeKind.RENAMED)
            evidence = replace(evidence, renames=renames)
        if problem := opinion.objection(repository, outcome.tree):
            return Refusal(reason=problem)
        if paths := certificate.strangers(evidence):
            return Refusal(reason=f"the landing would not be what the task did: {', '.join(paths)}")
        facts = {"merge_base": parting, "second": opinion.extent.value, "paths": len(landed.files)}
        return self._stored(landing, outcome.tree, landed.objects, facts)

    def _merged(self, repository: Repository, sides: Sides) -> Merged:
        with SingleMerge(self._coordinator.scratch, sides.tip, sides.result) as merge:
            # git works on it meanwhile
            base, tip, result = (tree_of(repository, at) for at in (sides.base, sides.tip, sides.result))
            task = difference(repository, base, result).files
            level = level_entries(repository, tip, task)
            return Merged(task, level, form(self._coordinator, sides, task, level), merge.outcome())

    def _stored(
        self, landing: Landing, tree: TreeId, objects: Sequence[str], facts: Mapping[str, object]
    ) -> Proof | Refusal:
        """Makes the landing's commits and writes them, with what they need, into the user's store."""
        repository = self._coordinator.pygit()
        chain, needed, notes = self._commits(repository, landing, tree)
        if problem := certificate.chain_problem(repository, landing, chain, tree):
            return Refusal(reason=problem)
        text = certificate.write(landing, chain, tree, {**facts, "engines": self._engines, "notes": notes})
        new = [object_id for object_id in (*objects, *needed) if self._in_scratch(object_id)]
        publish(repository, self._store, (*new, *chain))
        return Proof(chain[-1], tree, text)

    def _commits(
        self, repository: Repository, landing: Landing, tree: TreeId
    ) -> tuple[list[CommitId], list[str], list[str]]:
        """The landing's commits, oldest first, further objects they need, and notes for the certificate."""
        trailers = {"Gitpar-Run": landing.run, "Gitpar-Task": landing.task, "Gitpar-Attempt": str(landing.n)}
        notes: list[str] = []
        if landing.strategy is Strategy.REBASE:
            replayed = replay(self._coordinator, landing, trailers, self._who)
            if replayed and replayed[-1][1] == tree:
                return [commit for commit, _ in replayed], _steps(repository, landing, replayed), notes
            notes.append("squashed: replaying the commits one by one does not give the merged tree")
        merge = landing.strategy is Strategy.MERGE
        parents = [landing.tip, landing.result] if merge else [landing.tip]
        now = stamp(self._who)
        text = CommitText(now, now, _message(landing, trailers))
        return [write_commit(repository, tree, parents, text)], [], notes

    def _in_scratch(self, object_id: str) -> bool:
        return (self._coordinator.objects / object_id[:2] / object_id[2:]).exists()

    @functools.cached_property
    def _who(self) -> str:
        return identity(self._coordinator.place.command)

    @functools.cached_property
    def _engines(self) -> list[str]:
        from pygit2 import LIBGIT2_VERSION  # noqa: PLC0415 - loaded with the repository

        version = ".".join(str(part) for part in self._coordinator.place.git_version)
        return [f"git {version}", f"libgit2 {LIBGIT2_VERSION}"]


def _steps(repository: Repository, landing: Landing, replayed: list[tuple[CommitId, TreeId]]) -> list[str]:
    """What the trees between the tip and the last one need."""
    before, needed = tree_of(repository, landing.tip), []
    for _, tree in replayed:
        needed += difference(repository, before, tree).objects
        before = tree
    return needed


def _message(landing: Landing, trailers: Mapping[str, str]) -> bytes:
    title = re.sub(r"\s+", " ", landing.title).strip()
    text = landing.message or f"Merge task {landing.task}: {title}"
    return with_trailers(text.encode(errors="surrogateescape"), trailers)


def _named(conflict: PathConflict, landing: Landing) -> PathConflict:
    """Says "the level" and the task's id where git names commits."""
    message = conflict.message.replace(landing.tip, "the level").replace(landing.result, f"`{landing.task}`")
    path = conflict.path.removesuffix(f"~{landing.tip}").removesuffix(f"~{landing.result}")
    return replace(conflict, path=path, message=message)
