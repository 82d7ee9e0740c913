"""Writes what does not belong into an attempt's result as a tree of plain files.

Moves no ref and changes nothing in the worktree.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from gitpar.core.names import TreeId
from gitpar.git.command import GitCommand


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
