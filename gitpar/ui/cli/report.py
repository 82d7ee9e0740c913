"""`gitpar report`: the summary and conflict report of a run, finished or not."""

from __future__ import annotations

import click

from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json
from gitpar.ui.cli.status import seen


@click.command(epilog=EXIT_CODES)
@click.argument("run", required=False)
@with_json
@shared
@pass_invocation
def command(call: Invocation, run: str | None) -> int:
    """Show what became of a run, with every conflict between its tasks.

    RUN may be left out: the newest unfinished run, else the newest. Ends with 0
    whatever became of the run.
    """
    view, _owner = seen(call, call.house.read(call.directory, run))
    call.print_run(view)
    return 0
