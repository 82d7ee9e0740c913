"""`gitpar logs`: shows what workers and gates printed."""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from gitpar.errors import UsageError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared
from gitpar.ui.cli.status import seen
from gitpar.ui.plain import named

if TYPE_CHECKING:
    from gitpar.core.view import RunView

_NEAR = 3


@click.command(epilog=EXIT_CODES)
@click.argument("run", required=False)
@click.argument("task", required=False)
@click.option("-f", "--follow", "following", is_flag=True, help="Go on showing what comes, until the end.")
@click.option("--attempt", metavar="N", type=click.IntRange(min=1), help="Only this try.  [default: all]")
@click.option("--gate", metavar="N", type=click.IntRange(min=1), help="What a gate printed, by its number.")
@click.option("--raw", is_flag=True, help="Leave colours and other escape sequences in.")
@shared
@pass_invocation
def command(call: Invocation, /, run: str | None, task: str | None, **options: bool | int | None) -> int:
    """Show what workers printed: of one task, or of all as `[task] line`; or what a gate printed.

    RUN may be left out: the newest unfinished run, else the newest. A single word is
    taken for a task of that run if there is one of that name, else for a run.
    """
    from gitpar.ui.follow import ROUND_S, Choice, follow, gate_lines, lines  # noqa: PLC0415 - not needed for --help

    view, task = _found(call, run, task)
    if options["gate"] is not None:
        return _print(gate_lines(view, int(options["gate"]), raw=bool(options["raw"])))
    attempt = options["attempt"]
    choice = Choice(task, int(attempt) if attempt is not None else None, raw=bool(options["raw"]))
    _check(view, choice.task, choice.attempt)
    printed = (
        follow(
            lambda: seen(call, call.house.read(call.directory, view.run))[0],
            lambda: time.sleep(ROUND_S),
            choice,
        )
        if options["following"]
        else lines(view, choice)
    )
    return _print(printed)


def _print(lines: Iterable[bytes]) -> int:
    out = sys.stdout.buffer
    for line in lines:
        out.write(line + b"\n")
        out.flush()
    return 0


def _found(call: Invocation, run: str | None, task: str | None) -> tuple[RunView, str | None]:
    """Finds the run and the task that were meant; a single word may be either."""
    house = call.house
    if run is None or task is not None:
        return house.read(call.directory, run), task
    newest = house.read(call.directory, None)
    if any(known.id == run for known in newest.tasks):
        return newest, run
    try:
        return house.read(call.directory, run), None
    except UsageError as unknown:
        raise UsageError(
            f"`{run}` is neither a task of run {newest.run} nor a run", *_near(newest, run)
        ) from unknown


def _check(view: RunView, task: str | None, attempt: int | None) -> None:
    """Raises UsageError where the run has no such task or the task no such attempt."""
    if task is None:
        return
    known = next((known for known in view.tasks if known.id == task), None)
    if known is None:
        raise UsageError(f"run {view.run} has no task `{task}`", *_near(view, task))
    if attempt is not None and all(one.n != attempt for one in known.attempts):
        raise UsageError(
            f"task `{task}` has no attempt {attempt}", f"Attempts so far: {len(known.attempts) or 'none'}"
        )


def _near(view: RunView, task: str) -> list[str]:
    """Suggests tasks of about that name, else says how to see them all."""
    near = difflib.get_close_matches(task, [known.id for known in view.tasks], n=_NEAR)
    meant = " or ".join(named(one) for one in near)
    return [f"Did you mean {meant}?"] if near else [f"All tasks: gitpar status {view.run}"]
