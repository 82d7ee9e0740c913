"""`gitpar verify`: proves what has landed, whoever landed it."""

from __future__ import annotations

import sys

import click

from gitpar.errors import ExitCode
from gitpar.ui.cli.options import Invocation, pass_invocation, shared, with_json

_EXIT_CODES = """\b
Exit codes:
  0    no alarm; conflicts that a person settled are only unproved
  1    a commit is not what git makes of its parents, or takes work back
  2    the command line is wrong, or a revision is not there
  3    the machine or the repository cannot do it"""


@click.command(epilog=_EXIT_CODES)
@click.argument("what", required=False, metavar="[RANGE|BRANCH|RUN]")
@click.option(
    "-n", "--max-count", "most", type=click.IntRange(min=1), help="Only so many commits, newest first."
)
@click.option("-a", "--all", "everything", is_flag=True, help="List the commits that are in order as well.")
@with_json
@shared
@pass_invocation
def command(call: Invocation, what: str | None, *, most: int | None, everything: bool) -> int:
    """Prove what has landed: make every merge again and compare.

    A merge must be what git makes of its parents, apart from conflicts that a person
    settled. A commit with one parent must not take back what had just landed. Landings
    of gitpar's are proved by their certificates. Nothing is written.
    RANGE is like `main..topic`. Without an argument the newest run is proved, else HEAD.
    """
    from gitpar.ui import verify_view  # noqa: PLC0415 - slow to import

    found = call.house.verify(call.directory, what, most)
    if call.as_json:
        call.print_json(verify_view.as_json(found))
    else:
        verify_view.print_verified(found, call.console(sys.stdout), everything=everything)
    return ExitCode.NEEDS_PERSON if found.alarms else ExitCode.OK
