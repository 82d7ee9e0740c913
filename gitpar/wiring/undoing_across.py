"""`gitpar undo` and `gitpar clean` of a run over several repositories: the same in each of them."""

from __future__ import annotations

from pathlib import Path

from gitpar.core.run import Run
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.wiring.cleaning import clean_at
from gitpar.wiring.request import CleanReport, UndoReport
from gitpar.wiring.sister_sites import sister_runs
from gitpar.wiring.site import Site
from gitpar.wiring.undoing import undo_at


def undo_across(chosen: Run, of: str, level: int) -> UndoReport:
    """Puts the refs of all repositories back; where one has it behind it already, it is done in the others.

    Raises UsageError where there is nothing to take back in any of them.
    """
    done: list[tuple[str, UndoReport]] = []
    refused: list[UsageError] = []
    for each in sister_runs(chosen):
        try:
            done.append((each.sister.name, undo_at(each.site, each.run, of, level)))
        except UsageError as nothing:
            refused.append(nothing)
    if not done:
        raise refused[0]
    return UndoReport(
        chosen.id,
        next((one.operation for _, one in done if one.operation), ""),
        of,
        tuple(move for _, one in done for move in one.moved),
        tuple((f"{name}: {ref}", why) for name, one in done for ref, why in one.left),
        tuple(done),
    )


def clean_across(chosen: Run, *, purge: bool, dry_run: bool) -> CleanReport:
    """Removes what a run no longer needs in every repository that is there and knows of it.

    The one that it was started in is last, for it is where people look.
    """
    removed: list[str] = []
    kept: list[str] = []
    sisters = chosen.sisters.all if chosen.sisters is not None else ()
    for sister in reversed(sisters):
        try:
            site = Site.at(Path(sister.path))
        except EnvironmentFault as gone:
            kept.append(f"{sister.name}: {gone.message}")
            continue
        if chosen.id not in site.run_ids():
            continue
        one = clean_at(site, site.folded(chosen.id), purge=purge, dry_run=dry_run)
        removed += [f"{sister.name}: {line}" for line in one.removed]
        kept += [f"{sister.name}: {line}" for line in one.kept]
    return CleanReport(chosen.id, tuple(removed), tuple(kept))
