"""Reads `[streams.NAME]` of the settings: how one stream of a plan is worked on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitpar.core.settings import StreamRules
from gitpar.option import Keys, Refused, read_table
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


_KEYS: Keys = {
    "jobs": ("jobs", "a whole number, 1 or more", _count),
    "account": ("account", "a text", _text),
    "session": ("keeps_session", "'keep', 'fresh'", _session),
    "agent": ("agent", "the name of an agent", _text),
    "agent_command": ("agent_command", "a text", _text),
    "env": ("env", "a table of texts", _variables),
}
_OF_RULES = ("jobs", "account", "keeps_session")


def read_stream(name: str, table: object, where: Callable[[str], str]) -> tuple[StreamSettings, list[str]]:
    """Returns a stream's settings and warnings; `where` names a key at its place. Raises UsageError."""
    found, warnings = read_table(f"streams.{name}", table, _KEYS, where)
    rules = StreamRules(name=name, **{field: found.pop(field) for field in _OF_RULES if field in found})
    return StreamSettings(rules=rules, **found), warnings
