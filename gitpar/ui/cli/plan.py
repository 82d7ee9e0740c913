"""`gitpar plan`: prints the very waves that `gitpar run` would execute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitpar.core.settings import RunSettings
from gitpar.errors import ExitCode, PlanError, UsageError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json
from gitpar.ui.cli.plan_options import choices, plan_options
from gitpar.ui.cli.stream_options import stream_options

if TYPE_CHECKING:
    from gitpar.plans.choices import Choices
    from gitpar.wiring.request import RunRequest

_INSTEAD = ("convert", "lint", "schema")
"""Options that print something else than the waves."""


@click.command(epilog=EXIT_CODES)
@click.argument("plans", nargs=-1, metavar="PLAN...", type=click.Path(path_type=Path))
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 1000),
    metavar="N",
    help=f"Predict for N jobs.  [default: what the plan says, else {RunSettings().jobs}]",
)
@stream_options
@plan_options
@click.option("--convert", is_flag=True, help="Print it as a plan of gitpar's own, as JSON.")
@click.option("--lint", is_flag=True, help="Say what could be better about it; exit code 1 if anything.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of gitpar's own plans; takes no PLAN.")
@with_json
@shared
@pass_invocation
def command(call: Invocation, /, plans: tuple[Path, ...], **options: Any) -> int:
    """Show the waves, dependencies and critical path of a plan; start nothing."""
    asked = [name for name in _INSTEAD if options.pop(name)]
    if len(asked) > 1:
        raise UsageError(f"`--{asked[0]}` and `--{asked[1]}` cannot go together", "Ask for one at a time")
    if asked == ["schema"]:
        return _schema(plans)
    if not plans:
        raise UsageError("no plan is named", "Name one: gitpar plan PLAN")
    paths, chosen = [call.path(path) for path in plans], choices(options)
    if asked == ["lint"]:
        return _lint(call, paths, chosen)
    from gitpar.wiring.request import RunRequest  # noqa: PLC0415 - not needed for --help

    request = RunRequest(
        plans=tuple(paths),
        choices=chosen,
        streams=options["streams"],
        parallel_streams=options["parallel_streams"],
    )
    return _show(call, request, jobs=options["jobs"], convert=asked == ["convert"])


def _show(call: Invocation, request: RunRequest, *, jobs: int | None, convert: bool) -> int:
    # Imported here, so that the help comes without the plan formats.
    from gitpar.plans.convert import converted  # noqa: PLC0415 - see above
    from gitpar.plans.reading import read_plans  # noqa: PLC0415 - see above
    from gitpar.ui import plan_view  # noqa: PLC0415 - see above
    from gitpar.wiring.asked_gates import gates_of  # noqa: PLC0415 - see above
    from gitpar.wiring.previewing import chosen_part  # noqa: PLC0415 - see above

    try:
        found = read_plans(request.plans, request.choices)
    except PlanError as error:
        if call.as_json and not convert:
            call.print_json(plan_view.broken_plan_json([str(path) for path in request.plans], error.problems))
        raise
    found, _ = chosen_part(found, request)
    gates = () if convert else gates_of(call.directory, request, found)
    for problem in found.warnings:
        click.echo(plan_view.warning_text(problem), err=True)
    if convert:
        click.echo(converted(found), nl=False)
    elif call.as_json:
        call.print_json(plan_view.plan_json(found, gates))
    else:
        predicted = jobs or found.settings.jobs or found.usual_jobs or RunSettings().jobs
        click.echo(plan_view.plan_text(found, predicted, gates), nl=False)
    return ExitCode.OK


def _lint(call: Invocation, paths: Sequence[Path], chosen: Choices) -> int:
    from gitpar.ui import lint_text  # noqa: PLC0415 - not needed for --help
    from gitpar.wiring.request import ForecastRequest  # noqa: PLC0415 - not needed for --help

    found = call.house.lint(call.directory, ForecastRequest(plans=tuple(paths), choices=chosen))
    said = lint_text.findings(found)
    if call.as_json:
        call.print_json(lint_text.lint_json(found, said))
    else:
        click.echo("\n".join(lint_text.lint_lines(said)))
    return ExitCode.NEEDS_PERSON if said else ExitCode.OK


def _schema(plans: Sequence[Path]) -> int:
    from gitpar.plans.schema import plan_schema  # noqa: PLC0415 - not needed for --help

    if plans:
        raise UsageError("`--schema` takes no plan", "Type: gitpar plan --schema")
    click.echo(plan_schema(), nl=False)
    return ExitCode.OK
