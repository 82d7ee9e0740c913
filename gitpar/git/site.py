"""Where the worktrees of one run are, what is written down about each, and how one is taken away.

A slot is one worktree of the pool. Its record says which attempt it holds; it lies in
`<common git dir>/gitpar/runs/<run>/slots/<n>/`, outside the worker's reach and known to
whoever resumes the run.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from gitpar.core.names import RunId, encode_id
from gitpar.faults import Step, passage
from gitpar.git.admin import admin_folders, read_bytes
from gitpar.git.programs import Preparation, delete, remove, run_teardown
from gitpar.git.writing import write_out
from gitpar.values import dataclass

DISPOSABLE = (
    "__pycache__", "*.pyc", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox",
    ".venv", "venv", "node_modules", ".cache", ".gradle", ".next", ".turbo", ".parcel-cache",
    "build", "dist", "target", "out", "*.egg-info", "*.o", ".DS_Store",
)  # fmt: skip
"""Names of ignored files and folders that can be made again: caches, virtual environments, build folders."""

RECORD = "slot.jsonl"
"""The records of a slot, one a line."""

_TRASH = ".trash-"
_TRIES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """How the worktrees of a run are made and handed on."""

    root: Path
    jobs: int = 4
    prefix: str = "gitpar"
    pooled: bool = True
    slow_workers: bool = False
    """Whether workers take long: no worktree comes back soon, so all that are wanted are made at once."""
    keep: tuple[str, ...] = ("node_modules", ".venv")
    """Names that survive the hand-over from one attempt to the next."""
    keep_worktrees: bool = False
    copy: tuple[str, ...] = ()
    symlink: tuple[str, ...] = ()
    setup: str | None = None
    setup_timeout_s: float = 600.0
    teardown: str | None = None
    teardown_timeout_s: float = 60.0
    disposable: tuple[str, ...] = DISPOSABLE
    ignored_limit_bytes: int = 50_000_000
    excludes: Path | None = None
    """Ignore rules in place of the user's own file of them."""


class State(StrEnum):
    """What a slot is at."""

    MAKING = "making"
    """No worker was there since it was made or reset."""
    HELD = "held"
    """An attempt's worker may have written. Whether that is captured, its keep-ref says."""
    KEPT = "kept"
    """Not everything in it is kept, or the user wants it to stay."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is written down about a slot."""

    number: int
    path: str
    admin: str = ""
    state: State = State.MAKING
    task: str = ""
    n: int = 0
    base: str = ""
    inode: tuple[int, int] = (0, 0)
    """Device and inode of the folder: a worker may move it and put something else there."""
    stash: tuple[str, ...] = ()
    """The stash entries that were there before the worker."""

    def with_admin(self, name: str) -> Record:
        """Returns the record with the admin folder it was killed before it could name."""
        return replace(self, admin=name)


