"""The waves of agent-os: declared ones are honoured, computed ones only compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from gitpar.core.graph import TaskStatus, WaveNote
from gitpar.core.names import TaskId
from gitpar.plans.item import Item
from gitpar.plans.model import Draft
from gitpar.plans.modes import Mode, one_by_one, read_mode


def declare_waves(root: Item, draft: Draft) -> None:
    """Puts declared waves into the drafts, as `execution_strategy.mode` says.

    sequential: a wave for every task. parallel_waves, and no mode: the declared waves.
    fully_parallel: none, so dependencies alone decide. In v4 dependencies always do.
    """
    strategy = root.get("execution_strategy")
    mode = read_mode(strategy, draft)
    computed = root.get("computed")
    if strategy is None and computed is not None:
        _labels(computed, draft)
        return
    declared = _declared(strategy, draft) if strategy is not None else {}
    if mode is Mode.SEQUENTIAL:
        one_by_one(draft, declared)
    elif mode is Mode.WAVES:
        _honour(draft, declared)
    elif declared:
        root.note("mode fully_parallel: the declared waves are not kept, dependencies alone decide")
        draft.wave_notes.clear()


def _declared(strategy: Item, draft: Draft) -> dict[TaskId, int]:
    """Returns the wave that `execution_strategy.waves` gives each task."""
    waves = strategy.get("waves")
    known = {entry.task.id for entry in draft.tasks}
    found: dict[TaskId, int] = {}
    for wave in waves.elements() if waves is not None else ():
        ident = wave.get("wave_id")
        if ident is None:
            wave.complain("a wave without a `wave_id`")
            continue
        if (number := ident.whole()) is None:
            continue
        if number in draft.wave_notes:
            wave.complain(f"the wave {number} is declared twice")
        draft.wave_notes[number] = _note(wave, number)
        for task_id, item in _placed(wave, draft, known):
            if found.setdefault(task_id, number) != number:
                item.complain(f"task `{task_id}` is in wave {found[task_id]} and in wave {number}")
    return found


def _note(wave: Item, number: int) -> WaveNote:
    rationale = item.text() if (item := wave.get("rationale")) is not None else ""
    minutes = item.number() if (item := wave.get("estimated_duration_minutes")) is not None else None
    return WaveNote(number, " ".join(rationale.split()), minutes * 60 if minutes is not None else None)


def _placed(wave: Item, draft: Draft, known: Collection[TaskId]) -> Iterator[tuple[TaskId, Item]]:
    """Yields the tasks a wave names; a subtask stands for its parent, a skipped row for nothing."""
    listed = wave.get("tasks")
    for name, item in listed.names() if listed is not None else ():
        task_id = TaskId(name)
        if task_id in known:
            yield task_id, item
        elif task_id in draft.stands_for:
            continue
        else:
            hint = item.findings.nearest(name, known)
            item.complain(f"the wave names `{name}`, which is not in the plan", hint)


def _honour(draft: Draft, declared: dict[TaskId, int]) -> None:
    for entry in draft.tasks:
        part = entry.item.get("parallelization")
        wave = part.get("wave") if part is not None else None
        own = wave.whole() if wave is not None else None
        number = declared.get(entry.task.id)
        if number is not None and own is not None and wave is not None and own != number:
            wave.warn(
                f"task `{entry.task.id}` says wave {own}, `execution_strategy` says {number}, which counts"
            )
        if number is None and own is not None and not declared:
            number = own
        elif number is None and declared and entry.task.status is TaskStatus.PENDING:
            entry.item.warn(
                f"task `{entry.task.id}` is in no wave of `execution_strategy`; its dependencies decide"
            )
        entry.task = replace(entry.task, wave=number)
    if any(entry.task.wave == 0 for entry in draft.tasks):
        _from_one(draft)


def _from_one(draft: Draft) -> None:
    """Renumbers waves that count from 0: ours count from 1."""
    draft.wave_notes = {n + 1: replace(note, wave=n + 1) for n, note in draft.wave_notes.items()}
    for entry in draft.tasks:
        if entry.task.wave is not None:
            entry.task = replace(entry.task, wave=entry.task.wave + 1)


def _labels(computed: Item, draft: Draft) -> None:
    """Reads v4's derived waves: their labels become rationales, by depth."""
    waves = computed.get("waves")
    known = {entry.task.id for entry in draft.tasks}
    for wave in waves.elements() if waves is not None else ():
        depth = item.whole() if (item := wave.get("depth")) is not None else None
        label = item.text() if (item := wave.get("label")) is not None else ""
        parallel = wave.get("parallel")
        names = [task_id for task_id, _ in _placed(wave, draft, known)]
        if parallel is not None and parallel.node.value is False and len(names) > 1:
            parallel.warn(
                "`parallel` is false, but gitpar follows `depends_on`, which lets these tasks run at once"
            )
        if depth is not None and label:
            draft.wave_notes[depth + 1] = WaveNote(depth + 1, " ".join(label.split()))
            draft.labelled.update(dict.fromkeys(names, depth + 1))
