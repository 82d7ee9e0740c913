"""The Repository that the engine sees: reading and computing for one run, moving no ref."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.core.changes import ChangeSet
from gitpar.core.conflicts import ConflictReport
from gitpar.core.names import CommitId, Results, RunId
from gitpar.git.ahead import Ahead
from gitpar.git.attributes import Attributes
from gitpar.git.carrying import Carrier
from gitpar.git.changes import ChangeReader
from gitpar.git.coordinator import Coordinator
from gitpar.git.drafting import Drafts
from gitpar.git.index_trees import IndexTrees
from gitpar.git.landing import Lander
from gitpar.git.merges import Comparison
from gitpar.git.notes import Notes
from gitpar.git.objects import ObjectWriter
from gitpar.git.programs import remove
from gitpar.git.progress import GitProgress
from gitpar.git.repository import RepositoryPlace
from gitpar.git.undone import Versions, undone
from gitpar.git.written import Written, holding_unused
from gitpar.ports import Landing, Proof, Refs, Refusal

if TYPE_CHECKING:
    from gitpar.git.settling import Settling

MakeDrafts = Callable[[Coordinator], Drafts]


class GitRepository:
    """Fulfils ports.Repository. `compare`, `prove` and `carry` belong to one thread, the rest to any."""

    def __init__(
        self,
        place: RepositoryPlace,
        run: RunId,
        drafts: MakeDrafts | None = None,
        *,
        never_merged: Sequence[str] = (),
    ) -> None:
        """`drafts` makes who drafts landings, in the coordinator it is given; what is drafted is proved.

        `never_merged` are files that are made anew where both sides changed them.
        """
        self._run = run
        self._coordinator = Coordinator(place, place.common / "gitpar" / "runs" / run / "git")
        users = place.common / "info" / "attributes"
        self._attributes = Attributes(self._coordinator.attributes, users)
        written = Written.of_run(place.common, run)
        self._store = ObjectWriter(self._coordinator.store, self._coordinator.git_dir, written)
        made = drafts(self._coordinator) if drafts is not None else None
        self._lander = Lander(
            self._coordinator, self._attributes, self._store, made, never_merged=never_merged
        )
        self._ahead = Ahead(self._proved)
        self._carrier = Carrier(self._coordinator, self._attributes, self._store, never_merged=never_merged)
        self._reader = ChangeReader(self._coordinator.scratch)
        self._changes: dict[tuple[CommitId, CommitId], ChangeSet] = {}
        """Of attempts that were not compared yet."""

    def change_sets(self, pairs: Sequence[tuple[CommitId, CommitId]]) -> Sequence[ChangeSet]:
        """Returns what changed from the first to the second commit of each pair, in order."""
        with self._coordinator.reading():
            found = self._reader.change_sets(pairs)
        # a level is compared from where its attempts began
        self._changes.update(zip(pairs, found, strict=True))
        return found

    def compare(
        self, base: CommitId, results: Results, *, fold: bool = True, expected: Sequence[Landing] = ()
    ) -> ConflictReport:
        """Returns every pair that shares something, with its tier, and the in-order fold.

        `expected` are the landings to come, each on the one before: they are proved meanwhile.
        """
        self._ahead.end()
        pairs = [(base, commit) for _, commit in results]
        with self._coordinator.reading():
            read = {pair: self._changes.pop(pair) for pair in pairs if pair in self._changes}
            comparison = Comparison(self._coordinator, self._attributes, base, results, read=read)
            if fold:
                return comparison.report(fold=True)
            with closing(comparison):
                with self._lander.foreseeing(base, (commit for _, commit in results)):
                    begun = comparison.begin()
                if begun:  # what is merged goes by the same attributes as what lands
                    self._ahead.begin(self._lander.foreseen(expected))
                return comparison.report(fold=False)

    def prove(self, landing: Landing) -> Proof | Refusal:
        """Computes a landing commit and proves it; it is durably stored now, or when a ledger lands it."""
        return self._ahead.take(landing) or self._proved(landing)

    def _proved(self, landing: Landing) -> Proof | Refusal:
        with self._coordinator.reading():
            return self._lander.prove(landing)

    @property
    def common(self) -> Path:
        """The git directory that all worktrees share."""
        return self._coordinator.place.common

    def holding_unused(self, refs: Refs) -> AbstractContextManager[Callable[[], CommitId | None]]:
        """Has git look for what was stored and did not land; what is yielded has a ref hold it.

        Nothing more is proved ahead of time.
        """
        self._ahead.end()
        return holding_unused(self._coordinator.place, self._run, refs)

    def carry(self, landing: Landing) -> Proof | Refusal:
        """Makes a result anew on a tip that need not descend from its base, durably stored, and proves it."""
        self._ahead.end()
        with self._coordinator.reading():
            return self._carrier.carry(landing)

    def undone(self, level_base: CommitId, tip: CommitId, first: CommitId, result: CommitId) -> Sequence[str]:
        """Lists as `path:line` what landed between level_base and tip and `result` takes away again."""
        with self._coordinator.reading():
            return undone(self._coordinator, Versions(level_base, tip, first, result))

    def settling(self) -> Settling:
        """Returns what settles conflicts in the same coordinator."""
        from gitpar.git.remembered import Remembered  # noqa: PLC0415 - most runs have no conflict
        from gitpar.git.settling import Settling  # noqa: PLC0415 - likewise

        self._ahead.end()
        remembered = Remembered(self._coordinator.git_dir.with_name("settled"))
        return Settling(
            self._coordinator, self._attributes, self._store, lander=self._lander, remembered=remembered
        )

    def ledger(self, refs: Refs, *, at_once: bool = True) -> Notes:
        """Returns what moves levels by `refs`, each with the note of its certificate.

        Where nothing looks at a landing before it moves (`at_once`), it is stored right before,
        with all that move together; gates have to find it in the user's store.
        """
        notes = Notes(self._coordinator, self._store, refs)
        if at_once:
            self._lander.leave_to(notes.keep)
        return notes

    def index_trees(self) -> IndexTrees:
        """Returns what makes trees of indexes, in this run's scratch."""
        return IndexTrees(self._coordinator)

    def progress(self) -> GitProgress:
        """Returns what keeps the run's own files."""
        return GitProgress(self._coordinator, self._store)

    def close(self, away: Callable[[Path], None] = remove) -> None:
        """Removes the coordinator repository with all scratch objects; `away` is what removes a folder."""
        self._ahead.end()
        self._reader.close()
        self._store.close()
        self._coordinator.close(away)
