"""`apply(run, event)`: what each event means for a run. One small function an event.

Pure but for changing the run it is given. It must accept any journal that a killed
owner can leave, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from gitpar.core import accounts, early, landings, troubles
from gitpar.core import events as e
from gitpar.core.ahead import is_busy
from gitpar.core.barrier import BARRIER
from gitpar.core.landing_order import to_try
from gitpar.core.noting import NOTING
from gitpar.core.operations import OPERATIONS
from gitpar.core.places import leave, offer
from gitpar.core.plan_events import Replanned
from gitpar.core.policies import SETTLING, landed_by, repaired
from gitpar.core.progress import of_level, to_land
from gitpar.core.publication import PUBLISHING
from gitpar.core.remedies import decided
from gitpar.core.replanning import taken
from gitpar.core.resuming import resumed
from gitpar.core.run import Attempt, AttemptState, Candidate, Level, Run, Stage, TaskRun, TaskState
from gitpar.core.settings import OnRevert
from gitpar.core.stopping import STOPPING
from gitpar.core.verdicts import (
    block_dependents,
    failure_text,
    give_up,
    judged,
    pass_over,
    set_state,
    to_compare,
)
from gitpar.core.waits import is_waited_for, land_early, settled, to_start

_TIMEOUTS_RETRIED = 1
_WAVE = 2
"""From this many tasks on a wave is one: alone, there is nothing to compare or to blame."""


def apply(run: Run, event: e.Event) -> Run:
    """Folds one event into the run and returns it."""
    (_APPLIED.get(type(event)) or _rare(event))(run, event)
    run.last_at = event.at
    if run.dag:
        early.follow(run, event)
    _advance(run)
    return run


def _rare(event: e.Event) -> Callable[[Run, Any], None]:
    from gitpar.core.gatekeeping import APPLIED  # noqa: PLC0415 - most runs have no gates
    from gitpar.core.sisters import SISTERS  # noqa: PLC0415 - and are in one repository

    return SISTERS.get(type(event)) or APPLIED[type(event)]


def fold(events: list[e.Event]) -> Run:
    """Makes a run of its whole journal; the first event must be RunOpened."""
    opened = events[0]
    if not isinstance(opened, e.RunOpened):
        raise TypeError(f"a journal begins with RunOpened, not {type(opened).__name__}")
    run = Run(opened)
    for event in events[1:]:
        apply(run, event)
    return run


# --- levels ------------------------------------------------------------------------------


def _level_opening(run: Run, event: e.LevelOpening) -> None:
    level = run.levels[event.level - 1]
    run.current = event.level - 1
    level.stage = Stage.OPENING
    level.base = level.tip = event.base
    level.opened_at = level.opened_at or event.at
    if run.sisters is not None and not run.dag:
        from gitpar.core.sisters import share_out  # noqa: PLC0415 - most runs are in one repository

        share_out(run, level)


def _level_opened(run: Run, event: e.LevelOpened) -> None:
    level = run.levels[event.level - 1]
    level.stage = Stage.WORKING
    if run.dag:
        early.opened(run, level)
    for task_id in to_start(run, level):
        if task_id not in level.offered and task_id not in level.aside:
            offer(run, level, task_id)


def _level_comparing(run: Run, event: e.LevelComparing) -> None:
    run.levels[event.level - 1].stage = Stage.COMPARING


def _level_compared(run: Run, event: e.LevelCompared) -> None:
    level = run.levels[event.level - 1]
    level.report = event.report
    _start_landing(run, level)


def _level_disturbed(run: Run, event: e.LevelDisturbed) -> None:
    run.disturbed = event.message
    level = run.levels[event.level - 1]
    landings.stay(level)
    level.noting = None


def _advance(run: Run) -> None:
    """Moves the level on where its queues have run dry; costs nothing while something is active."""
    level = run.level
    if level is None or is_busy(run, level):
        return
    if level.stage is Stage.WORKING and not level.solo:
        _after_work(run, level)
    if level.stage is Stage.LANDING and not (level.to_land or level.aside or level.candidate or level.batch):
        level.stage = Stage.NOTING
    if level.stage is Stage.NOTING and not to_land(run, level):
        _close_level(run, level)


def _after_work(run: Run, level: Level) -> None:
    """Gives a wave that failed whole one more try, one task at a time; else ends the working stage."""
    states = [run.tasks[t].state for t in level.tasks if run.tasks[t].attempts]
    failed = [t for t in level.tasks if run.tasks[t].state is TaskState.FAILED]
    alone = [t for t in failed if not accounts.is_hopeless(run.tasks[t])]
    if len(failed) >= _WAVE and len(failed) == len(states) and alone and not level.solo_tried:
        level.solo_tried = True
        level.solo.extend(alone)
        for task_id in alone:
            set_state(run.tasks[task_id], TaskState.PENDING, "the whole wave failed: tried alone")
        return
    for task_id in failed:
        block_dependents(run, run.tasks[task_id])
    if len(to_compare(run, level)) < _WAVE:
        _start_landing(run, level)


def _start_landing(run: Run, level: Level) -> None:
    """Queues what the wave brought; a task that changed nothing has landed."""
    level.stage = Stage.LANDING
    waiting = {candidate.task for candidate in level.batch}
    for task_id in to_try(run, level):
        task = run.tasks[task_id]
        if task_id in waiting:
            continue
        if task.last.result == task.last.base:
            set_state(task, TaskState.LANDED, "changed nothing")
        else:
            level.to_land.append(task_id)


def _close_level(run: Run, level: Level) -> None:
    """Ends a level and goes to the next one that has something to run."""
    level.stage = Stage.CLOSED
    level.closed_at = run.last_at
    run.told.extend(note.task for note in of_level(run, level))
    pass_over(run)


# --- attempts ----------------------------------------------------------------------------


def _attempt_opened(run: Run, event: e.AttemptOpened) -> None:
    task = run.tasks[event.task]
    level = run.levels[task.level - 1]
    run.early.prepared.pop(event.task, None)
    if run.dag:
        level.opened_at = level.opened_at or event.at
    for queue in (level.ready, level.solo, level.aside):
        if event.task in queue:  # nearly always the first
            queue.remove(event.task)
            break
    task.attempts.append(Attempt.opened(event))
    set_state(task, TaskState.RUNNING)
    run.active[event.task] = event.n
    accounts.begun(run, task)
    run.max_concurrent = max(run.max_concurrent, len(run.active))


def _attempt_recovering(run: Run, event: e.AttemptRecovering) -> None:
    run.orphans.pop(event.task, None)
    run.recovering.add(event.task)


def _attempt_captured(run: Run, event: e.AttemptCaptured) -> None:
    task = run.tasks[event.task]
    attempt = task.last
    attempt.captured = True
    attempt.result = event.result
    attempt.files = event.files
    attempt.problem = event.problem
    attempt.notes += event.notes
    attempt.undone = event.undone
    attempt.outside = event.outside
    attempt.progress = event.progress
    state = judged(attempt)
    found = state if run.gates is None else run.gates.captured(run, event, state)
    if found is not None:
        settle(run, task, found)


def _attempt_lost(run: Run, event: e.AttemptLost) -> None:
    task = run.tasks[event.task]
    task.last.message = event.message
    run.trouble = run.trouble or event.message
    settle(run, task, AttemptState.LOST)


def settle(run: Run, task: TaskRun, state: AttemptState) -> None:
    """Ends an attempt and decides what the task is now: finished, to be tried again, or failed."""
    attempt = task.last
    attempt.state = state
    run.active.pop(task.task.id, None)
    run.recovering.discard(task.task.id)
    accounts.settled(run, task)
    if attempt.repair:
        repaired(run, task, state)
        leave(run, run.levels[task.level - 1], task.task.id)
        return
    match state:
        case AttemptState.SUCCEEDED:
            accounts.recovered(run, task)
            _worked(run, task)
        case AttemptState.INTERRUPTED | AttemptState.LOST:
            _again(run, task, attempt.message)
        case AttemptState.TIMED_OUT:
            task.timeouts += 1
            _retry_or_fail(run, task, retry=task.timeouts <= _TIMEOUTS_RETRIED)
        case AttemptState.FAILED:
            _failed(run, task)
        case AttemptState.RUNNING:
            raise AssertionError("an attempt cannot settle as running")
        case _:
            assert_never(state)
    if task.state is not TaskState.PENDING:
        leave(run, run.levels[task.level - 1], task.task.id)
    elif run.dag:
        early.comes_back(run, task)


def _worked(run: Run, task: TaskRun) -> None:
    level = run.levels[task.level - 1]
    attempt = task.last
    set_state(task, TaskState.FINISHED)
    if not attempt.rerun:
        level.finished.append(task.task.id)
        if run.dag and level.stage is Stage.WORKING:
            early.arrive(run, level, task)
        elif not run.dag and is_waited_for(run, task.task.id):
            land_early(run, level, task)
        return
    if attempt.undone and run.settings.on_revert is OnRevert.HOLD:
        first = ", ".join(attempt.undone[:3])
        give_up(run, task, TaskState.HELD, f"its re-run takes away what had just landed ({first})")
    elif attempt.result == attempt.base:
        set_state(task, TaskState.LANDED, "its re-run changed nothing")
    else:
        level.to_land.append(task.task.id)


def _again(run: Run, task: TaskRun, reason: str) -> None:
    level = run.levels[task.level - 1]
    set_state(task, TaskState.PENDING, reason)
    if task.last.rerun:
        level.aside.appendleft(task.task.id)
    elif level.solo_tried:
        level.solo.appendleft(task.task.id)
    else:
        offer(run, level, task.task.id, first=True)


def _failed(run: Run, task: TaskRun) -> None:
    match accounts.after_failure(run, task):
        case accounts.Next.AGAIN:
            _again(run, task, f"tried again: {failure_text(task.last)}")
        case accounts.Next.GIVEN_UP:
            _retry_or_fail(run, task, retry=False)
        case accounts.Next.COUNTED:
            task.failures += 1
            _retry_or_fail(run, task, retry=task.failures <= accounts.retries(run, task))


def _retry_or_fail(run: Run, task: TaskRun, *, retry: bool) -> None:
    level = run.levels[task.level - 1]
    why = failure_text(task.last)
    if retry and not (level.solo_tried and not task.last.rerun):
        _again(run, task, f"tried again: {why}")
    elif task.last.rerun:
        give_up(run, task, TaskState.HELD, f"it did not merge, and its re-run failed: {why}")
    else:
        # what waits for it is blocked when the level is over: the wave may get one more try
        set_state(task, TaskState.FAILED, why)
        settled(run, task.task.id)


# --- landing -----------------------------------------------------------------------------


def _landing_tried(run: Run, event: e.LandingTried) -> None:
    level = run.levels[run.tasks[event.task].level - 1]
    level.to_land.popleft()
    level.candidate = Candidate(event.task, event.n, event.at)


def _landing_proved(run: Run, event: e.LandingProved) -> None:
    level = run.levels[run.tasks[event.task].level - 1]
    candidate = level.candidate
    if candidate is None:
        raise ValueError(f"`{event.task}` was proved but not tried")
    candidate.commit = event.commit
    candidate.certificate = event.certificate
    candidate.tree = event.tree
    landings.proved(run, level, candidate)


def _landing_opened(run: Run, event: e.LandingOpened) -> None:
    level = run.levels[run.tasks[event.task].level - 1]
    if level.candidate is None and run.gates is not None:
        run.gates.moving(level)
    elif level.candidate is None:
        level.candidate = level.batch.pop(0)
    if level.candidate is None:
        raise ValueError(f"`{event.task}` was moved but not proved")
    for candidate in (level.candidate, *level.batch[: len(event.more)]):
        candidate.moving = True


def _landed(run: Run, event: e.Landed) -> None:
    task = run.tasks[event.task]
    level = run.levels[task.level - 1]
    task.certificate = level.candidate.certificate if level.candidate else ""
    level.candidate = level.batch.pop(0) if level.batch and level.batch[0].moving else None
    level.tip = event.commit
    level.landed.append(event.task)
    task.landed_as = len(level.landed)
    task.commit = event.commit
    set_state(task, TaskState.LANDED, landed_by(task))
    settled(run, event.task)
    if run.gates is not None:
        run.gates.landed(level)


_APPLIED: dict[type[e.Event], Callable[[Run, Any], None]] = {
    e.RunResumed: resumed,
    **STOPPING,
    e.PersonDecided: decided,
    e.LevelOpening: _level_opening,
    e.LevelOpened: _level_opened,
    e.LevelComparing: _level_comparing,
    e.LevelCompared: _level_compared,
    e.LevelDisturbed: _level_disturbed,
    e.AttemptOpened: _attempt_opened,
    e.AttemptRecovering: _attempt_recovering,
    **troubles.APPLIED,
    e.AttemptCaptured: _attempt_captured,
    e.AttemptLost: _attempt_lost,
    e.LandingTried: _landing_tried,
    e.LandingProved: _landing_proved,
    **SETTLING,
    e.LandingOpened: _landing_opened,
    e.Landed: _landed,
    Replanned: taken,
    **early.AHEAD,
    **NOTING,
    **BARRIER,
    **OPERATIONS,
    **PUBLISHING,
}
