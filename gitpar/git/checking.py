"""The pre-merge check: compares one change with its target, and with others as if all were merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gitpar.core.builds import Breakage, BuildConflict
from gitpar.core.changes import ChangeSet, Hunk
from gitpar.core.check import Found, after, carried
from gitpar.core.comparison import Compared
from gitpar.core.conflicts import ConflictKind, ConflictReport, LineRange, PairConflict, PathOverlap, Tier
from gitpar.core.names import CommitId, TaskId
from gitpar.git.attributes import Attributes
from gitpar.git.bases import read_bases
from gitpar.git.builds import BuildLook
from gitpar.git.changes import has_lines, read_change_sets, read_hunks
from gitpar.git.commits import SYNTHETIC, write_commit
from gitpar.git.comparing import common_base, compared
from gitpar.git.coordinator import Coordinator
from gitpar.git.mergetree import merge_all
from gitpar.git.trees import NO_ENTRY, entry_at, tree_of
from gitpar.values import dataclass

_WHOLE = 3
"""So many places of one file are told apart; more of them are one from the first to the last."""

Result = tuple[TaskId, CommitId]


@dataclass(frozen=True, slots=True)
class _Round:
    """One comparison of the head with others: the commits compared, and what they came to.

    The head is the first; `start` is what lines are counted from.
    """

    results: tuple[Result, ...]
    start: CommitId
    found: Compared

    @property
    def head(self) -> CommitId:
        """The head's commit, as it was compared."""
        return self.results[0][1]


class Check:
    """One check of a head. Makes its merges in scratch and moves nothing."""

    def __init__(
        self, coordinator: Coordinator, target: Result, head: Result, look: BuildLook | None
    ) -> None:
        """`look` looks for build conflicts; without it there are none."""
        self._coordinator = coordinator
        self._target = target
        self._head = head
        self._look = look

    def run(self, others: Sequence[Result]) -> tuple[Compared, tuple[Found, ...]]:
        """Returns the pairs that the head is one of, and its findings, those against the target first.

        Raises UsageError where head and target have no history in common,
        EnvironmentFault where a shallow clone hides what is needed.
        """
        base = common_base(self._coordinator, [self._target, self._head])
        first = compared(self._coordinator, base, [self._target, self._head])
        rounds = [_Round((self._head, self._target), base, first)]
        notes: list[str] = []
        if not first.changes[1].files:
            notes.append(f"`{self._head[0]}` brings nothing that `{self._target[0]}` does not have")
        if others:
            rounds += self._among(others, notes)
        pairs = tuple(pair for each in rounds for pair in self._own(each.found.report.pairs))
        changes = {change.id: change for each in rounds for change in each.found.changes}
        # the head is shown as it is, not as it is once merged
        changes |= {change.id: change for change in first.changes}
        last = rounds[-1].found
        found = [one for each in rounds for one in self._found(each)]
        result = Compared(
            base,
            tuple(changes.values()),
            ConflictReport(pairs, last.report.fold),
            last.order,
            tuple(each for each in last.together if self._head[0] in (each.id, *each.others) and each.others),
            (*first.notes, *notes),
            tuple(one.build for one in found if one.build is not None),
        )
        return result, tuple(dict.fromkeys(found))

    # --- the other branches -----------------------------------------------------------

    def _among(self, others: Sequence[Result], notes: list[str]) -> Iterator[_Round]:
        """Compares the head with others, each as it is once merged into the target.

        Where that does not go, they are compared as they are. So is one that is built on
        the same unmerged commits as the head: what they share would look as if both had
        written it.
        """
        results = [self._head, *others]
        bases = read_bases(self._coordinator, [*(commit for _, commit in results), self._target[1]])
        merged = list(self._merged(results))
        apart: list[Result] = []
        plain: dict[CommitId, list[Result]] = {}
        for at, (name, commit) in enumerate(others, start=1):
            meeting = bases.between(0, at)
            into = merged[at]
            if into is None:
                notes.append(f"`{name}` does not merge into `{self._target[0]}` itself")
            if not meeting:
                notes.append(f"`{name}` has no history in common with `{self._head[0]}` and was left out")
            elif into is not None and merged[0] is not None and all(map(self._in_target, meeting)):
                apart.append((name, into))
            else:
                plain.setdefault(meeting[0], []).append((name, commit))
        for start, chosen in plain.items():
            yield self._round(start, [self._head, *chosen])
        if apart and merged[0] is not None:
            yield self._round(self._target[1], [(self._head[0], merged[0]), *apart])

    def _round(self, start: CommitId, results: Sequence[Result]) -> _Round:
        return _Round(tuple(results), start, compared(self._coordinator, start, results))

    def _merged(self, results: Sequence[Result]) -> Iterator[CommitId | None]:
        """Yields what each result is once merged into the target; None where that does not go."""
        repository = self._coordinator.pygit()
        tip = self._target[1]
        users = self._coordinator.place.common / "info" / "attributes"
        Attributes(self._coordinator.attributes, users).follow(repository, tree_of(repository, tip))
        outcomes = merge_all(self._coordinator.scratch, [(tip, commit) for _, commit in results])
        for outcome in outcomes:
            clean = outcome.clean
            yield write_commit(repository, outcome.tree, [tip], SYNTHETIC) if clean else None

    def _in_target(self, commit: CommitId) -> bool:
        repository = self._coordinator.pygit()
        return commit == self._target[1] or repository.descendant_of(self._target[1], commit)

    # --- what was found ---------------------------------------------------------------

    def _own(self, pairs: Sequence[PairConflict]) -> list[PairConflict]:
        """The pairs that the head is one of, with the head first."""
        head = self._head[0]
        return [pair if pair.a == head else _turned(pair) for pair in pairs if head in (pair.a, pair.b)]

    def _found(self, each: _Round) -> Iterator[Found]:
        pairs = self._own(each.found.report.pairs)
        wanted = [(each.start, each.head), (each.head, self._head[1])]
        own, back = read_change_sets(self._coordinator.scratch, wanted)
        for pair in pairs:
            alike = {one.path for one in pair.paths if one.kind is ConflictKind.CASE_COLLISION}
            for path, lines in self._places(_meant(pair), own, back):
                yield Found(pair.b, path, lines, pair.tier, None if alike else pair.kind)
            for path in sorted(alike.intersection(own.paths)):
                tier = Tier.CONFLICT if self._coordinator.ignores_case else Tier.FILE
                yield Found(pair.b, path, None, tier, ConflictKind.CASE_COLLISION)
        yield from self._builds(each, own, back)

    def _places(
        self, overlaps: Sequence[PathOverlap], own: ChangeSet, back: ChangeSet
    ) -> Iterator[tuple[str, LineRange | None]]:
        """Where overlaps are in the head's own version: few places of a file one by one, many as one."""
        by_path: dict[str, list[LineRange | None]] = {}
        for overlap in overlaps:
            path, lines = self._place(overlap.path, overlap.a, own, back)
            by_path.setdefault(path, []).append(lines)
        for path, places in by_path.items():
            known = list(filter(None, dict.fromkeys(places)))
            if len(known) > _WHOLE:
                end = max(place.start + place.count for place in known)
                first = min(place.start for place in known)
                known = [LineRange(first, end - first)]
            if not known:
                yield path, None
            yield from ((path, place) for place in known)

    def _place(
        self, path: str, lines: LineRange | None, own: ChangeSet, back: ChangeSet
    ) -> tuple[str, LineRange | None]:
        path, hunks = self._hunks(own, path)
        if lines is not None:
            lines = after(lines, hunks)
        path, hunks = self._hunks(back, path)
        return path, carried(lines, hunks) if lines is not None else None

    def _hunks(self, changes: ChangeSet, path: str) -> tuple[str, Sequence[Hunk]]:
        """What a change set calls a path, and its hunks there."""
        change = next((change for change in changes.files if path in change.paths), None)
        if change is None:
            return path, ()
        lines = (
            read_hunks(self._coordinator.pygit(), change.old_id, change.new_id) if has_lines(change) else ()
        )
        return change.path, lines or ()

    def _builds(self, each: _Round, own: ChangeSet, back: ChangeSet) -> Iterator[Found]:
        if self._look is None:
            return
        rest = each.results[1:]
        sets = read_change_sets(self._coordinator.scratch, [(each.start, commit) for _, commit in rest])
        named = [(self._head[0], own), *zip((name for name, _ in rest), sets, strict=True)]
        for conflict in self._look.conflicts(named, about=self._head[0]):
            yield self._build(conflict, own, back)

    def _build(self, conflict: BuildConflict, own: ChangeSet, back: ChangeSet) -> Found:
        """A build conflict with the head's place first, in the head's own lines."""
        used = conflict.user == self._head[0]
        mine, theirs = (conflict.used, conflict.defined) if used else (conflict.defined, conflict.used)
        path, lines = mine.path, LineRange(mine.line, 1)
        if not used and conflict.breakage in (Breakage.REMOVED, Breakage.MOVED):
            # it stood there in the base
            path, hunks = self._hunks(own, path)
            lines = carried(LineRange(mine.line, 0), hunks)
        path, hunks = self._hunks(back, path)
        tree = tree_of(self._coordinator.pygit(), self._head[1])
        is_there = entry_at(self._coordinator.pygit(), tree, path) != NO_ENTRY
        against = conflict.definer if used else conflict.user
        where = carried(lines, hunks) if is_there else None
        return Found(against, path, where, build=conflict, elsewhere=theirs)


