"""What can be told of recorded runs. Reads only."""

from __future__ import annotations

import time
from pathlib import Path

from gitpar.core.view import RunView, view
from gitpar.journal.lease import is_alive, named
from gitpar.wiring.site import Site


def read(directory: Path, run: str | None) -> RunView:
    """Returns the view of a run; see Site.chosen for which, and for what is raised."""
    return view(Site.at(directory).chosen(run), time.time())


def runs(directory: Path) -> list[RunView]:
    """Returns the views of all runs, newest first."""
    site = Site.at(directory)
    return [view(site.folded(run_id), time.time()) for run_id in reversed(site.run_ids())]


def owner(directory: Path, run: str | None) -> str | None:
    """Names the process that works on a run, None where nobody does."""
    site = Site.at(directory)
    wanted = site.chosen(run).id
    journal = site.journal()
    try:
        row = journal.owner_of(wanted)
    finally:
        journal.close()
    return named(row, time.time()) if row is not None and is_alive(row) else None
