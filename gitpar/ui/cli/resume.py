"""`gitpar resume`: goes on with a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitpar.core.names import TaskId
from gitpar.core.settings import Barrier
from gitpar.errors import UsageError
from gitpar.ui.cli.barrier import carried_on
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json
from gitpar.ui.closing import exit_code

_RETRY = "Work on a held or failed task again, and on what waits for it, on levels behind the others."
_SKIP = "Leave out a task that is held, failed or blocked, and what waits for it."
_ACCEPT = "Land what the last attempt of a held or failed task left, if it merges."

_RESOLVE = (
    "Make a worktree in which a held or failed task can be settled by hand; once that is done, land it."
)
_APPROVE = "Say that a task for a person is done; what waits for it goes on."
_ANSWER = "The same, with a text for the prompts of the tasks after it."

_REPLAN = "Take the plan as it is now, or another one; several may be given. What has landed stays."


@click.command(epilog=EXIT_CODES)
@click.argument("run", required=False)
@click.option("--steal", is_flag=True, help="Take the run from an owner on another host that is silent.")
@click.option("--retry", metavar="TASK", multiple=True, show_default=False, help=_RETRY)
@click.option("--skip", metavar="TASK", multiple=True, show_default=False, help=_SKIP)
@click.option("--accept", metavar="TASK", multiple=True, show_default=False, help=_ACCEPT)
@click.option("--resolve", metavar="TASK", multiple=True, show_default=False, help=_RESOLVE)
@click.option("--approve", metavar="TASK", multiple=True, show_default=False, help=_APPROVE)
@click.option("--answer", metavar="TASK TEXT", nargs=2, multiple=True, show_default=False, help=_ANSWER)
@click.option(
    "--barrier",
    type=click.Choice([Barrier.LANDED.value]),
    help="Wait for no merge any more: waves start from the level below them.",
)
@click.option(
    "--replan",
    metavar="[PLAN]",
    is_flag=False,
    flag_value="",
    multiple=True,
    show_default=False,
    help=_REPLAN,
)
@with_json
@shared
@pass_invocation
def command(call: Invocation, /, run: str | None, *, steal: bool, barrier: str | None, **asked: Any) -> int:
    """Go on with a run that was interrupted or whose gitpar was killed.

    What has finished is not done again. RUN may be left out: the newest unfinished run,
    else the newest. A finished run is left as it is and its summary printed, unless
    --retry, --skip, --accept or --resolve says what to do about tasks that are held or
    failed, --approve or --answer what came of tasks for a person, each of which may be given
    again, or --replan finds that the plan has changed. One that waits for the request of a wave
    to be merged goes on once it is. One that stopped at a limit (max_cost, max_tokens, max_time,
    and those of waves and tasks) goes on with what gitpar.toml or a variable says now, such as
    GITPAR_WAVE_MAX_TIME=40m.
    """
    from gitpar.core.remedies import Remedies  # noqa: PLC0415 - not needed for --help

    files = asked.pop("replan")
    said = {**dict.fromkeys(asked.pop("approve"), ""), **_answers(asked.pop("answer"))}
    wanted = Remedies(
        **{name: tuple(map(TaskId, dict.fromkeys(ids))) for name, ids in asked.items()},
        approve=tuple((TaskId(name), text) for name, text in said.items()),
        lift=barrier is not None,
        replan=tuple(str(call.path(Path(name))) for name in files if name) if files else None,
    )
    view = call.house.resume(call.directory, run, call.watcher(), steal=steal, asked=wanted)
    view = carried_on(call, view)
    call.print_run(view)
    return exit_code(view)


def _answers(given: tuple[tuple[str, str], ...]) -> dict[str, str]:
    for name, text in given:
        if not text.strip():
            raise UsageError(f"`--answer {name}`: the answer is empty", f"Without one: --approve {name}")
    return {name: text.strip() for name, text in given}
