"""Writes what an attempt left into git objects: trees of plain files, commits without a branch.

Moves no ref and changes nothing in the worktree.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitpar.core.names import CommitId, TreeId
from gitpar.git.command import GitCommand

FALLBACK_NAME = "gitpar"
FALLBACK_EMAIL = "gitpar@localhost"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs gitpar's commits: variables for `git commit-tree`, empty where git finds out by itself."""

    variables: Mapping[str, str]


def read_identity(git: GitCommand) -> dict[str, str]:
    """Returns the configured identity, and whether checkouts are sparse, by lower-case key."""
    wanted = r"^((user|author|committer)\.(name|email)|core\.sparsecheckout)$"
    found = git.run("config", "-z", "--get-regexp", wanted, ok=(0, 1))
    return dict(field.partition("\n")[::2] for field in found.fields)


def signature(values: Mapping[str, str]) -> Signature:
    """Returns the user's identity where one is configured, else gitpar's own."""
    variables = {}
    for role in ("author", "committer"):
        for part, fallback in (("name", FALLBACK_NAME), ("email", FALLBACK_EMAIL)):
            name = f"GIT_{role.upper()}_{part.upper()}"
            value = values.get(f"{role}.{part}") or values.get(f"user.{part}") or fallback
            variables[name] = os.environ.get(name) or value
    return Signature(variables)


def commit_tree(git: GitCommand, tree: str, parents: Sequence[str], message: str) -> CommitId:
    """Writes a commit, durably, and returns its id."""
    options = [part for parent in parents for part in ("-p", parent)]
    return CommitId(git.run("commit-tree", tree, *options, "-F", "-", stdin=message.encode()).text)


class TreeOfFiles:
    """Collects files and trees under paths of its own and writes them as one tree, byte for byte.

    No filter and no line-end conversion runs. `scratch` is a folder for an index and
    for the texts of links; its content is gitpar's.
    """

    def __init__(self, git: GitCommand, scratch: Path) -> None:
        self._scratch = scratch
        self._git = git
        self._files: list[tuple[str, Path, int]] = []
        self._trees: list[tuple[str, str]] = []

    def add_file(self, path: str, file: Path) -> None:
        """Adds a regular file or a symbolic link."""
        self._files.append((_safe(path), file, file.lstat().st_mode))

    def add_tree(self, path: str, tree: str) -> None:
        """Adds a tree that git already has, as a folder."""
        self._trees.append((path, tree))

    @property
    def empty(self) -> bool:
        """Whether nothing was added."""
        return not self._files and not self._trees

    def write(self) -> TreeId:
        """Writes the tree and returns its id."""
        links = self._scratch / "links"
        shutil.rmtree(links, ignore_errors=True)
        links.mkdir(parents=True)
        sources = [self._source(file, mode, links / str(n)) for n, (_, file, mode) in enumerate(self._files)]
        asked = b"".join(_quoted(source) + b"\n" for source in sources)
        ids = self._git.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=asked).text.split()
        shutil.rmtree(links)
        index = self._scratch / "files-index"
        index.unlink(missing_ok=True)
        git = self._git.at(self._git.environment.at(self._git.environment.cwd, GIT_INDEX_FILE=str(index)))
        lines = [
            _mode(mode) + b" " + name.encode() + b"\t" + os.fsencode(path) + b"\0"
            for (path, _, mode), name in zip(self._files, ids, strict=True)
        ]
        git.run("update-index", "-z", "--index-info", stdin=b"".join(lines))
        for path, tree in self._trees:
            git.run("read-tree", f"--prefix={path}/", tree)
        tree_id = TreeId(git.run("write-tree").text)
        index.unlink(missing_ok=True)
        return tree_id

    @staticmethod
    def _source(file: Path, mode: int, text: Path) -> Path:
        if not stat.S_ISLNK(mode):
            return file
        text.write_bytes(os.fsencode(file.readlink()))
        return text


def _mode(mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return b"120000"
    return b"100755" if mode & stat.S_IXUSR else b"100644"


def _safe(path: str) -> str:
    """Renames what no tree may hold: `.git` in any spelling."""
    parts = [
        f"%{part}" if part.rstrip(". ").lower() in {".git", "git~1", ""} else part for part in path.split("/")
    ]
    return "/".join(parts)


def _quoted(path: Path) -> bytes:
    """Quotes a path for `--stdin-paths` as git's C-style quoting reads it."""
    raw = os.fsencode(path)
    if b"\n" not in raw and not raw.startswith(b'"'):
        return raw
    escaped = raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'
