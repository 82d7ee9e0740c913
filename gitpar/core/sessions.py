"""Which session of its agent an attempt goes on with: its own task's, or its stream's. Pure.

Agents find a session only in the worktree that it began in, so that worktree goes with it.
"""

from __future__ import annotations

from gitpar.core.agents import Trouble
from gitpar.core.places import rules_of
from gitpar.core.run import Run, TaskRun
from gitpar.core.session import Session

_LOST = (Trouble.SESSION, Trouble.TOO_LONG)
NONE = Session("", "", "")


def session_of(run: Run, task: TaskRun, agent: str) -> Session:
    """Returns the session that the next attempt goes on with; an empty one where it begins afresh."""
    rules = run.rules.get(agent)
    if rules is None or not rules.resumes:
        return NONE
    if not task.attempts:
        kept = run.sessions.get(_stream(run, task))
        return kept if kept is not None and kept.agent == agent else NONE
    report = task.last.report
    if report is None or task.last.agent != agent or report.trouble in _LOST:
        return NONE
    return Session(agent, report.session, task.last.worktree) if report.session else NONE


def keeps(run: Run, task: TaskRun) -> bool:
    """Says whether the stream of a task keeps one session."""
    return bool(_stream(run, task))


def keep(run: Run, task: TaskRun) -> None:
    """Remembers the session of an attempt that succeeded, for the next task of its stream."""
    stream, attempt = _stream(run, task), task.last
    if stream and attempt.report is not None and attempt.report.session:
        run.sessions[stream] = Session(attempt.agent, attempt.report.session, attempt.worktree)


def lost(run: Run, task: TaskRun) -> bool:
    """Says whether an attempt failed for its session only, which nobody goes on with any more."""
    attempt = task.last
    if not attempt.session or attempt.report is None or attempt.report.trouble not in _LOST:
        return False
    run.sessions.pop(_stream(run, task), None)
    return True


def _stream(run: Run, task: TaskRun) -> str:
    rules = rules_of(run, task.task)
    return rules.name.casefold() if rules is not None and rules.keeps_session else ""
