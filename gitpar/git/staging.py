"""Turns a worktree's files into a tree, and what does not belong into it into a second one.

Works on a copy of the index that gitpar saved, so the worker's own index and its flags
do not matter, and on no ref.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gitpar.core.names import CommitId, TreeId
from gitpar.git import admin as admin_files
from gitpar.git import leftovers
from gitpar.git.admin import SAVED_INDEX
from gitpar.git.aging import distrust
from gitpar.git.command import GitCommand, GitFailed, GitResult, RunningGit
from gitpar.git.environment import WORKTREE_SETTINGS
from gitpar.git.index_file import Differences, differences
from gitpar.git.keeping import TreeOfFiles
from gitpar.git.nested import Nested, nested
from gitpar.git.programs import open_up
from gitpar.git.slots import STAGED_INDEX, Slot
from gitpar.git.submodules import may_have_gitlinks
from gitpar.git.walking import Walk, walk

_PRUNED = ("node_modules", ".venv", "venv")
"""Folders of tens of thousands of files that are never kept: not looked into."""

_MACHINE = (
    os.strerror(errno.ENOSPC),
    os.strerror(errno.EIO),
    os.strerror(errno.EDQUOT),
    os.strerror(errno.EROFS),
    "unable to write",
    "unable to create temporary",
)
"""What git says when it is the machine that fails: trying differently would only lose something."""


class Staging:
    """One look at a worktree. After `stage`: `tips` to keep, `notes`, `problem`, `reusable`.

    The index stays: a reset takes away by it what the worker added.
    """

    def __init__(self, slot: Slot, git: GitCommand, rest: TreeOfFiles) -> None:
        self._slot = slot
        self._rest = rest
        self._index = slot.own / STAGED_INDEX
        self._git = git.at(git.environment.at(slot.path, GIT_INDEX_FILE=str(self._index)))
        # the capture flushes what it comes to
        settings = {**dict(git.environment.settings), "core.fsync": "none,pack,pack-metadata"}
        self._adder = git.at(replace(self._git.environment, settings=tuple(settings.items())))
        self.tips: list[str] = []
        self.notes: list[str] = []
        self.problem = ""
        self.reusable = True

    def stage(self, head: CommitId) -> TreeId:
        """Writes the worktree's files as a tree and adds to the rest what that tree leaves out."""
        if self._slot.ages is not None:
            self._slot.ages.reveal(self._slot.path)
        pruned = {*_PRUNED, *self._slot.ground.settings.keep}
        with self._adding([]) as adding:
            found = walk(self._slot.path, pruned, self._slot.folders, self._slot.rights)
            added = self._added(adding.result())
        self._slot.otherwise = found.otherwise
        repositories = self._sort(found.odd)
        inside = [path for path in repositories if path != "."]
        if inside:
            known = self._known(inside, head)
            self._tracked(sorted(known & set(inside)), repositories)
            fresh = [path for path in inside if path not in known]
            for path in self._ignored_among(fresh):
                fresh.remove(path)  # its files are kept with the other ignored ones
                self._history(path, repositories[path])
            added = self._add(fresh)
        else:
            fresh = []
        if not found.readable or not added:
            self._opened(fresh, readable=found.readable)
        for path in fresh:
            self._new_repository(path, repositories[path])
        if "." in repositories:
            self._history(".", repositories["."])
        self._slot.whole = self._names_all(found)
        if not self._slot.whole:
            self._ignored(head)
        return self._tree()

    def _tree(self) -> TreeId:
        ground = self._slot.ground
        found = None
        self._slot.differences = self.differences(admin_files.read_bytes(self._index))
        if ground.index_trees is not None:
            base = ground.tree_of(self._git, CommitId(self._slot.record.base))
            store = ground.commits.objects
            if self._slot.differences is not None:
                found = ground.index_trees.store_changed(base, self._slot.differences.changed, store)
            found = found or ground.index_trees.store(self._index, base, store)
        return found or TreeId(self._git.run("write-tree").text)

    def differences(self, index: bytes) -> Differences | None:
        """Returns what an index has otherwise than it was handed out; None where that is not known."""
        saved = admin_files.read_bytes(self._slot.admin / SAVED_INDEX)
        like = self._slot.ground.layouts.of(self._slot.record.base, saved)
        return differences(like, saved, index) if like is not None else None

    def holds_all_of(self, index: bytes) -> bool:
        """Says whether an index is known to hold what the files came to, or what was handed out."""
        found, own = self.differences(index), self._slot.differences
        return found is not None and (not found.changed or (own is not None and found.changed == own.changed))

    # --- adding -------------------------------------------------------------------------

    def _add(self, left_out: Sequence[str], *extra: str) -> bool:
        """Adds everything to a fresh copy of the saved index; False where git could not add all."""
        with self._adding(left_out, *extra) as adding:
            return self._added(adding.result())

    def _adding(self, left_out: Sequence[str], *extra: str) -> RunningGit:
        """Has git begin to add everything to a fresh copy of the saved index."""
        saved = self._slot.admin / SAVED_INDEX
        if saved.exists() and self._slot.ages is not None:
            admin_files.link_index(saved, self._index)
        elif saved.exists():
            admin_files.save_index(saved, self._index)
            distrust(self._index)
        else:
            self._git.run("read-tree", self._slot.record.base)
        outside = [f":(exclude,top,literal){path}" for path in left_out]
        sparse = ["--sparse"] if self._slot.ground.sparse else []
        return self._adder.begin("add", "-A", *sparse, *extra, "--", ".", *outside)

    def _added(self, result: GitResult) -> bool:
        """Says whether git could add all."""
        unknown = result.status not in (0, 1, 128)
        if unknown or (result.status != 0 and any(word in result.stderr for word in _MACHINE)):
            raise GitFailed(("add", "-A"), result.status, result.stderr)
        self._said = result.stderr
        if seeds := self._slot.seeds.paths():
            # an exclusion would not do: git refuses a pathspec that names what is ignored
            self._git.run("update-index", "-z", "--force-remove", "--stdin", stdin=listing(seeds))
        return result.status == 0 and "could not open directory" not in result.stderr

    def _names_all(self, found: Walk) -> bool:
        """Whether the index names every file there is, so that nothing can be ignored or left over.

        All it names is there, having been added just now, so equal numbers will do; not
        where one file can have two names, or where what is named need not be a file.
        """
        ground = self._slot.ground
        if not found.plain or self.problem or ground.sparse or ground.ignore_case:
            return False
        named = admin_files.entry_count(admin_files.read_bytes(self._index))
        return named == found.files and not may_have_gitlinks(self._index)

    def _opened(self, left_out: Sequence[str], *, readable: bool) -> None:
        """Adds again after giving back the rights a worker took, and keeps otherwise what still fails."""
        if not readable or "ermission denied" in self._said:
            open_up(self._slot.path)
            readable = walk(self._slot.path).readable
        if self._add(left_out) and readable:
            return
        said = next((line for line in self._said.splitlines() if line.strip()), "no message")
        self._add(left_out, "--ignore-errors")
        missing = self._git.run("ls-files", "-z", "-o", "-m", "--exclude-standard").fields
        for path in dict.fromkeys(missing):
            file = self._slot.path / path
            if path.rstrip("/") not in left_out and file.is_file() and os.access(file, os.R_OK):
                self._rest.add_file(f"not-added/{path}", file)
        self.problem = f"git could not add everything: {said}"
        self.reusable = False
        self.notes.append(f"what could not be added stays in {self._slot.path}")

    # --- repositories inside ------------------------------------------------------------

    def _sort(self, found: Sequence[Path]) -> dict[str, Path]:
        """Returns nested repositories by path and notes special files; both are the slot's oddities."""
        root = f"{self._slot.path}/"
        repositories: dict[str, Path] = {}
        special: list[str] = []
        oddities = []
        patterns = self._slot.ground.settings.disposable
        for path in found:
            name = str(path)[len(root) :]
            if path.name != ".git":
                special.append(name)
                oddities.append(path)
            elif name != ".git" or path.is_dir():
                oddities.append(path)
                if not leftovers.disposable(name, patterns):
                    repositories[name.removesuffix("/.git") if name != ".git" else "."] = path
        self._slot.oddities = tuple(oddities)
        if special:
            self.notes.append(f"not kept, because no files: {_some(special)}")
        return repositories

    def _known(self, paths: Sequence[str], head: CommitId) -> set[str]:
        """Returns those of the paths at which git tracks a submodule or files, at the base or in HEAD."""
        saved = self._git.at(
            self._git.environment.at(self._slot.path, GIT_INDEX_FILE=str(self._slot.admin / SAVED_INDEX))
        )
        specs = [f":(top,literal){path}" for path in paths]
        tracked = saved.run("ls-files", "-z", "--", *specs).fields
        tracked += self._git.run("ls-tree", "-z", "--name-only", head, "--", *paths).fields
        return {
            path for path in paths if any(name == path or name.startswith(f"{path}/") for name in tracked)
        }

    def _ignored_among(self, paths: Sequence[str]) -> list[str]:
        if not paths:
            return []
        return self._git.run("check-ignore", "-z", "--stdin", stdin=listing(paths), ok=(0, 1)).fields

    def _tracked(self, paths: Sequence[str], repositories: dict[str, Path]) -> None:
        """Keeps what a submodule (or a repository laid over tracked files) has of its own."""
        for path in paths:
            found = self._nested(path, repositories[path])
            if found is None:
                continue
            if not _is_submodule(found, self._slot.admin):
                self._history(path, repositories[path])
            elif tips := found.local_tips():
                self._bring(path, found, tips)
                self.notes.append(f"commits that only the submodule `{path}` has are kept")
            if changed := found.changed():
                for name in changed:
                    self._rest.add_file(f"submodules/{path}/{name}", found.folder / name)
                self.notes.append(
                    f"files changed in the repository `{path}` are kept, not part of the result"
                )

    def _new_repository(self, path: str, dot_git: Path) -> None:
        """Keeps a repository that a worker made or cloned: without a commit its files join the result."""
        found = self._nested(path, dot_git)
        if found is not None and found.tips():
            self._history(path, dot_git)
            self.notes.append(f"the repository `{path}` inside the worktree is kept, not part of the result")
            for name in found.files():
                self._rest.add_file(f"nested/{path}/{name}", found.folder / name)
            return
        scratch = self._slot.own / "nested-index"
        scratch.unlink(missing_ok=True)
        folder = dot_git.parent
        inner = self._git.at(
            self._git.environment.at(folder, GIT_INDEX_FILE=str(scratch), GIT_WORK_TREE=str(folder))
        )
        inner.run("add", "-A")
        tree = inner.run("write-tree").text
        scratch.unlink(missing_ok=True)
        self._git.run("read-tree", f"--prefix={path}/", tree)
        self.notes.append(f"`{path}` was a repository without a commit: its files are part of the result")

    def _history(self, path: str, dot_git: Path) -> None:
        found = self._nested(path, dot_git)
        if found is None or not (tips := found.tips()):
            return
        self._bring(path, found, tips)
        self.notes.append(f"the history of the repository `{path}` ({len(tips)} tips) is kept")

    def _bring(self, path: str, found: Nested, tips: list[str]) -> None:
        """Brings a repository's objects into the user's store; a cut history only as a file."""
        if found.shares_store:
            self.tips += tips
            return
        pack = found.pack()
        if not found.shallow:
            self._git.run("index-pack", "--stdin", stdin=pack)
            self.tips += tips
            return
        file = self._slot.own / f"{path.replace('/', '%2F')}.pack"
        file.write_bytes(pack)
        self._rest.add_file(f"nested-history/{path}.pack", file)

    def _nested(self, path: str, dot_git: Path) -> Nested | None:
        found = nested(dot_git, self._slot.ground.site.common, WORKTREE_SETTINGS)
        if found is None:
            self.notes.append(f"`{path}/.git` is no repository git can read")
        return found

    # --- ignored files ------------------------------------------------------------------

    def _ignored(self, head: CommitId) -> None:
        """Keeps the ignored files a worker made, unless they can be made again or are too many.

        What the worker gave to git in spite of the ignore rules is part of the result.
        """
        settings, slot = self._slot.ground.settings, self._slot
        listed = self._git.run("ls-files", "-o", "-i", "--exclude-standard", "--directory", "-z").fields
        forced = self._forced(head, listed) if listed else set()
        listed += [path for path in slot.seeds.paths() if os.path.lexists(slot.path / path)]
        patterns = (*settings.disposable, *settings.keep)
        found = leftovers.sort_ignored(slot.path, list(dict.fromkeys(listed)), patterns)
        files = [
            path
            for path in found.files
            if path not in forced and not slot.seeds.unchanged(path, slot.path / path)
        ]
        size = sum((slot.path / path).lstat().st_size for path in files)
        if size > settings.ignored_limit_bytes:
            self.reusable = False
            self.notes.append(
                f"{len(files)} ignored files of {size / 1e6:.0f} MB are too much to keep in git:"
                f" they stay in {slot.path}"
            )
        else:
            for path in files:
                self._rest.add_file(f"ignored/{path}", slot.path / path)
            if files:
                self.notes.append(f"ignored files are kept, not part of the result: {_some(files)}")
        dropped = [path for path in found.dropped if not set(settings.keep) & set(path.strip("/").split("/"))]
        if dropped:
            self.notes.append(f"not kept, can be made again: {_some(dropped)}")

    def _forced(self, head: CommitId, ignored: Sequence[str]) -> set[str]:
        """Adds those of the ignored files that the worker's index or HEAD has; returns them."""
        literal = self._git.environment.at(self._slot.path, GIT_LITERAL_PATHSPECS="1")
        staged = self._git.at(literal.at(self._slot.path, GIT_INDEX_FILE=str(self._slot.admin / "index")))
        # 128: the worker's index cannot be read
        found = staged.run("ls-files", "-z", "--", *ignored, ok=(0, 128)).fields
        if head != self._slot.record.base:
            found += self._git.at(literal).run("ls-tree", "-rz", "--name-only", head, "--", *ignored).fields
        seeds = set(self._slot.seeds.paths())
        forced = {path for path in found if path not in seeds and os.path.lexists(self._slot.path / path)}
        if forced:
            options = ("--pathspec-from-file=-", "--pathspec-file-nul")
            self._git.at(literal).run("add", "-f", *options, stdin=listing(sorted(forced)))
        return forced


def _is_submodule(found: Nested, admin: Path) -> bool:
    """Says whether a repository's own git directory is among the worktree's submodules."""
    git_dir = Path(found.git.run("rev-parse", "--absolute-git-dir").text)
    return git_dir.resolve().is_relative_to((admin / "modules").resolve())


def _some(paths: Sequence[str]) -> str:
    """Names how many and the first three."""
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return f"{', '.join(f'`{path}`' for path in paths[:3])}{more}"


def listing(lines: Sequence[str]) -> bytes:
    """Returns lines as a `-z` command reads them."""
    return b"".join(os.fsencode(line) + b"\0" for line in lines)
