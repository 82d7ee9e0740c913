"""Every sentence said about a run while it goes. Pure: events and runs in, plain lines out.

What is said at the end stands in closing.py. No markup, no colour, nothing unshowable:
whoever prints adds those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitpar.core import agent_events as ae
from gitpar.core import ahead_events as ahead
from gitpar.core import events as e
from gitpar.core.accounts import account_of
from gitpar.core.agents import COMMAND
from gitpar.core.conflicts import Tier
from gitpar.core.names import TaskId, level_ref, short
from gitpar.core.policies import settled_paths
from gitpar.core.run import Attempt, AttemptState, Level, Run, TaskRun, TaskState
from gitpar.core.verdicts import failure_text, is_for_person, to_compare
from gitpar.ui import agent_text, policy_text, publish_text, worker_notes
from gitpar.ui.agent_text import difference, taken
from gitpar.ui.plain import clean, counted, duration, listed, named


def notice(sentence: str, run: Run) -> str:
    """Returns a sentence that the user should read before the run."""
    return f"{_where(run)}note: {clean(sentence)}"


def beginning(run: Run) -> str:
    """Says what is about to be worked on, and how much of it has been done before."""
    waiting = sum(len(_own(run, level)) for level in run.levels)
    worked = any(task.attempts for task in run.tasks.values())
    landed = sum(1 for task in run.tasks.values() if task.state is TaskState.LANDED)
    verb = f" goes on, {landed} landed so far" if worked else ""
    return _where(run) + (
        f"run {run.id}{verb}: {counted(waiting, 'task')} in {counted(len(run.levels), 'wave')}, "
        f"at most {run.settings.jobs} at once{_first(run)}, from {run.base[:12]}"
    )


def _own(run: Run, level: Level) -> list[TaskId]:
    """Returns the tasks of a level that are worked on in the run's own repository."""
    return [task for task in level.tasks if task not in run.elsewhere]


def _where(run: Run) -> str:
    """Begins a line with the repository it is about, where a plan has several."""
    return f"{clean(run.sisters.own)}: " if run.sisters is not None else ""


def _first(run: Run) -> str:
    return f" ({run.pace.jobs} to begin with)" if run.settings.jobs_first is not None else ""


def at_once(run: Run) -> str:
    """Says how many may be at work: "4", or "3 (up to 8)" where gitpar chooses."""
    return (
        str(run.pace.jobs)
        if run.settings.jobs_first is None
        else f"{run.pace.jobs} (up to {run.settings.jobs})"
    )


def event_lines(event: e.Event, run: Run, *, verbose: bool = False) -> list[str]:
    """Says what an event means, once it was applied; nothing where it means nothing to a person."""
    said, details = _SAID.get(type(event)), _DETAILS.get(type(event))
    if run.gates is not None and said is details is None:
        from gitpar.ui import gate_text  # noqa: PLC0415 - most runs have no gates

        said, details = gate_text.SAID.get(type(event)), gate_text.DETAILS.get(type(event))
    lines = said(event, run) if said else []
    lines = [*lines, *details(event, run)] if verbose and details else lines
    return [_where(run) + line for line in lines]


def draining(run: Run) -> str:
    """Says what goes on after somebody asked the run to stop; empty where nobody did."""
    active = len(run.active if run.gates is None else run.gates.at_work(run))
    gates = len(run.gates.open) if run.gates is not None else 0
    parts = [counted(active, "worker")] if active or not gates else []
    at_work = " and ".join([*parts, *([counted(gates, "gate")] if gates else [])])
    if run.stop_now:
        return f"stopping: {at_work} being ended, what they did is kept"
    if run.stop_requested:
        go = "goes" if active + gates == 1 else "go"
        return f"draining: {at_work} {go} on; Ctrl-C again ends them"
    return ""


def landing(run: Run) -> str:
    """Says what is landing or waits to be run again; empty where nothing is."""
    level = run.level
    if level is None:
        return _at_gates(run)
    branch = _branch(run, level.number)
    if level.candidate is not None:
        return f"landing {named(level.candidate.task)} on {branch}"
    if at_gates := _at_gates(run):
        return at_gates
    if level.aside:
        return f"stepped aside, to be run again after the others: {listed(level.aside)}"
    return ""


def _at_gates(run: Run) -> str:
    if run.gates is None or not run.gates.open:
        return ""
    from gitpar.ui import gate_text  # noqa: PLC0415 - most runs have none

    return gate_text.at_gates(run)


