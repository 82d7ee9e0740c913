"""`decide(run)`: the commands that are due now. Scheduling, retry and failure policy, all of it.

Pure and cheap: it looks at queues that `apply` keeps, never at every task. A command
comes out once, because the event that opens it takes it out of its queue.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from gitpar.core import barrier, pacing, policies, progress
from gitpar.core.accounts import agent_of
from gitpar.core.ahead import footing_of, is_busy, kept_free, part_of
from gitpar.core.batches import chain_tip, lands_early, waits_for_reruns
from gitpar.core.budgets import LEAST_S, allowance, time_left
from gitpar.core.commands import (
    CarryOver,
    CloseRun,
    Command,
    CompareLevel,
    EndWorker,
    MakeFooting,
    MoveNotes,
    OpenLevel,
    ProveLanding,
    ProveNotes,
    RecoverAttempt,
    Rerun,
    StartAttempt,
    StopWorkers,
)
from gitpar.core.events import Ending, RunEnd
from gitpar.core.footing import Footing
from gitpar.core.landings import joins, move_of
from gitpar.core.names import CommitId, TaskId
from gitpar.core.run import Attempt, Level, Run, Stage, TaskRun, TaskState
from gitpar.core.sessions import keeps, session_of
from gitpar.core.starting import startable
from gitpar.core.verdicts import to_compare
from gitpar.core.waits import start_of

if TYPE_CHECKING:
    from gitpar.core.gate_book import GateBook


def decide(run: Run) -> list[Command]:
    """Returns what is due now; nothing while everything that was begun is still under way."""
    if run.end is not None or run.closing is not None:
        return []
    if run.gates is not None:
        return _with_gates(run, run.gates)
    return _without_gates(run)


def _with_gates(run: Run, book: GateBook) -> list[Command]:
    """Puts what gates want before everything else."""
    from gitpar.core import gate_decisions as gates  # noqa: PLC0415 - most runs have none

    due = gates.first_of_all(book)
    if due is not None:
        return due
    if run.stop_requested or run.trouble or run.disturbed:
        due = gates.stopping(run, book)
        return due if due or book.open else _without_gates(run)
    if run.level is None and (due := gates.at_the_end(run, book)) is not None:
        return due
    return gates.numbered(run, book, gates.of_tasks(run, book) + _without_gates(run))


def _without_gates(run: Run) -> list[Command]:
    if run.orphans:
        return [_recovery(run, task_id, n) for task_id, n in run.orphans.items()]
    if run.recovering:
        return []
    if run.to_end:
        return [EndWorker(task, run.tasks[task].last.n, why) for task, why in run.to_end.items()]
    if run.stop_requested or run.trouble or run.disturbed:
        return _stop(run)
    level = run.level
    if level is None:
        agreed = run.agreed or (end_of(run) if run.sisters is None else None)
        return [CloseRun(agreed, run.tip)] if agreed is not None else []
    due = _in_level(run, level)
    if run.dag and not level.solo:
        due += _starts(run, level, _free(run) - sum(isinstance(each, StartAttempt) for each in due))
    return due


def _in_level(run: Run, level: Level) -> list[Command]:
    match level.stage:
        case Stage.WAITING:
            if barrier.awaited(run) is not None:
                return [CloseRun(RunEnd.NEEDS_PERSON, run.tip)]
            return [OpenLevel(level.number, level.base or barrier.start(run))]
        case Stage.OPENING | Stage.COMPARING | Stage.CLOSED:
            return []
        case Stage.WORKING:
            return _work(run, level)
        case Stage.LANDING:
            return _land(run, level)
        case Stage.NOTING:
            return _note(run, level)
        case _:
            assert_never(level.stage)


def _work(run: Run, level: Level) -> list[Command]:
    base = _known(level.base)
    if level.solo:
        return [] if run.active else _alone(run, level.solo[0], base)
    due = [] if run.dag else _starts(run, level, _free(run))
    # what others wait for lands while the rest is worked on
    if level.candidate is not None or level.to_land or lands_early(run, level):
        due += _candidate(run, level)
    due += _carry(run, level)
    if due or is_busy(run, level):
        return due
    results = tuple((t.task.id, _known(t.last.result)) for t in to_compare(run, level))
    return [CompareLevel(level.number, base, results)]


def _carry(run: Run, level: Level) -> list[Command]:
    """Carries the next result over that was cut before the level was."""
    if level.carrying is not None or not level.to_carry:
        return []
    task, base = run.tasks[level.to_carry[0]], _known(level.base)
    settling = policies.settling(run, task, base)
    return [settling if settling is not None else CarryOver(part_of(task), base, task.settlement)]


def _land(run: Run, level: Level) -> list[Command]:
    if level.carrying is not None or level.to_carry:
        return _carry(run, level)
    if level.candidate is not None or level.to_land or (level.batch and not waits_for_reruns(run, level)):
        return _candidate(run, level)
    if not level.aside or is_busy(run, level):
        return []
    task = run.tasks[level.aside[0]]
    early = task.is_to_carry and task.mending is not None
    tip = _known(level.base if early else chain_tip(level))
    settling = policies.settling(run, task, tip)
    if settling is not None:
        return [settling]
    return _alone(run, level.aside[0], tip) if _free(run) else []


def _free(run: Run) -> int:
    return max(0, pacing.free(run) - len(run.early.preparing))


def _starts(run: Run, level: Level, free: int) -> list[Command]:
    """Starts as many tasks as may start, or has made for them what they are to be cut from."""
    free = kept_free(run, level, free) if run.dag else free
    starting, due = startable(run, level.ready, free)
    return due + [_start(run, task_id) for task_id in starting]


def _start(run: Run, task_id: TaskId) -> Command:
    task = run.tasks[task_id]
    level = run.levels[task.level - 1]
    if level.base is not None:
        return _attempt(run, task_id, _known(start_of(run, level, task_id)))
    found = run.early.prepared.get(task_id) or footing_of(run, task)
    if isinstance(found, MakeFooting):
        return found
    if found is None:
        return MakeFooting(task_id, run.tip, (), Footing(level.number, 0))
    base, footing = found
    return replace(_attempt(run, task_id, base), footing=footing)


def _alone(run: Run, task_id: TaskId, base: CommitId) -> list[Command]:
    """Starts a task that is tried by itself, when it may."""
    starting, due = startable(run, [task_id], 1)
    return due + [_attempt(run, one, base) for one in starting]


def _note(run: Run, level: Level) -> list[Command]:
    """The next step of what adds a level's notes to the progress file."""
    tip = _known(level.tip)
    noting = level.noting
    if noting is None:
        return [ProveNotes(progress.landing(run, level, tip))]
    if noting.commit is None or noting.moving:
        return []
    return [MoveNotes(level.number, tip, noting.commit, noting.certificate)]


