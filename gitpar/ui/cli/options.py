"""What all commands share: options, the streams to print on, and which house does the work.

Imports only click at the top: `gitpar --version` and `--help` must not wait for git or rich.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from gitpar.patterns import pattern
from gitpar.values import dataclass

if TYPE_CHECKING:
    from rich.console import Console

    from gitpar.core.view import RunView
    from gitpar.ports import Watcher
    from gitpar.ui.cli.house import House

Command = TypeVar("Command", bound=Callable[..., Any])

EXIT_CODES = """\b
Exit codes:
  0    all tasks landed, or what was asked for was done
  1    something needs a person: a task is held or failed
  2    the command line or the plan is wrong; nothing was started
  3    the machine or the repository cannot do it
  130  interrupted; `gitpar resume` goes on"""

_UNITS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = pattern(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")


@dataclass(slots=True)
class Invocation:
    """What holds for one call of gitpar: where, how loud, in which colours, and done by whom."""

    directory: Path = Path()
    verbosity: int = 0
    color: bool | None = None
    as_json: bool = False
    answered: bool = False
    """Whether JSON was printed: then an error must not print another."""
    given_house: House | None = None

    @property
    def house(self) -> House:
        """Returns the house that does the work, loaded when it is first asked for."""
        if self.given_house is None:
            from gitpar import wiring  # noqa: PLC0415 - brings git, sqlite3 and everything else

            self.given_house = wiring
        return self.given_house

    def path(self, name: Path) -> Path:
        """Returns a path of the command line, which counts from the folder that -C names."""
        return self.directory / name

    def console(self, stream: TextIO) -> Console:
        """Makes a rich console on a stream, coloured as the user and the stream want it."""
        from rich.console import Console  # noqa: PLC0415 - slow to import

        colored = wants_color(stream, self.color)
        width = None if stream.isatty() or "COLUMNS" in os.environ else 100
        return Console(
            file=stream,
            force_terminal=stream.isatty() or colored,
            no_color=not colored,
            color_system="auto" if stream.isatty() or not colored else "standard",
            highlight=False,
            markup=False,
            emoji=False,
            width=width,
        )

    def watcher(self) -> Watcher:
        """Chooses who looks on while a run goes: on stderr, so that stdout holds only facts."""
        from gitpar.ui.console import PlainConsole, Quiet  # noqa: PLC0415 - slow to import

        if self.verbosity < 0:
            return Quiet()
        drawn = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        if self.as_json or self.verbosity > 0 or not drawn:
            return PlainConsole(sys.stderr, verbose=self.verbosity > 0)
        from gitpar.ui.live import LiveConsole  # noqa: PLC0415 - slow to import

        return LiveConsole(self.console(sys.stderr))

    def teller(self) -> Watcher:
        """Returns who says in plain lines what goes on, where nothing is drawn."""
        from gitpar.ui.console import Quiet, Teller  # noqa: PLC0415 - slow to import

        return Quiet() if self.verbosity < 0 else Teller(sys.stderr, verbose=self.verbosity > 0)

    def print_json(self, value: object) -> None:
        """Prints a fact as JSON."""
        from gitpar.ui.as_json import dumps  # noqa: PLC0415 - not needed for --help

        click.echo(dumps(value))
        self.answered = True

    def print_run(self, view: RunView) -> None:
        """Prints the summary of a run, or its facts as JSON."""
        if self.as_json:
            from gitpar.ui import as_json  # noqa: PLC0415 - slow to import

            self.print_json(as_json.run(view))
        else:
            from gitpar.ui import summary  # noqa: PLC0415 - slower still

            summary.print_summary(view, self.console(sys.stdout))


def wants_color(stream: TextIO, asked: bool | None) -> bool:  # noqa: FBT001 - None is an answer too
    """Says whether to colour a stream: the option first, then NO_COLOR, FORCE_COLOR, then the terminal."""
    if asked is not None:
        return asked
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Duration(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.2
    """A length of time: `90`, `90s`, `10m`, `1h30m`. Becomes seconds."""

    name = "duration"

    def __init__(self, *, zero: bool = False) -> None:
        self._zero = zero

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Returns seconds; fails with an example where the text is no duration."""
        if isinstance(value, float | int):
            return float(value)
        text = str(value).strip().lower().replace(" ", "")
        if re.fullmatch(r"\d+(\.\d+)?", text):
            seconds = float(text)
        elif re.fullmatch(f"(?:{_DURATION.pattern})+", text):
            seconds = sum(float(n) * _UNITS_S[unit] for n, unit in _DURATION.findall(text))
        else:
            self.fail(f"`{value}` is no duration; write `90`, `90s`, `10m` or `1h30m`", param, ctx)
        if seconds == 0 and not self._zero:
            self.fail("must be longer than 0", param, ctx)
        return seconds


class Jobs(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.2
    """A number of workers, or `auto`."""

    name = "jobs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Returns the number or `auto`; fails where the text is neither."""
        if value == "auto":
            return "auto"
        try:
            number = int(value)
        except ValueError:
            self.fail(f"`{value}` is no number and not `auto`", param, ctx)
        if number < 1:
            self.fail("must be 1 or more", param, ctx)
        return number


# --- options -----------------------------------------------------------------------------


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Writes a shared option into the invocation, where it was given."""
    if value is None or value is False or value == 0:
        return
    call = ctx.ensure_object(Invocation)
    match param.name:
        case "directory":
            call.directory = call.directory / value
        case "as_json":
            call.as_json = True
        case "no_color":
            call.color = False
        case "verbose":
            call.verbosity += value
        case "quiet":
            call.verbosity = -1
        case _:
            raise AssertionError(param.name)


def shared(command: Command) -> Command:
    """Adds the options that every command takes: -C, --no-color, -q, -v."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    for option in (
        click.option(
            "-v",
            "--verbose",
            count=True,
            show_default=False,
            expose_value=False,
            callback=_keep,
            help="Say more.",
        ),
        click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=_keep, help="Say less."),
        click.option(
            "--no-color", is_flag=True, expose_value=False, callback=_keep, help="Do not use colours."
        ),
        click.option(
            "-C",
            "directory",
            metavar="DIR",
            type=folder,
            expose_value=False,
            callback=_keep,
            help="Work as if started in DIR.",
        ),
    ):
        command = option(command)
    return command


def with_json(command: Command) -> Command:
    """Adds --json, for commands that print facts."""
    return click.option(
        "--json", "as_json", is_flag=True, expose_value=False, callback=_keep, help="Print facts as JSON."
    )(command)


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)
