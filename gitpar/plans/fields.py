"""What all formats share: declared files, statuses, and the keys that gitpar adds to any of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gitpar.core.graph import Scope, Source, TaskStatus
from gitpar.plans.item import Item
from gitpar.values import dataclass

_CREATE = {"create", "created", "add", "new", "write"}
_READ = {"read", "reference", "view", "context", "check"}
EXTRA_KEYS = (
    "command",
    "verify",
    "agent",
    "stream",
    "repo",
    "env",
    "timeout_s",
    "retries",
    "max_tokens",
    "max_cost_usd",
    "commit_message",
    "files",
    "estimate_s",
    "duration_minutes",
    "estimated_duration_minutes",
)
"""Keys of gitpar's own that a task of any format may carry."""


def source(item: Item) -> Source:
    """Returns where a task stands."""
    return Source(item.document.file, item.line, item.key)


def extras(item: Item, *, worked_minutes: bool = False) -> dict[str, Any]:
    """Reads the keys that gitpar adds, as arguments of Task.

    With `worked_minutes` the key `duration_minutes` tells how long the work took, as in
    agent-os, and is no estimate.
    """
    found: dict[str, Any] = {}
    for name in ("command", "verify", "agent", "stream", "repo", "commit_message"):
        if (value := item.get(name)) is not None and (text := value.text()).strip():
            found[name] = text
    if (timeout := item.get("timeout_s")) is not None:
        found["timeout_s"] = timeout.number(least=0.001)
    if (retries := item.get("retries")) is not None:
        found["retries"] = retries.whole()
    if (tokens := item.get("max_tokens")) is not None:
        found["max_tokens"] = _tokens(tokens)
    if (cost := item.get("max_cost_usd")) is not None:
        found["max_cost_usd"] = cost.number(least=0.0001)
    if (env := item.get("env")) is not None:
        found["env"] = _environment(env)
    found["estimate_s"] = _estimate(item, worked_minutes=worked_minutes)
    return found


def _tokens(item: Item) -> int | None:
    number = item.number(least=1)
    return None if number is None else int(number)


def _estimate(item: Item, *, worked_minutes: bool) -> float | None:
    if (seconds := item.get("estimate_s")) is not None:
        return seconds.number()
    names = ["estimated_duration_minutes"] + ([] if worked_minutes else ["duration_minutes"])
    for name in names:
        if (minutes := item.get(name)) is not None and (value := minutes.number()) is not None:
            return value * 60
    return None


def _environment(item: Item) -> tuple[tuple[str, str], ...]:
    if not item.is_mapping():
        item.complain(f"expected a mapping of variables, found {item.shown()}")
    found: list[tuple[str, str]] = []
    for name, value in item.members():
        if not name or "=" in name or "\x00" in name:
            value.complain(f"`{name}` cannot be the name of a variable")
        elif "\x00" in (text := value.text()):
            value.complain("a variable cannot hold a NUL character")
        else:
            found.append((name, text))
    return tuple(found)


def scope(item: Item) -> Scope:
    """Reads declared files: a list, a mapping of create/modify/read, or rows of path and action."""
    if item.is_mapping():
        known = ("create", "modify", "read")
        for name, value in item.members():
            if name not in known:
                value.warn(f"unknown key `{name}`", item.findings.nearest(name, known))
        parts = {name: _paths(found) for name in known if (found := item.get(name)) is not None}
        return Scope(**parts)
    create: list[str] = []
    modify: list[str] = []
    read: list[str] = []
    for row in item.elements() if item.is_list() else (item,):
        path_item = row.get("path") if row.is_mapping() else row
        if path_item is None:
            row.complain("a file needs a `path`")
            continue
        action = verb.text().strip().lower() if (verb := row.get("action")) is not None else ""
        target = create if action in _CREATE else read if action in _READ else modify
        target.extend(_paths(path_item))
    return Scope(tuple(create), tuple(modify), tuple(read))


def _paths(item: Item) -> tuple[str, ...]:
    found: list[str] = []
    for text in item.texts():
        path = text.strip().removeprefix("./")
        if path.startswith(("/", "~")) or ".." in path.split("/"):
            item.warn(f"`{text[:80]}` is outside the repository and is left out of the declared files")
        elif path:
            found.append(path)
    return tuple(dict.fromkeys(found))


def joined(first: Scope, second: Scope) -> Scope:
    """Returns what either declares."""
    return Scope(first.create + second.create, first.modify + second.modify, first.read + second.read)


@dataclass(frozen=True, slots=True)
class Words:
    """The statuses a format knows, by what they mean for a run."""

    satisfied: Collection[str]
    pending: Collection[str]
    left_out: Collection[str]


def status(item: Item, words: Words) -> tuple[TaskStatus, str]:
    """Returns what the task's status means and how the file says it; a task without one is pending.

    A status that the format does not know is a warning, and the task runs.
    """
    written = item.get("status")
    if written is None:
        return TaskStatus.PENDING, "pending"
    text = written.text().strip()
    plain = text.casefold().replace("_", "-").replace(" ", "-")
    if plain in words.satisfied:
        return TaskStatus.DONE, text
    if plain in words.left_out:
        return TaskStatus.LEFT_OUT, text
    if plain not in words.pending:
        known = [*words.satisfied, *words.pending, *words.left_out]
        hint = item.findings.nearest(plain, known) or f"Known are {', '.join(known)}"
        written.warn(f"the status `{text[:40]}` is not known; the task counts as pending", hint)
    return TaskStatus.PENDING, text


def warn_unknown(item: Item, known: Collection[str], foreign: Mapping[str, str]) -> None:
    """Warns of every member that is not known, naming the nearest that is."""
    if not isinstance(item.node.value, dict):
        return
    for name, node in item.node.value.items():
        if name in known or name.startswith(("x-", "$")):
            continue
        place = Item(item.document, node, item.findings, f"{item.key}.{name}".lstrip("."))
        meant = foreign.get(name)
        hint = f"Did you mean `{meant}`?" if meant else item.findings.nearest(name, known)
        place.warn(f"unknown key `{name}`", hint)
