"""Publishing a run at its end, and going on with it when the wave it waits for was merged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gitpar.core.settings import Barrier
from gitpar.errors import GitparError
from gitpar.ui.cli.options import Duration, Invocation
from gitpar.ui.cli.publish import describing, publish_if_due

if TYPE_CHECKING:
    from gitpar.core.view import RunView

_Command = TypeVar("_Command", bound=Callable[..., Any])


def barrier_options(command: _Command) -> _Command:
    """Adds what says when the next wave may start."""
    wait = click.option(
        "--barrier-wait",
        "barrier_wait_s",
        metavar="S",
        type=Duration(),
        help="With --barrier merged, how long to wait for a merge before the run ends as `needs-you`.  "
        "[default: as long as it takes]",
    )
    barrier = click.option(
        "--barrier",
        type=click.Choice([one.value for one in Barrier]),
        help="Start the next wave when this one has landed, or when reviewers have merged its request.  "
        "[default: landed]",
    )
    return barrier(wait(command))


def carried_on(call: Invocation, view: RunView) -> RunView:
    """Publishes a run that has ended where that is due, and goes on with it as waves are merged.

    Ctrl-C ends the waiting and nothing else.
    """
    view = publish_if_due(call, view)
    while view.awaited is not None and not (view.publication is not None and view.publication.problems):
        from gitpar.ui.closing import waiting_for  # noqa: PLC0415 - rarely needed
        from gitpar.wiring import PublishRequest  # noqa: PLC0415 - already loaded, and only here

        click.echo(f"{waiting_for(view)}; Ctrl-C ends the waiting, and `gitpar resume` goes on", err=True)
        request = PublishRequest(describe=describing(), run=view.run)
        try:
            after = call.house.await_merge(call.directory, view.run, request, call.watcher())
        except KeyboardInterrupt:
            return view
        except GitparError:
            call.print_run(view)
            raise
        if after.awaited == view.awaited:
            return after
        view = publish_if_due(call, after)
    return view
