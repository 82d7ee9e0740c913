"""What tasks mean to touch: declared files, paths that texts name, and what usually comes along. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from gitpar.core.conflicts import folders_above
from gitpar.core.forecast import Intent, Model, Signal, Touch
from gitpar.core.graph import Task
from gitpar.core.patterns import is_pattern, pattern, plain
from gitpar.values import dataclass

_WORD = re.compile(r"(?<![\w/.-])(?:\.?[\w@-]+/)*[\w@.-]*\w\.\w{1,8}\b|(?<![\w/.-])(?:[\w@.-]+/)+[\w@.-]*\w")
_NAME = re.compile(
    r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(\))?`|\b([A-Za-z_]\w{3,})\(\)|\b([a-z]+_\w+|[A-Z][a-z]+[A-Z]\w+)\b"
)
_MOST_OF_PATTERN = 4.0
"""A pattern is thought to mean so many changed files, whatever it fits."""
_UNKNOWN_PATTERN = 0.5
_NAMESAKES = 3
_COMPANION_BESIDE = 0.3
"""How far a companion file is believed where the task declares its files and this is not among them."""
_COMPANION_ALONE = 0.7
_SYMBOL_DEFINED = 0.3
_SYMBOL_USED = 0.1


@dataclass(frozen=True, slots=True)
class Symbols:
    """Which of the declared files define and which use a name."""

    defined: Mapping[str, frozenset[str]] = field(default_factory=dict)
    used: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Tracked:
    """The files of the commit that tasks start from, by path, folder and name."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = sorted(paths)
        self.known = frozenset(self.paths)
        self._names: defaultdict[str, list[str]] | None = None
        self._folders: set[str] | None = None

    def fitting(self, declared: str) -> list[str]:
        """Returns the files that a pattern or a folder means."""
        if is_pattern(declared):
            fits = pattern(declared).fullmatch
            return [path for path in self.paths if fits(path)]
        folder = plain(declared) + "/"
        if folder == "./":
            return self.paths
        return [path for path in self.paths if path.startswith(folder)] if self.is_folder(declared) else []

    def is_folder(self, declared: str) -> bool:
        """Says whether it is a folder with files in it."""
        if self._folders is None:
            self._folders = {folder for path in self.paths for folder in folders_above(path)}
        return plain(declared) in self._folders or plain(declared) == "."

    def named(self, word: str) -> Sequence[str]:
        """Returns the files that a word of a text names: a whole path, or a name that few have."""
        if word in self.known:
            return [word]
        if self._names is None:
            self._names = defaultdict(list)
            for path in self.paths:
                self._names[path.rpartition("/")[2]].append(path)
        found = [
            path for path in self._names.get(word.rpartition("/")[2], ()) if f"/{path}".endswith(f"/{word}")
        ]
        return found if len(found) <= _NAMESAKES else ()


def intents(
    tasks: Sequence[Task], tracked: Tracked, model: Model, symbols: Symbols | None = None
) -> list[Intent]:
    """Returns what each task means to touch, in their order. The surest signal for a path counts."""
    everywhere = Tracked(
        tracked.known | {plain(p) for t in tasks for p in t.scope.written if not is_pattern(p)}
    )
    return [_intent(task, everywhere, model, symbols or Symbols()) for task in tasks]


def _intent(task: Task, tracked: Tracked, model: Model, symbols: Symbols) -> Intent:
    found: dict[str, Touch] = {}
    for touch in _touches(task, tracked, model, symbols):
        if touch.path not in found or found[touch.path].chance < touch.chance:
            found[touch.path] = touch
    trust = _COMPANION_BESIDE if task.scope.written else _COMPANION_ALONE
    for path, touch in list(found.items()):
        if touch.signal in (Signal.DECLARED, Signal.TEXT):
            for other, chance, both, times in model.habits.companions(path):
                if other not in found:
                    because = f"`{path}`: {both} of {times} times"
                    found[other] = Touch(other, trust * chance * touch.chance, Signal.TOGETHER, because)
    creates = frozenset(plain(path) for path in task.scope.create if not is_pattern(path))
    return Intent(task.id, found, creates)


def _touches(task: Task, tracked: Tracked, model: Model, symbols: Symbols) -> Iterator[Touch]:
    yield from _declared(task, tracked)
    yield from _told(task, tracked, model, symbols)


def _declared(task: Task, tracked: Tracked) -> Iterator[Touch]:
    for declared in task.scope.written:
        path = plain(declared)
        if not is_pattern(declared) and not tracked.is_folder(declared):
            yield Touch(path, 1.0, Signal.DECLARED, declared)
            continue
        fitting = tracked.fitting(declared)
        if not fitting:
            yield Touch(path, _UNKNOWN_PATTERN, Signal.PATTERN, declared)
        for each in fitting:
            yield Touch(each, min(1.0, _MOST_OF_PATTERN / len(fitting)), Signal.PATTERN, declared)


def _told(task: Task, tracked: Tracked, model: Model, symbols: Symbols) -> Iterator[Touch]:
    read = set(map(plain, task.scope.read))
    text = f"{task.title}\n{task.prompt}"
    for word in dict.fromkeys(_WORD.findall(text)):
        for path in tracked.named(plain(word)):
            if path not in read:
                yield Touch(path, model.text_chance, Signal.TEXT, word)
    for name in names_in(text):
        for path in symbols.defined.get(name, ()):
            yield Touch(path, _SYMBOL_DEFINED, Signal.SYMBOL, f"{name}, which is defined there")
        for path in symbols.used.get(name, ()) if name in symbols.defined else ():
            yield Touch(path, _SYMBOL_USED, Signal.SYMBOL, f"{name}, which is used there")


def names_in(text: str) -> Sequence[str]:
    """Returns the definitions that a text may name: in backticks, called, or spelt as only code is."""
    found = ("".join(groups).rpartition(".")[2] for groups in _NAME.findall(text))
    return list(dict.fromkeys(name for name in found if len(name) > 2))


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something about declared files that will not work out. `tasks` are those it is about."""

    kind: str
    tasks: tuple[str, ...]
    path: str


def doubts(tasks: Sequence[Task], tracked: Tracked) -> list[Doubt]:
    """Returns what is wrong with declared files: absent, made twice, there already."""
    found: list[Doubt] = []
    makers: defaultdict[str, list[str]] = defaultdict(list)
    for task in tasks:
        for declared in dict.fromkeys(task.scope.create):
            makers[plain(declared)].append(task.id)
    made = [path for path in makers if not is_pattern(path)]
    for task in tasks:
        found += [
            Doubt("absent", (task.id,), declared)
            for declared in dict.fromkeys((*task.scope.modify, *task.scope.read))
            if not _is_there(declared, tracked, made)
        ]
        found += [
            Doubt("there already", (task.id,), declared)
            for declared in dict.fromkeys(task.scope.create)
            if declared not in task.scope.modify and plain(declared) in tracked.known
        ]
    found += [Doubt("made twice", tuple(those), path) for path, those in makers.items() if len(those) > 1]
    return found


def _is_there(declared: str, tracked: Tracked, made: Sequence[str]) -> bool:
    path = plain(declared)
    if is_pattern(declared):
        fits = pattern(declared).fullmatch
        return bool(tracked.fitting(declared)) or any(map(fits, made))
    return (
        path in tracked.known
        or tracked.is_folder(path)
        or path in made
        or any(m.startswith(f"{path}/") for m in made)
    )
