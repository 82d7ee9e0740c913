"""`gitpar notes`: shows what workers wrote for each other."""

from __future__ import annotations

import os
import time

import click

from gitpar.errors import UsageError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json
from gitpar.ui.cli.status import seen


@click.command(epilog=EXIT_CODES)
@click.argument("run", required=False)
@click.option("-f", "--follow", "following", is_flag=True, help="Go on showing what comes, until the end.")
@with_json
@shared
@pass_invocation
def command(call: Invocation, run: str | None, following: bool) -> int:  # noqa: FBT001 - click calls it
    """Show what workers wrote for each other to $GITPAR_NOTES, also those that are still at work.

    RUN may be left out: a worker's own run, else the newest unfinished run, else the
    newest. A worker is shown the notes of the others, and follows them until none of
    them is at work.
    """
    from gitpar.ui.follow import ROUND_S  # noqa: PLC0415 - not needed for --help
    from gitpar.ui.worker_notes import as_json, follow, notes, shown  # noqa: PLC0415 - not needed for --help

    own = os.environ.get("GITPAR_RUN")
    view = call.house.read(call.directory, run or own)
    asking = os.environ.get("GITPAR_TASK") if own == view.run else None
    if call.as_json:
        if following:
            raise UsageError("`--json` and `--follow` do not go together", "Leave one of them out")
        call.print_json(as_json(notes(view, asking)))
    elif following:
        name = view.run
        written = follow(
            lambda: seen(call, call.house.read(call.directory, name))[0],
            lambda: time.sleep(3 * ROUND_S),
            asking,
        )
        for text in written:
            click.echo(text)
    else:
        for note in notes(view, asking):
            click.echo(shown(note))
    return 0