def at_gate(run: Run, task: TaskId) -> str:
    """Says at which gate a task's result is; empty where it is at none."""
    if run.gates is None or not run.gates.open:
        return ""
    from gitpar.ui import gate_text  # noqa: PLC0415 - most runs have none

    return gate_text.of_task(run, task)


# --- one function an event ----------------------------------------------------------------


def _branch(run: Run, level: int) -> str:
    return short(level_ref(run.settings.prefix, run.id, level))


def _try(task: TaskId, n: int) -> str:
    return f"{clean(task)}#{n}"


def _stop_requested(_event: e.StopRequested, run: Run) -> list[str]:
    return [draining(run)]


def _level_opened(event: e.LevelOpened, run: Run) -> list[str]:
    level = run.levels[event.level - 1]
    own = _own(run, level)
    if not own:
        return []
    note = run.wave_notes.get(level.number)
    why = f" ({clean(note.rationale)})" if note and note.rationale else ""
    blocked = sum(1 for task in own if run.tasks[task].state is TaskState.BLOCKED)
    people = [task for task in own if is_for_person(run.tasks[task])]
    without = f", {blocked} of them blocked" if blocked else ""
    aside = f", for a person: {listed(people)}" if people else ""
    return [f"wave {level.number}: {counted(len(own), 'task')}{without}{aside}{why}"]


def _worker_started(event: e.WorkerStarted, run: Run) -> list[str]:
    task = run.tasks[event.task]
    on_top = ", again, from what has landed" if task.last.rerun else ""
    on_top = policy_text.STARTED.get(task.last.repair, on_top)
    agent = f" with {clean(task.last.agent)}" if task.last.agent != COMMAND else ""
    resumed = ", in its session" if task.last.session else ""
    return [f"{_try(event.task, event.n)} started{agent}{resumed}{on_top}"]


def _attempt_recovering(event: e.AttemptRecovering, _run: Run) -> list[str]:
    return [f"{_try(event.task, event.n)}: keeping what was left when gitpar ended"]


def _attempt_lost(event: e.AttemptLost, _run: Run) -> list[str]:
    return [f"{_try(event.task, event.n)} came to nothing: {clean(event.message)}"]


def _agent_troubled(event: ae.AgentTroubled, run: Run) -> list[str]:
    task = run.tasks[event.task]
    account = account_of(run, task, task.last.agent)
    return agent_text.slowed(_try(event.task, event.n), account, run.accounts.get(account), event)


def _worker_ending(event: ae.WorkerEnding, _run: Run) -> list[str]:
    return [f"{_try(event.task, event.n)} is being ended: {clean(event.message)}"]


def _pause_begun(event: ae.PauseBegun, run: Run) -> list[str]:
    shut = sorted(name for name, account in run.accounts.items() if account.until == event.until)
    return [f"nobody new starts with {listed(shut)} for {duration(event.until - event.at)}"] if shut else []


def _machine_seen(event: ae.MachineSeen, run: Run) -> list[str]:
    memory = f", {event.memory:.0%} of the memory free" if event.memory is not None else ""
    return [f"at most {run.pace.jobs} at once from now on: load {event.load:.1f} for each processor{memory}"]


def _attempt_captured(event: e.AttemptCaptured, run: Run) -> list[str]:
    task = run.tasks[event.task]
    name = _try(event.task, event.n)
    lines = [f"{name} {outcome(run, task)}"]
    if task.last.message and task.last.state is AttemptState.SUCCEEDED:
        lines.append(f"{name}: {clean(task.last.message)}")
    lines += [f"{name}: {clean(note)}" for note in event.notes]
    lines += [f"{name} reached outside its worktree: {clean(line)}" for line in event.outside]
    lines += [f"{name} {line}" for line in difference(task.last.report, event.files)]
    if event.undone and task.state is not TaskState.HELD:
        lines.append(f"{name} takes away what had just landed: {listed(event.undone, 3)}")
    return lines


def outcome(run: Run, task: TaskRun) -> str:
    """Says how an attempt ended and what becomes of its task."""
    attempt = task.last
    match attempt.state:
        case AttemptState.SUCCEEDED if task.state is TaskState.HELD:
            return f"is held: {clean(task.reason)}"
        case AttemptState.SUCCEEDED:
            told = ", ".join(filter(None, (_files(attempt), taken(attempt.report))))
            return f"done in {duration(attempt.duration_s)}, {told}"
        case AttemptState.RUNNING:
            return f"worked {duration(attempt.duration_s)}, {_files(attempt)}, is at its gates"
        case AttemptState.INTERRUPTED | AttemptState.LOST:
            return "was interrupted; what it did is kept"
        case _:
            return _unsuccessful(run, task)


