"""Who works on the next attempt at a task, and in which session. Pure; part of `decide`."""

from __future__ import annotations

from gitpar.core.agents import COMMAND, Trouble
from gitpar.core.run import Run, TaskRun

_SPENT = (Trouble.SESSION, Trouble.TOO_LONG, Trouble.KEY)
"""After these a session is of no more use."""


def agent_of(_run: Run, task: TaskRun) -> str:
    """Returns the name of the agent that works on the next attempt."""
    return task.task.agent or COMMAND


def session_of(run: Run, task: TaskRun, agent: str) -> str:
    """Returns the session that the next attempt goes on with; empty where it begins afresh."""
    rules = run.rules.get(agent)
    if rules is None or not rules.resumes or not task.attempts:
        return ""
    report = task.last.report
    if report is None or task.last.agent != agent or report.trouble in _SPENT:
        return ""
    return report.session
