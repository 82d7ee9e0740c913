"""`gitpar plan --lint`: what could be better about a plan in this repository."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gitpar.core.intents import Tracked
from gitpar.core.lint import remarks
from gitpar.core.names import CommitId
from gitpar.git.contents import tracked_files
from gitpar.wiring.forecasting import forecast
from gitpar.wiring.request import ForecastRequest, Linted
from gitpar.wiring.site import Site


def lint(directory: Path, request: ForecastRequest) -> Linted:
    """Returns what is to be said of a plan: remarks, and what a forecast finds. Starts and writes nothing."""
    found = forecast(directory, replace(request, suggest=True))
    tracked = Tracked(tracked_files(Site.at(directory).place.command, CommitId(found.base)))
    return Linted(found, tuple(remarks(found.plan.graph, tracked, found.plan.mode)))
