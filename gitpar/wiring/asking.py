"""What must be so before a run may wait for reviewers."""

from __future__ import annotations

from dataclasses import replace

from gitpar.core.settings import Barrier, PublishAs, RunSettings, Schedule
from gitpar.errors import UsageError


def with_barrier(settings: RunSettings) -> RunSettings:
    """Returns the settings with what `--barrier merged` implies; raises UsageError for what forbids it."""
    if settings.barrier is not Barrier.MERGED:
        return settings
    for given, said, why in (
        (
            settings.publish not in (None, PublishAs.PR_PER_LEVEL),
            f"--publish {settings.publish}",
            "reviewers merge the request of a wave: leave --publish out, or say --publish pr-per-level",
        ),
        (settings.into is not None, "--into", "the branch is moved by whoever merges the requests"),
        (
            settings.schedule is Schedule.DAG,
            "--schedule dag",
            "there tasks start before the wave below is over",
        ),
    ):
        if given:
            raise UsageError(f"`--barrier merged` and `{said}` do not go together", why[:1].upper() + why[1:])
    return replace(settings, publish=PublishAs.PR_PER_LEVEL)
