"""What runs with and without gates have in common: landings that wait for others before they move. Pure.

What is needed where there are gates is loaded there only (gate_book.py and what it names).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId
from gitpar.core.settings import GateOn, LevelPolicy

if TYPE_CHECKING:
    from gitpar.core.gate_book import GateBook
    from gitpar.core.graph import Task
    from gitpar.core.run import Level, Run
    from gitpar.core.settings import RunSettings


def book_for(settings: RunSettings, tasks: Iterable[Task]) -> GateBook | None:
    """Returns what is known of a run's gates; None where it has none and levels may land in part."""
    brought = settings.verify and any(task.verify for task in tasks)
    if not settings.gates and not brought and settings.level_policy is not LevelPolicy.ALL:
        return None
    from gitpar.core.gate_book import book_of  # noqa: PLC0415 - most runs have none

    return book_of(settings)


def must_pass(run: Run) -> bool:
    """Says whether nothing lands on a level before its gates have passed on the tree it makes.

    What was settled otherwise than by a plain merge may rely on it: it is proved like any
    other landing, waits in `Level.batch`, and moves when the gates let it pass.
    """
    return any(GateOn.LEVEL in rules.on for rules in run.settings.gates)


def chain_tip(level: Level) -> CommitId | None:
    """Where a level stands with everything that waits to be gated."""
    return level.batch[-1].commit if level.batch else level.tip


def lands_early(run: Run, level: Level) -> bool:
    """Says whether what waits to be gated is gated while others of its level are worked on."""
    return bool(level.batch) and not (run.gates is not None and run.gates.whole)


def waits_for_reruns(run: Run, level: Level) -> bool:
    """Says whether what waits to be gated waits for those of its level that are run again."""
    whole = run.gates is not None and run.gates.whole
    return whole and bool(level.aside or any(run.tasks[each].level == level.number for each in run.active))
