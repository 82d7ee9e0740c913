"""What moved refs: a run, an undo of it, an undo of that. Where each ref should stand by now. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gitpar.core import events as e
from gitpar.core.moves import Operation, RefMove
from gitpar.core.names import NO_COMMIT, CommitId, RefName, level_ref, task_ref
from gitpar.core.run import Run
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Into:
    """The user's branch that a run moved forward, and where it had been."""

    ref: RefName
    before: CommitId


def moved_by(run: Run, into: Into | None, level: int = 1) -> tuple[RefMove, ...]:
    """Returns what a run moved from a level on: its branches, and the one that `--into` named."""
    found = list(_branches(run, level))
    tips = [one.tip for one in run.levels if one.tip is not None]
    if into is not None and tips:
        below = [one.tip for one in run.levels if one.tip is not None and one.number < level]
        found.append(RefMove(into.ref, below[-1] if below else into.before, tips[-1]))
    return tuple(found)


def _branches(run: Run, level: int) -> Iterator[RefMove]:
    for one in run.levels:
        if one.number < level:
            continue
        if one.tip is not None:
            yield RefMove(level_ref(run.settings.prefix, run.id, one.number), NO_COMMIT, one.tip)
        for task_id in one.tasks:
            for attempt in run.tasks[task_id].attempts:
                if attempt.kept is not None:
                    ref = task_ref(run.settings.prefix, run.id, task_id, attempt.n)
                    yield RefMove(ref, NO_COMMIT, attempt.kept)


def standing(run: Run, moves: Sequence[RefMove]) -> dict[RefName, CommitId]:
    """Returns where each of these refs should stand, after everything that was undone since."""
    found = {move.ref: move.new for move in moves}
    for operation in run.operations:
        for move in operation.moves:
            if move.ref in operation.moved:
                found[move.ref] = move.new
    return found


def undoing(run: Run, moves: Sequence[RefMove]) -> tuple[RefMove, ...]:
    """Returns the moves that put refs back to before some moves; what is back already is left out."""
    now = standing(run, moves)
    back = (RefMove(move.ref, now[move.ref], move.old) for move in moves)
    return tuple(move for move in back if move.old != move.new)


def is_undone(run: Run) -> bool:
    """Says whether a level of the run has been taken away and not been brought back."""
    moves = [move for move in moved_by(run, None) if "/level/" in move.ref]
    now = standing(run, moves)
    return any(now[move.ref] != move.new for move in moves)


def _undoing(run: Run, event: e.Undoing) -> None:
    run.operations.append(Operation(event.operation, event.of, event.at, event.moves))


def _undone(run: Run, event: e.Undone) -> None:
    operation = run.operations[-1]
    operation.moved = frozenset(event.moved)
    operation.done = True


OPERATIONS: dict[type[e.Event], Callable[[Run, Any], None]] = {e.Undoing: _undoing, e.Undone: _undone}
