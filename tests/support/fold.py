"""What should come out of a run, computed with plain `git merge-tree`, apart from gitpar.

The changes are merged one after another in plan order; one that git does not merge
steps aside, and after the others its command is run again on the tip as it then is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tests.support.history import History, Workbench


@dataclass(frozen=True, slots=True)
class Folded:
    """`merged` and `aside` are ids in plan order; `tip` is a commit of the scratch clone, with `tree`."""

    merged: tuple[str, ...]
    aside: tuple[str, ...]
    tip: str
    tree: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """What became of those that stepped aside: `applied` ran again without an error, `refused` did not."""

    applied: tuple[str, ...]
    refused: tuple[str, ...]
    tree: str


def fold(history: History) -> Folded:
    """Merges all changes in order, leaving out what git does not merge."""
    bench = Workbench(history.scratch, history.base)
    tip = history.base
    merged: list[str] = []
    aside: list[str] = []
    for change in history.changes:
        done = history.scratch.attempt("merge-tree", "--write-tree", "--no-messages", tip, change.commit)
        if done.returncode not in (0, 1):
            raise AssertionError(done.stderr.decode(errors="replace"))
        if done.returncode:
            aside.append(change.id)
            continue
        tip = bench.commit(done.stdout.decode().split()[0], tip, change.commit)
        merged.append(change.id)
    return Folded(tuple(merged), tuple(aside), tip, history.scratch.tree(tip))


def rerun(history: History, folded: Folded, *, held: Collection[str] = ()) -> Rerun:
    """Runs again what stepped aside, in plan order, each on the tip as it then is.

    Ids in `held` are run, but not landed: they count as applied without moving the tip.
    """
    bench = Workbench(history.scratch, folded.tip)
    tip = folded.tip
    applied: list[str] = []
    refused: list[str] = []
    for change in history.only(folded.aside).changes:
        bench.reset(tip)
        tree = bench.apply(change.patch)
        if tree is None:
            refused.append(change.id)
            continue
        applied.append(change.id)
        if change.id not in held:
            tip = bench.commit(tree, tip)
    return Rerun(tuple(applied), tuple(refused), history.scratch.tree(tip))
