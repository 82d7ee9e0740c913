"""Plan files to one checked Plan. Everything that is wrong is reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gitpar.core.graph import Task, TaskGraph, TaskStatus, WaveNote
from gitpar.core.names import TaskId
from gitpar.errors import PlanError, PlanProblem
from gitpar.plans.detect import PlanFormat, choose
from gitpar.plans.document import read_bytes, read_document
from gitpar.plans.item import Findings, Item
from gitpar.plans.model import Draft, MissingDependency, Plan, PlanSettings


@dataclass(frozen=True, slots=True)
class Opened:
    """A plan file that was recognised and drafted."""

    root: Item
    format: PlanFormat
    draft: Draft


def read_plans(
    paths: Sequence[Path],
    *,
    tag: str | None = None,
    missing: MissingDependency = MissingDependency.ERROR,
    format: str | None = None,  # noqa: A002 - what it is called on the command line
) -> Plan:
    """Reads plan files into one Plan; several files are one plan, their tasks in the order given.

    With `missing` WARN a dependency that is not in the plan is dropped with a warning.
    Raises PlanError with every problem found, each with file, line and key path.
    """
    findings = Findings()
    opened: list[Opened] = []
    for path in paths:
        try:
            opened.append(open_plan(str(path), read_bytes(path), findings, tag=tag, name=format))
        except PlanError as error:
            findings.errors.extend(error.problems)
            findings.errors[-1] = replace(findings.errors[-1], hint="\n".join(error.hints))
    entries = [entry for one in opened for entry in one.draft.tasks]
    if not entries and not findings.errors:
        findings.errors.extend(one.root.problem("has no tasks in it") for one in opened)
    everywhere = {entry.task.id for entry in entries}
    tasks = [task for one in opened for task in _resolved(one, everywhere, findings, missing)]
    graph = _graph(tasks, findings)
    tasks = list(graph)
    _note_finished(tasks, findings)
    settings = PlanSettings()
    for one in opened:
        settings = settings.over(one.draft.settings)
    return Plan(
        paths=tuple(str(path) for path in paths),
        format="+".join(dict.fromkeys(one.format.NAME for one in opened)),
        graph=graph,
        wave_notes=_wave_notes(graph, [one.draft for one in opened]),
        settings=settings,
        warnings=tuple(findings.warnings),
        notes=tuple(findings.notes),
    )


def open_plan(
    file: str, content: bytes, findings: Findings, *, tag: str | None = None, name: str | None = None
) -> Opened:
    """Parses, recognises and drafts one file; raises PlanError where that is not possible."""
    document = read_document(file, content)
    root = Item(document, document.tree.root, findings)
    for offset, key in document.tree.doubles:
        message = f"the key `{key}` stands here for the second time; this one counts"
        findings.warnings.append(PlanProblem(file, message, document.line(offset), key))
    chosen = choose(root, name)
    return Opened(root, chosen, chosen.read(root, tag))


def _resolved(
    opened: Opened, known: set[TaskId], findings: Findings, missing: MissingDependency
) -> list[Task]:
    """Turns drafts into tasks: dependencies named as the file means them and known to exist."""
    draft = opened.draft
    names = known | draft.stands_for.keys()
    tasks: list[Task] = []
    for entry in draft.tasks:
        found: dict[TaskId, None] = {}
        for wait in entry.waits:
            if wait.on == entry.task.id:
                wait.item.complain(f"task `{entry.task.id}` depends on itself", "Remove that dependency")
            elif wait.on in names:
                found.update(dict.fromkeys(_stand_ins(wait.on, draft, known)))
            else:
                message = f"task `{entry.task.id}` depends on `{wait.on}`, which is not in the plan"
                hint = findings.nearest(wait.on, names)
                if missing is MissingDependency.WARN:
                    wait.item.warn(f"{message}; it is ignored", hint)
                else:
                    wait.item.complain(message, hint)
        found.pop(entry.task.id, None)
        tasks.append(replace(entry.task, depends_on=tuple(found)))
    return tasks


def _stand_ins(name: TaskId, draft: Draft, known: set[TaskId]) -> Iterable[TaskId]:
    """Follows a name to the tasks that stand for it; rows that wait for each other end nowhere."""
    seen: set[TaskId] = set()
    ahead = [name]
    while ahead:
        at = ahead.pop()
        if at in known:
            yield at
        elif at not in seen:
            seen.add(at)
            ahead.extend(reversed(draft.stands_for.get(at, ())))


def _graph(tasks: Sequence[Task], findings: Findings) -> TaskGraph:
    """Builds the graph; raises PlanError with everything found in the files and in the graph."""
    try:
        graph = TaskGraph(_left_out(tasks, findings))
    except PlanError as error:
        raise PlanError((*findings.errors, *error.problems)) from None
    if findings.errors:
        raise PlanError(tuple(findings.errors))
    return graph


def _left_out(tasks: Sequence[Task], findings: Findings) -> list[Task]:
    """Leaves out what waits for a task that is left out, and says so."""
    waiting: dict[TaskId, list[Task]] = {}
    for task in tasks:
        for name in task.depends_on:
            waiting.setdefault(name, []).append(task)
    why: dict[TaskId, str] = {}
    ahead = [task for task in tasks if task.status is TaskStatus.LEFT_OUT]
    for task in ahead:
        findings.notes.append(f"`{task.id}` is left out: its status is {task.status_text}")
        why[task.id] = ""
    while ahead:
        task = ahead.pop(0)
        for later in waiting.get(task.id, ()):
            if later.id not in why and later.status is TaskStatus.PENDING:
                why[later.id] = task.id
                findings.notes.append(
                    f"`{later.id}` is left out: it depends on `{task.id}`, which is left out"
                )
                ahead.append(later)
    return [replace(task, status=TaskStatus.LEFT_OUT) if task.id in why else task for task in tasks]


def _note_finished(tasks: Sequence[Task], findings: Findings) -> None:
    if all(task.status is TaskStatus.DONE for task in tasks):
        findings.notes.append("every task of the plan is done: there is nothing to run")
    elif not any(task.status is TaskStatus.PENDING for task in tasks):
        findings.notes.append("every task of the plan is done or left out: there is nothing to run")


def _wave_notes(graph: TaskGraph, drafts: Sequence[Draft]) -> tuple[WaveNote, ...]:
    """Renumbers what the plan says about its waves to the waves that will run.

    Waves whose tasks are all done are not run, so wave 1 of a run may be wave 3 of the plan.
    A note goes to the first wave that runs one of its tasks.
    """
    notes = {
        entry.task.id: (which, note)
        for which, draft in enumerate(drafts)
        for entry in draft.tasks
        if (note := draft.note_of(entry.task)) is not None
    }
    found: list[WaveNote] = []
    told: set[tuple[int, int]] = set()
    for number, wave in enumerate(graph.waves, start=1):
        here = {(notes[t][0], notes[t][1].wave): notes[t][1] for t in wave if t in notes}
        fresh = [note for mark, note in here.items() if mark not in told]
        told.update(here)
        rationale = "; ".join(note.rationale for note in fresh if note.rationale)
        estimates = [note.estimate_s for note in fresh if note.estimate_s is not None]
        if rationale or estimates:
            found.append(WaveNote(number, rationale, max(estimates, default=None)))
    return tuple(found)
