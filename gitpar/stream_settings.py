"""Reads `[streams.NAME]` of the settings: how one stream of a plan is worked on. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from gitpar.core.settings import StreamRules
from gitpar.errors import UsageError
from gitpar.option import Refused
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """What one stream is given. Only `rules` are journaled: `env` may hold secrets."""

    rules: StreamRules
    agent: str | None = None
    """The agent of its tasks that name none and have no command."""
    agent_command: str | None = None
    """The shell command of its tasks that have none."""
    env: tuple[tuple[str, str], ...] = ()


def _text(value: object) -> object:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise Refused
    return value.strip()


def _count(value: object) -> object:
    if type(value) is not int or value < 1:
        raise Refused
    return value


def _session(value: object) -> object:
    if value not in ("keep", "fresh"):
        raise Refused
    return value == "keep"


def _variables(value: object) -> object:
    if not isinstance(value, Mapping):
        raise Refused
    for name, text in value.items():
        if not name or "=" in name or not isinstance(text, str) or "\0" in name + text:
            raise Refused
    return tuple(value.items())


_KEYS: Mapping[str, tuple[str, str, Callable[[object], object]]] = {
    "jobs": ("jobs", "a whole number, 1 or more", _count),
    "account": ("account", "a text", _text),
    "session": ("keeps_session", "'keep', 'fresh'", _session),
    "agent": ("agent", "the name of an agent", _text),
    "agent_command": ("agent_command", "a text", _text),
    "env": ("env", "a table of texts", _variables),
}
"""By the key: the field, what is allowed, and how it is read."""
_OF_RULES = ("jobs", "account", "keeps_session")


def read_stream(name: str, table: object, where: Callable[[str], str]) -> tuple[StreamSettings, list[str]]:
    """Returns a stream's settings and warnings; `where` names a key at its place. Raises UsageError."""
    if not isinstance(table, Mapping):
        raise UsageError(f"{where(f'streams.{name}')} must be a table", f"Write it as: [streams.{name}]")
    warnings: list[str] = []
    found: dict[str, Any] = {}
    for written, value in table.items():
        key = str(written).replace("-", "_")
        shown = where(f"streams.{name}.{written}")
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            meant = f"; did you mean `{near[0]}`?" if near else ""
            warnings.append(f"{shown} is not a setting and was ignored{meant}")
            continue
        field, allowed, read = _KEYS[key]
        try:
            found[field] = read(value)
        except Refused:
            raise UsageError(f"{shown} must be {allowed}, not {value!r}", "Nothing was started") from None
    rules = StreamRules(name=name, **{field: found.pop(field) for field in _OF_RULES if field in found})
    return StreamSettings(rules=rules, **found), warnings
