"""The options that say what results must pass before they land."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gitpar.core.settings import LevelPolicy

Command = TypeVar("Command", bound=Callable[..., Any])

SETTINGS = ("gate", "task_gate", "level_gate", "run_gate", "gate_jobs")


def gate_options(command: Command) -> Command:
    """Adds `--gate` and what belongs to it."""
    for option in reversed(
        (
            click.option(
                "--gate",
                metavar="CMD",
                multiple=True,
                help="Command that must pass on each result and on what lands together; may be repeated.",
            ),
            click.option(
                "--task-gate",
                metavar="CMD",
                multiple=True,
                help="Command that must pass on each result alone; may be repeated.",
            ),
            click.option(
                "--level-gate",
                metavar="CMD",
                multiple=True,
                help="Command that must pass on what lands together, before a level moves; may be repeated.",
            ),
            click.option(
                "--run-gate",
                metavar="CMD",
                multiple=True,
                help="Command that must pass on everything that landed, at the end; may be repeated.",
            ),
            click.option("--no-gates", is_flag=True, help="Run no gates, and no `verify` of the plan."),
            click.option(
                "--level-policy",
                type=click.Choice([policy.value for policy in LevelPolicy]),
                help="What lands of a level where a task cannot.  [default: partial]",
            ),
            click.option(
                "--gate-jobs",
                metavar="N",
                type=click.IntRange(min=1),
                help="Gates at once on what lands together.  [default: 1]",
            ),
            click.option(
                "--speculate", is_flag=True, help="Gate what comes next before what comes first has passed."
            ),
        )
    ):
        command = option(command)
    return command


def gate_flags(options: dict[str, Any]) -> dict[str, object]:
    """Returns the settings that were typed."""
    flags: dict[str, object] = {name: options[name] for name in SETTINGS if options[name] not in (None, ())}
    if options["level_policy"]:
        flags["level_policy"] = LevelPolicy(options["level_policy"])
    if options["speculate"]:
        flags["speculate"] = True
    if options["no_gates"]:
        flags["gating"] = False
    return flags
