"""`gitpar plan`: prints the very waves that `gitpar run` would execute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitpar.core.settings import RunSettings
from gitpar.errors import ExitCode, PlanError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json
from gitpar.ui.cli.plan_options import choices, plan_options


@click.command(epilog=EXIT_CODES)
@click.argument("plans", nargs=-1, required=True, metavar="PLAN...", type=click.Path(path_type=Path))
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 1000),
    metavar="N",
    help=f"Predict for N jobs.  [default: what the plan says, else {RunSettings().jobs}]",
)
@plan_options
@with_json
@shared
@pass_invocation
def command(call: Invocation, /, plans: tuple[Path, ...], **options: Any) -> int:
    """Show the waves, dependencies and critical path of a plan; start nothing."""
    # Imported here, so that the help comes without the plan formats.
    from gitpar.plans.reading import read_plans  # noqa: PLC0415 - see above
    from gitpar.ui import plan_view  # noqa: PLC0415 - see above

    paths = [call.path(path) for path in plans]
    chosen = choices(options)
    try:
        found = read_plans(paths, chosen)
    except PlanError as error:
        if call.as_json:
            call.print_json(plan_view.broken_plan_json([str(path) for path in paths], error.problems))
        raise
    for problem in found.warnings:
        click.echo(plan_view.warning_text(problem), err=True)
    if call.as_json:
        call.print_json(plan_view.plan_json(found))
    else:
        jobs = int(options["jobs"] or found.settings.jobs or found.usual_jobs or RunSettings().jobs)
        click.echo(plan_view.plan_text(found, jobs), nl=False)
    return ExitCode.OK