def unmerged(coordinator: Coordinator, found: Sequence[Result], known: Sequence[Result]) -> list[Result]:
    """Returns what is in none of the `known` already, each commit and each name once."""
    taken = {name for name, _ in known}
    by_commit: dict[CommitId, TaskId] = {}
    for name, commit in found:
        if name not in taken and commit not in by_commit:
            by_commit[commit] = name
            taken.add(name)
    asked = [*by_commit, *(f"^{commit}" for _, commit in known)]
    lines = coordinator.scratch.run(
        "rev-list", "--stdin", stdin="".join(f"{each}\n" for each in asked).encode()
    )
    new = set(lines.text.splitlines())
    return [(name, commit) for commit, name in by_commit.items() if commit in new]


def _turned(pair: PairConflict) -> PairConflict:
    paths = tuple(replace(one, a=one.b, b=one.a) for one in pair.paths)
    return replace(pair, a=pair.b, b=pair.a, paths=paths)


def _meant(pair: PairConflict) -> list[PathOverlap]:
    """The overlaps that make the pair what it is: of a conflict, those that git refuses."""
    shared = [overlap for overlap in pair.paths if overlap.kind is not ConflictKind.CASE_COLLISION]
    found = [overlap for overlap in shared if overlap.kind is not None] or shared
    close = [overlap for overlap in found if _touch(overlap)]
    return found if pair.tier is Tier.FILE else close or found


def _touch(overlap: PathOverlap) -> bool:
    """Whether two changes of a file come so close that git may refuse them."""
    if overlap.a is None or overlap.b is None:
        return True
    ours, theirs = (Hunk(lines.start, lines.count, 0, 0) for lines in (overlap.a, overlap.b))
    return ours.touches(theirs)
