"""The options that say what a run starts and lands when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gitpar.core.settings import Order, RunSettings

Command = TypeVar("Command", bound=Callable[..., Any])

_DEFAULT = RunSettings()


def schedule_options(command: Command) -> Command:
    """Adds --order."""
    return click.option(
        "--order",
        type=click.Choice([order.value for order in Order]),
        help="Which results of a wave land first where some conflict: as the plan lists them, so that most "
        f"lands, or as they finished.  [default: {_DEFAULT.order.value}]",
    )(command)
