"""`gitpar conflicts`: says which changes get in each other's way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from gitpar.errors import ExitCode, UsageError
from gitpar.ui.cli.forecasting import asked, forecast_options
from gitpar.ui.cli.options import Invocation, pass_invocation, shared, with_json

if TYPE_CHECKING:
    from gitpar.core.comparison import Compared

_EXIT_CODES = """\b
Exit codes:
  0    no two of them conflict
  1    at least two of them conflict
  2    the command line is wrong, or a revision is not there
  3    the machine or the repository cannot do it"""


@click.command(epilog=_EXIT_CODES)
@click.argument("revisions", nargs=-1, metavar="[REV|PLAN]...")
@click.option("--base", metavar="REV", help="What they were cut from.  [default: their common ancestor]")
@forecast_options
@with_json
@shared
@pass_invocation
def command(call: Invocation, /, revisions: tuple[str, ...], base: str | None, **options: Any) -> int:
    """Show which revisions get in each other's way, as git itself would merge them.

    Every pair is merged in memory; no ref, worktree or index is touched. With --dry-run
    the arguments are plans, and how likely their tasks conflict is forecast.
    """
    status = asked(call, revisions, base, options)
    if status is not None:
        return status
    from gitpar.wiring.request import CompareRequest  # noqa: PLC0415 - not needed for --help

    if not revisions:
        raise UsageError("nothing to compare: no revision is given", "Name some: gitpar conflicts REV REV")
    return shown(call, call.house.compare(call.directory, CompareRequest(revisions=revisions, base=base)))


def shown(call: Invocation, found: Compared) -> int:
    """Prints a comparison and returns the exit code it means."""
    from gitpar.ui import as_json, conflict_view  # noqa: PLC0415 - slow to import

    if call.as_json:
        call.print_json(as_json.conflicts(found))
    else:
        conflict_view.print_comparison(found, call.console(sys.stdout))
    return ExitCode.NEEDS_PERSON if found.conflicts else ExitCode.OK
