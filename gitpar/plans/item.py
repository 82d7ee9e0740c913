"""One value of a plan file, read with its type checked; what is wrong is noted with its place."""

from __future__ import annotations

import difflib
import functools
import math
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import field
from pathlib import Path
from typing import TypeVar

from gitpar.errors import PlanProblem
from gitpar.plans.document import Document, Node
from gitpar.values import dataclass

_HINTS_AT_MOST = 50
_Found = TypeVar("_Found")


@dataclass(slots=True)
class Findings:
    """Everything noticed while reading, so that all of it is reported at once."""

    errors: list[PlanProblem] = field(default_factory=list)
    warnings: list[PlanProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hints: int = 0

    def nearest(self, word: str, known: Collection[str]) -> str:
        """Returns `Did you mean …?` or nothing; gives up after fifty, so that a broken plan stays quick."""
        if self.hints >= _HINTS_AT_MOST:
            return ""
        self.hints += 1
        return nearest(word, known)


def nearest(word: str, known: Collection[str]) -> str:
    """Returns `Did you mean …?` for the known word that comes closest, nothing where none does."""
    near = [name for name in known if abs(len(name) - len(word)) <= 4]
    found = difflib.get_close_matches(word, near[:5000], n=1)
    return f"Did you mean `{found[0]}`?" if found else ""


@dataclass(frozen=True, slots=True)
class Item:
    """A node with its key path. Readers return None or nothing where the value is of no use."""

    document: Document
    node: Node
    findings: Findings
    key: str = ""

    @property
    def line(self) -> int:
        """The line it stands on."""
        return self.document.line(self.node.start)

    @property
    def folder(self) -> Path:
        """The folder of the plan file."""
        return Path(self.document.file).parent

    def problem(self, message: str, hint: str = "") -> PlanProblem:
        """Returns a problem of this place."""
        return PlanProblem(self.document.file, message, self.line, self.key, hint)

    def complain(self, message: str, hint: str = "") -> None:
        """Notes an error: the plan will not be run."""
        self.findings.errors.append(self.problem(message, hint))

    def warn(self, message: str, hint: str = "") -> None:
        """Notes a warning."""
        self.findings.warnings.append(self.problem(message, hint))

    def note(self, message: str) -> None:
        """Notes a decision, with the place that led to it."""
        self.findings.notes.append(f"`{self.document.file}` line {self.line}: {message}")

    # --- structure ---

    def has(self, name: str) -> bool:
        """Says whether the mapping has a member that is not null."""
        return self.get(name) is not None

    def get(self, name: str) -> Item | None:
        """Returns a member, None where it is missing or null."""
        node = self.node.value.get(name) if isinstance(self.node.value, dict) else None
        if node is None or node.value is None:
            return None
        key = f"{self.key}.{name}" if self.key else name
        return Item(self.document, node, self.findings, key)

    def members(self) -> Iterator[tuple[str, Item]]:
        """Yields the members that are not null."""
        if isinstance(self.node.value, dict):
            for name in self.node.value:
                if (item := self.get(name)) is not None:
                    yield name, item

    def elements(self) -> Iterator[Item]:
        """Yields the elements of a list."""
        if isinstance(self.node.value, list):
            for at, node in enumerate(self.node.value):
                yield Item(self.document, node, self.findings, f"{self.key}[{at}]")

    def is_list(self) -> bool:
        """Says whether it is a list."""
        return isinstance(self.node.value, list)

    def is_mapping(self) -> bool:
        """Says whether it is a mapping."""
        return isinstance(self.node.value, dict)

    def child(self, name: str) -> Item:
        """Returns the place where a member would be, for complaints about one that is missing."""
        return self.get(name) or Item(
            self.document, self.node, self.findings, f"{self.key}.{name}".lstrip(".")
        )

    # --- values ---

    def raw(self) -> str:
        """Returns the characters of the file."""
        return self.document.text[self.node.start : self.node.end]

    def name(self) -> str | None:
        """Returns an id: text, or a number as it is written (`1.10` stays `1.10`)."""
        value = self.node.value
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.raw() or str(value)
        self.complain(f"expected an id (text or a number), found {self.shown()}")
        return None

    def names(self) -> Iterator[tuple[str, Item]]:
        """Yields the ids of a list; one id alone counts as a list of one."""
        for item in self.elements() if self.is_list() else (self,):
            if (name := item.name()) is not None:
                yield name, item

    def text(self) -> str:
        """Returns a text; numbers are taken as they are written."""
        value = self.node.value
        if isinstance(value, str):
            return value
        if isinstance(value, int | float):
            return self.raw()
        self.complain(f"expected text, found {self.shown()}")
        return ""

    def number(self, *, least: float = 0.0) -> float | None:
        """Returns a finite number that is at least `least`."""
        value = self.node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.complain(f"expected a number, found {self.shown()}")
            return None
        if abs(value) > 1e15 or not math.isfinite(value) or value < least:
            self.complain(f"expected a number of at least {least:g}, found {self.shown()}")
            return None
        return float(value)

    def whole(self, *, least: int = 0) -> int | None:
        """Returns a whole number that is at least `least`."""
        value = self.node.value
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= 1_000_000:
            return value
        self.complain(f"expected a whole number from {least} to 1,000,000, found {self.shown()}")
        return None

    def texts(self) -> tuple[str, ...]:
        """Returns a list of texts; one text alone counts as a list of one."""
        if self.is_mapping():
            self.complain(f"expected a list of texts, found {self.shown()}")
            return ()
        items = self.elements() if self.is_list() else iter((self,))
        return tuple(text for item in items if (text := item.text()))

    def shown(self) -> str:
        """Says what the value is, for a complaint."""
        value = self.node.value
        if isinstance(value, dict):
            return "a mapping"
        if isinstance(value, list):
            return "a list"
        raw = re.sub(r"\s+", " ", self.raw()) or repr(value)
        return f"`{raw[:40]}…`" if len(raw) > 40 else f"`{raw}`"


def once(find: Callable[[Item], list[_Found]]) -> Callable[[Item], list[_Found]]:
    """Keeps what a search of a whole document gives: it tells formats apart, and then reads the one it is.

    The list belongs to all who ask for it: nobody changes it.
    """

    @functools.wraps(find)
    def found(root: Item) -> list[_Found]:
        seen = root.document.seen
        if find.__name__ not in seen:
            seen[find.__name__] = find(root)
        kept: list[_Found] = seen[find.__name__]
        return kept

    return found
