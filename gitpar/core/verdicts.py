"""What becomes of attempts and tasks, and why, in the words people are shown.

Pure; the small change of `apply`.
"""

from __future__ import annotations

from typing import assert_never

from gitpar.core import events as e
from gitpar.core.agents import HUMAN, AgentReport, Said, Trouble
from gitpar.core.run import Attempt, AttemptState, Level, Run, Stage, TaskRun, TaskState


def judged(attempt: Attempt) -> AttemptState:
    """Says how an attempt ended, once it was captured."""
    match attempt.ending:
        case None | e.Ending.INTERRUPTED:
            return AttemptState.INTERRUPTED
        case e.Ending.TIMED_OUT:
            return AttemptState.TIMED_OUT
        case e.Ending.EXITED if attempt.exit == 0 and not attempt.problem and not shortfall(attempt):
            return AttemptState.SUCCEEDED
        case e.Ending.EXITED | e.Ending.SIGNALED | e.Ending.NOT_STARTED | e.Ending.CUT_SHORT:
            return AttemptState.FAILED
        case _:
            assert_never(attempt.ending)


def failure_text(attempt: Attempt) -> str:
    """Says in a few words why an attempt did not succeed."""
    return f"{_failure(attempt)}; {attempt.no_more}" if attempt.no_more else _failure(attempt)


def _failure(attempt: Attempt) -> str:
    match attempt.ending:
        case e.Ending.CUT_SHORT:
            return attempt.message or attempt.cut_short
        case e.Ending.TIMED_OUT:
            return f"no end within {attempt.timeout_s:g} s" if attempt.timeout_s else "no end in time"
        case e.Ending.EXITED if attempt.exit != 0:
            told = _told(attempt.report)
            return f"exit status {attempt.exit}" + (f": {told}" if told else "")
        case _:
            return attempt.problem or shortfall(attempt) or attempt.message or "failed"


def shortfall(attempt: Attempt) -> str:
    """Says what is missing of an agent's work although its program exited 0; empty where nothing is.

    An agent's word counts only against it. That it is done is believed of one that
    changed nothing, where it says so in a block of its own and claims no change.
    """
    report = attempt.report
    if report is None:
        return ""
    if report.said in (Said.FAILED, Said.BLOCKED):
        verb = "is blocked" if report.said is Said.BLOCKED else "failed"
        return f"the agent {verb}" + (f": {report.message}" if report.message else "")
    if report.trouble is not Trouble.NONE:
        return _told(report)
    if attempt.result is None or attempt.result != attempt.base:
        return ""
    if report.said is Said.DONE and not report.claimed:
        return ""
    claims = "although the agent says it did" if report.claimed or report.said is Said.DONE else ""
    last = f"; it said: {report.message}" if report.message and not claims else ""
    return f"nothing was changed {claims}".rstrip() + last


def _told(report: AgentReport | None) -> str:
    if report is None or report.said not in (Said.FAILED, Said.BLOCKED, Said.NOTHING):
        return ""
    return report.message or report.trouble.value


def refusal_text(run: Run, task: TaskRun) -> str:
    """Says which landed task and which path a result did not merge with."""
    level = run.levels[task.level - 1]
    paths = ", ".join(f"`{c.path}`" for c in task.refused[:3]) or "its tree"
    others = [
        other
        for pair in (level.report.pairs if level.report else ())
        if task.task.id in (pair.a, pair.b) and pair.kind is not None
        for other in (pair.a, pair.b)
        if other != task.task.id and run.tasks[other].state is TaskState.LANDED
    ]
    names = ", ".join(f"`{other}`" for other in others[:3])
    return f"does not merge with {names or 'what landed before it'} in {paths}"


def set_state(task: TaskRun, state: TaskState, reason: str = "") -> None:
    """Puts a task into a state, with the reason people are shown."""
    task.state = state
    task.reason = reason


def give_up(run: Run, task: TaskRun, state: TaskState, reason: str) -> None:
    """Ends a task as failed or held, and blocks what waits for it."""
    set_state(task, state, reason)
    block_dependents(run, task)


def block_dependents(run: Run, task: TaskRun) -> None:
    """Marks everything that waits for a failed or held task."""
    for waiting in run.graph.downstream([task.task.id]):
        blocked = run.tasks[waiting]
        if blocked.state is TaskState.PENDING:
            set_state(blocked, TaskState.BLOCKED, f"waits for `{task.task.id}`, which {fate(task)}")


def fate(task: TaskRun) -> str:
    """Says what became of a held or failed task, after "which"."""
    if is_for_person(task):
        return "is for a person"
    return "is held" if task.state is TaskState.HELD else "failed"


def pass_over(run: Run) -> None:
    """Goes on to the next level that has something to work on or to land."""
    to_do = {TaskState.PENDING, TaskState.FINISHED, TaskState.RUNNING}
    if run.dag:
        # of those that failed before their level was cut nothing has come yet: a last try, what they block
        to_do.add(TaskState.FAILED)
    while (level := run.level) is not None and level.stage in (Stage.WAITING, Stage.CLOSED):
        if level.stage is Stage.CLOSED and run.sisters is not None and not level.together:
            return
        if level.stage is Stage.WAITING:
            hand_to_people(run, level)
            if any(run.tasks[each].state in to_do for each in level.tasks):
                return
        run.current += 1


def is_for_person(task: TaskRun) -> bool:
    """Says whether a task is worked on by nobody whom gitpar could start."""
    return task.task.agent == HUMAN


def hand_to_people(run: Run, level: Level) -> None:
    """Holds the tasks of a level that are for a person; the run goes on with what does not wait for them."""
    for task_id in level.tasks:
        task = run.tasks[task_id]
        if task.state is TaskState.PENDING and is_for_person(task):
            give_up(run, task, TaskState.HELD, "is for a person")


def to_compare(run: Run, level: Level) -> list[TaskRun]:
    """The wave's results that changed something, in plan order, landed or not."""
    worked = (run.tasks[t] for t in level.tasks)
    there = (TaskState.FINISHED, TaskState.LANDED)
    return [t for t in worked if t.attempts and t.state in there and t.last.result != t.last.base]
