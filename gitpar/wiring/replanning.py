"""Reads the plan of a run again: for `gitpar resume --replan`, and to say where it has changed."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gitpar.agents.command import missing_commands
from gitpar.config import Settings
from gitpar.core.agent_rules import AgentRules
from gitpar.core.asked import Asked
from gitpar.core.events import Event
from gitpar.core.graph import Task, TaskGraph
from gitpar.core.names import TaskId
from gitpar.core.plan_events import Replanned
from gitpar.core.remedies import Remedies
from gitpar.core.replanning import Difference, difference, replanned
from gitpar.core.run import Run, TaskState
from gitpar.core.streams import one_at_a_time
from gitpar.errors import GitparError, PlanError, UsageError
from gitpar.plans.choices import Choices, MissingDependency
from gitpar.plans.reading import read_plans
from gitpar.wiring.crew import Crew, look_for, rules_of, staffed
from gitpar.wiring.request import RunRequest
from gitpar.wiring.streams import with_stream_agents

_NAMED = 4
UNCHANGED = "the plan is as it was: nothing is different"


def asked_of(request: RunRequest) -> Asked:
    """Returns what a request says about reading its plan, to be journaled."""
    choices = request.choices
    agent = request.flags.get("agent")
    return Asked(
        tag=choices.tag,
        format=choices.format,
        missing=choices.missing.value,
        expand_subtasks=choices.expand_subtasks,
        optional=choices.optional,
        parallel_stories=choices.parallel_stories,
        parallel_streams=request.parallel_streams,
        agent=tuple(agent) if isinstance(agent, (list, tuple)) else (),
    )


def replan(settings: Settings, crew: Crew, run: Run, asked: Remedies) -> list[Event]:
    """Returns what gives a run its plan anew, nothing where it is as it was.

    Raises PlanError where the plan cannot be run, UsageError where it contradicts what was done.
    """
    if asked.about_tasks or asked.lift:
        raise UsageError("--replan stands beside another decision", "Give one, then the other")
    files = tuple(str(Path(each).absolute()) for each in asked.replan or run.plans)
    tasks = _tasks(settings, run, files)
    if problems := missing_commands(TaskGraph(tasks), run.settings.agent_command):
        raise PlanError(problems)
    agents = run.settings.agents
    if more := _unknown(rules_of(crew, tasks), agents):
        look_for(crew, more, os.environ)
        agents = (*agents, *more)
    event = replanned(run, tasks, agents, plans=files, at=time.time())
    return [event] if event is not None else []


def changed_plan(settings: Settings, run: Run) -> str:
    """Says how the plan differs from what the run works on; empty where it does not."""
    names = ", ".join(f"`{Path(each).name}`" for each in run.plans)
    kept = "the run goes on with the plan it began with"
    try:
        found = difference(run, _tasks(settings, run, run.plans))
    except GitparError as error:
        return f"{names} cannot be read any more ({error.message.splitlines()[0]}): {kept}"
    if not found:
        return ""
    verb = "has" if len(run.plans) == 1 else "have"
    how = f"To take it as it is now: gitpar resume {run.id} --replan"
    return f"{names} {verb} changed since then ({told(found)}): {kept}. {how}"


def taken_anew(event: Replanned) -> str:
    """Says what a run takes over of its plan as it is now."""
    found = Difference(event.added, event.changed, event.removed)
    return f"the run takes its plan anew: {told(found)}"


def told(found: Difference) -> str:
    """Returns a difference in a few words: how many tasks, and which."""
    parts = ((found.added, "added"), (found.changed, "changed"), (found.removed, "removed"))
    return ", ".join(f"{_names(ids)} {word}" for ids, word in parts if ids)


def _names(ids: Sequence[TaskId]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(f"`{each}`" for each in ids[:_NAMED]) + more


def _tasks(settings: Settings, run: Run, files: Sequence[str]) -> tuple[Task, ...]:
    """Reads the files as the run's own were read, each task with the agent that it would get."""
    asked = run.asked
    choices = Choices(
        tag=asked.tag,
        format=asked.format,
        missing=MissingDependency(asked.missing),
        expand_subtasks=asked.expand_subtasks,
        optional=asked.optional,
        parallel_stories=asked.parallel_stories,
    )
    plan = read_plans([Path(each) for each in files], choices)
    graph = TaskGraph([_standing(run, task) for task in plan.graph])
    if not asked.parallel_streams:
        graph = TaskGraph(one_at_a_time(graph))
    tasks = with_stream_agents(graph, settings.stream_settings)
    tasks = staffed(tasks, _still_there(asked.agent or settings.agent, graph), plan.settings.agent)
    return tuple(replace(task, source=replace(task.source, file=_absolute(task))) for task in tasks)


def _standing(run: Run, task: Task) -> Task:
    """Gives a task the status that counts: what the run knows of it comes before what the file says.

    gitpar itself may have written into the file how it ended.
    """
    known = run.tasks.get(task.id)
    if known is None:
        return task
    if known.state in (TaskState.LANDED, TaskState.FINISHED):
        return replace(task, status=known.task.status, status_text=known.task.status_text)
    if known.state is TaskState.SKIPPED and known.task.status_text == task.status_text:
        return replace(task, status=known.task.status)
    return task


def _still_there(chosen: tuple[str, ...], graph: TaskGraph) -> tuple[str, ...]:
    """Leaves out who was chosen for a task or a wave that is there no more."""

    def is_there(word: str) -> bool:
        what, equals, _ = word.partition("=")
        kind, _, name = what.partition(":")
        if not equals or kind not in ("task", "wave"):
            return True
        if kind == "task":
            return TaskId(name) in graph.tasks
        return name.isdecimal() and 1 <= int(name) <= len(graph.waves)

    return tuple(word for word in chosen if is_there(word))


def _unknown(rules: Sequence[AgentRules], known: Sequence[AgentRules]) -> tuple[AgentRules, ...]:
    names = {each.name for each in known}
    return tuple(each for each in rules if each.name not in names)


def _absolute(task: Task) -> str:
    return str(Path(task.source.file).absolute())
