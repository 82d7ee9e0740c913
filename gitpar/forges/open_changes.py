"""Asks GitHub or GitLab for the pull requests that are open. Changes nothing there.

Needs no library: the extra `forge` is for what writes.
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gitpar.core.forges import OpenChange
from gitpar.core.names import CommitId
from gitpar.errors import EnvironmentFault

_PATIENCE_S = 30.0
_TRIES = 3
_MOST_PAGES = 50
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*rel="?next"?')


class ForgeKind(StrEnum):
    """The forges that can be asked."""

    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class ForgeAddress:
    """Where to ask: the root of the interface and the repository's name there.

    `permit` is the header that carries the token, `token_from` the variable that came from.
    """

    kind: ForgeKind
    api: str
    repository: str
    permit: tuple[str, str] | None = None
    token_from: str = ""


def open_changes(address: ForgeAddress, target: str) -> list[OpenChange]:
    """Returns the open requests into one branch, as the forge lists them.

    Raises EnvironmentFault where it cannot be reached or says no.
    """
    match address.kind:
        case ForgeKind.GITHUB:
            query = urllib.parse.urlencode({"state": "open", "base": target, "per_page": 100})
            first = f"{address.api}/repos/{address.repository}/pulls?{query}"
            read: Callable[[Mapping[str, Any]], OpenChange] = _of_github
        case ForgeKind.GITLAB:
            project = urllib.parse.quote(address.repository, safe="")
            query = urllib.parse.urlencode({"state": "opened", "target_branch": target, "per_page": 100})
            first = f"{address.api}/projects/{project}/merge_requests?{query}"
            read = _of_gitlab
    try:
        return [read(item) for item in _items(address, first)]
    except (KeyError, TypeError, ValueError) as error:
        raise EnvironmentFault(
            f"`{address.api}` answered with something that is no list of requests ({error!r})",
            f"Is it the address of a {address.kind.value} interface?",
        ) from error


def _of_github(item: Mapping[str, Any]) -> OpenChange:
    number = int(item["number"])
    head = item["head"]
    return OpenChange(
        number,
        f"#{number} {head['ref']}",
        CommitId(head["sha"]),
        f"refs/pull/{number}/head",
        item["base"]["ref"],
    )


def _of_gitlab(item: Mapping[str, Any]) -> OpenChange:
    number = int(item["iid"])
    return OpenChange(
        number,
        f"!{number} {item['source_branch']}",
        CommitId(item["sha"]),
        f"refs/merge-requests/{number}/head",
        item["target_branch"],
    )


def _items(address: ForgeAddress, first: str) -> Iterator[Mapping[str, Any]]:
    """Yields the items of all pages. The token goes to the host it was meant for and to no other."""
    url: str | None = first
    for _ in range(_MOST_PAGES):
        if url is None:
            return
        body, links = _answer(address, url)
        page = json.loads(body)
        if not isinstance(page, list):
            raise TypeError(f"{type(page).__name__} instead of a list")
        yield from page
        found = _NEXT.search(links)
        url = urllib.parse.urljoin(url, found[1]) if found else None
        if url is not None and urllib.parse.urlsplit(url)[:2] != urllib.parse.urlsplit(first)[:2]:
            raise EnvironmentFault(
                f"`{address.api}` sends to another host for its next page", "Ask its owner"
            )


def _answer(address: ForgeAddress, url: str) -> tuple[bytes, str]:
    headers = {"Accept": "application/json", "User-Agent": "gitpar"}
    if address.permit is not None:
        headers[address.permit[0]] = address.permit[1]
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the address is the user's
    for attempt in range(1, _TRIES + 1):
        try:
            with _OPENER.open(request, timeout=_PATIENCE_S) as answer:
                return answer.read(), answer.headers.get("Link", "")
        except urllib.error.HTTPError as error:
            with error:
                if error.code < 500 or attempt == _TRIES:
                    raise _refusal(address, error) from error
        except (urllib.error.URLError, OSError) as error:
            if attempt == _TRIES:
                reason = getattr(error, "reason", error)
                raise EnvironmentFault(
                    f"`{address.api}` cannot be reached: {reason}",
                    "Name the branches instead: --others 'origin/*'",
                ) from error
        time.sleep(0.2 * attempt)
    raise AssertionError("the last try returns or raises")


def _refusal(address: ForgeAddress, error: urllib.error.HTTPError) -> EnvironmentFault:
    asked = f"the open requests of `{address.repository}`"
    what = f"`{address.api}` refuses to list {asked}: {error.code} {error.reason}"
    if error.code in (401, 403, 404):
        variable = "GITHUB_TOKEN" if address.kind is ForgeKind.GITHUB else "GITLAB_TOKEN"
        now = (
            f"The token in {address.token_from} may not read them" if address.permit else "No token was given"
        )
        return EnvironmentFault(what, f"{now}; set {variable} to one that may read the repository")
    return EnvironmentFault(what, "Try again later, or name the branches: --others 'origin/*'")


def _opener() -> urllib.request.OpenerDirector:
    """Follows no redirect: the token would go along to wherever that leads."""
    opener = urllib.request.OpenerDirector()
    for each in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(each)
    return opener


_OPENER = _opener()
