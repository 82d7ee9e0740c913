"""The options that choose among the streams of a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def stream_options(command: Command) -> Command:
    """Adds `--stream` and `--parallel-streams`."""
    for option in (
        click.option(
            "--parallel-streams/--no-parallel-streams",
            default=True,
            help="Work on streams at once, or on one after the other.  [default: at once]",
        ),
        click.option(
            "--stream",
            "streams",
            metavar="NAME",
            multiple=True,
            help="Work on this stream only, a column `Stream`, a task's `stream` or a file; may be repeated.",
        ),
    ):
        command = option(command)
    return command
