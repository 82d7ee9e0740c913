"""`gitpar undo`: puts back what a run, or an earlier undo, moved."""

from __future__ import annotations

import click

from gitpar.errors import ExitCode
from gitpar.ui.cli.options import Invocation, pass_invocation, shared, with_json

_EXIT_CODES = """\b
Exit codes:
  0    every ref is back where it was
  1    some are not: somebody else has moved them, or has them checked out
  2    the command line is wrong, or there is nothing to take back
  3    the machine or the repository cannot do it"""


@click.command(epilog=_EXIT_CODES)
@click.argument("what", required=False, metavar="[RUN|UNDO]")
@click.option("--level", metavar="N", type=click.IntRange(min=1), help="Only from this level on.")
@with_json
@shared
@pass_invocation
def command(call: Invocation, what: str | None, *, level: int | None) -> int:
    """Put back every ref that a run moved: its branches, and the one --into named.

    Only what stands where the run left it is moved; the rest is left and named. What
    workers wrote stays under refs/gitpar. An undo has a name, which undoes it in turn:
    gitpar undo RUN.1. RUN may be left out: the newest unfinished run, else the newest.
    """
    from gitpar.ui import history_view  # noqa: PLC0415 - not needed for --help

    done = call.house.undo(call.directory, what, level or 1)
    if call.as_json:
        call.print_json(history_view.undo_json(done))
    else:
        for line in history_view.undo_lines(done):
            click.echo(line)
    return ExitCode.NEEDS_PERSON if done.left else ExitCode.OK
