"""`gitpar plan`: prints the very waves that `gitpar run` would execute."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("plans", nargs=-1, required=True, metavar="PLAN...", type=click.Path(path_type=Path))
@click.option("-C", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Look for PLAN in DIR.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Predict for N jobs [default: the plan's, or 4].",
)
@click.option("--tag", metavar="NAME", help="Tag of a tagged task-master file [default: master].")
@click.option("--format", "name", metavar="NAME", help="Format of PLAN [default: recognised by content].")
@click.option(
    "--missing-dependency",
    "missing",
    type=click.Choice(["error", "warn"]),
    default="error",
    show_default=True,
    help="What a dependency that is not in the plan is.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(  # noqa: PLR0913, PLR0917 - the options of a command
    plans: tuple[Path, ...],
    folder: Path | None,
    jobs: int | None,
    tag: str | None,
    name: str | None,
    missing: str,
    as_json: bool,  # noqa: FBT001 - click gives flags by position
) -> None:
    """Print the waves, dependencies and critical path of a plan; start nothing.

    Exit codes: 0 the plan can be run; 2 it cannot, and every reason is printed.
    """
    # Imported here, so that the other commands start without the plan formats.
    from gitpar.core.settings import RunSettings  # noqa: PLC0415 - see above
    from gitpar.errors import PlanError  # noqa: PLC0415 - see above
    from gitpar.plans.model import MissingDependency  # noqa: PLC0415 - see above
    from gitpar.plans.reading import read_plans  # noqa: PLC0415 - see above
    from gitpar.ui import plan_view  # noqa: PLC0415 - see above

    paths = [folder / path if folder is not None else path for path in plans]
    try:
        found = read_plans(paths, tag=tag, missing=MissingDependency(missing), format=name)
    except PlanError as error:
        if as_json:
            click.echo(json.dumps(plan_view.broken_plan_json([str(path) for path in paths], error.problems)))
        raise
    for problem in found.warnings:
        click.echo(plan_view.warning_text(problem), err=True)
    if as_json:
        click.echo(json.dumps(plan_view.plan_json(found)))
    else:
        click.echo(plan_view.plan_text(found, jobs or found.settings.jobs or RunSettings().jobs), nl=False)
