"""The options that say how a plan is read: the same for every command that takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gitpar.plans.choices import Choices, MissingDependency

Command = TypeVar("Command", bound=Callable[..., Any])

FLAGS = {
    "tag": "--tag",
    "plan_format": "--format",
    "missing": "--missing-dependency",
    "expand_subtasks": "--expand-subtasks",
    "optional": "--optional",
    "parallel_stories": "--parallel-stories",
}
"""The options by the names under which commands get them."""


def plan_options(command: Command) -> Command:
    """Adds the options; `choices` makes a value of them."""
    for option in (
        click.option(
            "--parallel-stories", is_flag=True, help="Let the user stories of a spec-kit plan run at once."
        ),
        click.option("--optional", is_flag=True, help="Run tasks that are marked as optional too."),
        click.option(
            "--expand-subtasks", is_flag=True, help="Run subtasks as tasks, where the plan lists them."
        ),
        click.option(
            "--missing-dependency",
            "missing",
            type=click.Choice([choice.value for choice in MissingDependency]),
            help=f"What a dependency on an unknown task is.  [default: {MissingDependency.ERROR.value}]",
        ),
        click.option(
            "--format", "plan_format", metavar="NAME", help="The plan's format.  [default: recognised]"
        ),
        click.option("--tag", metavar="NAME", help="Which list of a tagged plan.  [default: master]"),
    ):
        command = option(command)
    return command


def choices(options: dict[str, Any]) -> Choices:
    """Takes the options out of those of a command."""
    given = {name: options.pop(name) for name in FLAGS}
    return Choices(
        tag=given["tag"],
        format=given["plan_format"],
        missing=MissingDependency(given["missing"] or MissingDependency.ERROR),
        expand_subtasks=given["expand_subtasks"],
        optional=given["optional"],
        parallel_stories=given["parallel_stories"],
    )
