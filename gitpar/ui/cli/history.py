"""`gitpar history`: lists what moved refs, and where to."""

from __future__ import annotations

import click

from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json


@click.command(epilog=EXIT_CODES)
@click.argument("run", required=False)
@with_json
@shared
@pass_invocation
def command(call: Invocation, run: str | None) -> int:
    """List runs and undos, newest first, with the branches that each moved.

    Of one run where it is named. Any of them can be taken back: gitpar undo NAME.
    """
    from gitpar.ui import history_view  # noqa: PLC0415 - not needed for --help

    found = call.house.history(call.directory, run)
    if call.as_json:
        call.print_json(history_view.history_json(found))
    else:
        for line in history_view.history_lines(found):
            click.echo(line)
    return 0
