"""What can be told of recorded runs. Reads only."""

from __future__ import annotations

import time
from pathlib import Path

from gitpar.core.names import RunId
from gitpar.core.run import Run
from gitpar.core.view import RunView, view
from gitpar.journal.lease import LeaseRow, is_alive, named
from gitpar.wiring.site import Site


def read(directory: Path, run: str | None) -> RunView:
    """Returns the view of a run; see Site.chosen for which, and for what is raised."""
    site = Site.at(directory)
    chosen = site.chosen(run)
    if chosen.sisters is not None:
        return _of_sisters(site, chosen)
    return _view(site, chosen)


def _of_sisters(site: Site, run: Run) -> RunView:
    from gitpar.core.sister_view import together  # noqa: PLC0415 - most runs are in one repository
    from gitpar.wiring.sister_sites import sister_runs  # noqa: PLC0415 - likewise

    found = [(each.sister, each.run) for each in sister_runs(run)]
    return together(found, time.time() if _lease(site, run.id) is not None else None)


def runs(directory: Path) -> list[RunView]:
    """Returns the views of all runs, newest first."""
    site = Site.at(directory)
    return [_view(site, site.folded(run_id)) for run_id in reversed(site.run_ids())]


def owner(directory: Path, run: str | None) -> str | None:
    """Names the process that works on a run, None where nobody does."""
    site = Site.at(directory)
    row = _lease(site, site.chosen(run).id)
    return named(row, time.time()) if row is not None else None


def _view(site: Site, run: Run) -> RunView:
    """Time goes on only for a run that somebody works on."""
    return view(run, time.time() if _lease(site, run.id) is not None else run.last_at)


def _lease(site: Site, run: RunId) -> LeaseRow | None:
    """Returns the lease of a run whose owner is alive."""
    journal = site.journal()
    try:
        row = journal.owner_of(run)
    finally:
        journal.close()
    return row if row is not None and is_alive(row) else None
