"""Build conflicts, which git cannot see: one change set breaks a definition that another begins to use.

Pure. Says less rather than something wrong: a use counts where it can be traced to the
definition, or where nothing in the definer's own version speaks against it.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import field
from enum import StrEnum

from gitpar.core.names import TaskId
from gitpar.core.symbols import (
    NOTHING,
    Definition,
    FileSymbols,
    SymbolKind,
    Use,
    holds_module,
    is_module,
    module_of,
)
from gitpar.values import dataclass

_ALIKE = 0.6
"""Two bodies with so much in common are one definition under two names."""


class Breakage(StrEnum):
    """What became of a definition."""

    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class BuildConflict:
    """`user` uses on a line of its own what `definer` took away or changed.

    `defined` is where the definition stands in the definer's version, or stood in the
    base where it is gone; `used` is a line of the user's version. `now` is what it is
    called or where it is now; `reason` says why a call no longer fits.
    """

    definer: TaskId
    user: TaskId
    name: str
    breakage: Breakage
    defined: Place
    used: Place
    now: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FileVersions:
    """One file of a change set before and after; NOTHING where it is not there.

    `lines` are ranges (start, count) of the new version that the change set wrote, None for all.
    """

    old_path: str
    path: str
    old: FileSymbols
    new: FileSymbols
    lines: tuple[tuple[int, int], ...] | None = None

    def wrote(self, line: int) -> bool:
        """Says whether a line of the new version is the change set's own."""
        return self.lines is None or any(start <= line < start + count for start, count in self.lines)


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """What a change set did to source files."""

    id: TaskId
    files: tuple[FileVersions, ...]

    def at(self, path: str) -> FileVersions | None:
        """Finds a file by its name in the base."""
        return next((found for found in self.files if found.old_path == path), None)


@dataclass(frozen=True, slots=True)
class Broken:
    """A definition of the base that a change set no longer has as it was. `now` is None where it is gone."""

    definition: Definition
    file: FileVersions
    now: Definition | None = None

    def hits(self, use: Use) -> bool:
        """Says whether a use that meant the old definition does not work with the new one."""
        if self.now is None:
            return True
        old, new = self.definition.signature, self.now.signature
        if use.call is None or old is None or new is None:
            return False
        return not old.refuses(use.call) and bool(new.refuses(use.call))


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A build conflict that may be one. `certain` ones need no further look at the definer's version."""

    conflict: BuildConflict
    certain: bool
    language: str
    broken: Broken = field(repr=False)

    def is_contradicted(self, path: str, symbols: FileSymbols) -> bool:
        """Says whether a file of the definer's version shows that the name means something else as well.

        That is another definition of the name, or a use that would be broken too.
        """
        if symbols.language != self.language:
            return False
        own = self.broken.definition
        for found in symbols.definitions:
            is_own = path == self.broken.file.path and found.full_name == own.full_name
            if found.name == own.name and found.kind is not SymbolKind.IMPORT and not is_own:
                return True
        return any(
            _meant(use, path, self.broken) is not None and self.broken.hits(use)
            for use in symbols.uses
            if use.name == own.name
        )


def suspicions(sets: Sequence[SourceChanges], about: TaskId | None = None) -> Iterator[Suspicion]:
    """Yields what every change set breaks for the others, each name once a pair.

    With `about`, only that one's part is told. Cost: one look-up a name, not one a pair of change sets.
    """
    broken: defaultdict[tuple[str, str], list[tuple[SourceChanges, Broken]]] = defaultdict(list)
    for changes in sets:
        for one in breakages(changes):
            broken[one.file.old.language, one.definition.name].append((changes, one))
    found: dict[tuple[TaskId, TaskId, str], Suspicion] = {}
    for user, file, use in _new_uses(sets):
        for definer, one in broken.get((file.new.language, use.name), ()):
            if definer is user or (about is not None and about not in (definer.id, user.id)):
                continue
            certain = _judged(definer, user, one, (file, use))
            key = (definer.id, user.id, one.definition.full_name)
            if certain is not None and (key not in found or (certain and not found[key].certain)):
                conflict = _conflict(definer, user, one, (file, use))
                found[key] = Suspicion(conflict, certain, file.new.language, one)
    for (definer_id, user_id, name), suspicion in found.items():
        owner = found.get((definer_id, user_id, name.rpartition(".")[0]))
        # a class that is gone has said it for its members
        if owner is None or owner.conflict.breakage is Breakage.SIGNATURE:
            yield suspicion


def _new_uses(sets: Sequence[SourceChanges]) -> Iterator[tuple[SourceChanges, FileVersions, Use]]:
    for changes in sets:
        for file in changes.files:
            yield from ((changes, file, use) for use in file.new.uses if file.wrote(use.line))


def breakages(changes: SourceChanges) -> Iterator[Broken]:
    """Yields the definitions that a change set removed, moved elsewhere, or gave another signature."""
    for file in changes.files:
        old, new = file.old, file.new
        moved = old.importable and module_of(file.old_path) != module_of(file.path)
        gone = new is NOTHING or moved
        if gone and old.importable:
            name = module_of(file.old_path).rpartition("/")[2]
            yield Broken(Definition(name, SymbolKind.MODULE, 1), file)
        if new.open and not gone:
            continue
        after = {} if gone else {found.full_name: found for found in new.definitions}
        for definition in old.definitions:
            now = after.get(definition.full_name)
            if now is None or (now.signature != definition.signature and now.kind is definition.kind):
                yield Broken(definition, file, now)


