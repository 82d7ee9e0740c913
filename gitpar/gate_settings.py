"""Reads `[gates.NAME]` of the settings, and gates typed as commands. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gitpar.core.settings import GateOn, GateRules
from gitpar.errors import UsageError
from gitpar.option import Keys, Refused, read_table, text
from gitpar.options import duration

_RESERVED = ("verify", "plan verify")
"""The gates that tasks and plans bring themselves."""
_LONGEST_NAME = 40


def _time(value: object) -> object:
    seconds = duration(value)
    return seconds or None


def _on(value: object) -> object:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or any(one not in tuple(GateOn) for one in found):
        raise Refused
    return tuple(GateOn(one) for one in dict.fromkeys(found))


_KEYS: Keys = {
    "command": ("command", "a text", text),
    "on": ("on", '"task", "level", "run" or a list of them', _on),
    "timeout": ("timeout_s", 'seconds or a duration such as "90s" or "10m", 0 for no limit', _time),
    "agent": ("agent", "the name of an agent", text),
    "prompt": ("prompt", "a text", text),
}


def read_gate(name: str, table: object, where: Callable[[str], str]) -> tuple[GateRules, list[str]]:
    """Returns a gate and warnings; `where` names a key at its place. Raises UsageError."""
    if name.casefold() in _RESERVED:
        raise UsageError(
            f"{where(f'gates.{name}')}: that is what the gate is called that a task brings itself",
            "Give the gate another name",
        )
    found, warnings = read_table(f"gates.{name}", table, _KEYS, where)
    _check(name, found, where)
    return GateRules(name=name, **found), warnings


def _check(name: str, found: Mapping[str, Any], where: Callable[[str], str]) -> None:
    if "command" in found and "agent" in found:
        raise UsageError(
            f"{where(f'gates.{name}')} has a command and an agent", "Make two gates of it: all have to pass"
        )
    if "command" not in found and "agent" not in found:
        raise UsageError(
            f"{where(f'gates.{name}')} has no command", 'Say what must succeed: command = "make test"'
        )
    if "agent" in found and "prompt" not in found:
        raise UsageError(
            f"{where(f'gates.{name}')} has an agent and no prompt", 'Say what it is asked: prompt = "…"'
        )


def typed_gates(
    given: Iterable[tuple[tuple[GateOn, ...], Iterable[str]]], taken: Iterable[str]
) -> tuple[GateRules, ...]:
    """Makes gates of commands; what is run on the same command is one gate, named like it."""
    on: dict[str, tuple[GateOn, ...]] = {}
    for what, commands in given:
        for command in commands:
            text = command.strip()
            on[text] = tuple(dict.fromkeys((*on.get(text, ()), *what)))
    names = {name.casefold() for name in (*taken, *_RESERVED)}
    found = []
    for command, what in on.items():
        line = " ".join(command.split())
        short = line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 1] + "…"
        name, n = short, 1
        while name.casefold() in names:
            n += 1
            name = f"{short} ({n})"
        names.add(name.casefold())
        found.append(GateRules(name=name, command=command, on=what))
    return tuple(found)
