"""Finds the plan that is meant where the command line names none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gitpar.errors import PlanError, UsageError
from gitpar.git.repository import RepositoryPlace
from gitpar.plans.document import read_bytes
from gitpar.plans.item import Findings
from gitpar.plans.reading import open_plan

_LIKELY = re.compile(r"(^|/)[^/]*(tasks?|plans?)[^/]*\.(json|ya?ml|toml|md)$", re.IGNORECASE)
_MOST = 300
_LISTED = 12


def only_plan(place: RepositoryPlace, configured: str | None) -> Path:
    """Returns the plan that gitpar.toml names, else the only plan file of the checkout.

    Plans are looked for among the files that git knows or would add and whose name has
    `task` or `plan` in it. Raises UsageError where there is none or more than one.
    """
    if configured is not None:
        return place.main / configured
    found = list(plans_of(place))
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            "no plan is named, and no plan file was found here",
            "Name one: gitpar conflicts PLAN --dry-run",
            'Or set it once: plan = "tasks.json" in gitpar.toml',
        )
    names = [f"  {path.relative_to(place.root or place.main)}" for path in found[:_LISTED]]
    more = [f"  and {len(found) - _LISTED} more"] if len(found) > _LISTED else []
    raise UsageError(
        "\n".join(["no plan is named, and there are several plan files:", *names, *more]),
        "Name one of them: gitpar conflicts PLAN --dry-run",
    )


def plans_of(place: RepositoryPlace) -> Iterator[Path]:
    """Yields the plan files of the checkout, those that git would not ignore."""
    root = place.root
    if root is None:
        return
    listed = place.command.run(
        "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"
    ).fields
    for name in sorted(filter(_LIKELY.search, listed))[:_MOST]:
        path = root / name
        try:
            opened = open_plan(str(path), read_bytes(path), Findings())
        except PlanError:
            continue  # not a plan, only called like one
        if opened.draft.tasks:
            yield path
