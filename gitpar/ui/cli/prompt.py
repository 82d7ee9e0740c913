"""`gitpar prompt`: shows what the worker of a task is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitpar.errors import ExitCode, UsageError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared
from gitpar.ui.cli.plan_options import choices, plan_options


@click.command(epilog=EXIT_CODES)
@click.argument("task", required=False)
@click.argument("plans", nargs=-1, metavar="[PLAN]...", type=click.Path(path_type=Path))
@click.option(
    "--run",
    "run",
    metavar="RUN",
    is_flag=False,
    flag_value="",
    help="As the next attempt of a recorded run would be told, with what was tried before.",
)
@click.option("--agent", metavar="[WHAT=]NAME", multiple=True, help="As for `gitpar run`.")
@click.option(
    "--template", is_flag=True, help="Print the template that is shipped, to begin one of your own."
)
@plan_options
@shared
@pass_invocation
def command(call: Invocation, /, task: str | None, plans: tuple[Path, ...], **options: Any) -> int:
    """Show what the worker of a task is told: the prompt that the template makes.

    Without PLAN, the one that gitpar.toml names or the only one there is.
    """
    if task is None and not options["template"]:
        raise UsageError("a task is missing", "Which ones there are: gitpar plan PLAN")
    from gitpar.wiring import PromptRequest  # noqa: PLC0415 - not needed for --help

    request = PromptRequest(
        task=task or "",
        template=options["template"],
        plans=tuple(call.path(plan) for plan in plans),
        run=options["run"],
        agent=options["agent"],
        choices=choices(options),
    )
    click.echo(call.house.prompt(call.directory, request), nl=False)
    return ExitCode.OK
