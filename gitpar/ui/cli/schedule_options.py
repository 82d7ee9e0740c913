"""The options that say what a run starts and lands when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gitpar.core.settings import Order, RunSettings, Schedule

Command = TypeVar("Command", bound=Callable[..., Any])

_DEFAULT = RunSettings()


def schedule_options(command: Command) -> Command:
    """Adds --order and --schedule."""
    for option in (
        click.option(
            "--schedule",
            type=click.Choice([schedule.value for schedule in Schedule]),
            help="When a task starts: with its wave, or as soon as everything that it depends on is there, "
            f"the longest way to the end first.  [default: {_DEFAULT.schedule.value}]",
        ),
        click.option(
            "--order",
            type=click.Choice([order.value for order in Order]),
            help="Which results of a wave land first where some conflict: as the plan lists them, so that "
            f"most lands, or as they finished.  [default: {_DEFAULT.order.value}]",
        ),
    ):
        command = option(command)
    return command
