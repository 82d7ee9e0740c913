"""Compares commits for somebody who only asks: everything is computed in a temporary folder.

The user's repository is read and not written, so it works on a read-only one as well.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitpar.core.builds import BuildConflict
from gitpar.core.comparison import Change, Compared, Together
from gitpar.core.conflicts import ConflictReport, Fold, Tier
from gitpar.core.names import CommitId, Results, TaskId
from gitpar.core.order import heaviest
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.git.attributes import Attributes
from gitpar.git.builds import BuildLook
from gitpar.git.coordinator import Coordinator
from gitpar.git.merges import Comparison
from gitpar.git.repository import RepositoryPlace

MOST_SOURCE_BYTES = 4_000_000
"""So much source is read for build conflicts; of more, they are not looked for."""

_MOST_ROUNDS = 12
"""So many conflicts of more than two are looked for when the best order is searched."""


@contextmanager
def workbench(place: RepositoryPlace, drivers: Sequence[str] = ()) -> Iterator[Coordinator]:
    """Makes a coordinator repository that goes away again; `drivers` are merge drivers that may run."""
    with tempfile.TemporaryDirectory(prefix="gitpar-", ignore_cleanup_errors=True) as name:
        coordinator = Coordinator(place, Path(name) / "git", drivers)
        try:
            with coordinator.reading():
                yield coordinator
        finally:
            coordinator.close()


def common_base(coordinator: Coordinator, results: Results) -> CommitId:
    """Returns the best common ancestor of all; raises UsageError where there is none.

    In a shallow clone that is an EnvironmentFault: it may only be hidden.
    """
    commits = dict.fromkeys(commit for _, commit in results)
    found = coordinator.scratch.run("merge-base", "--octopus", *commits, ok=(0, 1))
    if found.status == 0:
        return CommitId(found.text)
    if coordinator.place.shallow:
        raise EnvironmentFault(
            "this is a shallow clone: its history ends before the revisions meet",
            "Fetch the rest: git fetch --unshallow",
        )
    raise UsageError("the revisions have no common ancestor", *_APART)


_APART = ("Git refuses to merge unrelated histories; compare revisions of one history",)


def compared(
    coordinator: Coordinator,
    base: CommitId | None,
    results: Results,
    drivers: Sequence[str] = (),
    *,
    look: BuildLook | None = None,
) -> Compared:
    """Compares results with each other, exactly; without a base, from their best common ancestor.

    With `look`, build conflicts are looked for as well, as long as there is not too much to read.
    Raises UsageError where two of them have no history in common.
    """
    base = base or common_base(coordinator, results)
    users = coordinator.place.common / "info" / "attributes"
    comparison = Comparison(coordinator, Attributes(coordinator.attributes, users, drivers), base, results)
    if (apart := comparison.unrelated()) is not None:
        one, other = (results[at][0] for at in apart)
        raise UsageError(f"`{one}` and `{other}` have no history in common", *_APART)
    search = _Search(comparison, results)
    order = search.best()
    changes = tuple(
        Change(name, commit, change_set.paths)
        for (name, commit), change_set in zip(results, comparison.changes, strict=True)
    )
    notes = []
    if comparison.cut:
        notes.append(f"{comparison.cut} pairs are told by their lines only: they were too many to merge")
    builds: tuple[BuildConflict, ...] = ()
    if look is not None and (weight := look.weigh(comparison.changes)) > MOST_SOURCE_BYTES:
        notes.append(
            f"build conflicts were not looked for: {weight // 1_000_000} MB of source are too much to read"
        )
    elif look is not None:
        names = (name for name, _ in results)
        builds = look.conflicts(list(zip(names, comparison.changes, strict=True)))
    return Compared(
        base,
        changes,
        ConflictReport(comparison.pairs, search.given),
        order,
        tuple(search.together),
        tuple(notes),
        builds,
    )


class _Search:
    """The search for what lands the most, begun with the order given."""

    def __init__(self, comparison: Comparison, results: Results) -> None:
        self._comparison = comparison
        self._names = [name for name, _ in results]
        self._at = {name: at for at, name in enumerate(self._names)}
        self._refused = {
            (self._at[pair.a], self._at[pair.b]) for pair in comparison.pairs if pair.tier is Tier.CONFLICT
        }
        self._groups: list[frozenset[int]] = []
        self.together: list[Together] = []
        self.given = comparison.fold()
        self._learn(self.given)

    def best(self) -> tuple[TaskId, ...]:
        """Returns what lands the most, in the order given, as real merges have it."""
        best = self.given
        for _ in range(_MOST_ROUNDS):
            chosen = heaviest([1] * len(self._names), self._refused, self._groups)
            if len(chosen) <= len(best.landed):
                break
            found = self._comparison.fold(chosen)
            best = max(best, found, key=lambda fold: len(fold.landed))
            if not found.conflicting:
                break
            self._learn(found)
        return best.landed

    def _learn(self, fold: Fold) -> None:
        """Notes what did not merge in a fold although every pair does."""
        order = sorted(self._at[name] for name in (*fold.landed, *fold.conflicting))
        landed = {self._at[name] for name in fold.landed}
        for refused in (self._at[name] for name in fold.conflicting):
            before = [at for at in order if at < refused and at in landed]
            if any((at, refused) in self._refused for at in before):
                continue
            others = self._comparison.together(before, refused)
            self._groups.append(frozenset((*others, refused)))
            self.together.append(Together(self._names[refused], tuple(self._names[at] for at in others)))
