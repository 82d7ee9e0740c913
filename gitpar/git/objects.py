"""Writes single objects into a store: as files, as links, or through a git that stays, one for each type.

A process for each commit costs ten times as much as the commit, and asking one that stays costs three
times as much. What has an id here is on the disk. git is asked where it has more to do than
to write a file, and about commits that are not plainly well formed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from secrets import token_hex
from subprocess import Popen
from typing import Protocol

from gitpar.git.command import GitCommand, GitFailed
from gitpar.git.flushing import flush_file
from gitpar.git.writing import flush_open, write_all, write_out
from gitpar.patterns import pattern
from gitpar.values import dataclass

_PLAIN_BYTES = 16_000
"""What is no larger is not compressed: that takes longer than all else, and git's next gc packs it anyway."""

_WHO = rb"[^\0\n<>]* <[^\0\n<>]*> (?:0|[1-9][0-9]{0,17}) [+-][0-9]{4}\n"
_ID = rb"[0-9a-f]{40}\n"
_COMMIT = pattern(
    rb"tree %s(?:parent %s)*author %scommitter %s(?:encoding [!-~]+\n)?\n" % (_ID, _ID, _WHO, _WHO)
)

_AT_ONCE = 64
"""So many objects are asked for before answers are read: pipes hold the names and ids of more."""


class Noted(Protocol):
    """Remembers what is written."""

    def note(self, objects: Iterable[tuple[str, str]]) -> None:
        """Adds objects, given by type and id."""
        ...


@dataclass(slots=True)
class ObjectWriter:
    """Writes objects by `git hash-object -w`. Safe to share between threads.

    `folder` is where an object's content waits for git to read it; it is gitpar's own. What is
    to be written is noted in `written` before.
    """

    git: GitCommand
    folder: Path
    written: Noted | None = None
    _name: str = field(default_factory=lambda: f"object-{token_hex(4)}")
    """How its files begin there: others may use the folder too."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sessions: dict[str, Popen[bytes]] = field(default_factory=dict)

    def write(self, kind: str, content: bytes) -> str:
        """Writes an object of a type (`commit`, `tree`, `blob`) durably and returns its id.

        Raises GitFailed where git does not take it, OSError where its content cannot be
        handed over.
        """
        return self.write_all([(kind, content)])[0]

    def write_all(self, objects: Sequence[tuple[str, bytes]]) -> list[str]:
        """Writes objects durably, each given as type and content, and returns their ids in order.

        Types are written beside each other, so that the disk flushes several at once.
        Raises as `write` does; some may be written then.
        """
        if all(kind == "commit" and is_well_formed(content) for kind, content in objects):
            names = [object_id(kind, content) for kind, content in objects]
            if self.put("commit", dict(zip(names, (content for _, content in objects), strict=True))):
                return names
        with self._lock:
            if self.written is not None:
                self.written.note((kind, object_id(kind, content)) for kind, content in objects)
            found: list[str] = []
            for first in range(0, len(objects), _AT_ONCE):
                batch = objects[first : first + _AT_ONCE]
                for at, (kind, content) in enumerate(batch):
                    self._ask(kind, at, content)
                found += [self._answer(kind) for kind, _ in batch]
            return found

    def adopt(self, scratch: Path, names: Sequence[str]) -> list[str]:
        """Gives trees and blobs of an object folder to the store, durably; returns those that are left.

        Each is read and found to be what its name says, flushed and linked, so it is there
        whole or not at all. What is left: commits, for they come last; everything
        where the file system has no links, or a group shares the store.
        """
        store = self._store
        if store.stat().st_mode & stat.S_ISGID:
            return list(names)
        found: dict[str, str] = {}
        for first in range(0, len(names), _AT_ONCE):
            found |= _flushed(scratch, names[first : first + _AT_ONCE])
        if self.written is not None and found:
            self.written.note((kind, name) for name, kind in found.items())
        return [name for name in names if name not in found or not _linked(scratch, store, name)]

    def put(self, kind: str, contents: Mapping[str, bytes]) -> bool:
        """Writes objects of a type that are given by their names, durably, without git.

        False, with nothing written, where git must: where a group shares the store.
        """
        store = self._store
        if store.stat().st_mode & stat.S_ISGID:
            return False
        if self.written is not None:
            self.written.note((kind, name) for name in contents)
        names = list(contents)
        for first in range(0, len(names), _AT_ONCE):
            batch = names[first : first + _AT_ONCE]
            _put_durably(str(store), {name: framed(kind, contents[name]) for name in batch})
        return True

    @property
    def _store(self) -> Path:
        variables = self.git.environment.variables
        return Path(variables.get("GIT_OBJECT_DIRECTORY") or f"{variables['GIT_DIR']}/objects")

    def _ask(self, kind: str, at: int, content: bytes) -> None:
        stdin = self._session(kind).stdin
        if stdin is None:
            raise GitFailed(_arguments(kind), -1, "the process has no pipes")
        name = f"{self._name}-{at}"
        # written over: to free and take room again can cost more than all else about a file
        descriptor = os.open(f"{self.folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(descriptor).st_size > len(content):
            os.ftruncate(descriptor, len(content))
        write_out(descriptor, content, durably=False)
        with contextlib.suppress(BrokenPipeError):  # it has died; the answer is missed
            # relative to the folder, because git reads names line by line
            stdin.write(f"{name}\n".encode())
            stdin.flush()

    def _answer(self, kind: str) -> str:
        session = self._sessions[kind]
        if session.stdout is None:
            raise GitFailed(_arguments(kind), -1, "the process has no pipes")
        answer = session.stdout.readline()
        if answer.endswith(b"\n"):
            return answer.decode().strip()
        # what the others still answer would be taken for answers to what is asked next
        said = session.communicate()[1].decode(errors="replace")
        del self._sessions[kind]
        self._end()
        raise GitFailed(_arguments(kind), session.returncode, said)

    def close(self) -> None:
        """Ends the processes and takes away what waited for them."""
        with self._lock:
            self._end()
            for file in self.folder.glob(f"{self._name}-*"):
                file.unlink()

    def _end(self) -> None:
        while self._sessions:
            self._sessions.popitem()[1].communicate()

    def _session(self, kind: str) -> Popen[bytes]:
        if kind not in self._sessions:
            self.folder.mkdir(parents=True, exist_ok=True)
            # a worker may have set core.worktree, and git would look for relative names there
            folder = self.git.environment.at(self.folder, GIT_WORK_TREE=str(self.folder))
            self._sessions[kind] = self.git.at(folder).start(*_arguments(kind))
        return self._sessions[kind]


def is_well_formed(commit: bytes) -> bool:
    """Says whether a commit is what `git fsck` has nothing to say against. Source: git-fsck(1)."""
    return _COMMIT.match(commit) is not None and b"\0" not in commit


def object_id(kind: str, content: bytes) -> str:
    """Returns the name git has for an object of a type. Source: gitformat-loose."""
    return name_of(framed(kind, content))


def framed(kind: str, content: bytes) -> bytes:
    """Returns an object as it is named and stored: its type and size before its content."""
    return b"%s %d\0%s" % (kind.encode(), len(content), content)


def name_of(whole: bytes) -> str:
    """Returns the name of an object that is given with its frame."""
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest()


def put(store: str, name: str, whole: bytes) -> None:
    """Writes a loose object, given with its frame, into a store; it is there whole or not at all.

    Raises OSError where it cannot be written.
    """
    descriptor, draft = _drafted(store, whole)
    os.close(descriptor)
    _named(store, draft, name)


def _put_durably(store: str, objects: Mapping[str, bytes]) -> None:
    """Writes loose objects as `put` does, and flushes all before the first gets its name."""
    drafts: list[tuple[str, int, str]] = []
    try:
        for name, whole in objects.items():
            drafts.append((name, *_drafted(store, whole)))
        flush_open([descriptor for _, descriptor, _ in drafts])
        for name, _, draft in drafts:
            _named(store, draft, name)
    finally:
        for _, descriptor, draft in drafts:
            os.close(descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft)  # noqa: PTH108 - as below


def _drafted(store: str, whole: bytes) -> tuple[int, str]:
    """Writes a loose object without its name: others may write the same, and git may read it."""
    draft = f"{store}/tmp_obj_{token_hex(6)}"  # noqa: S108 - one that a kill leaves git removes at its gc
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o444)
    try:
        write_all(descriptor, zlib.compress(whole, len(whole) > _PLAIN_BYTES))
    except BaseException:
        os.close(descriptor)
        os.unlink(draft)  # noqa: PTH108 - no paths here: there are hundreds a run
        raise
    return descriptor, draft


def _named(store: str, draft: str, name: str) -> None:
    """Gives a draft its object's name."""
    place = f"{store}/{name[:2]}/{name[2:]}"
    try:
        try:
            os.rename(draft, place)  # noqa: PTH104 - see above
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                os.mkdir(f"{store}/{name[:2]}")  # noqa: PTH102 - see above
            os.rename(draft, place)  # noqa: PTH104 - see above
    except BaseException:
        os.unlink(draft)  # noqa: PTH108 - see above
        raise


