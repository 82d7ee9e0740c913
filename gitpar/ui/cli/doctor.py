"""`gitpar doctor`: looks at git, the repository and the machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gitpar.errors import ExitCode
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json
from gitpar.ui.plain import clean

if TYPE_CHECKING:
    from gitpar.wiring import Finding

_MARKS = {True: "✓", False: "✗", None: "·"}
_PLAIN_MARKS = {True: "ok", False: "!!", None: "--"}


@click.command(epilog=EXIT_CODES)
@with_json
@shared
@pass_invocation
def command(call: Invocation) -> int:
    """Check git, the repository and the machine; a hint for each thing that is wrong.

    Ends with 0 when nothing is wrong, else with 3.
    """
    found = call.house.diagnose(call.directory)
    if call.as_json:
        call.print_json(
            [{"ok": one.ok, "title": one.title, "detail": one.detail, "hint": one.hint} for one in found]
        )
    else:
        _tell(found)
    return ExitCode.ENVIRONMENT if any(one.ok is False for one in found) else ExitCode.OK


def _tell(found: Sequence[Finding]) -> None:
    """Prints a row a finding, its hint below; the marks are letters where the terminal has no others."""
    encoding = (sys.stdout.encoding or "").lower()
    marks = _MARKS if encoding.startswith("utf") else _PLAIN_MARKS
    widest = max((len(clean(one.title)) for one in found), default=0)
    for one in found:
        click.echo(f"{marks[one.ok]} {clean(one.title):<{widest}}  {clean(one.detail)}".rstrip())
        if one.hint and one.ok is not True:
            click.echo(f"{'':<{len(marks[one.ok])}} Hint: {clean(one.hint)}")
    wrong = sum(1 for one in found if one.ok is False)
    click.echo("nothing is wrong" if not wrong else f"{wrong} of {len(found)} are wrong")
