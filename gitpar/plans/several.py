"""Several plan files in one run: each file is a stream, ids are qualified only where they collide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from gitpar.core.names import TaskId, encode_id
from gitpar.errors import PlanProblem
from gitpar.patterns import pattern
from gitpar.plans.item import Findings
from gitpar.plans.model import Draft

_HOPELESS = pattern(r"[\x00-\x1f\x7f\x80-\x9f\ud800-\udfff]|(?<=\.)\.+|^-+|\.lock$")


def without_doubles(paths: Sequence[Path], findings: Findings) -> list[Path]:
    """Returns the files, each once; complains of one that is named twice."""
    seen: dict[Path, Path] = {}
    for path in paths:
        if seen.setdefault(path.resolve(), path) is not path:
            findings.errors.append(PlanProblem(str(path), "is named twice", hint="Name every plan once"))
    return list(seen.values())


def labels(files: Sequence[str]) -> list[str]:
    """Returns a short name for each file: its stem, or as much of its path as tells it from the others."""
    paths = [PurePath(file) for file in files]
    for made in _candidates(paths):
        named = [_HOPELESS.sub("", label) for label in made]
        if all(named) and len({_same(label) for label in named}) == len(named):
            return named
    return [f"{_HOPELESS.sub('', path.stem)}-{at}" for at, path in enumerate(paths, start=1)]


def _candidates(paths: Sequence[PurePath]) -> Iterator[list[str]]:
    yield [path.stem for path in paths]
    yield [path.parent.name for path in paths]
    yield [path.name for path in paths]
    yield [f"{path.parent.name}/{path.stem}" for path in paths]
    yield [str(path) for path in paths]


def as_streams(drafts: Sequence[Draft], files: Sequence[str]) -> None:
    """Makes one plan of several: a stream a file unless a task names its own, and different ids.

    An id that more than one file uses becomes `ID@FILE`; inside its own file it is still
    what dependencies call it. Nothing is changed where there is only one file.
    """
    if len(drafts) < 2:
        return
    named = labels(files)
    homes: dict[str, set[int]] = {}
    for which, draft in enumerate(drafts):
        for name in (*(entry.task.id for entry in draft.tasks), *draft.stands_for):
            homes.setdefault(_same(name), set()).add(which)
    for draft, label in zip(drafts, named, strict=True):
        own = (*(entry.task.id for entry in draft.tasks), *draft.stands_for)
        _rename(draft, {name: TaskId(f"{name}@{label}") for name in own if len(homes[_same(name)]) > 1})
        for entry in draft.tasks:
            entry.task = replace(entry.task, stream=entry.task.stream or label)


def _same(name: str) -> str:
    """Two names that would share a branch or a folder count as one."""
    return encode_id(name).casefold()


def _rename(draft: Draft, new: Mapping[TaskId, TaskId]) -> None:
    for entry in draft.tasks:
        old = entry.task.id
        if old in new:
            source = replace(entry.task.source, own_id=old)
            entry.task = replace(entry.task, id=new[old], source=source)
        entry.waits = [replace(wait, on=new.get(wait.on, wait.on)) for wait in entry.waits]
    draft.stands_for = {
        new.get(name, name): tuple(new.get(task, task) for task in tasks)
        for name, tasks in draft.stands_for.items()
    }
    draft.labelled = {new.get(name, name): wave for name, wave in draft.labelled.items()}
    draft.optional = {new.get(name, name) for name in draft.optional}
