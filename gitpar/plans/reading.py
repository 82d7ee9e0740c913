"""Plan files to one checked Plan. Everything that is wrong is reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gitpar.core.graph import Task, TaskGraph, TaskStatus, WaveNote
from gitpar.errors import PlanError, PlanProblem
from gitpar.plans.choices import PLAIN, Choices
from gitpar.plans.crowds import refuse_crowds
from gitpar.plans.detect import PlanFormat, choose
from gitpar.plans.document import read_bytes, read_document
from gitpar.plans.item import Findings, Item
from gitpar.plans.model import Draft, Plan, PlanSettings
from gitpar.plans.resolving import leave_out_optional, resolved
from gitpar.plans.several import as_streams, without_doubles
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Opened:
    """A plan file that was recognised and drafted."""

    root: Item
    format: PlanFormat
    draft: Draft


def read_plans(
    paths: Sequence[Path],
    choices: Choices = PLAIN,
) -> Plan:
    """Reads plan files into one Plan; several files are one plan, their tasks in the order given.

    Raises PlanError with every problem found, each with file, line and key path.
    """
    findings = Findings()
    opened: list[Opened] = []
    for path in without_doubles(paths, findings):
        try:
            content = read_bytes(path)
            opened.append(open_plan(str(path), content, findings, choices))
        except PlanError as error:
            findings.errors.extend(error.problems)
            findings.errors[-1] = replace(findings.errors[-1], hint="\n".join(error.hints))
    as_streams([one.draft for one in opened], [one.root.document.file for one in opened])
    entries = [entry for one in opened for entry in one.draft.tasks]
    if not entries and not findings.errors:
        findings.errors.extend(one.root.problem("has no tasks in it") for one in opened)
    everywhere = {entry.task.id for entry in entries}
    for one in opened:
        leave_out_optional(one.draft, findings, chosen=choices.optional)
    tasks = [task for one in opened for task in resolved(one.draft, everywhere, findings, choices.missing)]
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
        mode=next((one.draft.mode for one in opened if one.draft.mode is not None), None),
        usual_jobs=min((one.draft.usual_jobs for one in opened if one.draft.usual_jobs), default=None),
    )


def open_plan(file: str, content: bytes, findings: Findings, choices: Choices = PLAIN) -> Opened:
    """Parses, recognises and drafts one file; raises PlanError where that is not possible."""
    document = read_document(file, content)
    root = Item(document, document.tree.root, findings)
    for offset, key in document.tree.doubles:
        message = f"the key `{key}` stands here for the second time; this one counts"
        findings.warnings.append(PlanProblem(file, message, document.line(offset), key))
    refuse_crowds(root)
    chosen = choose(root, choices.format)
    _refuse(root, chosen, choices)
    return Opened(root, chosen, chosen.read(root, choices))


def _refuse(root: Item, chosen: PlanFormat, choices: Choices) -> None:
    """Complains of a tag in a format that has none, warns of other choices that mean nothing to it."""
    if choices.tag is not None and "tag" not in chosen.TAKES:
        root.complain(f"has no tags, so no tag `{choices.tag}`", "Leave --tag out")
    for name in ("expand_subtasks", "parallel_stories"):
        if getattr(choices, name) and name not in chosen.TAKES:
            root.warn(f"--{name.replace('_', '-')} means nothing for a plan of the format {chosen.NAME}")


def _graph(tasks: Sequence[Task], findings: Findings) -> TaskGraph:
    """Builds the graph; raises PlanError with everything found in the files and in the graph."""
    try:
        graph = TaskGraph(tasks)
    except PlanError as error:
        raise PlanError((*findings.errors, *error.problems)) from None
    if findings.errors:
        raise PlanError(tuple(findings.errors))
    return graph


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
