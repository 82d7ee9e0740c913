"""`gitpar resume`: goes on with a run."""

from __future__ import annotations

import click

from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json
from gitpar.ui.cli.publish import publish_if_due
from gitpar.ui.closing import exit_code


@click.command(epilog=EXIT_CODES)
@click.argument("run", required=False)
@click.option("--steal", is_flag=True, help="Take the run from an owner on another host that is silent.")
@with_json
@shared
@pass_invocation
def command(call: Invocation, run: str | None, *, steal: bool) -> int:
    """Go on with a run that was interrupted or whose gitpar was killed.

    What has finished is not done again. RUN may be left out: the newest unfinished run,
    else the newest. A finished run is left as it is and its summary printed.
    """
    view = call.house.resume(call.directory, run, call.watcher(), steal=steal)
    view = publish_if_due(call, view)
    call.print_run(view)
    return exit_code(view)
