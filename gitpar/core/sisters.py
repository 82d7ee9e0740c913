"""A plan over several repositories: one run in each, with the same id and the same tasks. Pure.

Each run works on its own tasks only and knows the others' by what it is told when a level
is over everywhere. Until then it stands behind its own closed level: levels advance together.
All runs hold all tasks, so they agree on levels, on who is blocked, and on their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gitpar.core import events as e
from gitpar.core import sister_events as se
from gitpar.core.early import let_start
from gitpar.core.progress import note_of
from gitpar.core.run import Level, Run, Stage, TaskState
from gitpar.core.verdicts import block_dependents, pass_over, set_state

_TO_DO = (TaskState.PENDING, TaskState.RUNNING)
_LOST = (TaskState.HELD, TaskState.FAILED)
_WORST_FIRST = (e.RunEnd.INTERRUPTED, e.RunEnd.NEEDS_PERSON, e.RunEnd.FAILED, e.RunEnd.DONE)


def waits_for_sisters(run: Run) -> Level | None:
    """Returns the level that a run has done with and its sisters have not, None where it goes on."""
    level = run.level
    if run.sisters is None or level is None or level.stage is not Stage.CLOSED or level.together:
        return None
    return level


def done_with(run: Run) -> int:
    """Returns the last level that a run has nothing more to do on, 0 before the first."""
    return run.current + (waits_for_sisters(run) is not None)


def ends_as(run: Run) -> e.RunEnd | None:
    """Says how a run would end that has nothing left to do, None while it has."""
    if run.level is not None or run.active or run.orphans or run.recovering:
        return None
    from gitpar.core.decide import end_of  # noqa: PLC0415 - it decides by what is said here

    if run.gates is not None:
        from gitpar.core.gate_decisions import at_the_end, first_of_all  # noqa: PLC0415 - most have none

        if first_of_all(run.gates) is not None or at_the_end(run, run.gates) is not None:
            return None
    return end_of(run)


def worst(ends: Sequence[e.RunEnd]) -> e.RunEnd:
    """Returns how all end: as done only where each is."""
    return next(end for end in _WORST_FIRST if end in ends)


def outcomes(run: Run, number: int) -> tuple[se.Outcome, ...]:
    """Returns what became of a run's own tasks of a level."""
    found = []
    for task_id in run.levels[number - 1].tasks:
        if task_id not in run.elsewhere:
            task = run.tasks[task_id]
            note = note_of(task)
            found.append(se.Outcome(task_id, task.state, task.reason, note.text if note else ""))
    return tuple(found)


def shares(needs: Mapping[str, int], jobs: int) -> dict[str, int]:
    """Divides places among repositories by how many tasks each has, none more than it needs.

    Who has tasks has one place at least, while there are enough; the first come first.
    """
    found = dict.fromkeys(needs, 0)
    left = jobs
    while left > 0:
        open_needs = [name for name, need in needs.items() if need > found[name]]
        if not open_needs:
            break
        # whoever has the least for what it needs is next
        poorest = min(open_needs, key=lambda name: found[name] / needs[name])
        found[poorest] += 1
        left -= 1
    return found


def can_use(run: Run) -> int:
    """Returns how many places a run has use for where tasks start before their level."""
    level = run.level
    at_once = len(run.active) + len(run.queues.ready) + len(run.early.preparing)
    alone = level is not None and bool(level.solo or level.aside)
    return max(at_once, int(alone))


def share_out(run: Run, level: Level) -> None:
    """Gives a run its share of the places for a level that begins in all repositories."""
    if run.sisters is None or run.settings.jobs_first is not None:
        return
    needs = {sister.name: 0 for sister in run.sisters.all}
    for task_id in level.tasks:
        task = run.tasks[task_id]
        if task.state in _TO_DO and task.task.repo is not None:
            needs[task.task.repo] += 1
    run.pace = replace(run.pace, jobs=shares(needs, run.settings.jobs)[run.sisters.own])


def _shared(run: Run, event: se.LevelShared) -> None:
    level = run.levels[event.level - 1]
    level.together = True
    for outcome in event.outcomes:
        task = run.tasks[outcome.task]
        set_state(task, outcome.state, outcome.reason)
        if outcome.notes:
            task.answer = outcome.notes
            run.told.append(outcome.task)
        if outcome.state in _LOST:
            block_dependents(run, task)
    pass_over(run)
    if run.dag:
        for outcome in event.outcomes:
            let_start(run, outcome.task)


def _agreed(run: Run, event: se.EndAgreed) -> None:
    run.agreed = event.end


def _given(run: Run, event: se.PlacesGiven) -> None:
    run.pace = replace(run.pace, jobs=event.jobs)


SISTERS: dict[type[e.Event], Callable[[Run, Any], None]] = {
    se.LevelShared: _shared,
    se.PlacesGiven: _given,
    se.EndAgreed: _agreed,
}
