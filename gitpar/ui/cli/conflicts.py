"""`gitpar conflicts`: says which changes get in each other's way."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitpar.errors import ExitCode, UsageError
from gitpar.ui.cli.forecasting import asked, forecast_options, write_page
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
@click.option(
    "--run",
    is_flag=False,
    flag_value="",
    metavar="[RUN]",
    help="Compare what the tasks of a run made, before any was run again.",
)
@click.option(
    "--worktrees",
    is_flag=True,
    help="Compare what is in all worktrees, committed or not, untracked files included.",
)
@click.option("--watch", is_flag=True, help="With --worktrees: compare again after each change.")
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page as well; with --watch again after each change.",
)
@click.option("--no-symbols", is_flag=True, help="Do not look for build conflicts.")
@forecast_options
@with_json
@shared
@pass_invocation
def command(call: Invocation, /, revisions: tuple[str, ...], **options: Any) -> int:
    """Show which changes get in each other's way, as git itself would merge them.

    Name revisions, a run with --run, or --worktrees. Every pair is merged in memory; no
    ref, worktree or index is touched. With --dry-run the arguments are plans, and how
    likely their tasks conflict is forecast.
    """
    base, run = options["base"], options["run"]
    worktrees, watch = options["worktrees"], options["watch"]
    if (options["dry_run"] or options["calibrate"]) and (run is not None or worktrees or watch):
        raise UsageError(
            "--run, --worktrees and --watch compare work that exists; a forecast is about work that does not",
            "Leave them out, or leave out --dry-run and --calibrate",
        )
    status = asked(call, revisions, base, options)
    if status is not None:
        return status
    from gitpar.wiring.request import CompareRequest  # noqa: PLC0415 - not needed for --help

    _one_subject(revisions, run=run is not None, worktrees=worktrees, watch=watch)
    request = CompareRequest(
        revisions=revisions, base=base, run=run, worktrees=worktrees, symbols=not options["no_symbols"]
    )
    if not watch:
        found = call.house.compare(call.directory, request)
        _write(call, options["html"], found, again=False)
        return shown(call, found)
    for found in call.house.watch(call.directory, request):
        _write(call, options["html"], found, again=True)
        shown(call, found)
        sys.stdout.flush()
    return ExitCode.OK


def _one_subject(revisions: tuple[str, ...], *, run: bool, worktrees: bool, watch: bool) -> None:
    """Raises UsageError where it is not clear what to compare."""
    if bool(revisions) + run + worktrees > 1:
        raise UsageError(
            "revisions, --run and --worktrees exclude each other", "Ask for one of them at a time"
        )
    if not (revisions or run or worktrees):
        raise UsageError(
            "nothing to compare: no revision is given",
            "Name some: gitpar conflicts REV REV",
            "Or compare the results of a run: gitpar conflicts --run",
            "Or what is in all worktrees: gitpar conflicts --worktrees",
        )
    if watch and not worktrees:
        raise UsageError("--watch goes with --worktrees only", "Type: gitpar conflicts --worktrees --watch")


def _write(call: Invocation, name: Path | None, found: Compared, *, again: bool) -> None:
    if name is not None:
        from gitpar.ui import conflict_html  # noqa: PLC0415 - slow to import

        write_page(call, name, conflict_html.write(found, again=again))


def shown(call: Invocation, found: Compared) -> int:
    """Prints a comparison and returns the exit code it means."""
    from gitpar.ui import as_json, conflict_view  # noqa: PLC0415 - slow to import
    from gitpar.ui.plain import clean  # noqa: PLC0415 - likewise

    for note in found.notes:
        click.echo(f"note: {clean(note)}", err=True)
    if call.as_json:
        call.print_json(as_json.conflicts(found))
    else:
        conflict_view.print_comparison(found, call.console(sys.stdout))
    return ExitCode.NEEDS_PERSON if found.conflicts else ExitCode.OK
