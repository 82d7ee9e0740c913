"""What one setting is, and kinds of settings that are lists, tables or commands. Pure."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from gitpar.errors import UsageError
from gitpar.values import dataclass


class Refused(ValueError):
    """The value is not allowed; the option says what is."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting. `field` is its name in Settings or RunSettings."""

    field: str
    allowed: str
    """Completes the sentence "must be …"."""
    read: Callable[[object], object]
    """Returns the value as settings hold it, or raises Refused."""
    from_text: Callable[[str], object] = str
    """Turns the text of a variable or flag into what a TOML file would hold."""
    is_table: bool = False
    """Whether its value is a table, whose keys are the user's."""


Keys = Mapping[str, tuple[str, str, Callable[[object], object]]]
"""What a table may hold, by key: the field, what completes "must be …", and how it is read."""


def read_table(
    name: str, table: object, keys: Keys, where: Callable[[str], str]
) -> tuple[dict[str, Any], list[str]]:
    """Returns the fields of a table of the user's, such as `gates.unit`, and warnings of unknown keys.

    `where` names a key at its place. Raises UsageError where it is no table or a value is not allowed.
    """
    if not isinstance(table, Mapping):
        raise UsageError(f"{where(name)} must be a table", f"Write it as: [{name}]")
    warnings: list[str] = []
    found: dict[str, Any] = {}
    for written, value in table.items():
        key = str(written).replace("-", "_")
        shown = where(f"{name}.{written}")
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            meant = f"; did you mean `{near[0]}`?" if near else ""
            warnings.append(f"{shown} is not a setting and was ignored{meant}")
            continue
        field, allowed, read = keys[key]
        try:
            found[field] = read(value)
        except Refused:
            raise UsageError(f"{shown} must be {allowed}, not {value!r}", "Nothing was started") from None
    return found, warnings


def text(value: object) -> object:
    """Reads a text that is not empty, without white space around it; raises Refused."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise Refused
    return value.strip()


def count(value: object) -> object:
    """Reads a whole number, 1 or more; raises Refused."""
    if type(value) is not int or value < 1:
        raise Refused
    return value


def variables(value: object) -> object:
    """Reads a table of variables of an environment, as pairs of name and text; raises Refused."""
    if not isinstance(value, Mapping):
        raise Refused
    for name, said in value.items():
        if not name or "=" in name or not isinstance(said, str) or "\0" in name + said:
            raise Refused
    return tuple(value.items())


def stays_inside(path: object) -> bool:
    """Says whether a path is relative and stays in the folder it counts from."""
    return (
        isinstance(path, str)
        and path.strip() != ""
        and "\0" not in path
        and not path.startswith(("/", "~"))
        and ".." not in path.split("/")
    )


def choices(field: str, kind: type[StrEnum]) -> Option:
    """A list of choices in their order, each once."""

    def read(value: object) -> object:
        found = value if isinstance(value, list | tuple) else ()
        if not found or not all(isinstance(one, str) and one in tuple(kind) for one in found):
            raise Refused
        return tuple(dict.fromkeys(kind(one) for one in found))

    names = [f'"{member}"' for member in kind]
    allowed = f"a list of {', '.join(names[:-1])} and {names[-1]}"
    return Option(field, allowed, read, lambda text: [part for part in re.split(r"[:,\s]+", text) if part])


def made_by(field: str) -> Option:
    """A table of files inside the repository, each with the command that makes it."""

    def read(value: object) -> object:
        if not isinstance(value, Mapping) or not all(map(stays_inside, value)):
            raise Refused
        if not all(isinstance(one, str) and one.strip() and "\0" not in one for one in value.values()):
            raise Refused
        return tuple((path.removeprefix("./"), command) for path, command in value.items())

    return Option(field, "a table of files, each with the command that makes it", read, is_table=True)


def command_line(field: str) -> Option:
    """A command that can be cut into words; an empty one takes back what a lower source says."""

    def read(value: object) -> object:
        if not isinstance(value, str) or "\0" in value:
            raise Refused
        try:
            return value.strip() if shlex.split(value) else None
        except ValueError:
            raise Refused from None

    return Option(field, "a command", read)
