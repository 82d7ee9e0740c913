"""`gitpar publish`: pushes a run's branches and makes pull requests of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitpar.core.settings import PublishAs
from gitpar.errors import ExitCode, GitparError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, with_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitpar.core.forges import Layer
    from gitpar.core.publishing import Words
    from gitpar.core.view import RunView
    from gitpar.wiring import PublishRequest

FORGES = ["auto", "github", "gitlab", "gitea"]


@click.command(epilog=EXIT_CODES)
@click.argument("run", required=False)
@click.option(
    "--as",
    "mode",
    type=click.Choice([mode.value for mode in PublishAs]),
    help="Push the level branches, open requests as well, or move a branch.  "
    "[default: as the run was told, or as it was published before]",
)
@click.option("--remote", metavar="NAME", help="Remote to publish to.  [default: origin, or the only one]")
@click.option(
    "--target",
    metavar="BRANCH",
    help="Branch of the remote that the work is for.  [default: the remote's default branch]",
)
@click.option(
    "--forge",
    type=click.Choice(FORGES),
    help="What the remote's host is.  [default: told by its name]",
)
@click.option("--notes", is_flag=True, help="Push refs/notes/gitpar as well, which holds the certificates.")
@click.option("--dry-run", is_flag=True, help="Look and say what would be done; change nothing.")
@with_json
@shared
@pass_invocation
def command(  # noqa: PLR0913 - an option each
    call: Invocation,
    /,
    run: str | None,
    *,
    mode: str | None,
    remote: str | None,
    target: str | None,
    forge: str | None,
    notes: bool,
    dry_run: bool,
) -> int:
    """Push what a run landed and make pull requests of it, one on top of the other.

    May be repeated: what is there already is left or brought up to date, never doubled.
    RUN may be left out: the newest that has ended. Tokens come from GITHUB_TOKEN, GITLAB_TOKEN or
    GITEA_TOKEN, or from `gh auth token`.
    """
    from gitpar.wiring import PublishRequest  # noqa: PLC0415 - brings git and everything else

    request = PublishRequest(
        describe=describing(),
        run=run,
        mode=PublishAs(mode) if mode else None,
        remote=remote,
        target=target,
        forge=forge,
        notes=notes,
    )
    if dry_run:
        return _preview(call, request)
    view = call.house.publish(call.directory, request, call.teller())
    _print(call, view)
    return published_code(view)


def publish_if_due(call: Invocation, view: RunView) -> RunView:
    """Publishes a run that was told so when it began and has just ended.

    Where that fails the run's summary is printed first: it is done, whatever became of this.
    """
    if not view.to_publish:
        return view
    from gitpar.wiring import PublishRequest  # noqa: PLC0415 - already loaded, and only here

    try:
        return call.house.publish(
            call.directory, PublishRequest(describe=describing(), run=view.run), call.teller()
        )
    except GitparError as failed:
        call.print_run(view)
        again = f"The run itself is safe. To publish it later: gitpar publish {view.run}"
        failed.hints = (*failed.hints, again)
        raise


def published_code(view: RunView) -> ExitCode:
    """Returns what `publish` ends with."""
    found = view.publication
    return ExitCode.NEEDS_PERSON if found is not None and found.problems else ExitCode.OK


def describing() -> Callable[[RunView, Layer], Words]:
    """Returns what makes title and body of a request from a run."""
    from gitpar.ui.request_text import describe  # noqa: PLC0415 - not needed for --help

    return describe


def _preview(call: Invocation, request: PublishRequest) -> int:
    from gitpar.ui import publish_plan  # noqa: PLC0415 - not needed for --help

    plans = call.house.publish_plan(call.directory, request)
    if call.as_json:
        call.print_json(publish_plan.plans_json(plans))
    else:
        for line in publish_plan.plans_lines(plans):
            click.echo(line)
    return ExitCode.NEEDS_PERSON if any(one.publication.problems for one in plans) else ExitCode.OK


def _print(call: Invocation, view: RunView) -> None:
    from gitpar.ui import as_json, publish_text  # noqa: PLC0415 - not needed for --help

    if call.as_json:
        call.print_json({"run": view.run, **(as_json.published(view.publication) or {})})
    else:
        for line in publish_text.published_lines(view):
            click.echo(line)
