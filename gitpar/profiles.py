"""Reads `[agents.NAME]` of the settings: how an agent is used. Pure; finding the tables is config.py's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from gitpar.core.agents import COMMAND, AgentProfile
from gitpar.errors import UsageError
from gitpar.option import Keys, Refused, count, read_table, text, variables
from gitpar.options import PLACES, duration, places

BUILT_IN = ("claude", "codex", "gemini", "opencode", "qwen", "aider")
PERMISSIONS = ("read", "edit", "all")
RETRIES = ("session", "fresh")
SANDBOXES = ("none", "bwrap", "auto")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


def _texts(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(item, str) and "\0" not in item for item in value):
        raise Refused
    return tuple(value)


def _choice(*allowed: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        if value not in allowed:
            raise Refused
        return value

    return read


def _amount(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise Refused
    return float(value)


def _time(value: object) -> object:
    seconds = duration(value)
    if seconds <= 0:
        raise Refused
    return seconds


def _yes_no(value: object) -> object:
    if not isinstance(value, bool):
        raise Refused
    return value


_A_TIME = 'seconds or a duration such as "90s" or "10m"'
_KEYS: Keys = {
    "kind": ("kind", "a text", text),
    "program": ("program", "a text", text),
    "model": ("model", "a text", text),
    "flags": ("flags", "a list of texts", _texts),
    "env": ("env", "a table of texts", variables),
    "account": ("account", "a text", text),
    "permission": ("permission", ", ".join(map(repr, PERMISSIONS)), _choice(*PERMISSIONS)),
    "command": ("command", "a text", text),
    "fallback": ("fallback", "the name of another agent", text),
    "timeout": ("timeout_s", _A_TIME, _time),
    "idle_timeout": ("idle_timeout_s", _A_TIME, _time),
    "max_turns": ("max_turns", "a whole number, 1 or more", count),
    "max_cost_usd": ("max_cost_usd", "an amount above 0", _amount),
    "cooling": ("cooling_s", _A_TIME, _time),
    "sandbox": ("sandbox", ", ".join(map(repr, SANDBOXES)), _choice(*SANDBOXES)),
    "network": ("network", "true or false", _yes_no),
    "sandbox_env": ("sandbox_env", "a list of texts", _texts),
    "sandbox_write": ("sandbox_write", PLACES, places),
    "retry": ("retry", ", ".join(map(repr, RETRIES)), _choice(*RETRIES)),
}
"""By the key: the field, what is allowed, and how it is read."""


def read_profile(name: str, table: object, where: Callable[[str], str]) -> tuple[AgentProfile, list[str]]:
    """Returns a profile and warnings; `where` names a key at its place. Raises UsageError."""
    if not isinstance(table, Mapping) or not _NAME.fullmatch(name):
        raise UsageError(
            f"{where(f'agents.{name}')} must be a table with a plain name", "Nothing was started"
        )
    found, warnings = read_table(f"agents.{name}", table, _KEYS, where)
    kind = found.pop("kind", COMMAND if "command" in found else name)
    return AgentProfile(name=name, kind=kind, **found), warnings


def built_in(name: str) -> AgentProfile | None:
    """Returns the profile that a name stands for where no setting speaks of it."""
    return AgentProfile(name=name, kind=name) if name in BUILT_IN else None


def chosen(texts: tuple[str, ...]) -> tuple[dict[int, str], dict[str, str], str | None]:
    """Reads `NAME`, `wave:N=NAME` and `task:ID=NAME`: agents by wave, by task, and for the whole run."""
    waves: dict[int, str] = {}
    tasks: dict[str, str] = {}
    run: str | None = None
    for typed in texts:
        what, _, name = typed.rpartition("=")
        if what.startswith("wave:") and what[5:].isdecimal():
            waves[int(what[5:])] = name
        elif what.startswith("task:") and what[5:]:
            tasks[what[5:]] = name
        elif not what and name:
            run = name
        else:
            raise UsageError(f"`--agent {typed}` names no agent", "Write NAME, wave:N=NAME or task:ID=NAME")
    return waves, tasks, run
