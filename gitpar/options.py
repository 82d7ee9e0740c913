"""What each setting may be: one row a setting, its name in files and variables, and its check.

Pure. Where the values come from and which one wins is config.py's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum

from gitpar.core.forges import ForgeKind
from gitpar.core.settings import (
    Barrier,
    LevelPolicy,
    OnPredicted,
    OnRevert,
    Order,
    Policy,
    PublishAs,
    Sandbox,
    Schedule,
    Strategy,
)
from gitpar.option import Option, Refused, choices, command_line, made_by, stays_inside
from gitpar.patterns import pattern

_UNITS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_UNITS_BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
_DURATION = pattern(r"(?:\d+(?:\.\d+)?[dhms]\s*)+")
_DURATION_PART = pattern(r"(\d+(?:\.\d+)?)([dhms])")
_SIZE = pattern(r"(\d+(?:\.\d+)?)\s*([KMG]I?)?B?", re.IGNORECASE)
_PREFIX = pattern(r"(?!.*(\.\.|//|\.lock(/|$)|\.(/|$)))[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*", re.ASCII)
_YES_NO = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def _whole(text: str) -> object:
    return int(text) if re.fullmatch(r"\d+", text.strip(), re.ASCII) else text


def _yes_no_text(text: str) -> object:
    return _YES_NO.get(text.strip().lower(), text)


def _count(field: str, least: int) -> Option:
    def read(value: object) -> object:
        if type(value) is not int or value < least:
            raise Refused
        return value

    return Option(field, f"a whole number, {least} or more", read, _whole)


ADAPTED = 0
"""What the number of jobs is read as where gitpar is to choose it."""


def _jobs(field: str) -> Option:
    def read(value: object) -> object:
        if value == "auto":
            return ADAPTED
        if type(value) is not int or value < 1:
            raise Refused
        return value

    return Option(field, 'a whole number, 1 or more, or "auto"', read, _whole)


def _yes_no(field: str) -> Option:
    def read(value: object) -> object:
        if not isinstance(value, bool):
            raise Refused
        return value

    return Option(field, "true or false", read, _yes_no_text)


def _choice(field: str, kind: type[StrEnum]) -> Option:
    def read(value: object) -> object:
        if not isinstance(value, str) or value not in tuple(kind):
            raise Refused
        return kind(value)

    names = [f'"{member}"' for member in kind]
    return Option(field, f"{', '.join(names[:-1])} or {names[-1]}", read)


def _text(field: str) -> Option:
    """A text; an empty one takes back what a lower source says."""

    def read(value: object) -> object:
        if not isinstance(value, str) or "\0" in value:
            raise Refused
        return value.strip() or None

    return Option(field, "a text", read)


def _duration(field: str, *, may_be_endless: bool = False, least: float = 0.0) -> Option:
    def read(value: object) -> object:
        seconds = _seconds(value, endless=may_be_endless)
        if may_be_endless and seconds == 0:
            return None
        if seconds < least:
            raise Refused
        return seconds

    allowed = 'seconds or a duration such as "90s", "10m" or "1h30m"'
    return Option(field, f"{allowed}, 0 for no limit" if may_be_endless else allowed, read)


def duration(value: object) -> float:
    """Returns seconds of a number or a text such as "1h30m"; raises Refused."""
    return _seconds(value, endless=False)


def _seconds(value: object, *, endless: bool) -> float:
    if isinstance(value, str):
        if endless and value.strip() == "none":
            return 0.0
        if _DURATION.fullmatch(value.strip()):
            return sum(float(n) * _UNITS_S[unit] for n, unit in _DURATION_PART.findall(value))
        value = float(value) if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value, re.ASCII) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise Refused
    return float(value)


def _size(field: str) -> Option:
    def read(value: object) -> object:
        if isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())):
            return int(float(found[1]) * _UNITS_BYTES[(found[2] or "").upper()])
        if type(value) is not int or value < 0:
            raise Refused
        return value

    return Option(field, 'bytes or a size such as "500 kB", "20 MB" or "1 GiB"', read)


def _paths(field: str, *, what: str) -> Option:
    def read(value: object) -> object:
        if not isinstance(value, list | tuple) or not all(stays_inside(item) for item in value):
            raise Refused
        return tuple(dict.fromkeys(value))

    return Option(field, f"a list of {what}", read, lambda text: [part for part in text.split(":") if part])


def _patterns(field: str) -> Option:
    def read(value: object) -> object:
        if not isinstance(value, list | tuple) or not all(isinstance(p, str) and p.strip() for p in value):
            raise Refused
        return tuple(dict.fromkeys(value))

    return Option(
        field,
        "a list of patterns as in .gitignore",
        read,
        lambda text: [part for part in text.split(":") if part],
    )


def _names(field: str, *, what: str) -> Option:
    def read(value: object) -> object:
        if not isinstance(value, list | tuple) or not all(_is_name(item) for item in value):
            raise Refused
        return tuple(dict.fromkeys(value))

    return Option(field, f"a list of {what}", read, lambda text: [part for part in text.split(":") if part])


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[^\s\x00-\x1f]+", value))


def places(value: object) -> tuple[str, ...]:
    """Returns paths that are absolute or begin with `~/`; raises Refused."""
    if not isinstance(value, list | tuple):
        raise Refused
    for one in value:
        if (
            not isinstance(one, str)
            or "\0" in one
            or not one.startswith(("/", "~/"))
            or ".." in one.split("/")
        ):
            raise Refused
    return tuple(dict.fromkeys(value))


PLACES = "a list of paths that are absolute or begin with ~/"


def _places(field: str) -> Option:
    return Option(field, PLACES, places, lambda text: [part for part in text.split(":") if part])


def _agents(field: str) -> Option:
    """One name or a list of them."""

    def read(value: object) -> object:
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list | tuple) or not all(isinstance(n, str) and n.strip() for n in found):
            raise Refused
        return tuple(name.strip() for name in found)

    allowed = 'the name of an agent, or a list such as ["claude", "wave:2=codex"]'
    return Option(field, allowed, read, str.split)


def _amount(field: str) -> Option:
    """Dollars; 0 for no limit."""

    def read(value: object) -> object:
        found = _number(value.strip().removeprefix("$")) if isinstance(value, str) else value
        if (
            isinstance(found, bool)
            or not isinstance(found, int | float)
            or not math.isfinite(found)
            or found < 0
        ):
            raise Refused
        return float(found) or None

    return Option(field, 'dollars such as 2.5 or "$2.50", 0 for no limit', read)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) else None


def _limit(field: str) -> Option:
    def read(value: object) -> object:
        if isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())) and found[2] != "B":
            return int(float(found[1]) * _UNITS_BYTES[(found[2] or "").upper()]) or None
        if type(value) is not int or value < 0:
            raise Refused
        return value or None

    return Option(field, 'a number such as 200000, "200k" or "2M", 0 for no limit', read)


def _commands(field: str) -> Option:
    """One shell command or a list of them."""

    def read(value: object) -> object:
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list | tuple) or not all(_is_command(text) for text in found):
            raise Refused
        return tuple(dict.fromkeys(text.strip() for text in found))

    return Option(field, 'a shell command or a list of them such as ["make lint", "make test"]', read)


def _is_command(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip()) and "\0" not in text


def _branch_prefix(field: str) -> Option:
    def read(value: object) -> object:
        if not isinstance(value, str) or not _PREFIX.fullmatch(value):
            raise Refused
        return value

    return Option(field, 'the beginning of a branch name such as "gitpar"', read)


_INSIDE = "paths inside the repository"

OPTIONS: Mapping[str, Option] = {
    "jobs": _jobs("jobs"),
    "jobs_most": _count("jobs_most", 1),
    "strategy": _choice("strategy", Strategy),
    "order": _choice("order", Order),
    "schedule": _choice("schedule", Schedule),
    "prefix": _branch_prefix("prefix"),
    "retries": _count("retries", 0),
    "timeout": _duration("timeout_s", may_be_endless=True),
    "grace": _duration("grace_s"),
    "on_revert": _choice("on_revert", OnRevert),
    "on_predicted": _choice("on_predicted", OnPredicted),
    "policies": choices("policies", Policy),
    "merge_union": _patterns("merge_union"),
    "merge_regenerate": made_by("merge_regenerate"),
    "merge_external": command_line("merge_external"),
    "merge_rerere": _yes_no("merge_rerere"),
    "merge_timeout": _duration("merge_timeout_s", least=0.001),
    "max_cost": _amount("max_cost_usd"),
    "max_tokens": _limit("max_tokens"),
    "max_time": _duration("max_time_s", may_be_endless=True),
    "task_max_cost": _amount("task_max_cost_usd"),
    "task_max_tokens": _limit("task_max_tokens"),
    "wave_max_cost": _amount("wave_max_cost_usd"),
    "wave_max_tokens": _limit("wave_max_tokens"),
    "wave_max_time": _duration("wave_max_time_s", may_be_endless=True),
    "into": _text("into"),
    "agent": _agents("agent"),
    "progress_file": _text("progress_file"),
    "agent_command": _text("agent_command"),
    "prompt_template": _text("prompt_template"),
    "write_back": _yes_no("write_back"),
    "keep_worktrees": _yes_no("keep_worktrees"),
    "log_limit": _size("log_limit_bytes"),
    "publish": _choice("publish", PublishAs),
    "remote": _text("remote"),
    "target": _text("target"),
    "barrier": _choice("barrier", Barrier),
    "barrier_wait": _duration("barrier_wait_s", may_be_endless=True),
    "forge": _choice("forge", ForgeKind),
    "plan": _text("plan"),
    "pool": _yes_no("pool"),
    "pool_keep": _paths("pool_keep", what=_INSIDE),
    "worktree_root": _text("worktree_root"),
    "copy": _paths("copy", what=_INSIDE),
    "symlink": _paths("symlink", what=_INSIDE),
    "setup": _text("setup"),
    "setup_timeout": _duration("setup_timeout_s", least=0.001),
    "teardown": _text("teardown"),
    "teardown_timeout": _duration("teardown_timeout_s", least=0.001),
    "disposable": _patterns("disposable"),
    "ignored_limit": _size("ignored_limit_bytes"),
    "sandbox": _choice("sandbox", Sandbox),
    "network": _yes_no("network"),
    "sandbox_env": _names("sandbox_env", what="names of variables, or globs"),
    "sandbox_write": _places("sandbox_write"),
    "sandbox_read": _places("sandbox_read"),
    "gating": _yes_no("gating"),
    "gate": _commands("gate"),
    "task_gate": _commands("task_gate"),
    "level_gate": _commands("level_gate"),
    "run_gate": _commands("run_gate"),
    "level_policy": _choice("level_policy", LevelPolicy),
    "gate_jobs": _count("gate_jobs", 1),
    "speculate": _yes_no("speculate"),
    "merge_drivers": _names("merge_drivers", what="names of merge drivers"),
}
"""By the name that files use, with underscores; `-` means the same."""
