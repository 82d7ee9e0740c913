"""`gitpar resume --resolve`: worktrees for a person, and what was made of them."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from gitpar.core.events import Event
from gitpar.core.names import NO_COMMIT, CommitId, TaskId, encode_id, keep_ref, task_ref
from gitpar.core.remedies import by_hand
from gitpar.core.run import Run
from gitpar.errors import GitparError
from gitpar.git.comparing import workbench
from gitpar.git.flushing import flush
from gitpar.git.mergetree import SingleMerge
from gitpar.git.refs import GitRefs
from gitpar.git.remembered import Remembered
from gitpar.git.resolving import Resolving, Settled, Unsettled
from gitpar.git.trees import tree_of
from gitpar.ports import RefUpdate
from gitpar.wiring.site import Site

_NAMED = 5


class NotSettled(GitparError):
    """A person has to do something first; the run is as it was."""


def settled(site: Site, root: Path, run: Run, task_ids: Sequence[TaskId]) -> list[Event]:
    """Returns the attempts that persons made in their worktrees, with their refs written.

    Raises NotSettled where a worktree has just been made, or is not settled yet.
    """
    found: list[tuple[TaskId, Settled]] = []
    open_ones: list[NotSettled] = []
    for task_id in task_ids:
        known = run.tasks[task_id].work.result
        worktree = Resolving(site.place, root / f"{run.id}.resolve" / encode_id(task_id))
        is_new = not worktree.is_laid_out
        if is_new and known is not None:
            worktree.lay_out(run.tip, known)
        look = worktree.look(run.tip, known)
        if isinstance(look, Settled):
            found.append((task_id, look))
        else:
            open_ones.append(_not_settled(run, task_id, worktree.path, look, is_new=is_new))
    if open_ones:
        raise NotSettled(
            "\n".join(each.message for each in open_ones),
            *(hint for each in open_ones for hint in each.hints),
        )
    refs = GitRefs(site.place)
    try:
        for task_id, made in found:
            flush(site.place.command, site.place.objects, [made.commit], made.base)
            _keep(refs, run, task_id, made.commit)
            _remember(site, run, task_id, made.commit)
    finally:
        refs.close()
    at = time.time()
    return [
        event
        for task_id, made in found
        for event in by_hand(run, task_id, (made.base, made.commit, made.files), at)
    ]


def _keep(refs: GitRefs, run: Run, task_id: TaskId, commit: CommitId) -> None:
    """Writes the attempt's refs; one that was killed before it was journaled may have left them."""
    n = len(run.tasks[task_id].attempts) + 1
    wanted = (keep_ref(run.id, task_id, n), task_ref(run.settings.prefix, run.id, task_id, n))
    refs.move([RefUpdate(ref, commit, refs.read(ref).get(ref, NO_COMMIT)) for ref in wanted])


def _remember(site: Site, run: Run, task_id: TaskId, settled: CommitId) -> None:
    """Keeps what a person made of a conflict, should the same one come again."""
    known = run.tasks[task_id].work.result
    if known is None:
        return
    with workbench(site.place) as coordinator:
        outcome = SingleMerge(coordinator.scratch, run.tip, known).outcome()
        repository = coordinator.pygit()
        store = Remembered.of_run(site.place.common, run.id)
        store.remember(repository, tree_of(repository, settled), outcome.stages)


def _not_settled(run: Run, task_id: TaskId, path: Path, look: Unsettled, *, is_new: bool) -> NotSettled:
    more = f" and {len(look.unmerged) - _NAMED} more" if len(look.unmerged) > _NAMED else ""
    paths = ", ".join(f"`{each}`" for each in look.unmerged[:_NAMED]) + more
    there = shlex.quote(str(path))
    again = f"Then: gitpar resume {run.id} --resolve {shlex.quote(task_id)}"
    what = f"`{task_id}` is laid out" if is_new else f"`{task_id}` is not settled yet"
    if paths:
        told = f"{what} in `{path}`, with conflicts in {paths}"
        return NotSettled(told, f"Settle and commit them there: git -C {there} commit", again)
    if look.uncommitted:
        told = f"{what} in `{path}`, on top of what has landed; nothing is committed there"
        return NotSettled(told, f"Make it what should land, and commit: git -C {there} commit", again)
    tips = [each for each in run.levels if each.tip is not None]
    level = f"{run.settings.prefix}/{run.id}/level/{tips[-1].number}" if tips else run.base
    told = f"`{path}` holds nothing but what `{task_id}` and the run had before"
    return NotSettled(told, f"Bring it up to date there: git -C {there} merge {level}", again)