@dataclass(frozen=True)
class Site:
    """The places of one run."""

    common: Path
    run: RunId
    root: Path

    @functools.cached_property
    def folder(self) -> Path:
        """Where the run's worktrees are."""
        return self.root / self.run

    @functools.cached_property
    def own(self) -> Path:
        """Where gitpar writes about the run."""
        return self.common / "gitpar" / "runs" / self.run

    @functools.cached_property
    def reason(self) -> str:
        """Why the worktrees are locked, as `git worktree list -v` shows it."""
        return f"gitpar {self.run}"

    def slot_folder(self, number: int) -> Path:
        """Where gitpar writes about one slot."""
        return self.own / "slots" / str(number)

    def tear_down(self, record: Record, command: str | None, timeout_s: float) -> str:
        """Runs the `teardown` command in a worktree that is about to go; returns what went wrong."""
        path = Path(record.path)
        if command is None or not os.path.lexists(path / ".git"):
            return ""
        passage(Step.WORKTREE_TEARDOWN)
        at = Preparation(path, self.run, record.number, self.log_of(record.number, "teardown"))
        return run_teardown(command, at, timeout_s)

    def log_of(self, number: int, what: str) -> Path:
        """Where what `setup` or `teardown` prints in a slot is written; it outlives the slot."""
        return self.own / "worktrees" / f"{number}.{what}.log"

    def records(self) -> list[Record]:
        """Reads what is written down about all slots, by number."""
        found = (read_record(path) for path in (self.own / "slots").glob(f"*/{RECORD}"))
        return sorted((record for record in found if record), key=lambda record: record.number)

    def write(self, record: Record, *, durably: bool = False) -> None:
        """Writes a slot's record below those that it had: the last one holds."""
        folder = self.slot_folder(record.number)
        content = json.dumps({name: getattr(record, name) for name in _names()}).encode()
        for _ in range(2):
            with suppress(FileNotFoundError):
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
                # a line before as well: a kill may have left a part of one
                write_out(os.open(folder / RECORD, flags, 0o600), b"\n%s\n" % content, durably=durably)
                return
            folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the repository's worktree metadata against other threads and other gitpars.

        The folder itself is locked: a lock file could never be removed safely.
        """
        place = self.common / "gitpar"
        place.mkdir(exist_ok=True)
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def admins(self) -> list[tuple[Path, Path | None]]:
        """Lists the admin folders of this run's worktrees, the half-made ones too, which name no worktree."""
        return [
            (admin, place)
            for admin, place in admin_folders(self.common)
            if read_bytes(admin / "locked").decode(errors="replace").strip() == self.reason
            or (place is not None and place.parent == self.folder)
            or (place is None and self._lost(admin))
        ]

    def unused(self, admin: Path) -> bool:
        """Says whether a worktree was made and nobody has been in it, whose record a power cut took."""
        locked, head = (read_bytes(admin / name) for name in ("locked", "HEAD"))
        return locked.decode(errors="replace").strip() == self.reason and not head.startswith(b"ref:")

    def orphans(self) -> list[Path]:
        """Lists worktrees that no record and no git knows: the power was cut before anybody was in them."""
        known = {Path(record.path) for record in self.records()}
        known |= {place for _, place in self.admins() if place is not None}
        there = (path for path in self.folder.glob("*") if path.name.isdecimal())
        return [path for path in there if path not in known]

    def _lost(self, admin: Path) -> bool:
        """Says whether a power cut emptied the files of an admin folder: git calls it prunable, but locked.

        Those that gitpar has git make have numbers for names. Nobody makes one meanwhile.
        """
        with self.locked():
            empty = not any(read_bytes(admin / name) for name in ("gitdir", "commondir", "locked"))
            return admin.name.isdecimal() and empty

    def take_away(
        self, path: Path, admin: Path | None, number: int | None = None, *, swept: bool = False
    ) -> None:
        """Removes a worktree: aside and out of git's list at once, its bytes behind.

        What is written down about the slot of that `number` goes last. The bytes are left to
        `sweep` where it is `swept` soon. May be killed anywhere and called again.
        """
        passage(Step.WORKTREE_REMOVE)
        aside = None
        if os.path.lexists(path) or self.folder.is_dir():  # else somebody has removed all, or unmounted it
            aside = Path(tempfile.mkdtemp(dir=self.folder, prefix=_TRASH))
        if aside is not None and os.path.lexists(path):
            path.rename(aside / path.name)
        if admin is not None:
            with self.locked():
                _put_into(aside, admin)
                _drop_if_empty(self.common / "worktrees")
        for link, target in _links(self.folder / "by-task"):
            if target == path:
                link.unlink(missing_ok=True)
        if number is not None:
            _put_into(aside, self.slot_folder(number))
        if aside is not None and not swept:
            delete([aside])
        passage(Step.WORKTREE_REMOVED)

    def link(self, task: str, worktree: Path) -> Path:
        """Has a link lead from a task's name to its worktree; a file that says where, on FAT and its like."""
        folder = f"{self.folder}/by-task"
        with suppress(FileExistsError):
            os.mkdir(folder)  # noqa: PTH102 - once an attempt, and so below
        temporary = f"{folder}/.{worktree.name}"
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108
        target = f"../{worktree.name}"
        try:
            os.symlink(target, temporary)  # noqa: PTH211
        except OSError:
            Path(temporary).write_bytes(os.fsencode(target))
        os.replace(temporary, f"{folder}/{encode_id(task)}")  # noqa: PTH105
        return Path(folder, encode_id(task))

    def unlink(self, task: str, worktree: Path) -> None:
        """Removes a task's link, unless another worktree has the task by now and has put its own there."""
        link = self.folder / "by-task" / encode_id(task)
        with suppress(FileNotFoundError):
            if _led_to(link).name == worktree.name:
                link.unlink()

    def trash(self) -> list[Path]:
        """Lists what was taken away and is not deleted yet."""
        return sorted(self.folder.glob(f"{_TRASH}*"))

    def sweep(self, *, behind: bool = True) -> None:
        """Deletes what was taken away, then removes folders that are empty; `behind` does not wait for it."""
        _drop_if_empty(self.folder / "by-task")
        delete(self.trash(), [self.folder, self.root], behind=behind)


