"""Counts the warnings of build conflicts on a real history, and says of each whether it came true.

The commits of the first parents' line are cut into windows; what each commit changed is
picked onto the commit before its window, so that every two of a window are what two
workers would have made of it at once. In truth one of the two came after the other and
was seen to work there: where the line that is warned of still stood then, the warning
is taken for a false alarm. (The line may have been broken for everybody; a person has
to look.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from gitpar.core.builds import BuildConflict
from gitpar.core.changes import ChangeSet
from gitpar.core.names import CommitId, TaskId
from gitpar.git.builds import BuildLook
from gitpar.git.changes import read_change_sets
from gitpar.git.commits import CommitText, write_commit
from gitpar.git.comparing import workbench
from gitpar.git.coordinator import Coordinator
from gitpar.git.mergetree import merge_all
from gitpar.git.repository import discover
from gitpar.git.trees import entry_at, tree_of
from gitpar.symbols import can_read, read_symbols

_WINDOW = 25
_MOST_FILES = 300
_TEXT = CommitText(b"judge <> 0 +0000", b"judge <> 0 +0000", b"")


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning; `stood` where the later commit of the two kept the line that it says is broken."""

    conflict: BuildConflict
    line: str
    stood: bool

    def __str__(self) -> str:
        found = self.conflict
        return (
            f"{'stood' if self.stood else 'gone '} {found.definer[:10]} {found.breakage} {found.name} "
            f"({found.defined.path}:{found.defined.line}), used by {found.user[:10]} "
            f"({found.used.path}:{found.used.line}): {self.line}"
        )


@dataclass(frozen=True, slots=True)
class Alarms:
    """What a history came to: the pairs that were compared, and every warning."""

    pairs: int
    warned: tuple[Warned, ...]

    @property
    def false_pairs(self) -> int:
        """How many pairs were warned of although the later one kept the line."""
        return len({(each.conflict.definer, each.conflict.user) for each in self.warned if each.stood})

    def __str__(self) -> str:
        said = f"{self.pairs} pairs, {len(self.warned)} warnings, in {self.false_pairs} pairs the line stood"
        return "\n".join([said, *map(str, self.warned)])


def count_alarms(repository: Path, commits: Sequence[str]) -> Alarms:
    """Judges a line of commits, each the first parent of the next, the oldest first."""
    pairs = 0
    warned: list[Warned] = []
    with workbench(discover(repository)) as coordinator:
        look = BuildLook(coordinator, can_read, read_symbols)
        for start in range(0, len(commits) - 1, _WINDOW):
            window = [CommitId(each) for each in commits[start : start + _WINDOW + 1]]
            picked = dict(_picked(coordinator, window))
            pairs += len(picked) * (len(picked) - 1) // 2
            found = look.conflicts([(TaskId(name), changes) for name, changes in picked.items()])
            warned += [_judged(coordinator, window, picked, each) for each in found]
    return Alarms(pairs, tuple(warned))


def _picked(coordinator: Coordinator, window: Sequence[CommitId]) -> Iterator[tuple[CommitId, ChangeSet]]:
    """Yields what every commit but the first changed, brought onto the first; not what does not apply."""
    repository = coordinator.pygit()
    base = tree_of(repository, window[0])
    pairs = []
    for before, commit in pairwise(window):
        # git merges from the tree that two commits have as their parent
        fork = write_commit(repository, tree_of(repository, before), [], _TEXT)
        ours, theirs = (
            write_commit(repository, tree, [fork], _TEXT) for tree in (base, tree_of(repository, commit))
        )
        pairs.append((ours, theirs))
    made = [
        (commit, write_commit(repository, outcome.tree, [window[0]], _TEXT))
        for commit, outcome in zip(window[1:], merge_all(coordinator.scratch, pairs), strict=True)
        if outcome.clean and outcome.tree != base
    ]
    sets = read_change_sets(coordinator.scratch, [(window[0], tip) for _, tip in made])
    for (commit, _), changes in zip(made, sets, strict=True):
        if len(changes.files) <= _MOST_FILES:
            yield commit, changes


def _judged(
    coordinator: Coordinator,
    window: Sequence[CommitId],
    picked: dict[CommitId, ChangeSet],
    found: BuildConflict,
) -> Warned:
    later = max(found.definer, found.user, key=lambda name: window.index(CommitId(name)))
    tip = picked[CommitId(found.user)].tip
    line = _lines(coordinator, tip, found.used.path)[found.used.line - 1]
    return Warned(found, line, line in _lines(coordinator, CommitId(later), found.used.path))


def _lines(coordinator: Coordinator, commit: CommitId, path: str) -> list[str]:
    repository = coordinator.pygit()
    entry = entry_at(repository, tree_of(repository, commit), path)
    text = repository.read(entry[1])[1].decode(errors="replace") if entry[1] else ""
    return [line.strip() for line in text.splitlines()]
