"""Takes everything in the worktrees of a repository as commits in scratch, without touching any of them.

Uncommitted and untracked files are added to a copy of each worktree's index, and the
objects go to the coordinator's own folder; what git ignores is left out. The user's
configuration is in force, so files are stored as `git add` would store them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from gitpar.core.names import CommitId, RefName, TaskId, TreeId, short
from gitpar.git.command import GitCommand, GitFailed
from gitpar.git.commits import CommitText, read_commit, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.environment import SETTINGS, GitEnvironment, quoted_alternate
from gitpar.values import dataclass

_WHO = b"gitpar <> 4000000000 +0000"
_SNAPSHOT = CommitText(_WHO, _WHO, b"what is in the worktree\n")
_UNBORN = re.compile(r"'(.*)' does not have a commit checked out")
_MOST_UNBORN = 50
_UNWRITTEN = tuple(pair for pair in SETTINGS if not pair[0].startswith("core.fsync"))


@dataclass(frozen=True, slots=True)
class Worktree:
    """One worktree as `git worktree list` has it. `branch` is empty where HEAD is detached."""

    path: Path
    head: CommitId
    branch: str


@dataclass(frozen=True, slots=True)
class Snapshots:
    """What the worktrees hold at one moment, and what had to be left out, a sentence each."""

    results: tuple[tuple[TaskId, CommitId], ...]
    notes: tuple[str, ...]


class SnapshotTaker:
    """Takes snapshots again and again; what did not change since the last one is not read again."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._git = coordinator.place.command
        self._folder = coordinator.git_dir / "snapshots"
        self._folder.mkdir(exist_ok=True)
        self._copied: dict[Path, tuple[int, ...]] = {}
        self._notes: list[str] = []

    def take(self) -> Snapshots:
        """Returns a commit for each worktree: HEAD itself where nothing else is there."""
        self._notes = []
        found = list(self._listed())
        names = _names(found)
        results = []
        for worktree, name in zip(found, names, strict=True):
            try:
                results.append((TaskId(name), self._commit(worktree, found)))
            except (GitFailed, OSError) as error:
                self._notes.append(f"`{worktree.path}` is left out: {error}")
        return Snapshots(tuple(results), tuple(self._notes))

    def _listed(self) -> Iterator[Worktree]:
        fields = self._git.run("worktree", "list", "--porcelain", "-z").text.split("\0\0")
        for entry in fields:
            said = dict(line.partition(" ")[::2] for line in entry.split("\0") if line)
            if "bare" in said or "worktree" not in said:
                continue
            path = Path(said["worktree"])
            if not path.is_dir():
                self._notes.append(f"`{path}` is left out: the folder is gone")
            elif said.get("HEAD", "0" * 40).strip("0") == "":
                self._notes.append(f"`{path}` is left out: it has no commit yet")
            else:
                yield Worktree(path, CommitId(said["HEAD"]), short(RefName(said.get("branch", ""))))

    def _commit(self, worktree: Worktree, others: Sequence[Worktree]) -> CommitId:
        reading = GitCommand(GitEnvironment(worktree.path))
        admin = Path(reading.run("rev-parse", "--absolute-git-dir").text)
        index = self._copy(admin)
        git = self._at(worktree.path, index)
        self._add(git, worktree, others, index)
        tree = TreeId(git.run("write-tree").text)
        repository = self._coordinator.pygit()
        merging = _merging(admin)
        if tree == read_commit(repository, worktree.head)[0] and not merging:
            return worktree.head
        return write_commit(repository, tree, [worktree.head, *merging], _SNAPSHOT)

    def _copy(self, admin: Path) -> Path:
        """Returns a copy of the worktree's index, made again where git has written that since."""
        source = admin / "index"
        target = self._folder / admin.name
        stat = source.stat() if source.exists() else None
        seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat else ()
        if self._copied.get(target) != seen or not target.exists():
            target.unlink(missing_ok=True)
            if stat:
                # with its time: git compares files with that to find edits of the same instant
                shutil.copy2(source, target)
            self._copied[target] = seen
        return target

    def _at(self, path: Path, index: Path) -> GitCommand:
        place = self._coordinator.place
        environment = GitEnvironment(
            path,
            {
                "GIT_INDEX_FILE": str(index),
                "GIT_OBJECT_DIRECTORY": str(self._coordinator.objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": quoted_alternate(place.objects),
            },
            (*_UNWRITTEN, ("core.fsync", "none"), ("advice.addEmbeddedRepo", "false")),
        )
        return GitCommand(environment)

    def _add(self, git: GitCommand, worktree: Worktree, others: Sequence[Worktree], index: Path) -> None:
        """Adds all files; worktrees and repositories inside are others' business, as are broken ones."""
        inside = [
            os.path.relpath(other.path, worktree.path)
            for other in others
            if worktree.path in other.path.parents
        ]
        before = _gitlinks(git) if index.exists() else set()
        for _ in range(_MOST_UNBORN):
            left_out = [f":(exclude,top,literal){path}" for path in inside]
            done = git.run("add", "-A", "--", ":/", *left_out, ok=(0, 1, 128))
            unborn = _UNBORN.search(done.stderr)
            if unborn is None or unborn[1].rstrip("/") in inside:
                break
            inside.append(unborn[1].rstrip("/"))
            self._notes.append(f"`{worktree.path / unborn[1]}` is left out: a repository without a commit")
        if done.status != 0:
            said = next(iter(done.stderr.strip().splitlines()), "no message")
            self._notes.append(f"not everything in `{worktree.path}` could be read: {said}")
            git.run("add", "-A", "--ignore-errors", "--", ":/", *left_out, ok=(0, 1, 128))
        if embedded := sorted(_gitlinks(git) - before):
            names = b"".join(os.fsencode(path) + b"\0" for path in embedded)
            git.run("update-index", "-z", "--force-remove", "--stdin", stdin=names)
            self._notes.append(
                f"`{worktree.path}`: left out, because they are repositories of their own:"
                f" {', '.join(f'`{path}`' for path in embedded)}"
            )


def _gitlinks(git: GitCommand) -> set[str]:
    """The paths of submodules in the index."""
    entries = git.run("ls-files", "-s", "-z").fields
    return {entry.partition("\t")[2] for entry in entries if entry.startswith("160000 ")}


def _merging(admin: Path) -> list[CommitId]:
    """The commits of a merge that is under way: they will be parents of what is there."""
    path = admin / "MERGE_HEAD"
    return [CommitId(line) for line in path.read_text().split()] if path.exists() else []


def _names(found: Sequence[Worktree]) -> list[str]:
    """Names each worktree by its branch, else by its folder, by the whole path where that is not enough."""
    names = [worktree.branch or worktree.path.name for worktree in found]
    return [
        str(worktree.path) if names.count(name) > 1 else name
        for worktree, name in zip(found, names, strict=True)
    ]
