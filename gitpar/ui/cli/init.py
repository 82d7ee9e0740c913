"""`gitpar init`: writes settings and a first plan from what the repository has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitpar.errors import EnvironmentFault, ExitCode, UsageError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json

if TYPE_CHECKING:
    from gitpar.wiring.request import Survey

_SETTINGS = "gitpar.toml"


@click.command(epilog=EXIT_CODES)
@with_json
@shared
@pass_invocation
def command(call: Invocation) -> int:
    """Write a commented gitpar.toml, and a first plan where there is none.

    Looks for plan files, the command that runs the tests, and agents on PATH. A file that
    is there already is left as it is.
    """
    from gitpar.ui.first_files import FIRST_PLAN, plan_text, settings_text  # noqa: PLC0415 - not for --help

    found = call.house.survey(call.directory)
    texts: dict[str, str] = {}
    if not found.plans and not (found.root / FIRST_PLAN).exists():
        texts[FIRST_PLAN] = plan_text(found)
    plan = found.plans[0] if len(found.plans) == 1 else next(iter(texts), None)
    if not found.has_settings:
        texts[_SETTINGS] = settings_text(found, plan)
    if not texts:
        raise UsageError(
            "there are settings and a plan already; nothing was written",
            "See the plan: gitpar plan " + (found.plans[0] if found.plans else FIRST_PLAN),
        )
    for name, text in texts.items():
        _write(found.root / name, text)
    if call.as_json:
        call.print_json(_facts(found, tuple(texts)))
    else:
        _tell(found, tuple(texts))
    return ExitCode.OK


def _write(path: Path, text: str) -> None:
    """Writes a file that is not there; never replaces one."""
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise EnvironmentFault(
            f"`{path}` cannot be written: {error.strerror}", "Nothing was replaced"
        ) from error


def _facts(found: Survey, written: tuple[str, ...]) -> dict[str, object]:
    return {
        "written": list(written),
        "plans": list(found.plans),
        "test_command": found.test_command,
        "agents": list(found.agents),
    }


def _tell(found: Survey, written: tuple[str, ...]) -> None:
    from gitpar.ui.plain import clean, counted  # noqa: PLC0415 - not for --help

    for name in written:
        click.echo(f"wrote {name}")
    if found.plans:
        click.echo(f"found {counted(len(found.plans), 'plan')}: {', '.join(map(clean, found.plans[:6]))}")
    if found.test_command:
        click.echo(f"found a test command: {found.test_command}")
    if found.agents:
        click.echo(f"found on PATH: {', '.join(found.agents)} (none is used unless you say so)")
    plan = found.plans[0] if found.plans else written[0]
    click.echo(f"next: gitpar plan {clean(plan)}")
