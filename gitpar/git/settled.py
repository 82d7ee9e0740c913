"""Judges what policies settled in a landing: the part of its proof that plain merges do not need.

It knows nothing of how things were settled. What it cannot prove, that the settled files
are right, is what the certificate lists them for; all else must be as git merges it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitpar.core.names import TreeId
from gitpar.core.settlement import MARKERS, Means, SettledPath, Settlement, belongs
from gitpar.core.union import union_problem
from gitpar.git.trees import FOLDER_MODE, NO_ENTRY, Entry, difference, entry_at, tree_of
from gitpar.git.undone import Versions, undone

if TYPE_CHECKING:
    from pygit2 import Repository

    from gitpar.git.coordinator import Coordinator
    from gitpar.git.foresight import Merged
    from gitpar.git.mergetree import Stages
    from gitpar.git.opinion import Sides
    from gitpar.ports import Landing

FILES = (0o100644, 0o100755)


def settled_problem(
    coordinator: Coordinator, landing: Landing, sides: Sides, merged: Merged, *, tree: TreeId
) -> str:
    """Says what is wrong with what was settled in a landing that holds `tree`, or nothing."""
    settlement = landing.settlement
    if settlement is None:
        return "" if merged.outcome.clean else "git sees conflicts that nobody settled"
    repository = coordinator.pygit()
    if (settlement.tip, settlement.n) != (landing.tip, landing.n) or not settlement.complete:
        return "what was settled is about another landing"
    if tree_of(repository, settlement.commit) != tree:
        return "the landing does not hold what was settled"
    problems = (
        *_claims(merged, settlement),
        *_strays(repository, merged, settlement, tree),
        *(_path_problem(repository, merged, one, tree) for one in settlement.settled),
        _taken_back(coordinator, sides, settlement),
    )
    return next(filter(None, problems), "")


def _claims(merged: Merged, settlement: Settlement) -> Iterator[str]:
    """Compares what is said to be settled with what git sees in conflict."""
    names = {one.path for one in settlement.settled}
    refused = merged.outcome.touched
    for one in settlement.settled:
        # what is made anew is never merged, whether git could or not
        never = one.policy is Means.REGENERATE and one.path in merged.level
        if not never and not belongs(one.path, refused):
            yield f"{one.path} is said to be settled by {one.policy.value}, and git sees no conflict in it"
    for path in sorted(refused):
        if not belongs(path, names):
            yield f"{path} is still in conflict"


def _strays(repository: Repository, merged: Merged, settlement: Settlement, tree: TreeId) -> Iterator[str]:
    """What differs from git's own merge although nobody settled it."""
    names = {one.path for one in settlement.settled}
    differing = difference(repository, merged.outcome.tree, tree).files
    if strays := [path for path in differing if not belongs(path, names)]:
        yield f"it differs from git's merge outside of what was settled: {', '.join(strays)}"


def _path_problem(repository: Repository, merged: Merged, one: SettledPath, tree: TreeId) -> str:
    """Judges one settled file by its three versions."""
    entry = entry_at(repository, tree, one.path, folders=True)
    stages = merged.outcome.stages.get(one.path) or _versions(merged, one.path)
    if entry[0] in FILES and has_markers(repository, entry, stages):
        return f"{one.path} still has conflict markers"
    if one.policy is Means.AGENT or one.policy is Means.RERERE or one.policy is Means.EXTERNAL:
        modes = {version[0] for version in stages}
        return "" if entry[0] in (*modes, 0, FOLDER_MODE) else f"{one.path} is of another kind than before"
    if entry[0] not in {stages[1][0], stages[2][0]}:
        return f"{one.path} is of another kind than before"
    if one.policy is Means.REGENERATE:
        return ""
    base, ours, theirs, now = (content(repository, version) for version in (*stages, entry))
    if one.policy is Means.IDENTICAL:
        same = same_text(ours, theirs) and now == ours
        return "" if same else f"{one.path} is not what both sides hold"
    problem = union_problem(base, ours, theirs, now)
    return f"{one.path} is no union of both sides: {problem}" if problem else ""


def _versions(merged: Merged, path: str) -> Stages:
    """The versions of a path that git merges by itself."""
    before, after = merged.task.get(path, (NO_ENTRY, NO_ENTRY))
    return before, merged.level.get(path, before), after


def _taken_back(coordinator: Coordinator, sides: Sides, settlement: Settlement) -> str:
    """Names lines that had landed and that somebody's settling takes back."""
    chosen = {
        one.path for one in settlement.settled if one.policy in (Means.AGENT, Means.RERERE, Means.EXTERNAL)
    }
    if not chosen or settlement.may_undo:
        return ""
    lines = lines_taken_back(coordinator, sides, settlement)
    found = [line for line in lines if belongs(line.rpartition(":")[0], chosen)]
    return f"it takes away what had landed: {', '.join(found[:_NAMED])}" if found else ""


def lines_taken_back(coordinator: Coordinator, sides: Sides, settlement: Settlement) -> tuple[str, ...]:
    """Returns as `path:line` what landed before and a settlement takes away, putting back what was there."""
    return undone(coordinator, Versions(sides.base, sides.tip, sides.result, settlement.commit))


def has_markers(repository: Repository, entry: Entry, stages: Stages) -> bool:
    """Says whether a file has lines of conflict markers that neither side has."""
    there = {line for side in stages[1:] for line in _marked(content(repository, side))}
    return any(line not in there for line in _marked(content(repository, entry)))


def _marked(text: bytes) -> list[bytes]:
    if not any(marker in text for marker in MARKERS):
        return []
    return [line for line in text.split(b"\n") if line[:7] in MARKERS and line[7:8] in (b"", b" ", b"\r")]


def content(repository: Repository, entry: Entry) -> bytes:
    """Returns the content of a file's entry; empty where there is none."""
    return repository.read(entry[1])[1] if entry[0] in FILES else b""


def is_text(content: bytes) -> bool:
    """Says whether git would take content for text. Source: buffer_is_binary in git's xdiff-interface.c."""
    return b"\0" not in content[:_LOOKED_AT]


def same_text(ours: bytes, theirs: bytes) -> bool:
    """Says whether two versions differ in their line ends only."""
    return _ends_aside(ours) == _ends_aside(theirs)


def _ends_aside(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").removesuffix(b"\n")


_LOOKED_AT = 8000
_NAMED = 5
