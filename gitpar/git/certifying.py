"""Proves a landing that somebody made: the one place that says yes before a level moves.

It reads the finished commits and judges them by what was declared, whoever made them and
however. Nothing is stored, no ref moves.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gitpar.core.certificate import Certificate
from gitpar.core.changes import ChangeKind, FileChange
from gitpar.core.settlement import belongs
from gitpar.git.certificate import Evidence, ancestry_problem, strangers
from gitpar.git.chain import chain_problem
from gitpar.git.changes import read_change_sets
from gitpar.git.coordinator import Coordinator
from gitpar.git.drafting import Draft
from gitpar.git.earlier import Earlier
from gitpar.git.opinion import Opinion, Sides, form, whole
from gitpar.git.parting import Parting
from gitpar.git.survival import lost_lines
from gitpar.git.trees import NO_ENTRY, difference, entry_at, tree_of
from gitpar.ports import Landing

if TYPE_CHECKING:
    from pygit2 import Repository

    from gitpar.git.foresight import Merged


class Certifier:
    """Judges landings in one coordinator repository; not for several threads."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._parting = Parting()
        self._earlier: Earlier | None = None
        self._run = ""

    def ground(self, landing: Landing) -> Sides | str:
        """Returns where tip and result part, or what is wrong with what was declared."""
        repository = self._coordinator.pygit()
        parting = self._parting.of(repository, landing)
        if problem := ancestry_problem(repository, landing, parting):
            return problem
        landed = self._landed(landing).below(landing.tip).get(landing.task)
        if landed is not None:
            return f"`{landing.task}` has landed already, as {landed[:12]}"
        return Sides(parting, landing.tip, landing.result)

    def certify(self, landing: Landing, draft: Draft, sides: Sides, merged: Merged) -> Certificate | str:
        """Returns the certificate of a landing, or what is wrong with it.

        `merged` is what is known of the two sides; git's own merge in it is not looked at.
        """
        repository = self._coordinator.pygit()
        renames = functools.cache(lambda: _renames(self._coordinator, sides))
        landed = difference(repository, tree_of(repository, landing.tip), draft.tree)
        evidence = Evidence(merged.task, merged.level, landed.files)
        opinion: Opinion = merged.opinion
        settled = landing.settlement.settled if landing.settlement is not None else ()
        apart = _names(repository, merged, draft, [one.path for one in settled])
        if _but(strangers(evidence), apart):
            opinion = whole(self._coordinator, sides)
            evidence = replace(evidence, renames=renames())
        if opinion.files and opinion.objection(repository, draft.tree, apart):
            opinion = form(self._coordinator, sides, merged.task, merged.level, singly=False)
        if problem := opinion.objection(repository, draft.tree, apart):
            return problem + self._whose(landing, strangers(evidence))
        if paths := _but(strangers(evidence), apart):
            said = f"the landing would not be what the task did: {', '.join(paths)}"
            return said + self._whose(landing, paths)
        shared = {path: entry for path, entry in merged.level.items() if not belongs(path, apart)}
        if lost := lost_lines(repository, merged.task, shared, draft.tree):
            said = f"the landing takes back lines that had landed: {', '.join(lost)}"
            return said + self._whose(landing, lost)
        if settled and (problem := self._settled_problem(landing, draft, sides, merged)):
            return problem
        if problem := chain_problem(repository, landing, draft, renames):
            return problem
        return Certificate(
            run=landing.run,
            task=landing.task,
            attempt=landing.n,
            strategy=landing.strategy.value,
            made=draft.made.value,
            base=landing.base,
            merge_base=sides.base,
            tip=landing.tip,
            result=landing.result,
            commit=draft.chain[-1],
            commits=len(draft.chain),
            tree=draft.tree,
            second=opinion.extent.value,
            paths=len(landed.files),
            engines=self._engines,
            notes=draft.notes,
            settled=settled,
            carried=landing.carried,
        )

    def _settled_problem(self, landing: Landing, draft: Draft, sides: Sides, merged: Merged) -> str:
        from gitpar.git.settled import settled_problem  # noqa: PLC0415 - rarely wanted

        return settled_problem(self._coordinator, landing, sides, merged, tree=draft.tree)

    def _landed(self, landing: Landing) -> Earlier:
        if self._earlier is None or self._run != landing.run:
            self._run = landing.run
            self._earlier = Earlier(self._coordinator.pygit(), landing.run)
        return self._earlier

    def _whose(self, landing: Landing, paths: Collection[str]) -> str:
        """Names the tasks of the run that had changed these paths."""
        tasks = self._landed(landing).authors_of(landing.tip, paths)
        return f" (work of {', '.join(f'`{task}`' for task in tasks)})" if tasks else ""

    @functools.cached_property
    def _engines(self) -> tuple[str, ...]:
        from pygit2 import LIBGIT2_VERSION  # noqa: PLC0415 - loaded with the repository

        version = ".".join(str(part) for part in self._coordinator.place.git_version)
        return (f"git {version}", f"libgit2 {LIBGIT2_VERSION}")


def _names(repository: Repository, merged: Merged, draft: Draft, paths: Sequence[str]) -> frozenset[str]:
    """Settled paths with the names that renamed ones had: engines call a conflict by either."""
    found = set(paths)
    bases = {merged.outcome.stages[path][0] for path in paths if path in merged.outcome.stages} - {NO_ENTRY}
    for path, (old, _) in merged.task.items() if bases else ():
        if old in bases and entry_at(repository, draft.tree, path) == NO_ENTRY:
            found.add(path)
    return frozenset(found)


def _but(paths: Sequence[str], apart: Collection[str]) -> tuple[str, ...]:
    """The paths but those that a policy settled."""
    return tuple(path for path in paths if not belongs(path, apart))


def _renames(coordinator: Coordinator, sides: Sides) -> tuple[FileChange, ...]:
    """The files that the level renamed since the two sides parted."""
    changes = read_change_sets(coordinator.scratch, [(sides.base, sides.tip)])[0].files
    return tuple(change for change in changes if change.kind is ChangeKind.RENAMED)