def _flushed(scratch: Path, names: Sequence[str]) -> dict[str, str]:
    """Flushes trees and blobs that are what their names say; returns the type of each."""
    kinds: dict[str, str] = {}
    descriptors: list[int] = []
    try:
        for name in names:
            opened = _opened(f"{scratch}/{name[:2]}/{name[2:]}", name)
            if opened is not None:
                kinds[name] = opened[0]
                descriptors.append(opened[1])
        flush_open(descriptors)
    except OSError:
        return {}  # git writes them, or says why that cannot be
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    return kinds


def _opened(file: str, name: str) -> tuple[str, int] | None:
    """Opens a loose object and says of what type it is; None for a commit, or what is no such object."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    with contextlib.suppress(OSError, ValueError, zlib.error):
        whole = zlib.decompress(os.read(descriptor, os.fstat(descriptor).st_size))
        kind = whole[: whole.index(b" ")].decode()
        if kind != "commit" and name_of(whole) == name:
            return kind, descriptor
    os.close(descriptor)
    return None


def _linked(scratch: Path, store: Path, name: str) -> bool:
    """Links a loose object's file into a store; False where that cannot be."""
    source, target = f"{scratch}/{name[:2]}/{name[2:]}", f"{store}/{name[:2]}/{name[2:]}"
    try:
        try:
            os.link(source, target)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                os.mkdir(f"{store}/{name[:2]}")  # noqa: PTH102 - a dozen a landing
            os.link(source, target)
    except FileExistsError:
        return _young(target)
    except OSError:
        return False
    return True


def _young(target: str) -> bool:
    """Makes an object that is there already look new and flushes it; False where that cannot be."""
    try:
        os.utime(target)  # as git does: a `prune` takes what is old and has no name
        return flush_file(target)  # whoever wrote it may have left that to the system
    except OSError:
        return False


def _arguments(kind: str) -> tuple[str, ...]:
    return ("hash-object", "-w", "-t", kind, "--no-filters", "--stdin-paths")
