"""`gitpar undo` and `gitpar history`: takes back what a run or an undo moved, and lists both."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from gitpar.core.apply import apply, fold
from gitpar.core.events import RunResumed, Undoing, Undone
from gitpar.core.moves import Operation, RefMove
from gitpar.core.names import RefName, into_ref
from gitpar.core.operations import Into, is_undone, moved_by, undoing
from gitpar.core.recover import reconcile
from gitpar.core.run import Run
from gitpar.errors import UsageError
from gitpar.faults import Step, passage
from gitpar.git.putting import Left, PuttingBack
from gitpar.git.refs import GitRefs
from gitpar.journal.lease import Owner
from gitpar.journal.sqlite import SqliteJournal
from gitpar.wiring.request import OperationView, UndoReport
from gitpar.wiring.site import Site


def undo(directory: Path, what: str | None, level: int = 1) -> UndoReport:
    """Puts back every ref that a run moved from a level on, or that an earlier undo moved.

    `what` is a run, or an undo by its name (`<run>.<number>`). What somebody else moved
    since is left and named. Raises UsageError where there is nothing to take back.
    """
    site = Site.at(directory)
    named, dot, number = (what or "").partition(".")
    chosen = site.chosen(named or None)
    if chosen.sisters is not None:
        from gitpar.wiring.undoing_across import undo_across  # noqa: PLC0415 - most runs are in one

        return undo_across(chosen, f"{chosen.id}{dot}{number}", level)
    return undo_at(site, chosen, f"{chosen.id}{dot}{number}", level)


def undo_at(site: Site, chosen: Run, of: str, level: int) -> UndoReport:
    """Does it in one repository: `of` is the run's id, or an undo of it."""
    journal = SqliteJournal.own(site.journal_path, chosen.id, Owner.this_process())
    refs = GitRefs(site.place)
    try:
        run = fold(list(journal.events(chosen.id)))
        _catch_up(run, journal, refs)
        open_ = next((one for one in run.operations if not one.done), None)
        if open_ is None:
            operation = f"{run.id}.{len(run.operations) + 1}"
            moves = _wanted(run, refs, of, level)
        else:
            operation, of, moves = open_.id, open_.of, open_.moves
        user = _user(run)
        putting = PuttingBack(site.place, refs, user)
        look = putting.look(moves)
        if not look.ready and open_ is None:
            return UndoReport(run.id, "", of, (), _told(look.left))
        if open_ is None:
            journal.append([Undoing(at=time.time(), operation=operation, of=of, moves=moves)])
        passage(Step.UNDO_MOVE)
        refused = putting.put(operation, of, look.ready)
        passage(Step.UNDO_MOVED)
        gone = {left.ref for left in refused}
        moved = [move for move in (*look.ready, *look.already) if move.ref not in gone]
        event = Undone(at=time.time(), operation=operation, moved=tuple(move.ref for move in moved))
        journal.append([event])
        return UndoReport(run.id, operation, of, tuple(moved), _told([*look.left, *refused]))
    finally:
        refs.close()
        journal.close()


def _catch_up(run: Run, journal: SqliteJournal, refs: GitRefs) -> None:
    """Journals what a killed owner did and could not say any more."""
    if run.end is None:
        found = reconcile(run, refs.read(f"refs/heads/{run.settings.prefix}/{run.id}/"), time.time())
        done = [event for event in found if not isinstance(event, RunResumed)]
        journal.append(done)
        for event in done:
            apply(run, event)


def history(directory: Path, run: str | None) -> list[OperationView]:
    """Returns every run with its undos, newest first; of one run where it is named."""
    site = Site.at(directory)
    refs = GitRefs(site.place)
    try:
        runs = [site.chosen(run)] if run is not None else [site.folded(one) for one in site.run_ids()]
        found = [view for one in runs for view in _operations(one, refs)]
    finally:
        refs.close()
    return sorted(found, key=lambda view: view.at, reverse=True)


def _operations(run: Run, refs: GitRefs) -> Sequence[OperationView]:
    state = "undone" if is_undone(run) else run.state
    first = OperationView(run.id, run.id, "", run.opened_at, state, moved_by(run, _into(run, refs)))
    return [first, *(_undo(run, one) for one in run.operations)]


def _undo(run: Run, one: Operation) -> OperationView:
    moves = tuple(move for move in one.moves if move.ref in one.moved) if one.done else one.moves
    return OperationView(one.id, run.id, one.of, one.at, "done" if one.done else "unfinished", moves)


def _wanted(run: Run, refs: GitRefs, of: str, level: int) -> tuple[RefMove, ...]:
    """The moves that take a run or an undo back."""
    if of == run.id:
        if level > len(run.levels):
            raise UsageError(f"run {run.id} has no level {level}", f"It has {len(run.levels)}")
        moves = undoing(run, moved_by(run, _into(run, refs), level))
        if moves:
            return moves
        hints = [f"To bring it back: gitpar undo {run.operations[-1].id}"] if run.operations else []
        why = "was undone already" if run.operations else "has moved nothing"
        raise UsageError(f"run {run.id} {why}", *hints)
    found = next((one for one in run.operations if one.id == of), None)
    if found is None:
        raise UsageError(f"`{of}`: there is no such undo", f"See what there is: gitpar history {run.id}")
    moves = undoing(run, [move for move in found.moves if move.ref in found.moved])
    if not moves:
        raise UsageError(f"{of} was undone already", f"See what there is: gitpar history {run.id}")
    return moves


def _user(run: Run) -> RefName | None:
    into = run.settings.into
    if into is None:
        return None
    return RefName(into if into.startswith("refs/") else f"refs/heads/{into}")


def _into(run: Run, refs: GitRefs) -> Into | None:
    """The branch of `--into`, where the run moved it."""
    ref = _user(run)
    before = refs.read(into_ref(run.id)).get(into_ref(run.id))
    return None if ref is None or before is None else Into(ref, before)


def _told(left: Sequence[Left]) -> tuple[tuple[RefName, str], ...]:
    return tuple((one.ref, one.why) for one in left)
