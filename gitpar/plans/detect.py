"""Recognises whose plan a file is, by what is in it and never by its name."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

from gitpar.errors import PlanError, PlanProblem, UsageError
from gitpar.plans import agent_os, own, taskmaster
from gitpar.plans.choices import Choices
from gitpar.plans.document import Syntax, unrecognised
from gitpar.plans.item import Item
from gitpar.plans.model import Draft
from gitpar.plans.splices import Writer


class PlanFormat(Protocol):
    """One format: a module with these names."""

    NAME: str
    TAKES: Sequence[str]
    """The choices (`tag`, `expand_subtasks`, `parallel_stories`) that mean something to it."""

    def read(self, root: Item, choices: Choices, /) -> Draft:
        """Makes drafts of its tasks; what is wrong is noted in the root's findings."""
        ...

    def writer(self, root: Item, /) -> Writer:
        """Returns what says how to write back that a task ended."""
        ...


_TREES: dict[str, PlanFormat] = {module.NAME: module for module in (agent_os, taskmaster, own)}
RALPH = "ralph"
_MARKDOWN = {"markdown-plan": "markdown_plan", RALPH: "ralph", "spec-kit": "spec_kit"}
"""By name the module that reads it, loaded when needed: together they take as long as all the others."""


def choose(root: Item, name: str | None = None) -> PlanFormat:
    """Returns the format of a file, or the one that was named.

    Raises PlanError where the file is of none or may be of several, UsageError where the
    name is of none.
    """
    if name is not None:
        if name not in {*_TREES, *_MARKDOWN}:
            raise UsageError(
                f"`{name}` is not a plan format", f"Known are {', '.join((*_TREES, *_MARKDOWN))}"
            )
        return _named(name)
    return _of_markdown(root) if root.document.syntax is Syntax.MARKDOWN else _of_tree(root)


def _named(name: str) -> PlanFormat:
    if name in _TREES:
        return _TREES[name]
    found: PlanFormat = import_module(f"gitpar.plans.{_MARKDOWN[name]}")
    return found


def _of_tree(root: Item) -> PlanFormat:
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


def _of_markdown(root: Item) -> PlanFormat:
    from gitpar.plans.likely import likely  # noqa: PLC0415 - as for the formats

    found = likely(root)
    if not found:
        raise unrecognised(root.document.file)
    if len(found) > 1:
        could = " or ".join(f"{one.format} ({one.why})" for one in found)
        forced = " or ".join(f"--format {one.format}" for one in found)
        raise PlanError((PlanProblem(root.document.file, f"could be {could}"),), f"Say which it is: {forced}")
    return _named(found[0].format)