def _candidate(run: Run, level: Level) -> list[Command]:
    """The next step of what is landing, or of what lands next."""
    if run.gates is not None:
        from gitpar.core.gate_decisions import landing  # noqa: PLC0415 - most runs have none

        return landing(run, level, run.gates)
    if level.candidate is not None:
        return []
    if joins(run, level):
        due = policies.landing(run, run.tasks[level.to_land[0]], _known(chain_tip(level)))
        # what settles it looks at the level where it stands, and workers may
        if isinstance(due, ProveLanding) or not level.batch:
            return [due]
    return [move_of(level, level.batch)]


def _attempt(run: Run, task_id: TaskId, base: CommitId) -> StartAttempt:
    task = run.tasks[task_id]
    agent = agent_of(task)
    session = session_of(run, task, agent)
    attempt = StartAttempt(
        task_id,
        len(task.attempts) + 1,
        base,
        _timeout(run, task, agent),
        _rerun(run, task),
        agent,
        session.id,
        allowance=allowance(run, task),
        worktree=session.worktree,
        keeps=keeps(run, task),
    )
    return policies.repair(run, task, attempt)


def _timeout(run: Run, task: TaskRun, agent: str) -> float | None:
    """The task's own limit, its agent's or the run's; after a timeout, twice that."""
    rules = run.rules.get(agent)
    limit = task.task.timeout_s or (rules.timeout_s if rules else None) or run.settings.timeout_s
    limit = limit * 2 if limit is not None and task.timeouts else limit
    left = time_left(run, run.levels[task.level - 1])
    if left is None:
        return limit
    return max(LEAST_S, left) if limit is None else min(limit, max(LEAST_S, left))


def _rerun(run: Run, task: TaskRun) -> Rerun | None:
    """What a re-run is compared with: the result that was refused, and where its level began."""
    if not task.reruns:
        return None
    # the newest: a person may have had it tried again
    first = next(a for a in reversed(task.attempts) if _succeeded(a) and not (a.rerun or a.repair))
    return Rerun(_known(first.result), _known(run.levels[task.level - 1].base))


def _succeeded(attempt: Attempt) -> bool:
    ended = attempt.ending is Ending.EXITED and attempt.exit == 0
    return ended and not attempt.problem and attempt.result is not None


def _recovery(run: Run, task_id: TaskId, n: int) -> RecoverAttempt:
    task = run.tasks[task_id]
    rerun = None if task.last.repair else _rerun(run, task)
    return RecoverAttempt(task_id, n, task.last.base, rerun, task.last.agent)


def _stop(run: Run) -> list[Command]:
    """Waits for what runs (or ends it, when asked to stop now), then closes the run."""
    if run.active if run.gates is None else run.gates.at_work(run):
        return [StopWorkers()] if run.stop_now and not run.stopping else []
    level = run.level
    if level is not None and (
        level.stage in (Stage.OPENING, Stage.COMPARING)
        or any(c is not None and (c.commit is None or c.moving) for c in (level.candidate, level.noting))
    ):
        return []
    return [CloseRun(RunEnd.NEEDS_PERSON if run.disturbed else RunEnd.INTERRUPTED, run.tip)]


def end_of(run: Run) -> RunEnd:
    """Says how a run ends of which every level is over."""
    states = {task.state for task in run.tasks.values()}
    if TaskState.HELD in states or (run.gates is not None and run.gates.stopped_at(run) is not None):
        return RunEnd.NEEDS_PERSON
    if states & {TaskState.FAILED, TaskState.BLOCKED}:
        return RunEnd.FAILED
    return RunEnd.DONE


def _known(commit: CommitId | None) -> CommitId:
    if commit is None:
        raise ValueError("a commit that must be known by now is not")
    return commit
