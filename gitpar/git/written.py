"""What a run has written into the user's store, so that nothing is left there that no ref names.

A landing that gates refuse, a result made anew that is squashed, whatever was under way
when gitpar was killed: all that is in the store, and `git fsck` would call it dangling.
So objects are noted before they are written, and one commit holds what no ref reaches.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitpar.core.names import NO_COMMIT, CommitId, RefName, RunId, TreeId
from gitpar.git.command import GitCommand, GitFailed, GitResult, RunningGit
from gitpar.git.commits import CommitWriter, identity
from gitpar.git.environment import GitEnvironment
from gitpar.git.objects import ObjectWriter
from gitpar.git.repository import RepositoryPlace
from gitpar.git.trees import EMPTY_TREE
from gitpar.ports import Refs, RefUpdate
from gitpar.values import dataclass

_MODES = {"tree": b"40000", "blob": b"100644"}
_ID = 40
_MESSAGE = "What gitpar made and no other ref holds\n"


def unused_ref(run: RunId) -> RefName:
    """Returns the ref that holds what a run has written and nothing else does."""
    return RefName(f"refs/gitpar/unused/{run}")


@dataclass(frozen=True, slots=True)
class Written:
    """The list of a run: a line for each object, with who wrote it. Survives a kill, not a power cut."""

    file: Path

    @classmethod
    def of_run(cls, common_dir: Path, run: RunId) -> Written:
        """Names the list of a run; nothing is made."""
        return cls(common_dir / "gitpar" / "runs" / run / "written")

    def note(self, objects: Iterable[tuple[str, str]]) -> None:
        """Adds objects, given by type and id, that are about to be written."""
        who = f"{os.getpid()}.{threading.get_ident()}"
        lines = "".join(f"{who} {kind} {name}\n" for kind, name in objects).encode()
        try:
            self._append(lines)
        except FileNotFoundError:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._append(lines)

    def _append(self, lines: bytes) -> None:
        with open(self.file, "ab", buffering=0) as file:  # noqa: PTH123 - a few a task
            file.write(lines)

    def groups(self) -> list[_Group]:
        """Returns what was written: commits, each with the objects that were written for it before."""
        try:
            lines = self.file.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return []
        groups: list[_Group] = []
        others: dict[str, dict[str, str]] = {}
        for line in lines:
            who, kind, object_id = (*line.split(" "), "", "")[:3]
            if len(object_id) != _ID:
                continue  # the machine failed while it was noted: the object was not begun
            if kind == "commit":
                groups.append(_Group(CommitId(object_id), others.pop(who, {})))
            else:
                others.setdefault(who, {})[object_id] = kind
        return [*groups, *(_Group(NO_COMMIT, left) for left in others.values())]


@dataclass(frozen=True, slots=True)
class _Group:
    commit: CommitId
    others: Mapping[str, str]
    """Trees and blobs, with their type."""


def hold_unused(place: RepositoryPlace, run: RunId, refs: Refs) -> CommitId | None:
    """Has a ref hold what a run has written and no ref reaches.

    Returns the commit that does, None where there is nothing to hold.
    """
    with holding_unused(place, run, refs) as hold:
        return hold()


@contextmanager
def holding_unused(place: RepositoryPlace, run: RunId, refs: Refs) -> Iterator[Callable[[], CommitId | None]]:
    """Has git look for what no ref reaches while the block runs; yields what then does as `hold_unused`.

    Nothing is to be written or moved meanwhile, and no worktree taken away.
    """
    written = Written.of_run(place.common, run)
    groups = written.groups()
    if not groups:
        yield lambda: None
        return
    git = GitCommand(GitEnvironment(place.common, {"GIT_DIR": str(place.common)}))
    with _looking(git, groups) as looking, _listing(git, groups) as listed:

        def hold() -> CommitId | None:
            found = listed.result()
            if found.status != 0:  # as where a worktree was taken away whose HEAD git was about to read
                with _listing(git, groups) as again:
                    found = again.result()
            unused = _unreached(found)
            left = _left(looking.result(), groups)
            return _held(place, run, refs, (written, unused, left)) if unused or left else None

        yield hold


def _held(
    place: RepositoryPlace,
    run: RunId,
    refs: Refs,
    found: tuple[Written, Sequence[CommitId], Mapping[str, str]],
) -> CommitId:
    """Writes the commit that holds commits, and trees and blobs with their type, and has the ref name it."""
    written, unused, left = found
    git = GitCommand(GitEnvironment(place.common, {"GIT_DIR": str(place.common)}))
    ref = unused_ref(run)
    before = refs.read(ref).get(ref, NO_COMMIT)
    objects = ObjectWriter(git, written.file.with_name("scratch"), written)
    try:
        if EMPTY_TREE in left:
            objects.write("tree", b"")  # git says that it is there also where it was only noted
        tree = objects.write("tree", _tree(left))
        writer = CommitWriter(objects, identity(place.command, "AUTHOR"), identity(place.command))
        held = writer.write(TreeId(tree), [*([before] if before else []), *unused], _MESSAGE)
        refs.move([RefUpdate(ref, held, before)])
    finally:
        objects.close()
    return held


_UNREACHED = ("rev-list", "--parents", "--ignore-missing", "--not", "--all", "--not", "--stdin")
"""The options that say what to leave out are read before standard input is."""


def _listing(git: GitCommand, groups: Sequence[_Group]) -> RunningGit:
    """Begins to list the commits of groups that no ref reaches."""
    commits = dict.fromkeys(group.commit for group in groups if group.commit)
    return git.begin(*_UNREACHED, stdin="".join(f"{commit}\n" for commit in commits).encode())


def _unreached(listed: GitResult) -> list[CommitId]:
    """Returns those of the commits listed that no other one of them reaches."""
    if listed.status != 0:
        raise GitFailed(_UNREACHED, listed.status, listed.stderr)
    rows = [row.split() for row in listed.text.splitlines()]
    below = {parent for row in rows for parent in row[1:]}
    return [CommitId(row[0]) for row in rows if row[0] not in below]


def _looking(git: GitCommand, groups: Sequence[_Group]) -> RunningGit:
    """Begins to look which of the objects are there, of groups that have others than commits."""
    suspects = [group for group in groups if group.others]
    asked: set[str] = {group.commit for group in suspects if group.commit}
    asked |= {each for group in suspects for each in group.others}
    stdin = "".join(f"{each}\n" for each in sorted(asked)).encode()
    return git.begin("cat-file", "--batch-check=%(objectname)", "--buffer", stdin=stdin)


def _left(looked: GitResult, groups: Sequence[_Group]) -> dict[str, str]:
    """Returns the trees and blobs that are there and whose commit is not: it was never written."""
    if looked.status != 0:
        raise GitFailed(("cat-file", "--batch-check"), looked.status, looked.stderr)
    there = {line for line in looked.text.splitlines() if " " not in line}
    return {
        each: kind
        for group in groups
        if group.commit not in there
        for each, kind in group.others.items()
        if each in there
    }


def _tree(objects: Mapping[str, str]) -> bytes:
    """Returns a tree that names objects by their ids. Source: git's tree.c; ids sort as names do."""
    return b"".join(
        b"%s %s\0%s" % (_MODES[kind], each.encode(), bytes.fromhex(each))
        for each, kind in sorted(objects.items())
    )
