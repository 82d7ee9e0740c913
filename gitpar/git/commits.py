"""Makes commits as bytes: in scratch for computing, in the user's store where a ref will name them.

What a ref will name is written by gitpar or by git, never by libgit2: it is flushed before it has a name.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from gitpar.core.names import CommitId, TreeId
from gitpar.errors import GitparError
from gitpar.git.command import GitCommand, GitFailed, GitResult
from gitpar.git.objects import ObjectWriter
from gitpar.git.scratch import write
from gitpar.patterns import pattern
from gitpar.values import dataclass

if TYPE_CHECKING:
    from pygit2 import Repository

DEFAULT_IDENTITY = "gitpar <gitpar@localhost>"
_TRAILER = pattern(rb"[A-Za-z0-9][A-Za-z0-9-]*: |\(cherry picked from commit |[ \t]")
_AT_ONCE = 64
"""So many objects are held in memory at once."""
_MOST_READ = 1_000
_LONGEST_ROW = 10_000
_TYPES = {1: "commit", 2: "tree", 3: "blob"}


@dataclass(frozen=True, slots=True)
class CommitText:
    """Everything of a commit but its tree and parents. `author` and `committer` hold their times."""

    author: bytes
    committer: bytes
    message: bytes
    encoding: bytes = b""


ReadCommit = tuple[TreeId, tuple[CommitId, ...], CommitText]
"""Tree, parents and text."""

_identities: WeakKeyDictionary[GitCommand, dict[str, str]] = WeakKeyDictionary()
"""Who commits, by role, as each git was asked."""

_read: WeakKeyDictionary[Repository, dict[CommitId, ReadCommit]] = WeakKeyDictionary()
"""Commits read before: each landing asks for its tip and its result a dozen times."""

SYNTHETIC = CommitText(b"gitpar <> 4000000000 +0000", b"gitpar <> 4000000000 +0000", b"")
"""The text of commits that are made only to be merged, in scratch.

