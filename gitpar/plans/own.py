"""gitpar's own plans: JSON, YAML or TOML, tasks with their commands or prompts and the run's settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gitpar.core.graph import Scope, Task
from gitpar.core.names import TaskId
from gitpar.core.settings import Strategy
from gitpar.plans import fields
from gitpar.plans.choices import Choices
from gitpar.plans.item import Item
from gitpar.plans.model import Draft, DraftTask, Edit, Outcome, PlanSettings, TaskEnd, Wait
from gitpar.plans.modes import Mode, one_by_one, read_mode
from gitpar.plans.prompt import prompt
from gitpar.plans.splices import Writer, by_members
from gitpar.plans.taskmaster import row_id

NAME = "gitpar"
TAKES: Sequence[str] = ()
WORDS = fields.Words(
    satisfied=("done", "landed", "completed", "cancelled", "pass"),
    pending=("pending", "todo", "running", "in-progress", "review", "finished", "failed", "held", "blocked"),
    left_out=("skipped", "deferred"),
)
SETTINGS = ("base", "strategy", "jobs", "verify", "retries", "timeout_s", "agent", "agent_command")
ROOT_KEYS = ("tasks", "title", "description", "mode", *SETTINGS, "on_conflict")
TASK_KEYS = (
    "id",
    "title",
    "prompt",
    "depends_on",
    "status",
    "wave",
    "on_conflict",
    *fields.EXTRA_KEYS,
)
_FOREIGN = {
    "blocked_by": "depends_on",
    "after": "depends_on",
    "deps": "depends_on",
    "needs": "depends_on",
    "requires": "depends_on",
    "cmd": "command",
    "run": "command",
    "script": "command",
    "description": "prompt",
    "details": "prompt",
    "name": "title",
    "timeout": "timeout_s",
    "environment": "env",
    "relevantFiles": "files",
    "shared_files": "files",
    "max_concurrent_workers": "jobs",
    "concurrency": "jobs",
    "max_parallel": "jobs",
}
_LATER = ("on_conflict",)


def recognises(root: Item) -> bool:
    """Says whether the file is one: a list of tasks with an id, or with a key that is gitpar's."""
    rows = root if root.is_list() else root.get("tasks")
    if rows is None or not rows.is_list():
        return False
    found = [row for row in rows.elements() if row.is_mapping()]
    return not root.is_list() or not rows.node.value or any(row.has("id") for row in found)


def surely(root: Item) -> bool:
    """Says whether the file can be nobody else's: it has keys that only gitpar knows."""
    rows = root if root.is_list() else root.get("tasks")
    if rows is None or not rows.is_list():
        return False
    if any(root.has(name) for name in SETTINGS):
        return True
    return any(row.has("depends_on") or row.has("prompt") for row in rows.elements())


def read(root: Item, _choices: Choices) -> Draft:
    """Makes drafts of the tasks; unknown keys are warnings."""
    draft = Draft()
    rows = root
    if not root.is_list():
        fields.warn_unknown(root, ROOT_KEYS, _FOREIGN)
        draft.settings = _settings(root)
        rows = root.child("tasks")
    for row in rows.elements():
        task_id = row_id(row)
        if task_id is not None:
            fields.warn_unknown(row, (*TASK_KEYS, "dependencies"), _FOREIGN)
            draft.tasks.append(_task(row, TaskId(task_id)))
    _set_waves(draft, read_mode(root, draft))
    return draft


def _set_waves(draft: Draft, mode: Mode) -> None:
    match mode:
        case Mode.SEQUENTIAL:
            one_by_one(draft, {e.task.id: e.task.wave for e in draft.tasks if e.task.wave is not None})
        case Mode.FULL:
            for entry in draft.tasks:
                entry.task = replace(entry.task, wave=None)
        case Mode.WAVES:
            pass


def _settings(root: Item) -> PlanSettings:
    found: dict[str, Any] = {}
    for name in ("base", "verify", "agent", "agent_command"):
        if (value := root.get(name)) is not None and (text := value.text()).strip():
            found[name] = text
    if (jobs := root.get("jobs")) is not None:
        found["jobs"] = jobs.whole(least=1)
    if (retries := root.get("retries")) is not None:
        found["retries"] = retries.whole()
    if (timeout := root.get("timeout_s")) is not None:
        found["timeout_s"] = timeout.number(least=0.001)
    if (strategy := root.get("strategy")) is not None:
        known = [choice.value for choice in Strategy]
        if (text := strategy.text()) in known:
            found["strategy"] = Strategy(text)
        else:
            hint = root.findings.nearest(text, known) or f"Known are {', '.join(known)}"
            strategy.complain(f"the strategy {strategy.shown()} is not known", hint)
    _warn_later(root)
    return PlanSettings(**found)


def _warn_later(item: Item) -> None:
    for name in _LATER:
        if (value := item.get(name)) is not None:
            value.warn(f"`{name}` is not yet acted on by this version")


def _task(row: Item, task_id: TaskId) -> DraftTask:
    def text(name: str) -> str:
        return item.text() if (item := row.get(name)) is not None else ""

    status, written = fields.status(row, WORDS)
    title = " ".join(text("title").split()) or task_id
    declared = row.get("files")
    wave = row.get("wave")
    _warn_later(row)
    task = Task(
        id=task_id,
        title=title,
        source=fields.source(row),
        prompt=text("prompt") or prompt(title, ()),
        scope=fields.scope(declared) if declared is not None else Scope(),
        status=status,
        status_text=written,
        wave=wave.whole(least=1) if wave is not None else None,
        **fields.extras(row),
    )
    waits = [Wait(TaskId(name), item) for name, item in _dependencies(row)]
    return DraftTask(task, row, waits)


def _dependencies(row: Item) -> list[tuple[str, Item]]:
    found: list[tuple[str, Item]] = []
    if (declared := row.get("depends_on")) is not None:
        found.extend(declared.names())
    if (foreign := row.get("dependencies")) is not None:
        foreign.warn("`dependencies` is read as `depends_on`", "Write `depends_on`")
        found.extend(foreign.names())
    return found


def edits(end: TaskEnd) -> tuple[Edit, ...]:
    """Returns what to write: done, or the outcome in gitpar's own words."""
    return (Edit("status", "done" if end.outcome is Outcome.LANDED else end.outcome.value),)


def writer(_root: Item) -> Writer:
    """Returns what writes the members that `edits` names."""
    return by_members(edits)
