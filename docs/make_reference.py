"""Writes docs/reference.md from the code: commands, settings, variables, fault steps, exit codes.

    make reference

tests/test_reference.py fails where the page is not what the code says.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import fields
from enum import Enum
from pathlib import Path

import click

from gitpar.config import Settings
from gitpar.core.settings import RunSettings
from gitpar.errors import ExitCode
from gitpar.faults import Kind, Step
from gitpar.options import OPTIONS
from gitpar.ui.cli.main import COMMANDS

PAGE = Path(__file__).parent / "reference.md"
_WIDTH = 100
_DURATION = "_s"
_SIZE = "_bytes"


def render() -> str:
    """Returns the whole page."""
    lines = [
        "# Reference",
        "",
        "Made from the code by `make reference`; do not edit.",
        "",
        "[Commands](#commands), [settings](#settings), [exit codes](#exit-codes), [faults](#faults);",
        "what `--json` prints is in [json.md](json.md).",
        "",
        *commands(),
        *settings(),
        *exit_codes(),
        *faults(),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def commands() -> Iterator[str]:
    """Yields the help of every command."""
    yield from ("## Commands", "", "Each is also `git gitpar …`.", "")
    for name in COMMANDS:
        command: click.Command = importlib.import_module(f"gitpar.ui.cli.{name}").command
        top = click.Context(click.Group("gitpar"), info_name="gitpar")
        opened = click.Context(
            command, parent=top, info_name=name, terminal_width=_WIDTH, max_content_width=_WIDTH
        )
        yield from (f"### gitpar {name}", "", "```text")
        shown = command.get_help(opened).partition("\n\n  Exit codes:")[0]
        yield from (line.rstrip() for line in shown.splitlines())
        yield from ("```", "")


def settings() -> Iterator[str]:
    """Yields a table of what can be set."""
    yield from (
        "## Settings",
        "",
        "In `gitpar.toml` at the root of the repository or under `[tool.gitpar]` of its `pyproject.toml`,",
        "in the user's `gitpar/config.toml`, or as a variable. A flag wins over a variable, that over the",
        "plan, that over the repository's file, and that over the user's.",
        "",
        "| name | variable | allowed | default |",
        "|---|---|---|---|",
    )
    for name, option in OPTIONS.items():
        yield f"| `{name}` | `GITPAR_{name.upper()}` | {option.allowed} | {_default(option.field)} |"
    yield ""


def _default(field: str) -> str:
    where = RunSettings() if field in {known.name for known in fields(RunSettings)} else Settings()
    value = getattr(where, field)
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return " ".join(f"`{part}`" for part in value) or "none"
    if value is None:
        return "none"
    unit = " s" if field.endswith(_DURATION) else " bytes" if field.endswith(_SIZE) else ""
    return f"`{value:g}`{unit}" if isinstance(value, float) else f"`{value}`{unit}"


def exit_codes() -> Iterator[str]:
    """Yields a table of what a shell sees."""
    meaning = {
        ExitCode.OK: "everything landed, or what was asked for was done",
        ExitCode.NEEDS_PERSON: "something needs a person: a task failed or is held",
        ExitCode.USAGE: "the command line or the plan is wrong; nothing was started",
        ExitCode.ENVIRONMENT: "the machine or the repository cannot do it",
        ExitCode.INTERRUPTED: "interrupted; `gitpar resume` goes on",
    }
    yield from ("## Exit codes", "", "| code | meaning |", "|---|---|")
    yield from (f"| {code.value} | {meaning[code]} |" for code in ExitCode)
    yield ""


def faults() -> Iterator[str]:
    """Yields how to make a step fail, and the steps."""
    yield from (
        "## Faults",
        "",
        "`GITPAR_FAULT=step:n:kind` makes the n-th passage of a step fail; several are separated by commas.",
        f"Kinds: {', '.join(f'`{kind.value}`' for kind in Kind)}.",
        "",
        "The steps, in the order a run meets them:",
        "",
    )
    yield from (f"- `{step.value}`" for step in Step)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
