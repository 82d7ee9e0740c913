"""`gitpar run`: works on a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitpar.core.settings import OnPredicted, OnRevert, Policy, PublishAs, RunSettings, Sandbox, Strategy
from gitpar.errors import ExitCode
from gitpar.ui.cli.barrier import barrier_options, carried_on
from gitpar.ui.cli.gate_options import gate_flags, gate_options
from gitpar.ui.cli.options import EXIT_CODES, Duration, Invocation, Jobs, pass_invocation, shared, with_json
from gitpar.ui.cli.plan_options import choices, plan_options
from gitpar.ui.cli.publish import FORGES
from gitpar.ui.cli.schedule_options import schedule_options
from gitpar.ui.cli.stream_options import stream_options

if TYPE_CHECKING:
    from gitpar.wiring import RunRequest

_DEFAULT = RunSettings()
_LIMIT = Duration()
_PAUSE = Duration(zero=True)
_SETTINGS = (
    *("max_cost_usd", "max_tokens", "max_time_s"),
    "jobs",
    "agent",
    "agent_command",
    "timeout_s",
    "retries",
    "into",
    "grace_s",
    "sandbox",
    "policies",
)
_SWITCHES = ("write_back", "keep_worktrees")


@click.command(epilog=EXIT_CODES)
@click.argument("plans", nargs=-1, required=True, metavar="PLAN...", type=click.Path(path_type=Path))
@click.option(
    "-j",
    "--jobs",
    metavar="N|auto",
    type=Jobs(),
    help="Workers at once; `auto` adapts them to machine and rate limits.  "
    f"[default: what the plan says, else {_DEFAULT.jobs}]",
)
@click.option("--base", metavar="REV", help="Commit to start from.  [default: HEAD]")
@click.option(
    "--strategy",
    type=click.Choice([s.value for s in Strategy]),
    help=f"How a result lands.  [default: {_DEFAULT.strategy.value}]",
)
@click.option(
    "--agent",
    metavar="[WHAT=]NAME",
    multiple=True,
    help="Who works on tasks without a command: claude, codex, gemini, opencode, qwen, aider, command, or a "
    "profile of the settings. For a wave `wave:2=NAME`, for a task `task:ID=NAME`; may be repeated.",
)
@click.option(
    "--agent-command",
    metavar="TEMPLATE",
    help="Shell command for tasks without one; gets the prompt on stdin and in $GITPAR_PROMPT_FILE.",
)
@click.option(
    "--timeout",
    "timeout_s",
    metavar="S",
    type=_LIMIT,
    help="Longest time of a worker: 90, 10m, 1h30m.  [default: none]",
)
@click.option(
    "--retries",
    metavar="N",
    type=click.IntRange(min=0),
    help=f"How often a failed task is tried again.  [default: {_DEFAULT.retries}]",
)
@click.option(
    "--max-cost",
    "max_cost_usd",
    metavar="USD",
    type=click.FloatRange(min=0, min_open=True),
    help="Start no agent whose cost may pass this.  [default: none]",
)
@click.option(
    "--max-tokens",
    metavar="N",
    type=click.IntRange(min=1),
    help="Start no agent whose tokens may pass this.  [default: none]",
)
@click.option(
    "--max-time",
    "max_time_s",
    metavar="S",
    type=_LIMIT,
    help="Longest time of the run; no worker starts with less than 60 s.  [default: none]",
)
@click.option("--into", metavar="BRANCH", help="Branch to fast-forward at the end.  [default: none]")
@click.option(
    "--publish",
    type=click.Choice([mode.value for mode in PublishAs]),
    help="Publish at the end, as `gitpar publish` does.  [default: not at all]",
)
@click.option("--remote", metavar="NAME", help="Remote to publish to.  [default: origin, or the only one]")
@click.option("--target", metavar="BRANCH", help="Branch that requests are for.  [default: the remote's own]")
@click.option("--forge", type=click.Choice(FORGES), help="What its host is.  [default: its name tells]")
@click.option("--only", metavar="ID", multiple=True, help="Work on this task only; may be repeated.")
@click.option("--skip", metavar="ID", multiple=True, help="Leave this task out; may be repeated.")
@schedule_options
@gate_options
@barrier_options
@stream_options
@plan_options
@click.option(
    "--grace",
    "grace_s",
    metavar="S",
    type=_PAUSE,
    help=f"Time between asking a worker to end and ending it.  [default: {_DEFAULT.grace_s:g}]",
)
@click.option(
    "--on-revert",
    type=click.Choice([r.value for r in OnRevert]),
    help="What to do with a re-run that takes away what has landed.  [default: hold]",
)
@click.option(
    "--policy",
    "policies",
    type=click.Choice([p.value for p in Policy]),
    multiple=True,
    help="What to try with a result that does not merge, in the order given; may be repeated.  "
    f"[default: {', '.join(_DEFAULT.policies)}]",
)
@click.option(
    "--on-predicted",
    type=click.Choice([p.value for p in OnPredicted]),
    help=f"What to do about conflicts predicted inside a wave.  [default: {_DEFAULT.on_predicted.value}]",
)
@click.option(
    "--sandbox",
    type=click.Choice([s.value for s in Sandbox]),
    help=f"What keeps workers from the rest of the machine.  [default: {_DEFAULT.sandbox.value}]",
)
@click.option("--write-back", is_flag=True, help="Write statuses back to the plan file.")
@click.option("--keep-worktrees", is_flag=True, help="Leave every worktree standing.")
@click.option("--no-pool", is_flag=True, help="Make a fresh worktree for every attempt.")
@click.option("--dry-run", is_flag=True, help="Show the plan that would be run; start nothing.")
@with_json
@shared
@pass_invocation
def command(call: Invocation, /, plans: tuple[Path, ...], **options: Any) -> int:
    """Work on a plan: run its tasks at once and land what they bring.

    Progress goes to stderr, the summary (with --json the facts) to stdout. Ctrl-C once
    lets the workers finish, twice ends them; `gitpar resume` goes on either way.
    """
    dry_run = options.pop("dry_run")
    request = _request(tuple(call.path(plan) for plan in plans), options)
    if dry_run:
        return _preview(call, request)
    view = carried_on(call, call.house.start(call.directory, request, call.watcher()))
    call.print_run(view)
    from gitpar.ui.closing import exit_code  # noqa: PLC0415 - not needed for --dry-run

    return exit_code(view)


def _request(plans: tuple[Path, ...], options: dict[str, Any]) -> RunRequest:
    """Makes the request; a setting that was not typed is left to the configuration and the plan."""
    from gitpar.wiring import RunRequest  # noqa: PLC0415 - brings git and everything else

    flags: dict[str, object] = {name: options[name] for name in _SETTINGS if options[name] not in (None, ())}
    flags |= {name: True for name in _SWITCHES if options[name]}
    flags |= {
        name: options[name]
        for name in ("publish", "remote", "target", "order", "schedule", "barrier", "barrier_wait_s")
        if options[name]
    }
    flags |= gate_flags(options)
    if options["forge"] not in (None, "auto"):
        flags["forge"] = options["forge"]
    if options["strategy"]:
        flags["strategy"] = Strategy(options["strategy"])
    if options["on_revert"]:
        flags["on_revert"] = OnRevert(options["on_revert"])
    if options["on_predicted"]:
        flags["on_predicted"] = OnPredicted(options["on_predicted"])
    if options["no_pool"]:
        flags["pool"] = False
    return RunRequest(
        plans=plans,
        base=options["base"],
        only=options["only"],
        skip=options["skip"],
        streams=options["streams"],
        parallel_streams=options["parallel_streams"],
        choices=choices(options),
        flags=flags,
    )


def _preview(call: Invocation, request: RunRequest) -> int:
    """Prints the plan that would be run, exactly as `gitpar plan` does."""
    from gitpar.ui import plan_view  # noqa: PLC0415 - not needed for --help
    from gitpar.wiring.asked_gates import gates_of  # noqa: PLC0415 - not needed for --help

    plan = call.house.preview(call.directory, request)
    gates = gates_of(call.directory, request, plan)
    for problem in plan.warnings:
        click.echo(plan_view.warning_text(problem), err=True)
    if call.as_json:
        call.print_json(plan_view.plan_json(plan, gates))
    else:
        asked = request.flags.get("jobs")
        jobs = (None if asked == "auto" else asked) or plan.settings.jobs or plan.usual_jobs or _DEFAULT.jobs
        click.echo(plan_view.plan_text(plan, int(str(jobs)), gates), nl=False)
    return ExitCode.OK
