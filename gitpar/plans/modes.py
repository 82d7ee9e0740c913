"""What a plan's `mode` means for its waves: agent-os has it, and gitpar's own plans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from gitpar.core.graph import WaveNote
from gitpar.core.names import TaskId
from gitpar.plans.item import Item
from gitpar.plans.model import Draft, DraftTask


class Mode(StrEnum):
    """How much of a plan may run at once."""

    SEQUENTIAL = "sequential"
    """One task after another."""
    WAVES = "parallel_waves"
    """The declared waves, else those that follow from the dependencies."""
    FULL = "fully_parallel"
    """Everything that no dependency forbids; declared waves are not kept."""


def read_mode(holder: Item | None, draft: Draft) -> Mode:
    """Reads the member `mode` and notes it in the draft; one that is not known is a warning."""
    item = holder.get("mode") if holder is not None else None
    if item is None:
        return Mode.WAVES
    text, known = item.text(), [mode.value for mode in Mode]
    if text in known:
        draft.mode = text
        return Mode(text)
    hint = item.findings.nearest(text, known) or f"Known are {', '.join(known)}"
    item.warn(f"the mode `{text[:40]}` is not known; read as parallel_waves", hint)
    return Mode.WAVES


def one_by_one(draft: Draft, declared: dict[TaskId, int]) -> None:
    """Gives every task a wave of its own, after what it waits for and in the declared order."""
    rank = {entry.task.id: (declared.get(entry.task.id, 0), at) for at, entry in enumerate(draft.tasks)}
    sorter: TopologicalSorter[TaskId] = TopologicalSorter(
        {entry.task.id: [name for name in _owners(entry, draft) if name in rank] for entry in draft.tasks}
    )
    try:
        sorter.prepare()
    except CycleError:
        return  # reported with all other problems when the graph is built
    numbers: dict[TaskId, int] = {}
    notes: dict[int, WaveNote] = {}
    while sorter.is_active():
        for task_id in sorted(sorter.get_ready(), key=rank.__getitem__):
            numbers[task_id] = len(numbers) + 1
            note = draft.wave_notes.get(declared.get(task_id, -1))
            if note is not None and note.rationale:
                notes[numbers[task_id]] = WaveNote(numbers[task_id], note.rationale)
            sorter.done(task_id)
    draft.wave_notes = notes
    for entry in draft.tasks:
        entry.task = replace(entry.task, wave=numbers[entry.task.id])


def _owners(entry: DraftTask, draft: Draft) -> Iterator[TaskId]:
    for wait in entry.waits:
        yield from (name for name in draft.stands_for.get(wait.on, (wait.on,)) if name != entry.task.id)
