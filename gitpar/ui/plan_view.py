"""A plan as people and programs read it: waves, dependencies, critical path, predicted time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gitpar.core.agents import HUMAN
from gitpar.core.graph import Task, TaskStatus
from gitpar.core.names import TaskId
from gitpar.core.planned_gates import PlannedGate
from gitpar.core.prediction import estimates, predict
from gitpar.core.settings import GateOn, GateRules
from gitpar.core.streams import streams_of
from gitpar.errors import PlanProblem
from gitpar.plans.model import Plan
from gitpar.ui.plain import clean, clipped, counted, listed

_WIDEST_ID = 24
_WIDEST_TITLE = 60
_WIDEST_ASKED = 80
_MOST_NAMED = 12


def plan_text(plan: Plan, jobs: int, gates: Sequence[PlannedGate] = ()) -> str:
    """Returns the plan as text, wave by wave, ending in a newline; with what results have to pass."""
    return "\n".join(line.rstrip() for line in _lines(plan, jobs, gates)) + "\n"


def warning_text(problem: PlanProblem) -> str:
    """Returns a warning as one or two lines."""
    hint = f"\nHint: {clean(problem.hint)}" if problem.hint else ""
    return f"Warning: {clean(str(problem))}{hint}"


def plan_json(plan: Plan, gates: Sequence[PlannedGate] = ()) -> dict[str, Any]:
    """Returns the plan as the documented JSON value."""
    return {
        "plan": ", ".join(plan.paths),
        "format": plan.format,
        "waves": [list(wave) for wave in plan.graph.waves],
        "critical_path": list(plan.graph.critical_path(estimates(plan.graph))),
        "tasks": [_task_json(task) for task in plan.graph],
        "streams": [{"name": name, "tasks": ids} for name, ids in streams_of(plan.graph).items()],
        "gates": [_gate_json(gate) for gate in gates],
        "problems": problems_json(plan.warnings),
    }


def broken_plan_json(paths: Sequence[str], problems: Sequence[PlanProblem]) -> dict[str, Any]:
    """Returns the same value for a plan that cannot be read."""
    return {
        "plan": ", ".join(paths),
        "format": None,
        "waves": [],
        "critical_path": [],
        "tasks": [],
        "streams": [],
        "gates": [],
        "problems": problems_json(problems),
    }


def problems_json(problems: Sequence[PlanProblem]) -> list[dict[str, Any]]:
    """Returns problems with their place; the key path ends the message."""
    return [
        {"file": one.file, "line": one.line, "message": one.message + (f" ({one.key})" if one.key else "")}
        for one in problems
    ]


def _task_json(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": task.title,
        "depends_on": list(task.depends_on),
        "files": list(task.scope.written),
        "stream": task.stream,
        "repo": task.repo,
        "status": task.status.value,
        "source": {"file": task.source.file, "line": task.source.line},
    }


def _gate_json(gate: PlannedGate) -> dict[str, Any]:
    rules = gate.rules
    return {
        "gate": rules.name,
        "on": [on.value for on in rules.on],
        "task": gate.task,
        "command": rules.command or None,
        "agent": rules.agent or None,
        "prompt": rules.prompt or None,
        "timeout_s": rules.timeout_s,
    }


def _lines(plan: Plan, jobs: int, gates: Sequence[PlannedGate]) -> Iterator[str]:
    yield f"Plan {', '.join(map(clean, plan.paths))} ({plan.format}): {_counts(plan)}"
    if streams := streams_of(plan.graph):
        named = [f"{clean(name)} ({counted(len(ids), 'task')})" for name, ids in streams.items()]
        yield f"Streams: {', '.join(named)}"
    notes = {note.wave: note for note in plan.wave_notes}
    for number, wave in enumerate(plan.graph.waves, start=1):
        note = notes.get(number)
        length = f", {duration(note.estimate_s)}" if note and note.estimate_s is not None else ""
        yield ""
        yield f"Wave {number} ({counted(len(wave), 'task')}{length})"
        if note and note.rationale:
            yield f"  Why: {clean(note.rationale)}"
        yield from _rows(plan, wave)
    yield from _path(plan)
    yield from _prediction(plan, jobs)
    yield from _gates(gates)
    notes_found = [*plan.notes, *_without_command(plan)]
    if notes_found:
        yield ""
        yield from (f"Note: {clean(note)}" for note in notes_found)


def _counts(plan: Plan) -> str:
    by_status = [task.status for task in plan.graph]
    waves = len(plan.graph.waves)
    parts = [f"{counted(by_status.count(TaskStatus.PENDING), 'task')} to run in {counted(waves, 'wave')}"]
    for status, word in ((TaskStatus.DONE, "done"), (TaskStatus.LEFT_OUT, "left out")):
        if count := by_status.count(status):
            parts.append(f"{count} {word}")
    return ", ".join(parts)


def _rows(plan: Plan, wave: Sequence[TaskId]) -> Iterator[str]:
    tasks = [plan.graph[task_id] for task_id in wave]
    titles = {
        task.id: "" if task.title == task.id else clipped(clean(task.title), _WIDEST_TITLE) for task in tasks
    }
    ids = min(max(len(clean(task.id)) for task in tasks), _WIDEST_ID)
    width = max(map(len, titles.values()))
    for task in tasks:
        title = titles[task.id]
        more = [f"in {clean(task.repo)}"] if task.repo is not None else []
        more += [f"stream {clean(task.stream)}"] if task.stream is not None else []
        more += [duration(task.estimate_s)] if task.estimate_s is not None else []
        if task.depends_on:
            more.append(f"after {_after(plan, task)}")
        named = f"  {title:<{width}}" if width else ""
        yield f"  {clean(task.id):<{ids}}{named}  {', '.join(more)}"


def _after(plan: Plan, task: Task) -> str:
    def name(task_id: TaskId) -> str:
        done = plan.graph[task_id].status is TaskStatus.DONE
        return clean(task_id) + (" (done)" if done else "")

    named = [name(task_id) for task_id in task.depends_on[:_MOST_NAMED]]
    rest = len(task.depends_on) - len(named)
    return ", ".join(named) + (f" and {rest} more" if rest else "")


def _path(plan: Plan) -> Iterator[str]:
    seconds = estimates(plan.graph)
    path = plan.graph.critical_path(seconds)
    if not path:
        return
    length = counted(len(path), "task")
    if all(task_id in seconds for task_id in path):
        length += f", {duration(sum(seconds[task_id] for task_id in path))}"
    names = [clean(task_id) for task_id in path]
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], "…", names[-1]]
    yield ""
    yield f"Critical path ({length}): {', then '.join(names)}"


def _prediction(plan: Plan, jobs: int) -> Iterator[str]:
    found = predict(plan.graph, plan.wave_notes, jobs)
    if found is None:
        return
    more = [] if found.work_s is None else [f"{duration(found.work_s)} one after another"]
    if found.unknown:
        more.append(f"{counted(len(found.unknown), 'task')} without an estimate not counted")
    aside = f" ({'; '.join(more)})" if more else ""
    yield f"Predicted wall time with {counted(jobs, 'job')}: {duration(found.wall_s)}{aside}"


def _gates(gates: Sequence[PlannedGate]) -> Iterator[str]:
    """What has to pass, by where: on tasks' results, on what lands together, on everything."""
    rows = []
    for on, where in _WHERE.items():
        for gate in gates:
            if on in gate.rules.on:
                place = f"task {clean(gate.task)}" if gate.task is not None else where
                rows.append((place, clean(gate.rules.name), _asks(gate.rules)))
    if not rows:
        return
    widths = [min(max(len(row[at]) for row in rows), _WIDEST_ID) for at in range(2)]
    yield ""
    yield "Gates"
    for place, name, asks in rows:
        yield f"  {place:<{widths[0]}}  {name:<{widths[1]}}  {asks}"


_WHERE = {GateOn.TASK: "each task", GateOn.LEVEL: "each wave", GateOn.RUN: "the whole run"}


def _asks(rules: GateRules) -> str:
    said = f"{clean(rules.agent)} is asked: {rules.prompt}" if rules.agent else rules.command
    return clipped(clean(" ".join(said.split())), _WIDEST_ASKED)


def _without_command(plan: Plan) -> Iterator[str]:
    pending = [task for task in plan.graph if task.status is TaskStatus.PENDING]
    if people := [task.id for task in pending if task.agent == HUMAN]:
        yield f"for a person, the run goes on without them: {listed(people)}"
    without = sum(task.command is None and task.agent != HUMAN for task in pending)
    if without and plan.settings.agent_command is None:
        owned = "has no command of its own" if without == 1 else "have no command of their own"
        yield f"{counted(without, 'task')} {owned}: give `gitpar run` an --agent-command"


def duration(seconds: float) -> str:
    """Returns a duration in its two largest units, as `1 h 30 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {rest} s" if rest and minutes < 10 else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")
