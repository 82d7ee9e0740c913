"""Reads `[streams.NAME]` of the settings: how one stream of a plan is worked on. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gitpar.core.settings import StreamRules
from gitpar.option import Keys, Refused, count, read_table, text, variables
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


def _session(value: object) -> object:
    if value not in ("keep", "fresh"):
        raise Refused
    return value == "keep"


_KEYS: Keys = {
    "jobs": ("jobs", "a whole number, 1 or more", count),
    "account": ("account", "a text", text),
    "session": ("keeps_session", "'keep', 'fresh'", _session),
    "agent": ("agent", "the name of an agent", text),
    "agent_command": ("agent_command", "a text", text),
    "env": ("env", "a table of texts", variables),
}
_OF_RULES = ("jobs", "account", "keeps_session")


def read_stream(name: str, table: object, where: Callable[[str], str]) -> tuple[StreamSettings, list[str]]:
    """Returns a stream's settings and warnings; `where` names a key at its place. Raises UsageError."""
    found, warnings = read_table(f"streams.{name}", table, _KEYS, where)
    rules = StreamRules(name=name, **{field: found.pop(field) for field in _OF_RULES if field in found})
    return StreamSettings(rules=rules, **found), warnings