def delete_behind(folder: Path, worktrees: Path) -> None:
    """Deletes a folder of gitpar's own in the background, out of the folder of a run's worktrees.

    So nothing vanishes in a repository that somebody copies meanwhile. Where it cannot be moved
    there, as from one file system to another, it is deleted at once.
    """
    with suppress(OSError):
        aside = _trash_in(worktrees)
        with suppress(OSError):
            folder.rename(aside / folder.name)
        delete([aside], [worktrees, worktrees.parent])
    if folder.exists():
        remove(folder)


def _trash_in(worktrees: Path) -> Path:
    """Makes a folder for what is to be deleted; another process may remove the empty one that it is in."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            worktrees.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=worktrees, prefix=_TRASH))
    raise FileNotFoundError(worktrees)


@functools.cache
def _names() -> tuple[str, ...]:
    """What a record holds."""
    return tuple(one.name for one in fields(Record))


def read_record(path: Path) -> Record | None:
    """Reads one slot's record, None where it is gone."""
    values = next(filter(None, map(_read_line, reversed(read_bytes(path).splitlines()))), None)
    if values is None:
        return None
    values = {key: value for key, value in values.items() if key in _names()}
    values["state"] = State(values["state"])
    values["inode"] = tuple(values["inode"])
    values["stash"] = tuple(values["stash"])
    return Record(**values)


def _read_line(line: bytes) -> dict[str, Any] | None:
    """Reads a line of a slot's records; None for one that is empty, or of which a kill left a part."""
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def default_root(place: Path) -> tuple[Path, str | None]:
    """Returns where worktrees go, beside the main worktree (or the bare repository), and a notice.

    Where the folder above cannot be written to, the user's state folder is taken and
    the notice says so.
    """
    place = place.resolve()
    beside = place.with_name(f"{place.name.removesuffix('.git') or place.name}.worktrees")
    if os.access(beside if beside.exists() else beside.parent, os.W_OK):
        return beside, None
    from platformdirs import user_state_path  # noqa: PLC0415 - rarely needed

    name = "-".join(part for part in place.parts if part != os.sep)
    state = user_state_path("gitpar") / "worktrees" / name
    return state, f"`{beside.parent}` cannot be written to: worktrees are made in `{state}`"


def _links(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yields the links of a folder with where they lead; other threads may remove them meanwhile."""
    for link in folder.glob("*"):
        with suppress(OSError):  # gone
            yield link, Path(os.path.normpath(link.parent / _led_to(link)))


def _put_into(trash: Path | None, folder: Path) -> None:
    """Moves a folder of gitpar's own into the trash; deletes it where there is none on its file system."""
    if trash is not None:
        with suppress(OSError):
            folder.rename(trash / f"{folder.parent.name}-{folder.name}")
            return
    shutil.rmtree(folder, ignore_errors=True)


def _led_to(link: Path) -> Path:
    return link.readlink() if link.is_symlink() else Path(os.fsdecode(link.read_bytes()))


def _drop_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # not empty, or gone already
