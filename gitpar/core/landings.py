"""Landings that were proved on top of each other and wait to move. Pure.

Where no gate is to judge them and nobody is at work any more, those that are proved within
a moment move together: a level moves once, whatever it is moved over.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from gitpar.core.commands import MoveLevel, ProvedLanding
from gitpar.core.run import Candidate, Level, Run, Stage

GATHER_S = 0.25
"""So long after its proof was begun a landing waits for no more to move together with."""


def proved(run: Run, level: Level, candidate: Candidate) -> None:
    """Puts what was proved behind what it stands on, until it moves."""
    if run.gates is not None:
        run.gates.proved(run, level, candidate)
    else:
        level.batch.append(candidate)
        level.candidate = None


def joins(run: Run, level: Level) -> bool:
    """Says whether the next result is proved before what waits moves, where there are no gates.

    For a moment, and while nobody works on the level who may wait for what lands.
    """
    if not level.to_land or not level.batch:
        return bool(level.to_land)
    return level.stage is Stage.LANDING and run.last_at < level.batch[0].begun_at + GATHER_S


def landings(candidates: Iterable[Candidate]) -> tuple[ProvedLanding, ...]:
    """Returns those of the candidates that are proved."""
    return tuple(
        ProvedLanding(one.task, one.n, one.commit, one.certificate)
        for one in candidates
        if one.commit is not None
    )


def moving(level: Level) -> list[Candidate]:
    """Returns the landings over which the level is being moved, in order."""
    if level.candidate is None or not level.candidate.moving:
        return []
    return [level.candidate, *takewhile(lambda candidate: candidate.moving, level.batch)]


def move_of(level: Level, candidates: Iterable[Candidate]) -> MoveLevel:
    """Returns what moves a level over proved landings."""
    if level.tip is None:
        raise ValueError(f"level {level.number} is to move and was never opened")
    return MoveLevel(level.number, level.tip, landings(candidates))


def stay(level: Level) -> None:
    """Takes back what is under way: what was to move waits as it did, what is computed is so again."""
    if begun := moving(level):
        level.batch[: len(begun) - 1] = begun
        for candidate in begun:
            candidate.moving = False
    elif level.candidate is not None:
        level.to_land.appendleft(level.candidate.task)
    level.candidate = None


def line_up(level: Level) -> None:
    """Takes back what is under way or was proved: all is proved again, in the order it was in."""
    stay(level)
    level.to_land.extendleft(candidate.task for candidate in reversed(level.batch))
    level.batch.clear()
