"""Brings into a new worktree what git does not carry: `.worktreeinclude`, `copy`, `symlink`, `setup`.

Copies only what is untracked, never through a link that leads out of the main worktree,
and remembers what it brought, so that a reset can tell the worker's changes from its own.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, cast

from gitpar.errors import UsageError
from gitpar.git.command import GitCommand
from gitpar.git.environment import GitEnvironment
from gitpar.values import dataclass

INCLUDE_FILE = ".worktreeinclude"
_FICLONE = 0x40049409
"""Source: linux/fs.h; shares the blocks of a file where the file system can."""

Mark = tuple[int, int, int, int]


@dataclass(slots=True)
class Seeds:
    """What was brought into one worktree, by path below its root."""

    copies: dict[str, Mark] = field(default_factory=dict)
    """Files copied from the main worktree: can be copied again."""
    links: dict[str, str] = field(default_factory=dict)
    """Symbolic links and where they lead."""
    made: dict[str, Mark] = field(default_factory=dict)
    """Files that `setup` made: cannot be made again but by a new worktree."""

    @classmethod
    def of(cls, values: Mapping[str, Mapping[str, Any]]) -> Seeds:
        """Returns seeds from what `dataclasses.asdict` made of them."""
        marks = {
            kind: {path: cast("Mark", tuple(found)) for path, found in values[kind].items()}
            for kind in ("copies", "made")
        }
        return cls(marks["copies"], dict(values["links"]), marks["made"])

    def __contains__(self, path: str) -> bool:
        return path in self.copies or path in self.links or path in self.made

    def paths(self) -> list[str]:
        """Lists all paths that were brought."""
        return [*self.copies, *self.links, *self.made]

    def forget(self, paths: Sequence[str]) -> None:
        """Takes paths off the list, because git tracks them at the worktree's base."""
        for path in paths:
            self.copies.pop(path, None)
            self.links.pop(path, None)
            self.made.pop(path, None)

    def unchanged(self, path: str, file: Path) -> bool:
        """Says whether a path is ours and as we left it."""
        if path in self.links:
            return file.is_symlink() and os.readlink(file) == self.links[path]  # noqa: PTH115 - as text
        wanted = self.copies.get(path) or self.made.get(path)
        return wanted is not None and mark(file) == wanted


def mark(file: Path) -> Mark | None:
    """Returns what changes when somebody writes to a file, None where there is none."""
    try:
        found = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (found.st_mode, found.st_size, found.st_mtime_ns, found.st_ino)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The `copy`, `symlink` and `setup` settings and the worktree they are about."""

    main: Path | None
    copy: Sequence[str]
    symlink: Sequence[str]
    setup: str | None
    setup_timeout_s: float

    def seed(self, git: GitCommand, worktree: Path) -> Seeds:
        """Copies and links into a worktree what the settings and `.worktreeinclude` name."""
        seeds = Seeds()
        if self.main is None:
            return seeds
        for path in dict.fromkeys([*self._included(git), *self._copied()]):
            if copy_file(self.main / path, worktree / path):
                found = mark(worktree / path)
                if found is not None:
                    seeds.copies[path] = found
        for path in self.symlink:
            target = _inside(self.main, path)
            if target.exists() and not os.path.lexists(worktree / path):
                (worktree / path).parent.mkdir(parents=True, exist_ok=True)
                (worktree / path).symlink_to(target)
                seeds.links[path] = str(target)
        return seeds

    def restore(self, worktree: Path, seeds: Seeds) -> bool:
        """Gives back what a worker changed of the seeds; False where only a new worktree can."""
        for path in [*seeds.copies, *seeds.links]:
            if seeds.unchanged(path, worktree / path):
                continue
            _remove(worktree / path)
            if path in seeds.links:
                (worktree / path).parent.mkdir(parents=True, exist_ok=True)
                (worktree / path).symlink_to(seeds.links[path])
            elif self.main is not None and copy_file(self.main / path, worktree / path):
                seeds.copies[path] = mark(worktree / path) or seeds.copies[path]
            else:
                return False
        return all(seeds.unchanged(path, worktree / path) for path in seeds.made)

    def _included(self, git: GitCommand) -> Iterator[str]:
        if self.main is None or not (self.main / INCLUDE_FILE).is_file():
            return
        from pathspec import GitIgnoreSpec  # noqa: PLC0415 - 20 ms that most repositories do not need

        spec = GitIgnoreSpec.from_lines((self.main / INCLUDE_FILE).read_text(errors="replace").splitlines())
        at_main = git.at(GitEnvironment(self.main))
        for path in at_main.run("ls-files", "-o", "-i", "--exclude-standard", "-z").fields:
            if spec.match_file(path) and _leads_nowhere(self.main, path):
                yield path

    def _copied(self) -> Iterator[str]:
        if self.main is None:
            return
        for pattern in self.copy:
            source = _inside(self.main, pattern)
            for found in sorted(self.main.glob(pattern)) if any(c in pattern for c in "*?[") else [source]:
                if found.is_dir() and not found.is_symlink():
                    yield from (_below(self.main, file) for file in _files(found))
                elif os.path.lexists(found) and _leads_nowhere(self.main, _below(self.main, found)):
                    yield _below(self.main, found)


def copy_file(source: Path, target: Path) -> bool:
    """Copies a file or link to a place where nothing is yet; shares its blocks where possible.

    Returns False where something is there already (a tracked file is never overwritten)
    or the source is gone.
    """
    if os.path.lexists(target) or not os.path.lexists(source):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return True
    if not stat.S_ISREG(source.stat().st_mode):
        return False
    if not _reflink(source, target):
        shutil.copyfile(source, target)
    shutil.copystat(source, target)
    return True


def _reflink(source: Path, target: Path) -> bool:
    if sys.platform != "linux":
        return False
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EIO}:
                raise
            return False
    return True


def _inside(main: Path, path: str) -> Path:
    """Returns the place a setting names, refusing what is outside the repository."""
    place = Path(os.path.normpath(main / path))
    if os.path.isabs(path) or not place.is_relative_to(main) or place == main:  # noqa: PTH117 - a str
        raise UsageError(f"`{path}` in `copy` or `symlink` is not a path inside the repository")
    return place


def _leads_nowhere(main: Path, path: str) -> bool:
    """Says whether the folders above a path are real folders of the main worktree."""
    return Path(os.path.realpath((main / path).parent)).is_relative_to(os.path.realpath(main))


def _files(folder: Path) -> Iterator[Path]:
    for top, names, files in os.walk(folder):
        yield from (Path(top, name) for name in files)
        yield from (Path(top, name) for name in names if Path(top, name).is_symlink())


def _below(main: Path, path: Path) -> str:
    return path.relative_to(main).as_posix()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