def _unsuccessful(run: Run, task: TaskRun) -> str:
    why = clean(failure_text(task.last))
    match task.state:
        case TaskState.PENDING if run.levels[task.level - 1].solo_tried and not task.last.rerun:
            return f"{why}; the whole wave failed: its tasks are tried again one at a time"
        case TaskState.PENDING:
            return f"{why}, tried again"
        case TaskState.HELD:
            return f"is held: {clean(task.reason)}"
        case _:
            return f"{why}: failed"


def _files(attempt: Attempt) -> str:
    return counted(len(attempt.files), "file") if attempt.result != attempt.base else "changed nothing"


def _level_compared(event: e.LevelCompared, run: Run) -> list[str]:
    level = run.levels[event.level - 1]
    pairs = event.report.pairs
    refused = [pair for pair in pairs if pair.tier is Tier.CONFLICT]
    results = len(to_compare(run, level))
    if not pairs:
        return [f"wave {level.number}: {counted(results, 'result')} compared, no two share a file"]
    verdict = f"git refuses {len(refused)}" if refused else "git merges all of them"
    shared = counted(len(pairs), "pair")
    return [
        f"wave {level.number}: {counted(results, 'result')} compared, {shared} in the same files, {verdict}"
    ]


def _carry_refused(event: ahead.CarryRefused, run: Run) -> list[str]:
    task = run.tasks[event.task]
    verb = "is held" if task.state is TaskState.HELD else "steps aside"
    return [f"{clean(event.task)} {verb}: {clean(task.reason.removeprefix('stepped aside: '))}"]


def _footing_refused(event: ahead.FootingRefused, _run: Run) -> list[str]:
    return [f"{clean(event.task)} starts with its wave: {clean(event.reason)}"]


def _landed(event: e.Landed, run: Run) -> list[str]:
    task = run.tasks[event.task]
    paths = settled_paths(task)
    how = f", settled by {policy_text.settled_text(paths)}" if paths else ""
    return [f"landed {clean(event.task)} on {_branch(run, task.level)} ({_files(task.work)}{how})"]


def _level_disturbed(event: e.LevelDisturbed, _run: Run) -> list[str]:
    return [f"wave {event.level}: the run stops: {clean(event.message)}"]


def _run_closed(event: e.RunClosed, run: Run) -> list[str]:
    lines = [f"run {run.id}: {clean(event.message)}"] if event.message else []
    if event.end is e.RunEnd.INTERRUPTED:
        why = f" ({clean(run.trouble)})" if run.trouble else ""
        return [*lines, f"run {run.id} stopped{why}; it goes on with: gitpar resume {run.id}"]
    return [*lines, f"run {run.id} ended"]


def _started_where(event: e.WorkerStarted, _run: Run) -> list[str]:
    name = _try(event.task, event.n)
    return [f"{name}: process {event.pid} in {clean(event.worktree)}", f"{name}: log {clean(event.log)}"]


def _ended_how(event: e.WorkerEnded, _run: Run) -> list[str]:
    status = f", exit status {event.exit}" if event.exit is not None else ""
    return [f"{_try(event.task, event.n)}: worker {event.ending.value}{status}"]


def _proved(event: e.LandingProved, _run: Run) -> list[str]:
    return [f"{_try(event.task, event.n)}: landing {event.commit[:12]} proved on {event.tip[:12]}"]


_SAID: dict[type[e.Event], Callable[[Any, Run], list[str]]] = {
    e.StopRequested: _stop_requested,
    e.LevelOpened: _level_opened,
    e.WorkerStarted: _worker_started,
    e.AttemptRecovering: _attempt_recovering,
    e.AttemptLost: _attempt_lost,
    e.AttemptCaptured: _attempt_captured,
    ae.AgentTroubled: _agent_troubled,
    ae.WorkerEnding: _worker_ending,
    ae.PauseBegun: _pause_begun,
    ae.MachineSeen: _machine_seen,
    e.LevelCompared: _level_compared,
    ahead.CarryRefused: _carry_refused,
    ahead.FootingRefused: _footing_refused,
    e.Landed: _landed,
    e.LevelDisturbed: _level_disturbed,
    e.RunClosed: _run_closed,
    **publish_text.SAID,
    **worker_notes.SAID,
    **policy_text.SAID,
}

_DETAILS: dict[type[e.Event], Callable[[Any, Run], list[str]]] = {
    e.WorkerStarted: _started_where,
    e.WorkerEnded: _ended_how,
    e.LandingProved: _proved,
}
