"""What publishing would do, in lines and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gitpar.core.publication import Publication
from gitpar.core.publishing import MergeRequest, PushBranches, PushNotes, Step, WriteRequest
from gitpar.ui.plain import clean, named

if TYPE_CHECKING:
    from gitpar.wiring.request import PublishPlan


def plans_lines(plans: Sequence[PublishPlan]) -> Iterator[str]:
    """Says what publishing would do in each repository."""
    for one in plans:
        where = f"{clean(one.repository)}: " if one.repository else ""
        yield from (where + line for line in plan_lines(one.publication, one.steps))


def plans_json(plans: Sequence[PublishPlan]) -> dict[str, Any]:
    """Returns what `publish --dry-run` prints: the plan, or one for each of several repositories."""
    if len(plans) == 1 and not plans[0].repository:
        return plan_json(plans[0].publication, plans[0].steps)
    found = [{"name": one.repository, **plan_json(one.publication, one.steps)} for one in plans]
    return {"repositories": found}


def plan_lines(publication: Publication, steps: Sequence[Step]) -> Iterator[str]:
    """Says what publishing would do, a line a step."""
    for step in steps:
        match step:
            case PushBranches(pushes):
                for push in pushes:
                    there = f", where it stands at {push.expected[:12]}" if push.expected else ""
                    where = f"{named(push.head)} of {named(publication.remote)}{there}"
                    yield f"push   {push.commit[:12]} to {where}"
            case WriteRequest(draft, None):
                where = f"{named(draft.head)} into {named(draft.base)}"
                yield f"open   a request from {where}: {clean(draft.title)}"
            case WriteRequest(draft, number):
                yield f"change request {number} from {named(draft.head)} into {named(draft.base)}"
            case PushNotes():
                yield f"push   the certificates to {named(publication.remote)}"
            case MergeRequest(head):
                yield f"merge  the request from {named(head)}"
    yield from map(clean, publication.problems)
    if not steps and not publication.problems:
        yield "nothing to do: everything is published, or nothing landed"


def plan_json(publication: Publication, steps: Sequence[Step]) -> dict[str, Any]:
    """Returns what `publish --dry-run` prints."""
    return {
        "mode": publication.mode.value,
        "remote": publication.remote,
        "target": publication.target or None,
        "steps": [_step(step) for step in steps],
        "problems": list(publication.problems),
    }


def _step(step: Step) -> dict[str, Any]:
    match step:
        case PushBranches(pushes):
            moved = [{"branch": p.head, "commit": p.commit, "expected": p.expected or None} for p in pushes]
            return {"do": "push", "branches": moved}
        case WriteRequest(draft, number):
            verb = "open" if number is None else "change"
            request = {"branch": draft.head, "base": draft.base, "title": draft.title, "body": draft.body}
            return {"do": verb, "number": number, **request}
        case PushNotes():
            return {"do": "push-notes"}
        case MergeRequest(head, number, commit):
            return {"do": "merge", "branch": head, "number": number or None, "commit": commit}
