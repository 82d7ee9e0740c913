"""`gitpar status`: shows where runs stand."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json

if TYPE_CHECKING:
    from gitpar.core.view import RunView


@click.command(epilog=EXIT_CODES)
@click.argument("run", required=False)
@click.option("--all", "everything", is_flag=True, help="Show all runs, newest first, a line each.")
@with_json
@shared
@pass_invocation
def command(call: Invocation, run: str | None, everything: bool) -> int:  # noqa: FBT001 - click calls it
    """Show where a run stands: its tasks, its waves, and who works on it.

    RUN may be left out: the newest unfinished run, else the newest. A run that nobody
    works on any more is shown as interrupted. Ends with 0 whatever became of the run.
    """
    from gitpar.ui import as_json, summary  # noqa: PLC0415 - slow to import

    if everything:
        views = [seen(call, view)[0] for view in call.house.runs(call.directory)]
        if call.as_json:
            call.print_json([as_json.run(view) for view in views])
        else:
            call.console(sys.stdout).print(summary.runs(views))
        return 0
    view, owner = seen(call, call.house.read(call.directory, run))
    if call.as_json:
        call.print_json(as_json.run(view))
    else:
        summary.print_status(view, call.console(sys.stdout), owner)
    return 0


def seen(call: Invocation, view: RunView) -> tuple[RunView, str | None]:
    """Returns a run as it truly stands, and who works on it: without anybody, nothing is running."""
    if view.state != "running":
        return view, None
    owner = call.house.owner(call.directory, view.run)
    return (view, owner) if owner else (replace(view, state="interrupted"), None)
