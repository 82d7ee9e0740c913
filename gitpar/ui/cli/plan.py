"""`gitpar plan`: prints the very waves that `gitpar run` would execute."""

from __future__ import annotations

from pathlib import Path

import click

from gitpar.core.settings import RunSettings
from gitpar.errors import ExitCode, PlanError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json


@click.command(epilog=EXIT_CODES)
@click.argument("plans", nargs=-1, required=True, metavar="PLAN...", type=click.Path(path_type=Path))
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 1000),
    metavar="N",
    help=f"Predict for N jobs.  [default: what the plan says, else {RunSettings().jobs}]",
)
@click.option("--tag", metavar="NAME", help="Which list of a tagged plan.  [default: master]")
@click.option("--format", "name", metavar="NAME", help="The plan's format.  [default: recognised]")
@click.option(
    "--missing-dependency",
    "missing",
    type=click.Choice(["error", "warn"]),
    default="error",
    show_default=True,
    help="What a dependency that is not in the plan is.",
)
@with_json
@shared
@pass_invocation
def command(call: Invocation, /, plans: tuple[Path, ...], **options: str | int | None) -> int:
    """Show the waves, dependencies and critical path of a plan; start nothing."""
    # Imported here, so that the help comes without the plan formats.
    from gitpar.plans.model import MissingDependency  # noqa: PLC0415 - see above
    from gitpar.plans.reading import read_plans  # noqa: PLC0415 - see above
    from gitpar.ui import plan_view  # noqa: PLC0415 - see above

    paths = [call.path(path) for path in plans]
    tag, name = (None if options[key] is None else str(options[key]) for key in ("tag", "name"))
    try:
        found = read_plans(paths, tag=tag, missing=MissingDependency(str(options["missing"])), format=name)
    except PlanError as error:
        if call.as_json:
            call.print_json(plan_view.broken_plan_json([str(path) for path in paths], error.problems))
        raise
    for problem in found.warnings:
        click.echo(plan_view.warning_text(problem), err=True)
    if call.as_json:
        call.print_json(plan_view.plan_json(found))
    else:
        jobs = int(options["jobs"] or found.settings.jobs or RunSettings().jobs)
        click.echo(plan_view.plan_text(found, jobs), nl=False)
    return ExitCode.OK
