"""The REST interfaces of the forges, as far as gitpar uses them: what may be asked, and what is answered.

A strict subset kept by hand from the forges' documentation: a query, field or status that
is not here is a breach. `support/descriptions.py` compares the same exchanges with the
forge's own OpenAPI description where somebody has that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import jsonschema

from tests.support.requests import Exchange, Pull, Refused

if TYPE_CHECKING:
    from tests.support.hosting import Hosting

_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1}
_SHA = {"type": "string", "pattern": "^[0-9a-f]{40}$"}


def _fields(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class Operation:
    """One thing that may be asked."""

    method: str
    path: str
    query: Mapping[str, str]
    """Allowed names, each with a pattern for its value."""
    body: Mapping[str, Any] | None
    statuses: frozenset[int]


_PAGES = {"page": r"\d+"}
_ERRORS = frozenset({401, 403, 404, 409, 422})


def _operations(prefix: str, key: str, of: Mapping[str, Any]) -> tuple[Operation, ...]:
    one = rf"{prefix}/\d+"
    return (
        Operation("GET", prefix, {**_PAGES, **of["list"]}, None, frozenset({200}) | _ERRORS),
        Operation("POST", prefix, {}, of["open"], frozenset({201}) | _ERRORS),
        Operation("GET", one, {}, None, frozenset({200}) | _ERRORS),
        Operation(of["change"], one, {}, of["update"], frozenset({200, 201}) | _ERRORS),
        Operation(key, rf"{one}/merge", {}, of["merge"], frozenset({200, 405, 406}) | _ERRORS),
    )


_GITEA_WAYS = {"enum": ["merge", "rebase", "rebase-merge", "squash"]}
OPERATIONS = {
    "github": _operations(
        r"/repos/[\w.-]+/[\w.-]+/pulls",
        "PUT",
        {
            "list": {
                "state": "open|closed|all",
                "head": r"[\w.-]+:.+",
                "base": ".+",
                "per_page": r"\d{1,2}|100",
                "sort": "created|updated|popularity|long-running",
                "direction": "asc|desc",
            },
            "open": _fields({"title": _NAME, "head": _NAME, "base": _NAME}, {"body": _TEXT}),
            "change": "PATCH",
            "update": _fields({}, {"title": _NAME, "base": _NAME, "body": _TEXT}),
            "merge": _fields({}, {"sha": _SHA, "merge_method": {"enum": ["merge", "squash", "rebase"]}}),
        },
    ),
    "gitlab": _operations(
        r"/projects/[^/]+/merge_requests",
        "PUT",
        {
            "list": {
                "state": "opened|closed|locked|merged|all",
                "source_branch": ".+",
                "target_branch": ".+",
                "per_page": r"\d{1,2}|100",
                # what python-gitlab sends
                "iids[]": r"\d+",
            },
            "open": _fields(
                {"source_branch": _NAME, "target_branch": _NAME, "title": _NAME}, {"description": _TEXT}
            ),
            "change": "PUT",
            "update": _fields({}, {"target_branch": _NAME, "title": _NAME, "description": _TEXT}),
            "merge": _fields({}, {"sha": _SHA}),
        },
    ),
    "gitea": _operations(
        r"/repos/[\w.-]+/[\w.-]+/pulls",
        "POST",
        {
            "list": {
                "state": "open|closed|all",
                "sort": "oldest|recentupdate|recentclose|leastupdate|mostcomment|leastcomment|priority",
                "limit": r"\d{1,2}",
            },
            "open": _fields({"title": _NAME, "head": _NAME, "base": _NAME}, {"body": _TEXT}),
            "change": "PATCH",
            "update": _fields({}, {"title": _NAME, "base": _NAME, "body": _TEXT}),
            # older ones read `Do`, newer ones `do`, and which it is cannot be told before
            "merge": _fields({"Do": _GITEA_WAYS, "do": _GITEA_WAYS}, {"head_commit_id": _SHA}),
        },
    ),
}


def breaches(kind: str, exchange: Exchange) -> Iterator[str]:
    """Yields what is wrong with a request or its answer."""
    what = f"{exchange.method} {exchange.path}"
    fitting = [
        each
        for each in OPERATIONS[kind]
        if each.method == exchange.method and re.fullmatch(each.path, exchange.path)
    ]
    if not fitting:
        yield f"{what}: there is no such operation"
        return
    operation = fitting[0]
    for name, value in exchange.query.items():
        if not re.fullmatch(operation.query.get(name, "(?!)"), value):
            yield f"{what}: `{name}={value}` is not in its query"
    if (operation.body is None) != (exchange.sent is None):
        yield f"{what}: {'a body' if exchange.sent else 'no body'} was sent"
    if operation.body is not None and exchange.sent is not None:
        found = jsonschema.Draft202012Validator(operation.body).iter_errors(exchange.sent)
        yield from (f"{what}: {error.message}" for error in found)
    if exchange.status not in operation.statuses:
        yield f"{what}: {exchange.status} is no answer to it"


# --- what the forges answer ---------------------------------------------------------------


class Interface(Protocol):
    """Turns what a forge knows into its own words and back."""

    def answer(self, method: str, path: str, query: Mapping[str, str], sent: Any) -> tuple[int, Any]:
        """Does what is asked for."""
        ...


class _Like:
    """What the three have in common: five operations on requests."""

    def __init__(self, forge: Hosting) -> None:
        self._forge = forge

    def answer(  # noqa: PLR0911 - one return an operation
        self, method: str, path: str, query: Mapping[str, str], sent: Any
    ) -> tuple[int, Any]:
        found = re.fullmatch(self.path + r"(?:/(\d+))?(/merge)?", path)
        if found is None:
            return 404, {"message": "Not Found"}
        if found[1] is None:
            if method == "POST":
                return 201, self.shown(self._forge.make(*self.draft(sent)), single=True)
            return 200, [self.shown(pull, single=False) for pull in self.listed(query)]
        number = int(found[1])
        if not 1 <= number <= len(self._forge.pulls):
            return 404, {"message": "Not Found"}
        pull = self._forge.pulls[number - 1]
        if found[2]:
            return 200, self.merged(pull, self._forge.merge(pull, self.wanted(sent)))
        if method != "GET":
            self.change(pull, sent)
            return self.changed, self.shown(pull, single=True)
        return 200, self.shown(pull, single=True)

    path = r"/repos/ada/shop/pulls"
    changed = 200
    names: Mapping[str, str] = {"title": "title", "base": "base", "body": "body"}

    def draft(self, sent: Any) -> tuple[str, str, str, str]:
        return sent["head"], sent["base"], sent["title"], sent.get("body", "")

    def change(self, pull: Pull, sent: Any) -> None:
        for name, value in sent.items():
            if self.names[name] == "base" and not self._forge.tip(value):
                raise Refused(404 if self._forge.kind == "gitea" else 422, f"no branch {value}")
            setattr(pull, self.names[name], value)

    def wanted(self, sent: Any) -> str:
        return str((sent or {}).get("sha", ""))

    def merged(self, _pull: Pull, commit: str) -> Any:
        return {"sha": commit, "merged": True, "message": "Pull Request successfully merged"}

    def listed(self, query: Mapping[str, str]) -> list[Pull]:
        raise AssertionError(query)

    def shown(self, pull: Pull, *, single: bool) -> Any:
        raise AssertionError((pull, single))

    def settled(self, *, single: bool) -> bool:
        """Whether the forge has found out whether a request merges; asking makes it look."""
        if single and self._forge.unsettled:
            self._forge.unsettled -= 1
            return False
        return True


class _GitHub(_Like):
    def listed(self, query: Mapping[str, str]) -> list[Pull]:
        owner, _, head = query.get("head", "").partition(":")
        state = query.get("state", "open")
        return [
            pull
            for pull in reversed(self._forge.pulls)
            if state in ("all", pull.state)
            and (not owner or (owner, head) == ("ada", pull.head))
            and query.get("base", pull.base) == pull.base
        ]

    def shown(self, pull: Pull, *, single: bool) -> Any:
        api = f"{self._forge.api}{self.path}/{pull.number}"
        shown = {
            "id": pull.number + 1000,
            "number": pull.number,
            "url": api,
            "html_url": f"https://forge.example/ada/shop/pull/{pull.number}",
            "state": pull.state,
            "title": pull.title,
            "body": pull.body or None,
            "merged_at": "2026-01-02T03:04:05Z" if pull.merged else None,
            "head": {"ref": pull.head, "sha": self._forge.stands(pull), "label": f"ada:{pull.head}"},
            "base": {"ref": pull.base, "sha": self._forge.tip(pull.base), "label": f"ada:{pull.base}"},
        }
        if single:
            known = self.settled(single=True)
            shown |= {"merged": pull.merged, "mergeable": (pull.state == "open") if known else None}
        return shown


class _Gitea(_Like):
    changed = 201

    def listed(self, query: Mapping[str, str]) -> list[Pull]:
        state = query.get("state", "open")
        return [pull for pull in reversed(self._forge.pulls) if state in ("all", pull.state)]

    def wanted(self, sent: Any) -> str:
        return str(sent.get("head_commit_id", ""))

    def merged(self, _pull: Pull, _commit: str) -> Any:
        return None

    def shown(self, pull: Pull, *, single: bool) -> Any:  # noqa: ARG002 - the same in a list
        return {
            "id": pull.number + 1000,
            "number": pull.number,
            "html_url": f"https://forge.example/ada/shop/pulls/{pull.number}",
            "state": pull.state,
            "title": pull.title,
            "body": pull.body,
            "merged": pull.merged,
            "mergeable": pull.state == "open",
            "head": {
                "label": pull.head,
                "ref": pull.head,
                "sha": self._forge.stands(pull),
                "repo_id": 7,
            },
            "base": {"label": pull.base, "ref": pull.base, "sha": self._forge.tip(pull.base), "repo_id": 7},
        }


class _GitLab(_Like):
    path = r"/projects/ada(?:%2F|%2f)shop/merge_requests"
    names: Mapping[str, str] = {"title": "title", "target_branch": "base", "description": "body"}

    def draft(self, sent: Any) -> tuple[str, str, str, str]:
        return sent["source_branch"], sent["target_branch"], sent["title"], sent.get("description", "")

    def listed(self, query: Mapping[str, str]) -> list[Pull]:
        state = query.get("state", "all")
        return [
            pull
            for pull in reversed(self._forge.pulls)
            if state in ("all", self.state(pull))
            and query.get("source_branch", pull.head) == pull.head
            and query.get("target_branch", pull.base) == pull.base
        ]

    def state(self, pull: Pull) -> str:
        return "merged" if pull.merged else {"open": "opened"}.get(pull.state, pull.state)

    def merged(self, pull: Pull, _commit: str) -> Any:
        return self.shown(pull, single=True)

    def shown(self, pull: Pull, *, single: bool) -> Any:
        return {
            "id": pull.number + 1000,
            "iid": pull.number,
            "project_id": 7,
            "source_project_id": 7,
            "target_project_id": 7,
            "web_url": f"https://forge.example/ada/shop/-/merge_requests/{pull.number}",
            "state": self.state(pull),
            "title": pull.title,
            "description": pull.body,
            "source_branch": pull.head,
            "target_branch": pull.base,
            "sha": self._forge.stands(pull),
            "detailed_merge_status": "mergeable" if self.settled(single=single) else "checking",
        }


FORGES: Mapping[str, Callable[[Hosting], Interface]] = {
    "github": _GitHub,
    "gitlab": _GitLab,
    "gitea": _Gitea,
}
