"""Which change a CI job is about, told from its environment. Pure: the event's text is handed in.

Source: the pages on default variables of GitHub Actions and on predefined CI/CD
variables of GitLab, and pre-commit's on hooks before a push.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from gitpar.values import dataclass

_PULL = re.compile(r"refs/pull/(\d+)/(?:merge|head)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a CI system says of the change; empty where it says nothing.

    `target` and `branch` are branches' names, `head` is a commit of the latter. `merged`
    where the checkout is the change merged into its target. `depth_hint` is how to get
    the whole history there.
    """

    name: str = ""
    target: str = ""
    head: str = ""
    branch: str = ""
    number: int | None = None
    merged: bool = False
    depth_hint: str = ""


def surroundings(environ: Mapping[str, str], event: str = "") -> Surroundings:
    """Reads the environment of a job. `event` is the text of the file in GITHUB_EVENT_PATH."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ, event)
    if environ.get("GITLAB_CI") == "true":
        return _gitlab(environ)
    if pushed := environ.get("PRE_COMMIT_TO_REF"):
        return Surroundings("a push", head=pushed)
    return Surroundings()


def _github(environ: Mapping[str, str], event: str) -> Surroundings:
    told = _object(event)
    request = told.get("pull_request") or {}
    queue = told.get("merge_group") or {}
    number = _PULL.match(environ.get("GITHUB_REF", ""))
    head = request.get("head", {}).get("sha", "") or queue.get("head_sha", "")
    base = queue.get("base_ref", "").removeprefix("refs/heads/")
    return Surroundings(
        "GitHub Actions",
        target=environ.get("GITHUB_BASE_REF", "") or request.get("base", {}).get("ref", "") or base,
        head=str(head),
        branch=environ.get("GITHUB_HEAD_REF", ""),
        number=int(number[1]) if number else request.get("number"),
        merged=bool(number) and environ.get("GITHUB_REF", "").endswith("/merge"),
        depth_hint="In the workflow: `fetch-depth: 0` below `with:` of actions/checkout",
    )


def _gitlab(environ: Mapping[str, str]) -> Surroundings:
    number = environ.get("CI_MERGE_REQUEST_IID", "")
    # the first is set only where the checkout is the merged result
    head = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "") or environ.get("CI_COMMIT_SHA", "")
    return Surroundings(
        "GitLab CI",
        target=environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""),
        head=head if number else "",
        branch=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", ""),
        number=int(number) if number.isdigit() else None,
        depth_hint='In .gitlab-ci.yml: `GIT_DEPTH: "0"` below `variables:`',
    )


def _object(text: str) -> Mapping[str, Any]:
    """The event, empty where it is none that can be read: the variables say enough."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
