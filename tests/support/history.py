"""Turns the merged branches of a repository into tasks of a plan: "apply that change".

For a merge commit with the parents P1 and P2 the change is what lies between their
merge base and P2. All changes are brought onto one base, an older commit of the first
parents' line, so that they are what parallel workers would have made of it. What does
not apply there is left out. The same repository always gives the same tasks.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.plaingit import PlainGit

_LONGEST_PATCH_BYTES = 5_000_000
_WINDOWS = (2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Change:
    """One merged branch as a patch; `commit` is the base plus the patch, made by plain git in the scratch."""

    id: str
    title: str
    patch: Path
    commit: str
    worker: str = ""
    """What makes the change instead of git."""

    @property
    def command(self) -> str:
        """The worker: applies the patch to worktree and index, commits nothing."""
        return self.worker or f"git apply --index --whitespace=nowarn {shlex.quote(str(self.patch))}"


@dataclass(frozen=True, slots=True)
class History:
    """Changes that all apply onto `base`, oldest merge first. `scratch` shares the repository's objects."""

    base: str
    changes: tuple[Change, ...]
    scratch: PlainGit

    def only(self, ids: Sequence[str]) -> History:
        """The same history with fewer changes, their order kept."""
        wanted = set(ids)
        return History(self.base, tuple(each for each in self.changes if each.id in wanted), self.scratch)

    def plan(self, **settings: object) -> dict[str, Any]:
        """Returns gitpar's own plan for the changes: no dependencies, so one wave."""
        tasks = [{"id": each.id, "title": each.title, "command": each.command} for each in self.changes]
        return {"base": self.base, **settings, "tasks": tasks}

    def write_plan(self, path: Path, **settings: object) -> Path:
        """Writes the plan as JSON and returns its path."""
        path.write_text(json.dumps(self.plan(**settings), indent=1))
        return path


@dataclass(frozen=True, slots=True)
class _Merge:
    commit: str
    first: str
    second: str


def read_history(
    repository: Path, folder: Path, environ: Mapping[str, str], *, wanted: int, tip: str = "HEAD"
) -> History:
    """Returns up to `wanted` changes out of the newest merges below `tip`.

    `folder` gets the patches and a scratch clone. The window of merges looked at grows
    until enough of them apply onto the commit before its oldest one. The repository
    itself is only read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = PlainGit(repository, environ)
    merges = _merges(source, tip, wanted * _WINDOWS[-1])
    patches: dict[str, _Patch | None] = {}
    best = History("", (), open_scratch(repository, folder / "scratch", environ))
    for factor in _WINDOWS:
        window = merges[: wanted * factor]
        if not window:
            break
        for merge in window:
            if merge.commit not in patches:
                patches[merge.commit] = _patch(source, merge)
        bench = Workbench(best.scratch, window[-1].first)
        changes: list[tuple[Change, frozenset[str]]] = []
        for number, merge in enumerate(reversed(window), start=1):
            patch = patches[merge.commit]
            if patch is None:
                continue
            # a wider window must not take away the patches of a narrower one that stays the best
            place = folder / f"{merge.commit[:12]}.{factor}.patch"
            change = bench.change(f"pr-{number:04}", patch.title, place, patch.text)
            if change is not None:
                changes.append((change, patch.paths))
        if len(changes) > len(best.changes):
            best = History(bench.base, _crowded(changes, wanted), best.scratch)
        if len(best.changes) >= wanted or len(window) == len(merges):
            break
    return best


def _crowded(changes: Sequence[tuple[Change, frozenset[str]]], wanted: int) -> tuple[Change, ...]:
    """Returns `wanted` changes in order, up to half of them such as share a path with another one.

    Most branches of a real history have nothing in common; a judge wants to see some that do.
    """
    seen = Counter(path for _, paths in changes for path in paths)
    sharing = [change for change, paths in changes if any(seen[path] > 1 for path in paths)]
    chosen = {change.id for change in sharing[-(wanted // 2) :]}
    for change, _ in reversed(changes):
        if len(chosen) < wanted:
            chosen.add(change.id)
    return tuple(change for change, _ in changes if change.id in chosen)


def open_scratch(repository: Path, place: Path, environ: Mapping[str, str]) -> PlainGit:
    """Makes a clone that reads the repository's objects and writes its own."""
    common = PlainGit(repository, environ).text("rev-parse", "--path-format=absolute", "--git-common-dir")
    here = PlainGit(repository, environ)
    here.raw("clone", "--quiet", "--shared", "--no-checkout", common, str(place))
    return here.at(place)


class Workbench:
    """One checkout of the base in which patches are tried, one after another."""

    def __init__(self, scratch: PlainGit, base: str) -> None:
        self.scratch = scratch
        self.base = base
        self._empty = scratch.tree(base)
        scratch.raw("update-ref", "--no-deref", "HEAD", base)
        self.reset(base)

    def reset(self, revision: str) -> None:
        """Makes the checkout what the revision has, whatever was there."""
        self.scratch.raw("read-tree", "--reset", "-u", revision)
        self.scratch.raw("clean", "-ffdxq")

    def apply(self, patch: Path) -> str | None:
        """Does what the worker does and adds leftovers; returns the tree, None where it does not apply."""
        done = self.scratch.attempt("apply", "--index", "--whitespace=nowarn", str(patch))
        if done.returncode:
            return None
        self.scratch.raw("add", "--all")
        return self.scratch.text("write-tree")

    def commit(self, tree: str, *parents: str) -> str:
        """Stores a commit in the scratch clone."""
        options = [option for parent in parents for option in ("-p", parent)]
        return self.scratch.text("commit-tree", tree, *options, "-m", "made by plain git")

    def change(self, name: str, title: str, place: Path, patch: bytes) -> Change | None:
        """Returns the patch as a change on the base, None where it does not apply or changes nothing."""
        place.write_bytes(patch)
        tree = self.apply(place)
        if tree is not None:
            self.reset(self.base)
        if tree is None or tree == self._empty:
            place.unlink()
            return None
        return Change(name, title, place, self.commit(tree, self.base))


def _merges(git: PlainGit, tip: str, most: int) -> list[_Merge]:
    def read() -> Iterator[_Merge]:
        for line in git.lines("rev-list", "--first-parent", "--merges", "--parents", f"-{most}", tip):
            commit, *parents = line.split()
            if len(parents) == 2:
                yield _Merge(commit, *parents)

    return list(read())


@dataclass(frozen=True, slots=True)
class _Patch:
    title: str
    text: bytes
    paths: frozenset[str]


def _patch(git: PlainGit, merge: _Merge) -> _Patch | None:
    """Returns what the branch changed, None where that is nothing, too much or a submodule's move."""
    base = git.attempt("merge-base", merge.first, merge.second)
    if base.returncode:
        return None
    pair = (base.stdout.decode().strip(), merge.second)
    raw = git.raw("diff-tree", "-r", *pair).decode(errors="surrogateescape").splitlines()
    if any("160000" in line.split(maxsplit=2)[0] + line.split(maxsplit=2)[1] for line in raw):
        return None
    text = git.raw("diff-tree", "-p", "--binary", "--full-index", "-M", *pair)
    if not 0 < len(text) <= _LONGEST_PATCH_BYTES:
        return None
    title = git.text("log", "-1", "--format=%s", merge.commit)
    return _Patch(title, text, frozenset(line.split("\t", 1)[1] for line in raw))
