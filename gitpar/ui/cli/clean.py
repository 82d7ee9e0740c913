"""`gitpar clean`: removes what a run no longer needs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gitpar.errors import ExitCode, UsageError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json
from gitpar.ui.plain import clean

if TYPE_CHECKING:
    from gitpar.wiring import CleanReport


@click.command(epilog=EXIT_CODES)
@click.argument("run", required=False)
@click.option("--purge", is_flag=True, help="Remove level branches, held branches and the journal as well.")
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@with_json
@shared
@pass_invocation
def command(call: Invocation, run: str | None, *, purge: bool, dry_run: bool, yes: bool) -> int:
    """Remove worktrees, scratch folders and the task branches of landed tasks.

    Level branches, branches of held tasks, keep-refs and the journal stay, unless
    --purge is given: that lists everything first and asks.
    RUN may be left out: the newest unfinished run, else the newest.
    """
    house = call.house
    if purge and not yes and not dry_run:
        would = house.clean(call.directory, run, purge=True, dry_run=True)
        if not call.as_json:
            _tell(would, "would be removed", "would stay")
        if not _agreed(would, there_is_somebody=sys.stdin.isatty() and not call.as_json):
            click.echo("Nothing was removed")
            return ExitCode.OK
        run = would.run
    done = house.clean(call.directory, run, purge=purge, dry_run=dry_run)
    if call.as_json:
        call.print_json({"run": done.run, "removed": list(done.removed), "kept": list(done.kept)})
    elif dry_run:
        _tell(done, "would be removed", "would stay")
    else:
        _tell(done, "removed", "kept")
    return ExitCode.OK


def _agreed(would: CleanReport, *, there_is_somebody: bool) -> bool:
    """Asks whether to go on; without a terminal there is nobody to ask."""
    if not there_is_somebody:
        raise UsageError(
            f"`--purge` removes all of run {would.run} for good; nobody can be asked here",
            "Nothing was removed",
            f"To do it without being asked: gitpar clean {would.run} --purge --yes",
        )
    return click.confirm("Remove all of it for good?", err=True)


def _tell(report: CleanReport, gone: str, left: str) -> None:
    if not report.removed:
        click.echo(f"run {report.run}: nothing to remove")
    for title, things in ((gone, report.removed), (left, report.kept)):
        if things:
            click.echo(f"run {report.run}, {title}:")
        for thing in things:
            click.echo(f"  {clean(thing)}")
