"""What is in a commit: its files and their texts, and what git would ignore. Reads only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from gitpar.core.names import CommitId
from gitpar.git.command import GitCommand
from gitpar.git.repository import RepositoryPlace

_LARGEST_BYTES = 500_000


def tracked_files(git: GitCommand, commit: CommitId) -> list[str]:
    """Returns the paths of a commit, by one git process."""
    return git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).fields


def ignored(place: RepositoryPlace, paths: Sequence[str]) -> list[str]:
    """Returns those paths that git would ignore in the main checkout; none in a bare repository."""
    inside = [path for path in paths if path and not path.startswith(("/", "../")) and "\0" not in path]
    if place.root is None or not inside:
        return []
    # 128: a path lies in a submodule or beyond a link, which git does not look into
    given = os.fsencode("".join(f"{path}\0" for path in inside))
    return place.command.run("check-ignore", "-z", "--stdin", stdin=given, ok=(0, 1, 128)).fields


def read_texts(git: GitCommand, commit: CommitId, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yields the content of files of a commit by one git process; what is large or not there is left out."""
    asked = [path for path in paths if "\n" not in path]
    given = os.fsencode("".join(f"{commit}:{path}\n" for path in asked))
    if not asked:
        return
    output = git.run("cat-file", "--batch", stdin=given).stdout
    at = 0
    for path in asked:
        end = output.index(b"\n", at)
        head = output[at:end].split(b" ")
        at = end + 1
        if head[-1] == b"missing" or len(head) != 3 or not head[2].isdigit():
            continue
        size = int(head[2])
        if head[1] == b"blob" and size <= _LARGEST_BYTES:
            yield path, output[at : at + size]
        at += size + 1