Later than all they stand on: git looks for merge bases from the newest commit on, and
of an older one it reads the whole history (200 against 10 ms a merge).
"""


def identity(git: GitCommand, role: str = "COMMITTER") -> str:
    """Returns `Name <mail>` as the user configured it for a role (or AUTHOR), else gitpar's own.

    One git is asked once: a run has one author, whatever a worker sets meanwhile.
    """
    return identities(git, role)[0]


def identities(git: GitCommand, *roles: str) -> list[str]:
    """Returns who has each of the roles, asked for at the same time; see `identity`."""
    known = _identities.setdefault(git, {})
    with ExitStack() as asking:
        # without it, git makes an address up from the host's name
        asked = {
            role: asking.enter_context(git.begin("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT"))
            for role in roles
            if role not in known
        }
        for role, running in asked.items():
            known[role] = _identity(role, running.result())
    return [known[role] for role in roles]


def _identity(role: str, found: GitResult) -> str:
    if found.status not in (0, 128):
        raise GitFailed(("var", f"GIT_{role}_IDENT"), found.status, found.stderr)
    return found.text.rsplit(" ", 2)[0] if found.status == 0 else DEFAULT_IDENTITY


def stamp(who: str, at: float | None = None) -> bytes:
    """Returns an identity with an instant (now by default), in the local zone, as commits hold it."""
    instant = int(time.time() if at is None else at)
    return f"{who} {instant} {time.strftime('%z', time.localtime(instant))}".encode(errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class CommitWriter:
    """Writes commits in the user's name into the user's store."""

    objects: ObjectWriter
    author: str
    committer: str

    def write(self, tree: TreeId, parents: Sequence[str], message: str) -> CommitId:
        """Writes a commit of this instant, durably, and returns its id."""
        text = CommitText(stamp(self.author), stamp(self.committer), message.encode(errors="surrogateescape"))
        return CommitId(self.objects.write("commit", _content(tree, parents, text)))


def write_commit(
    repository: Repository, tree: TreeId, parents: Sequence[CommitId], text: CommitText
) -> CommitId:
    """Writes a commit into scratch and returns its id."""
    # where it goes into a store it is written anew
    return CommitId(write(repository, "commit", _content(tree, parents, text)))


def _content(tree: TreeId, parents: Sequence[str], text: CommitText) -> bytes:
    """Returns a commit as git stores it. Source: git-commit-tree(1)."""
    lines = [b"tree " + tree.encode(), *(b"parent " + parent.encode() for parent in parents)]
    lines += [b"author " + text.author, b"committer " + text.committer]
    if text.encoding:
        lines.append(b"encoding " + text.encoding)
    # git refuses a NUL, which a plan's text may hold
    return b"\n".join(lines) + b"\n\n" + text.message.replace(b"\0", b"")


def read_commit(repository: Repository, commit: CommitId) -> ReadCommit:
    """Returns tree, parents and text of a commit, bytes as they stand."""
    read = _read.setdefault(repository, {})
    if (known := read.get(commit)) is not None:
        return known
    if len(read) >= _MOST_READ:
        read.clear()
    found = read[commit] = _parsed(repository, commit)
    return found


def row(repository: Repository, base: CommitId, tip: CommitId) -> tuple[CommitId, ...] | None:
    """Returns the commits above a base, newest first, where they are a row on it: one parent each."""
    found: list[CommitId] = []
    at = tip
    while at != base:
        parents = read_commit(repository, at)[1]
        if len(parents) != 1 or len(found) == _LONGEST_ROW:
            return None
        found.append(at)
        at = parents[0]
    return tuple(found)


def _parsed(repository: Repository, commit: CommitId) -> ReadCommit:
    head, _, message = repository.read(commit)[1].partition(b"\n\n")
    tree, parents = TreeId(""), []
    found = {b"author": b"", b"committer": b"", b"encoding": b""}
    for line in head.split(b"\n"):
        name, _, value = line.partition(b" ")
        if name == b"tree":
            tree = TreeId(value.decode())
        elif name == b"parent":
            parents.append(CommitId(value.decode()))
        elif found.get(name) == b"":
            found[name] = value
    text = CommitText(found[b"author"], found[b"committer"], message, found[b"encoding"])
    return tree, tuple(parents), text


def with_trailers(message: bytes, trailers: Mapping[str, str] | Iterable[tuple[str, str]]) -> bytes:
    """Returns the message with trailers at its end, in its last paragraph where that holds trailers.

    Source: git-interpret-trailers(1).
    """
    body = message.rstrip()
    pairs = trailers.items() if isinstance(trailers, Mapping) else trailers
    added = b"".join(f"{key}: {value}\n".encode(errors="surrogateescape") for key, value in pairs)
    paragraphs = re.split(rb"\n[ \t]*\n", body)
    in_trailers = len(paragraphs) > 1 and all(map(_TRAILER.match, paragraphs[-1].split(b"\n")))
    return body + (b"\n" if in_trailers else b"\n\n") + added


def publish(repository: Repository, store: ObjectWriter, objects: Iterable[str]) -> None:
    """Writes objects from scratch into the user's store, durably; commits last: what has one is whole."""
    wanted = store.adopt(Path(repository.path, "objects"), list(dict.fromkeys(objects)))
    commits: list[str] = []
    for first in range(0, len(wanted), _AT_ONCE):
        batch: dict[str, tuple[str, bytes]] = {}
        for object_id in wanted[first : first + _AT_ONCE]:
            kind, content = repository.read(object_id)[:2]
            if _TYPES[int(kind)] == "commit":
                commits.append(object_id)
            else:
                batch[object_id] = (_TYPES[int(kind)], content)
        if batch:  # most trees and blobs are linked
            _store(store, batch)
    for first in range(0, len(commits), _AT_ONCE):
        batch = {each: ("commit", repository.read(each)[1]) for each in commits[first : first + _AT_ONCE]}
        _store(store, batch)


def _store(store: ObjectWriter, objects: Mapping[str, tuple[str, bytes]]) -> None:
    written = store.write_all(list(objects.values()))
    if written != list(objects):
        raise GitparError(f"git stored {list(objects)} as {written}: an object was changed on its way")
