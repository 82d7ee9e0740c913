"""Looks for build conflicts between change sets: reads their source files, and what speaks against a find."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from gitpar.core.builds import BuildConflict, FileVersions, SourceChanges, Suspicion, suspicions
from gitpar.core.changes import ChangeKind, ChangeSet, FileChange
from gitpar.core.names import CommitId, TaskId
from gitpar.core.symbols import NOTHING, FileSymbols
from gitpar.git.changes import FILE_MODES, has_lines, read_hunks
from gitpar.git.coordinator import Coordinator
from gitpar.git.trees import entry_at, tree_of

MOST_FILES = 200
"""A name that so many files have in them is too common to be traced."""

Reader = Callable[[str, bytes], FileSymbols | None]
"""Path and content to symbols; None where the file cannot be read. gitpar.symbols has it."""


class BuildLook:
    """One look at some change sets; what was read is kept for the next pair. Belongs to one thread."""

    def __init__(self, coordinator: Coordinator, can_read: Callable[[str], bool], read: Reader) -> None:
        self._coordinator = coordinator
        self._can_read = can_read
        self._read = read
        self._known: dict[tuple[str, str], FileSymbols | None] = {}

    def conflicts(
        self, sets: Sequence[tuple[TaskId, ChangeSet]], about: TaskId | None = None
    ) -> tuple[BuildConflict, ...]:
        """Returns what any of the change sets breaks for any other, in the order of those that use it.

        With `about`, only where that one is the one or the other.
        """
        with self._coordinator.reading():
            sources: list[SourceChanges] = []
            # the one that is asked about first: where it has no source file, no other needs to be read
            for name, change_set in sorted(sets, key=lambda each: each[0] != about):
                sources.append(SourceChanges(name, tuple(self._versions(change_set))))
                if name == about and not sources[0].files:
                    return ()
            tips = {name: change_set.tip for name, change_set in sets}
            found = list(suspicions(sources, about))
            doubtful = self._contradicted([each for each in found if not each.certain], tips)
        return tuple(each.conflict for each in found if each not in doubtful)

    def weigh(self, sets: Iterable[ChangeSet]) -> int:
        """Returns how many bytes of source a look at the change sets would read."""
        repository = self._coordinator.pygit()
        blobs = {blob for change_set in sets for change in change_set.files for blob in self._blobs(change)}
        return sum(repository.odb.read_header(blob)[1] for blob in blobs)

    def _blobs(self, change: FileChange) -> Iterable[str]:
        regular = all(mode in (0, *FILE_MODES) for mode in (change.old_mode, change.new_mode))
        if regular and change.kind is not ChangeKind.COPIED and self._can_read(change.path):
            yield from filter(None, (change.old_id, change.new_id))

    def _versions(self, change_set: ChangeSet) -> Iterable[FileVersions]:
        for change in change_set.files:
            if not any(self._blobs(change)):
                continue
            old = self._symbols(change.base_path, change.old_id) if change.old_mode else NOTHING
            new = self._symbols(change.path, change.new_id) if change.new_mode else NOTHING
            if old is not None and new is not None:
                yield FileVersions(change.base_path, change.path, old, new, self._lines(change))

    def _symbols(self, path: str, blob: str) -> FileSymbols | None:
        key = (path, blob)
        if key not in self._known:
            self._known[key] = self._read(path, self._coordinator.pygit().read(blob)[1])
        return self._known[key]

    def _lines(self, change: FileChange) -> tuple[tuple[int, int], ...] | None:
        if not has_lines(change):
            return None
        hunks = read_hunks(self._coordinator.pygit(), change.old_id, change.new_id)
        return None if hunks is None else tuple((hunk.new_start, hunk.new_count) for hunk in hunks)

    def _contradicted(self, doubtful: Sequence[Suspicion], tips: dict[TaskId, CommitId]) -> list[Suspicion]:
        """Those against which a file of the definer's version speaks."""
        asked: defaultdict[TaskId, set[str]] = defaultdict(set)
        for each in doubtful:
            asked[each.conflict.definer].add(each.broken.definition.name)
        holding = {name: self._files_with(tips[name], words) for name, words in asked.items()}
        found = []
        for each in doubtful:
            definer = each.conflict.definer
            paths = holding[definer][each.broken.definition.name]
            if len(paths) > MOST_FILES or self._speak_against(each, tips[definer], paths):
                found.append(each)
        return found

    def _speak_against(self, suspicion: Suspicion, tip: CommitId, paths: Iterable[str]) -> bool:
        repository = self._coordinator.pygit()
        tree = tree_of(repository, tip)
        for path in sorted(paths):
            symbols = self._symbols(path, entry_at(repository, tree, path)[1])
            if symbols is not None and suspicion.is_contradicted(path, symbols):
                return True
        return False

    def _files_with(self, commit: CommitId, words: Iterable[str]) -> dict[str, set[str]]:
        """The files of a commit that can be read and have each word in them, by one `git grep`."""
        patterns = [part for word in sorted(words) for part in ("-e", word)]
        # status 1: none has
        result = self._coordinator.scratch.run(
            "grep", "-I", "-F", "-w", "-o", "-z", *patterns, commit, ok=(0, 1)
        )
        found: defaultdict[str, set[str]] = defaultdict(set)
        place, *rest = result.stdout.split(b"\0")
        for part in rest:
            path = os.fsdecode(place.removeprefix(commit.encode() + b":"))
            word, _, place = part.partition(b"\n")
            if self._can_read(path):
                found[os.fsdecode(word)].add(path)
        return found