def _judged(
    definer: SourceChanges, user: SourceChanges, broken: Broken, used: tuple[FileVersions, Use]
) -> bool | None:
    """Says whether a use is surely broken (True) or perhaps (False); None where it is not."""
    file, use = used
    certain = _meant(use, file.old_path, broken)
    if certain is None or not broken.hits(use):
        return None
    users = user.at(broken.file.old_path)
    if users is not None and broken.definition.kind is not SymbolKind.MODULE:
        kept = users.new.named(broken.definition.full_name)
        if kept is None or kept.signature != broken.definition.signature:
            return None  # the user changed it as well
    if broken.now is None and file.old_path == broken.file.old_path:
        moved_along = broken.file.new.named(broken.definition.full_name)
        if moved_along is not None and moved_along.signature == broken.definition.signature:
            return None  # git brings the use to where the file is now
    definers = definer.at(file.old_path)
    before = definers.new if definers is not None else file.old
    if any(
        _meant(other, file.old_path, broken) is not None and broken.hits(other)
        for other in before.uses
        if other.name == use.name
    ):
        return None  # the definer's own version would be broken: the name must mean something else
    if not certain and _defines(user, broken):
        return None
    return certain


def _defines(user: SourceChanges, broken: Broken) -> bool:
    """Says whether a change set brings a definition of its own to which the uses may belong."""
    own = broken.definition
    return any(
        found.name == own.name and found.kind is not SymbolKind.IMPORT
        for file in user.files
        for found in file.new.definitions
        if file.old.named(found.full_name) is None
        and (file.old_path, found.full_name) != (broken.file.old_path, own.full_name)
    )


def _meant(use: Use, path: str, broken: Broken) -> bool | None:
    """Says how sure it is that a use in `path` means the definition; None where it does not."""
    definition, file = broken.definition, broken.file
    if definition.kind is SymbolKind.MODULE:
        parent = module_of(file.old_path).rpartition("/")[0]
        return True if use.module and use.module in (parent or "/", parent[1:]) else None
    if definition.name.startswith("__"):
        return None
    here = use.module == "" and path == file.old_path
    if (here or is_module(use.module or "", file.old_path)) and use.owner == definition.owner:
        # a member may have gone to a base class, and a name to another file of the folder
        return not definition.owner and file.old.importable
    return _maybe_member(use) if definition.owner else _maybe_handed_on(use, broken)


def _maybe_member(use: Use) -> bool | None:
    return False if use.module is None or (use.module == "" and use.owner) else None


def _maybe_handed_on(use: Use, broken: Broken) -> bool | None:
    """Whether a use may mean a top-level name that came by way of another file."""
    if use.owner or broken.definition.kind is SymbolKind.IMPORT:
        return None
    if not use.module and not broken.file.old.importable:
        return False
    return False if use.module and holds_module(use.module, broken.file.old_path) else None


def _conflict(
    definer: SourceChanges, user: SourceChanges, broken: Broken, used: tuple[FileVersions, Use]
) -> BuildConflict:
    definition, file = broken.definition, broken.file
    name = definition.full_name
    used_at = Place(used[0].path, used[1].line)
    if broken.now is not None and broken.now.signature is not None and used[1].call is not None:
        reason = broken.now.signature.refuses(used[1].call)
        place = Place(file.path, broken.now.line)
        return BuildConflict(definer.id, user.id, name, Breakage.SIGNATURE, place, used_at, reason=reason)
    place = Place(file.old_path, definition.line)
    breakage, now = Breakage.REMOVED, ""
    if elsewhere := _moved_to(definer, definition, file):
        breakage, now = Breakage.MOVED, elsewhere
    elif renamed := _renamed_to(definition, file):
        breakage, now = Breakage.RENAMED, renamed.full_name
        place = Place(file.path, renamed.line)
    return BuildConflict(definer.id, user.id, name, breakage, place, used_at, now=now)


def _moved_to(definer: SourceChanges, definition: Definition, file: FileVersions) -> str:
    """The path of another file that now has the definition."""
    if definition.kind is SymbolKind.MODULE:
        return file.path if file.path != file.old_path else ""
    for other in definer.files:
        found = other.new.named(definition.full_name)
        is_new = other.path != file.old_path and (
            other.old_path == file.old_path or other.old.named(definition.full_name) is None
        )
        if found is not None and found.kind is not SymbolKind.IMPORT and is_new:
            return other.path
    return ""


def _renamed_to(definition: Definition, file: FileVersions) -> Definition | None:
    """A new definition at the same level with much the same body."""
    before = {found.full_name for found in file.old.definitions}
    likeness = [
        (_likeness(definition, found), found)
        for found in file.new.definitions
        if found.full_name not in before
        and (found.kind, found.owner) == (definition.kind, definition.owner)
        and found.body
        and definition.body
    ]
    best = max(likeness, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] >= _ALIKE else None


def _likeness(one: Definition, other: Definition) -> float:
    first, second = (found.body.replace(found.name, "").splitlines() for found in (one, other))
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()
