"""The trusted bare repository in which diffs and merges are computed, one for each run or comparison.

Its own object folder is the scratch store: everything is computed there, over the user's
objects as an alternate, and only what was proved is written into the user's store.
It has no refs and no configuration but what stands here, so nothing of the user's can run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitpar.errors import EnvironmentFault
from gitpar.git.command import GitCommand, GitFailed
from gitpar.git.environment import GitEnvironment, coordinator_environment
from gitpar.git.programs import remove
from gitpar.git.repository import RepositoryPlace

if TYPE_CHECKING:
    from pygit2 import Repository as PygitRepository

_loading = threading.Lock()

CARRIED = {
    "merge.renames": "whether a moved file is followed",
    "merge.renamelimit": "how many moved files are followed",
    "merge.directoryrenames": "whether new files follow a moved folder",
    "merge.renormalize": "whether line endings are made equal before the merge",
    "diff.renames": "what merge.renames is where it is not set",
    "diff.renamelimit": "what merge.renameLimit is where it is not set",
    "core.ignorecase": "whether names that differ by case are one file",
}
"""The user's settings that change a merge without running code, each with what it decides."""

_LARGEST_KEPT_BYTES = 256 * 1024
_MOST_KEPT_BYTES = 64 * 1024 * 1024
"""So much of what was read libgit2 keeps in memory, on all threads together."""

_OFF = ("false", "no", "off", "0")


