"""Recognises whose plan a file is, by what is in it and never by its name."""

from __future__ import annotations

from typing import Protocol

from gitpar.errors import UsageError
from gitpar.plans import agent_os, own, taskmaster
from gitpar.plans.document import Syntax, unrecognised
from gitpar.plans.item import Item
from gitpar.plans.model import Draft, Edit, TaskEnd


class PlanFormat(Protocol):
    """One format: a module with these names."""

    NAME: str

    def recognises(self, root: Item) -> bool:
        """Says whether the file is of this format."""
        ...

    def read(self, root: Item, tag: str | None) -> Draft:
        """Makes drafts of its tasks; what is wrong is noted in the root's findings."""
        ...

    def edits(self, end: TaskEnd) -> tuple[Edit, ...]:
        """Returns what to write back about a task that ended."""
        ...


FORMATS: dict[str, PlanFormat] = {module.NAME: module for module in (agent_os, taskmaster, own)}


def choose(root: Item, name: str | None = None) -> PlanFormat:
    """Returns the format of a file, or the one that was named.

    Raises PlanError where the file is of none, UsageError where the name is of none.
    """
    if name is not None:
        if name not in FORMATS:
            raise UsageError(f"`{name}` is not a plan format", f"Known are {', '.join(FORMATS)}")
        return FORMATS[name]
    if agent_os.recognises(root):
        return agent_os
    if taskmaster.tags(root):
        return taskmaster
    if root.document.syntax is not Syntax.JSON or own.surely(root):
        if own.recognises(root):
            return own
    elif taskmaster.recognises(root):
        return taskmaster
    elif own.recognises(root):
        return own
    raise unrecognised(root.document.file)
