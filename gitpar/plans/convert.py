"""Any plan as one of gitpar's own: the value that `gitpar plan --convert` prints."""

from __future__ import annotations

import json
from typing import Any

from gitpar.core.graph import Scope, Task, TaskStatus
from gitpar.plans.model import Plan

_STATUS = {TaskStatus.DONE: "done", TaskStatus.LEFT_OUT: "skipped"}


def converted(plan: Plan) -> str:
    """Returns the plan as JSON text of the format gitpar, ending in a newline.

    Order that the file only means (phases, groups, rows one after another) is written out
    as dependencies. What a plan says about its waves is not part of the format.
    """
    said = plan.settings
    settings = {
        "base": said.base,
        "strategy": said.strategy.value if said.strategy is not None else None,
        "jobs": said.jobs or plan.usual_jobs,
        "verify": said.verify,
        "retries": said.retries,
        "timeout_s": said.timeout_s,
        "agent": said.agent,
        "agent_command": said.agent_command,
    }
    found: dict[str, Any] = {name: value for name, value in settings.items() if value is not None}
    found["tasks"] = [_task(task) for task in plan.graph]
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _task(task: Task) -> dict[str, Any]:
    members = {
        "id": task.id,
        "title": task.title,
        "status": _STATUS.get(task.status),
        "depends_on": list(task.depends_on),
        "wave": task.wave,
        "stream": task.stream,
        "repo": task.repo,
        "files": _files(task.scope),
        "command": task.command,
        "verify": task.verify,
        "commit_message": task.commit_message,
        "agent": task.agent,
        "env": dict(task.env) or None,
        "timeout_s": task.timeout_s,
        "retries": task.retries,
        "max_tokens": task.max_tokens,
        "max_cost_usd": task.max_cost_usd,
        "estimate_s": task.estimate_s,
        "prompt": task.prompt,
    }
    return {name: value for name, value in members.items() if value is not None}


def _files(scope: Scope) -> dict[str, list[str]] | None:
    parts = {"create": scope.create, "modify": scope.modify, "read": scope.read}
    return {name: list(paths) for name, paths in parts.items() if paths} or None
