"""`gitpar conflicts --dry-run` and `--calibrate`: what is to be expected of a plan."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gitpar.errors import EnvironmentFault, ExitCode, UsageError
from gitpar.ui.cli.options import Invocation
from gitpar.ui.cli.plan_options import FLAGS, choices, plan_options

Command = TypeVar("Command", bound=Callable[..., Any])

_OF_FORECAST = {
    "suggest": "--suggest",
    "jobs": "--jobs",
    **FLAGS,
}
_OF_CALIBRATION = {"since": "--since", "merges": "--merges"}


def forecast_options(command: Command) -> Command:
    """Adds the options that forecast a plan and learn from history."""
    for option in (
        click.option(
            "--merges",
            metavar="N",
            type=click.IntRange(min=2),
            help="How many to learn from.  [default: 1000]",
        ),
        click.option("--since", metavar="DATE", help="Learn from what was merged since then."),
        click.option(
            "--calibrate", is_flag=True, help="Learn from this repository's history how good a forecast is."
        ),
        plan_options,
        click.option(
            "-j",
            "--jobs",
            metavar="N",
            type=click.IntRange(1, 1000),
            help="Advise for N jobs.  [default: the plan's, else 4]",
        ),
        click.option("--suggest", is_flag=True, help="Name dependencies that only cost time."),
        click.option("--dry-run", is_flag=True, help="Forecast plans before they are run; start nothing."),
    ):
        command = option(command)
    return command


def asked(call: Invocation, names: tuple[str, ...], base: str | None, options: dict[str, Any]) -> int | None:
    """Does what the options ask for and returns the exit code; None where they ask for nothing."""
    if options["calibrate"]:
        if names or base or options["dry_run"]:
            raise UsageError(
                "`--calibrate` takes no plan, no revision and no `--base`",
                "Type: gitpar conflicts --calibrate",
            )
        _refuse(options, _OF_FORECAST, "--dry-run")
        return _calibrate(call, options)
    _refuse(options, _OF_CALIBRATION, "--calibrate")
    if options["dry_run"]:
        return _forecast(call, names, base, options)
    _refuse(options, _OF_FORECAST, "--dry-run")
    return None


def _refuse(options: dict[str, Any], those: dict[str, str], belongs_to: str) -> None:
    for name, flag in those.items():
        if options[name]:
            raise UsageError(
                f"`{flag}` belongs to `{belongs_to}`", f"Type: gitpar conflicts {belongs_to} {flag} …"
            )


def _forecast(call: Invocation, names: tuple[str, ...], base: str | None, options: dict[str, Any]) -> int:
    from gitpar.ui import forecast_html, forecast_json, forecast_view, plan_view  # noqa: PLC0415 - slow to import
    from gitpar.wiring.request import ForecastRequest  # noqa: PLC0415 - not needed for --help

    request = ForecastRequest(
        plans=tuple(call.path(Path(name)) for name in names),
        base=base,
        choices=choices(options),
        jobs=options["jobs"],
        suggest=options["suggest"],
    )
    found = call.house.forecast(call.directory, request)
    for warning in found.warnings:
        click.echo(f"Warning: {warning}", err=True)
    for problem in found.plan.warnings:
        click.echo(plan_view.warning_text(problem), err=True)
    if options["html"]:
        write_page(call, options["html"], forecast_html.forecast(found))
    if call.as_json:
        call.print_json(forecast_json.forecast(found))
    else:
        forecast_view.print_forecast(found.outlook, call.console(sys.stdout))
    return ExitCode.OK


def _calibrate(call: Invocation, options: dict[str, Any]) -> int:
    from gitpar.ui import forecast_html, forecast_json, forecast_view  # noqa: PLC0415 - slow to import
    from gitpar.wiring.request import CalibrateRequest  # noqa: PLC0415 - not needed for --help

    most = {"most": options["merges"]} if options["merges"] else {}
    found = call.house.calibrate(call.directory, CalibrateRequest(since=options["since"], **most))
    if options["html"]:
        write_page(call, options["html"], forecast_html.calibration(found))
    if call.as_json:
        call.print_json(forecast_json.calibration(found))
    else:
        forecast_view.print_calibration(found, call.console(sys.stdout))
    return ExitCode.OK


def write_page(call: Invocation, name: Path, text: str) -> None:
    """Writes a page where `--html` says; raises EnvironmentFault where that does not go."""
    path = call.path(name)
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise EnvironmentFault(
            f"`{path}` cannot be written: {error.strerror}", "Choose another place with --html FILE"
        ) from error
