"""Reads the commits of a landing back and says what is wrong with them. Shares no code with their making."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gitpar.core.changes import FileChange
from gitpar.core.names import CommitId, TreeId
from gitpar.core.settings import Strategy
from gitpar.core.settlement import trailers
from gitpar.git.certificate import Evidence, strangers
from gitpar.git.commits import CommitText, read_commit, with_trailers
from gitpar.git.drafting import Draft, trailers_of
from gitpar.git.earlier import named_in, settled_in
from gitpar.git.opinion import level_entries
from gitpar.git.rebase import picks
from gitpar.git.trees import EMPTY_TREE, difference, tree_of
from gitpar.ports import Landing

if TYPE_CHECKING:
    from pygit2 import Repository

Renames = Callable[[], tuple[FileChange, ...]]
"""Reads the level's renames, which is slow and rarely wanted."""


def chain_problem(repository: Repository, landing: Landing, draft: Draft, renames: Renames) -> str:
    """Says what is wrong with the parents, trailers, number or trees of a landing's commits, or nothing."""
    if draft.made is not landing.strategy and (draft.made, landing.strategy) != _FALLBACK:
        return f"it was made by {draft.made.value}, not by {landing.strategy.value} as declared"
    if draft.made is not Strategy.REBASE and len(draft.chain) != 1:
        return f"it has {len(draft.chain)} commits, not one"
    parent, tree = landing.tip, TreeId("")
    names = (landing.run, landing.task, str(landing.n))
    settled = landing.settlement.settled if landing.settlement is not None else ()
    said = [value for _, value in trailers((*settled, *landing.carried))]
    unsaid = False
    for commit in draft.chain:
        tree, parents, text = read_commit(repository, commit)
        if parents != ((parent, landing.result) if draft.made is Strategy.MERGE else (parent,)):
            return f"the parents of {commit[:12]} are not the declared ones"
        if named_in(text.message) != names:
            return f"{commit[:12]} does not say that it lands attempt {landing.n} of `{landing.task}`"
        unsaid = unsaid or settled_in(text.message) != said
        parent = commit
    if tree != draft.tree or unsaid:
        lacks = "say what policies settled" if unsaid else "hold the proved tree"
        return f"the landing commit does not {lacks}"
    return _replay_problem(repository, landing, draft.chain, renames) if _replayed(draft) else ""


_FALLBACK = (Strategy.SQUASH, Strategy.REBASE)


def _replayed(draft: Draft) -> bool:
    return draft.made is Strategy.REBASE


def _replay_problem(
    repository: Repository, landing: Landing, chain: Sequence[CommitId], renames: Renames
) -> str:
    """Says which commit of a rebase is not one of the result's, in their order, or changes too much."""
    before = tree_of(repository, landing.tip)
    left = iter(picks(repository, landing))
    for commit in chain:
        tree, _, text = read_commit(repository, commit)
        original = next((one for one in left if _same(repository, one, text, landing)), None)
        if original is None:
            return f"{commit[:12]} is none of the result's commits, or out of their order"
        its_tree, parents, _ = read_commit(repository, original)
        parted = tree_of(repository, parents[0]) if parents else EMPTY_TREE
        task = difference(repository, parted, its_tree).files
        level = level_entries(repository, before, task).keys()
        evidence = Evidence(task, level, difference(repository, before, tree).files)
        if strangers(evidence) and (
            paths := strangers(Evidence(task, level, evidence.landing, renames=renames()))
        ):
            return f"{commit[:12]} is not what {original[:12]} did: {', '.join(paths)}"
        before = tree
    return ""


def _same(repository: Repository, original: CommitId, text: CommitText, landing: Landing) -> bool:
    was = read_commit(repository, original)[2]
    added = [*trailers_of(landing).items(), *trailers(landing.carried)]
    return (was.author, with_trailers(was.message, added)) == (text.author, text.message)
