"""What a run makes of the streams of its plan and of what the settings say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gitpar.core.graph import Task, TaskGraph, TaskStatus
from gitpar.core.places import account_of
from gitpar.core.run import Run
from gitpar.core.streams import streams_of
from gitpar.stream_settings import StreamSettings

Streams = Mapping[str, StreamSettings]
"""By the stream's name in small letters."""


def with_stream_agents(graph: TaskGraph, streams: Streams) -> tuple[Task, ...]:
    """Gives tasks without command and agent those of their stream."""
    return tuple(_with_agent(task, streams) for task in graph)


def _with_agent(task: Task, streams: Streams) -> Task:
    found = streams.get((task.stream or "").casefold())
    if found is None or task.status is not TaskStatus.PENDING or task.agent or (task.command or "").strip():
        return task
    if found.agent is not None:
        return replace(task, agent=found.agent)
    return replace(task, command=found.agent_command)


def stream_environments(run: Run, streams: Streams) -> dict[str, dict[str, str]]:
    """Returns what workers of each stream find in their environment beside what all find."""
    made: dict[str, dict[str, str]] = {}
    for name, tasks in streams_of(run.graph).items():
        found = streams.get(name.casefold())
        account = account_of(run, run.graph[tasks[0]])
        made[name] = {
            **(dict(found.env) if found is not None else {}),
            "GITPAR_STREAM": name,
            **({"GITPAR_ACCOUNT": account} if account else {}),
        }
    return made
