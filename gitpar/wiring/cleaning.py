"""`gitpar clean`: removes what a run no longer needs, never what only it keeps."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from gitpar.backends.leftovers import end_below
from gitpar.config import load_settings
from gitpar.core.names import MERGED, NO_COMMIT, CommitId, RefName, encode_id, into_ref, short
from gitpar.core.run import Run, TaskState
from gitpar.engine.places import run_folder
from gitpar.errors import EnvironmentFault
from gitpar.faults import Step, passage
from gitpar.git.refs import GitRefs
from gitpar.git.removal import leftovers, remove_run, stale_locks
from gitpar.git.written import hold_unused, unused_ref
from gitpar.journal.lease import Owner, is_alive, named
from gitpar.journal.sqlite import SqliteJournal
from gitpar.ports import RefUpdate
from gitpar.wiring.assemble import pool_settings
from gitpar.wiring.clock import SystemClock
from gitpar.wiring.noting import notes_of
from gitpar.wiring.request import CleanReport
from gitpar.wiring.site import Site

_SCRATCH = ("git", "scratch")


def clean(directory: Path, run: str | None, *, purge: bool, dry_run: bool) -> CleanReport:
    """Removes worktrees, scratch folders, leftover processes and branches of landed tasks.

    Level branches, branches of tasks that did not land, keep-refs, logs and the journal
    stay; with `purge` they go as well. Raises EnvironmentFault while somebody works on
    the run.
    """
    site = Site.at(directory)
    chosen = site.chosen(run)
    if chosen.sisters is not None:
        from gitpar.wiring.undoing_across import clean_across  # noqa: PLC0415 - most runs are in one

        return clean_across(chosen, purge=purge, dry_run=dry_run)
    return clean_at(site, chosen, purge=purge, dry_run=dry_run)


def clean_at(site: Site, chosen: Run, *, purge: bool, dry_run: bool) -> CleanReport:
    """Does it in one repository."""
    _refuse_owned(site, chosen)
    settings, _ = load_settings(site.place.main, {}, os.environ)
    pool, _ = pool_settings(site, settings)
    root = pool.root
    refs = GitRefs(site.place)
    try:
        doomed = _doomed(refs, chosen, purge=purge)
        removed = [f"branch {short(ref)}" for ref in doomed if ref.startswith("refs/heads/")]
        removed += [f"ref {ref}" for ref in doomed if not ref.startswith("refs/heads/")]
        folders = list(_folders(site, chosen, purge=purge))
        kept: list[str] = []
        if dry_run:
            removed += leftovers(site.place.common, chosen.id, root)
        else:
            removed += [f"process {name}" for name in end_below(run_folder(site.place.common, chosen.id))]
            teardown = (pool.teardown, pool.teardown_timeout_s)
            gone, stays = remove_run(site.place.common, chosen.id, root, purge=purge, teardown=teardown)
            removed += gone
            kept += stays
            passage(Step.CLEAN_REFS)
            for lock in stale_locks(site.place.common, chosen.settings.prefix, chosen.id):
                lock.unlink(missing_ok=True)
            if not purge:
                hold_unused(site.place, chosen.id, refs)  # a killed run that nobody resumed
            if doomed:
                refs.move([RefUpdate(ref, NO_COMMIT, old) for ref, old in doomed.items()])
            for folder in folders:
                shutil.rmtree(folder)
            if purge:
                _forget_notes(site, chosen)
                _forget(site, chosen)
            passage(Step.CLEAN_DONE)
        removed += [f"folder {folder}" for folder in folders]
        kept += _kept(refs, chosen, doomed)
    finally:
        refs.close()
    return CleanReport(chosen.id, tuple(removed), tuple(kept))


def _refuse_owned(site: Site, run: Run) -> None:
    journal = site.journal()
    try:
        row = journal.owner_of(run.id)
    finally:
        journal.close()
    if row is not None and is_alive(row):
        raise EnvironmentFault(
            f"run {run.id} is being worked on by {named(row, SystemClock().now())}; nothing was removed",
            "Stop it with Ctrl-C there, then clean",
        )


def _own_refs(refs: GitRefs, run: Run) -> dict[RefName, CommitId]:
    return {
        **refs.read(f"refs/heads/{run.settings.prefix}/{run.id}/"),
        **refs.read(f"refs/gitpar/keep/{run.id}/"),
        **refs.read(unused_ref(run.id)),
        **refs.read(f"{MERGED}{run.id}/"),
        **refs.read(into_ref(run.id)),
        **_undone(refs, run),
    }


def _undone(refs: GitRefs, run: Run) -> dict[RefName, CommitId]:
    """What undos of the run keep."""
    found = (refs.read(f"refs/gitpar/undone/{one.id}/") for one in run.operations)
    return {ref: commit for there in found for ref, commit in there.items()}


def _doomed(refs: GitRefs, run: Run, *, purge: bool) -> dict[RefName, CommitId]:
    """The refs to delete: the task branches of landed tasks, or every ref of the run."""
    found = _own_refs(refs, run)
    if purge:
        return found
    landed = {encode_id(t.task.id) for t in run.tasks.values() if t.state is TaskState.LANDED}
    task_refs = f"refs/heads/{run.settings.prefix}/{run.id}/task/"
    return {
        ref: commit
        for ref, commit in found.items()
        if ref.startswith(task_refs) and ref.removeprefix(task_refs).rpartition("/")[0] in landed
    }


def _folders(site: Site, run: Run, *, purge: bool) -> Iterator[Path]:
    own = run_folder(site.place.common, run.id)
    for folder in (own,) if purge else (own / name for name in _SCRATCH):
        if folder.is_dir():
            yield folder


def _forget(site: Site, run: Run) -> None:
    journal = SqliteJournal.own(site.journal_path, run.id, Owner.this_process())
    try:
        journal.forget()
    finally:
        journal.close()


def _forget_notes(site: Site, run: Run) -> None:
    """Removes the certificates of landings that no branch of anybody's has taken over."""
    landed = [task.commit for task in run.tasks.values() if task.commit is not None]
    with notes_of(site) as notes:
        notes.forget_unreachable(landed)


def _kept(refs: GitRefs, run: Run, doomed: dict[RefName, CommitId]) -> Iterator[str]:
    levels: list[str] = []
    tasks: list[str] = []
    keeps = 0
    for ref in _own_refs(refs, run):
        if ref in doomed:
            continue
        if ref.startswith("refs/gitpar/keep/"):
            keeps += 1
        elif ref.startswith("refs/heads/"):
            (levels if "/level/" in ref else tasks).append(short(ref))
    yield from (f"branch {name}" for name in sorted(levels))
    yield from (f"branch {name} (its task did not land)" for name in sorted(tasks))
    if keeps:
        yield f"{keeps} keep-refs below refs/gitpar/keep/{run.id}, which hold everything that workers left"
