"""Finds the runs that belong to one plan over several repositories. Reads only."""

from __future__ import annotations

from pathlib import Path

from gitpar.core.asked import Sister
from gitpar.core.run import Run
from gitpar.errors import EnvironmentFault
from gitpar.values import dataclass
from gitpar.wiring.site import Site


@dataclass(frozen=True, slots=True)
class SisterRun:
    """One of them: where it is, and what its journal says of it."""

    sister: Sister
    site: Site
    run: Run


def sister_runs(run: Run) -> tuple[SisterRun, ...]:
    """Returns a run with its sisters, the repository that gitpar was started in first.

    Raises EnvironmentFault where one of the repositories or its record is gone.
    """
    if run.sisters is None:
        raise ValueError(f"run {run.id} has no sisters")
    found = []
    for sister in run.sisters.all:
        site = _site(run, sister)
        if run.id not in site.run_ids():
            raise EnvironmentFault(
                f"run {run.id} is over several repositories, and `{sister.name}` at `{sister.path}` has "
                "no record of it",
                f"If it never began there, start again; to forget it here: gitpar clean {run.id} --purge",
            )
        found.append(SisterRun(sister, site, site.folded(run.id)))
    return tuple(found)


def _site(run: Run, sister: Sister) -> Site:
    try:
        return Site.at(Path(sister.path))
    except EnvironmentFault as fault:
        raise EnvironmentFault(
            f"run {run.id} is over several repositories, and `{sister.name}` is not there: {fault.message}",
            f"Bring it back to `{sister.path}`; nothing was changed",
        ) from None
