"""Makes commits in scratch, as bytes, and writes what was proved into the user's store.

libgit2 never writes what a ref will name: `publish` hands the objects to git, which
checks and flushes them.
"""

from __future__ import annotations

import hashlib
import re
import struct
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId, TreeId
from gitpar.git.command import GitCommand
from gitpar.git.keeping import FALLBACK_EMAIL, FALLBACK_NAME

if TYPE_CHECKING:
    from pygit2 import Repository

DEFAULT_IDENTITY = f"{FALLBACK_NAME} <{FALLBACK_EMAIL}>"
_TRAILER = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]*: |\(cherry picked from commit |[ \t]")
_PACK_TYPES = {1: "commit", 2: "tree", 3: "blob"}


@dataclass(frozen=True, slots=True)
class CommitText:
    """Everything of a commit but its tree and parents. `author` and `committer` hold their times."""

    author: bytes
    committer: bytes
    message: bytes
    encoding: bytes = b""


def identity(git: GitCommand) -> str:
    """Returns `Name <mail>` as the user configured it, else gitpar's own."""
    # without it, git makes an address up from the host's name
    found = git.run("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT", ok=(0, 128))
    return found.text.rsplit(" ", 2)[0] if found.status == 0 else DEFAULT_IDENTITY


def stamp(who: str, at: float | None = None) -> bytes:
    """Returns an identity with an instant (now by default), in the local zone, as commits hold it."""
    instant = int(time.time() if at is None else at)
    return f"{who} {instant} {time.strftime('%z', time.localtime(instant))}".encode(errors="surrogateescape")


def write_commit(
    repository: Repository, tree: TreeId, parents: Sequence[CommitId], text: CommitText
) -> CommitId:
    """Writes a commit into scratch and returns its id. Source: git-commit-tree(1), gitformat."""
    from pygit2.enums import ObjectType  # noqa: PLC0415 - loaded with the repository

    lines = [b"tree " + tree.encode(), *(b"parent " + parent.encode() for parent in parents)]
    lines += [b"author " + text.author, b"committer " + text.committer]
    if text.encoding:
        lines.append(b"encoding " + text.encoding)
    data = b"\n".join(lines) + b"\n\n" + text.message
    return CommitId(str(repository.write(ObjectType.COMMIT, data)))


def read_commit(repository: Repository, commit: CommitId) -> tuple[TreeId, tuple[CommitId, ...], CommitText]:
    """Returns tree, parents and text of a commit, bytes as they stand."""
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


def with_trailers(message: bytes, trailers: Mapping[str, str]) -> bytes:
    """Returns the message with trailers at its end, in its last paragraph where that holds trailers.

    Source: git-interpret-trailers(1).
    """
    body = message.rstrip()
    added = b"".join(f"{key}: {value}\n".encode(errors="surrogateescape") for key, value in trailers.items())
    paragraphs = re.split(rb"\n[ \t]*\n", body)
    in_trailers = len(paragraphs) > 1 and all(map(_TRAILER.match, paragraphs[-1].split(b"\n")))
    return body + (b"\n" if in_trailers else b"\n\n") + added


def publish(repository: Repository, store: GitCommand, objects: Iterable[str]) -> None:
    """Writes objects from scratch into the user's store by one `git unpack-objects`, flushed.

    git names each object by what it holds, so nothing can come out changed.
    Source: gitformat-pack(5).
    """
    unique = list(dict.fromkeys(objects))
    if not unique:
        return
    parts = [b"PACK" + struct.pack(">II", 2, len(unique))]
    for object_id in unique:
        kind, data = repository.read(object_id)[:2]
        parts.append(_pack_header(int(kind), len(data)) + zlib.compress(data, 1))
    pack = b"".join(parts)
    checksum = hashlib.sha1(pack, usedforsecurity=False).digest()
    store.run("unpack-objects", "-q", stdin=pack + checksum)


def _pack_header(kind: int, size: int) -> bytes:
    if kind not in _PACK_TYPES:
        raise ValueError(f"object type {kind} cannot be packed")
    first, size = (kind << 4) | (size & 15), size >> 4
    header = bytearray()
    while size:
        header.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    header.append(first)
    return bytes(header)
