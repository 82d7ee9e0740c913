"""Reads `[agents.NAME]` of the settings: how an agent is used. Pure; finding the tables is config.py's."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from gitpar.core.agents import COMMAND, AgentProfile
from gitpar.errors import UsageError
from gitpar.option import Refused
from gitpar.options import PLACES, duration, places

BUILT_IN = ("claude", "codex", "gemini", "opencode", "qwen", "aider")
PERMISSIONS = ("read", "edit", "all")
RETRIES = ("session", "fresh")
SANDBOXES = ("none", "bwrap", "auto")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


def _text(value: object) -> object:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise Refused
    return value


def _texts(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(item, str) and "\0" not in item for item in value):
        raise Refused
    return tuple(value)


def _variables(value: object) -> object:
    if not isinstance(value, Mapping):
        raise Refused
    for name, text in value.items():
        if not name or "=" in name or not isinstance(text, str) or "\0" in name + text:
            raise Refused
    return tuple(value.items())


def _choice(*allowed: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        if value not in allowed:
            raise Refused
        return value

    return read


def _count(value: object) -> object:
    if type(value) is not int or value < 1:
        raise Refused
    return value


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
_KEYS: Mapping[str, tuple[str, str, Callable[[object], object]]] = {
    "kind": ("kind", "a text", _text),
    "program": ("program", "a text", _text),
    "model": ("model", "a text", _text),
    "flags": ("flags", "a list of texts", _texts),
    "env": ("env", "a table of texts", _variables),
    "account": ("account", "a text", _text),
    "permission": ("permission", ", ".join(map(repr, PERMISSIONS)), _choice(*PERMISSIONS)),
    "command": ("command", "a text", _text),
    "fallback": ("fallback", "the name of another agent", _text),
    "timeout": ("timeout_s", _A_TIME, _time),
    "idle_timeout": ("idle_timeout_s", _A_TIME, _time),
    "max_turns": ("max_turns", "a whole number, 1 or more", _count),
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
    warnings: list[str] = []
    found: dict[str, Any] = {}
    for written, value in table.items():
        key = str(written).replace("-", "_")
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            meant = f"; did you mean `{near[0]}`?" if near else ""
            warnings.append(f"{where(f'agents.{name}.{written}')} is not a setting and was ignored{meant}")
            continue
        field, allowed, read = _KEYS[key]
        try:
            found[field] = read(value)
        except Refused:
            shown = where(f"agents.{name}.{written}")
            raise UsageError(f"{shown} must be {allowed}, not {value!r}", "Nothing was started") from None
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
    for text in texts:
        what, _, name = text.rpartition("=")
        if what.startswith("wave:") and what[5:].isdecimal():
            waves[int(what[5:])] = name
        elif what.startswith("task:") and what[5:]:
            tasks[what[5:]] = name
        elif not what and name:
            run = name
        else:
            raise UsageError(f"`--agent {text}` names no agent", "Write NAME, wave:N=NAME or task:ID=NAME")
    return waves, tasks, run