class Coordinator:
    """A bare repository over the user's objects, made new each time and removed on close.

    `scratch` runs git where new objects vanish with the coordinator; `store` where they
    go durably into the user's store.
    """

    def __init__(self, place: RepositoryPlace, git_dir: Path, drivers: Sequence[str] = ()) -> None:
        """Makes the repository in the folder `git_dir`; what is there already is removed.

        `drivers` names the user's merge drivers that may run in it.
        """
        self.place = place
        self.git_dir = git_dir
        self.objects = self.git_dir / "objects"
        self.settings = _carried(place.command, drivers)
        self._make()
        self.store = GitCommand(coordinator_environment(self.git_dir, place.objects))
        scratch = coordinator_environment(self.git_dir, place.objects, scratch=self.objects)
        self.scratch = GitCommand(_undurable(scratch))
        self._local = threading.local()
        self._opened: list[PygitRepository] = []
        self._lock = threading.Lock()

    @property
    def attributes(self) -> Path:
        """The file that stands for the `.gitattributes` of a tree."""
        return self.git_dir / "info" / "attributes"

    @property
    def has_attributes(self) -> bool:
        """Whether any path merges in a way of its own."""
        return self.attributes.exists() and self.attributes.stat().st_size > 0

    @property
    def follows_renames(self) -> bool:
        """Whether merges follow moved files, as the user's settings say."""
        value = self.settings.get("merge.renames", self.settings.get("diff.renames", "true"))
        return value.casefold() not in _OFF

    @property
    def ignores_case(self) -> bool:
        """Whether the user's file system takes names that differ by case only for one."""
        return self.settings.get("core.ignorecase", "false").casefold() not in _OFF

    def pygit(self) -> PygitRepository:
        """Returns this thread's own libgit2 repository: it reads both stores and writes into scratch."""
        repository: PygitRepository | None = getattr(self._local, "repository", None)
        if repository is None:
            load()
            from pygit2 import Repository, settings  # noqa: PLC0415 - takes 110 ms, so only when needed
            from pygit2.enums import ObjectType  # noqa: PLC0415 - likewise

            # by itself libgit2 keeps no file it has read, and a landing reads each four times
            settings.cache_object_limit(ObjectType.BLOB, _LARGEST_KEPT_BYTES)
            settings.cache_max_size(_MOST_KEPT_BYTES)
            repository = Repository(str(self.git_dir))
            repository.odb.add_disk_alternate(str(self.place.objects))
            self._local.repository = repository
            with self._lock:
                self._opened.append(repository)
        return repository

    def in_scratch(self, objects: Iterable[str]) -> list[str]:
        """Returns those of the objects that were computed here; the user's store has the others."""
        scratch = str(self.objects)
        # strings: a landing has a dozen of them, and joining paths would cost more than the look
        return [one for one in objects if os.path.exists(f"{scratch}/{one[:2]}/{one[2:]}")]  # noqa: PTH110

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Turns a missing object in a partial clone into EnvironmentFault with what to type.

        Nothing is fetched behind the user's back: that could ask for a password.
        """
        try:
            yield
        except (GitFailed, KeyError) as error:
            if not self.place.partial:
                raise
            raise EnvironmentFault(
                f"this is a partial clone, and objects that are needed are missing: {error}",
                "Fetch them all: git fetch --refetch --no-filter",
            ) from error

    def close(self, away: Callable[[Path], None] = remove) -> None:
        """Removes the repository with all scratch objects; `away` is what removes a folder."""
        with self._lock:
            for repository in self._opened:
                repository.free()
            self._opened.clear()
        self._local = threading.local()
        away(self.git_dir)

    def _make(self) -> None:
        """Writes the few files that make a bare repository.

        What a killed gitpar left is removed first. The `shallow` file is linked, so that a
        shallow clone's borders hold here as well; where there is none the link leads nowhere.
        """
        if self.git_dir.exists():
            shutil.rmtree(self.git_dir)
        for folder in ("objects", "refs", "info"):
            (self.git_dir / folder).mkdir(parents=True)
        (self.git_dir / "HEAD").write_text("ref: refs/heads/none\n")
        (self.git_dir / "config").write_text(_config(self.settings))
        shallow = self.place.common / "shallow"
        try:
            (self.git_dir / "shallow").symlink_to(shallow)
        except OSError:  # a file system without links: a border that moves meanwhile is not followed
            if shallow.exists():
                shutil.copyfile(shallow, self.git_dir / "shallow")


def _carried(git: GitCommand, drivers: Sequence[str]) -> dict[str, str]:
    keys = [key.replace(".", "\\.") for key in CARRIED]
    names = (re.sub(r"([^\w-])", r"[\1]", driver) for driver in drivers)
    keys += [f"merge\\.{name}\\.(driver|recursive)" for name in names]
    # status 1: none of them is set
    fields = git.run("config", "-z", "--get-regexp", "^(" + "|".join(keys) + ")$", ok=(0, 1)).fields
    # a key without a value means true
    pairs = (field.split("\n", 1) if "\n" in field else (field, "true") for field in fields)
    return {key if key.count(".") > 1 else key.casefold(): value for key, value in pairs}


def _config(settings: Mapping[str, str]) -> str:
    lines = ["[core]", "\trepositoryformatversion = 0", "\tbare = true", "\tlogAllRefUpdates = false"]
    for key, value in settings.items():
        section, _, rest = key.partition(".")
        driver, _, name = rest.rpartition(".")
        lines += [
            f"[{section} {_quoted(driver)}]" if driver else f"[{section}]",
            f"\t{name} = {_quoted(value)}",
        ]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _undurable(environment: GitEnvironment) -> GitEnvironment:
    """The same without flushes: what is computed in scratch is not kept."""
    settings = tuple(
        pair for pair in environment.settings if pair[0] not in ("core.fsync", "core.fsyncMethod")
    )
    return dataclasses.replace(environment, settings=(*settings, ("core.fsync", "none")))


def load() -> None:
    """Loads libgit2, which takes a tenth of a second; without certificates, as it speaks to nobody here.

    pygit2 has it read all that the machine has, and cannot be loaded where there are none.
    """
    with _loading:
        if "pygit2" not in sys.modules:
            import ssl  # noqa: PLC0415 - pygit2 brings it

            found = ssl.get_default_verify_paths
            # a folder that is there and holds none
            none: dict[str, Any] = {"cafile": None, "capath": os.sep}
            ssl.get_default_verify_paths = lambda: found()._replace(**none)
            try:
                importlib.import_module("pygit2")
            finally:
                ssl.get_default_verify_paths = found
