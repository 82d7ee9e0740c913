"""What is known of a repository's paths: how often they are changed, with which others, how often they clash.

Learned from its history by `gitpar conflicts --calibrate`; pure. Where nothing was
learned, a path is taken for an average one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache

from gitpar.core.changes import ChangeSet
from gitpar.core.history import Meeting, PastChange
from gitpar.values import dataclass

AVERAGE = (30, 100)
"""Clashes and meetings on a path, of the six repositories the defaults were fitted on."""

_OWN = 4.0
_KIND = 6.0
_FEWEST_TOGETHER = 3
_LARGEST_TOGETHER = 40
"""Files of a change that still says that they belong together."""
_COMPANIONS = 8
_LEAST_COMPANION = 0.3

_HOT = re.compile(
    r"(^|/)(change(s|log)|news|history|releases?|contributors|authors|version|registry|routes|urls|index)"
    r"(\.\w+)?$|(^|/)(__init__\.py|mod\.rs|schema\.rb|package\.json|cargo\.toml|pyproject\.toml)$"
    r"|\.lock$|-lock\.(json|yaml)$|(^|/)(go\.sum|requirements[^/]*\.txt)$|(^|/)requirements/",
    re.IGNORECASE,
)


@lru_cache(maxsize=1 << 16)
def is_hot(path: str) -> bool:
    """Says whether a path is of those that many tasks add to: changelogs, lockfiles, registries."""
    return _HOT.search(path) is not None


@dataclass(slots=True)
class Habits:
    """Counts of a history. A tally is clashes and meetings; `together` leads to a path's companions."""

    changes: int = 0
    touched: Counter[str] = field(default_factory=Counter)
    total: tuple[int, int] = (0, 0)
    kinds: dict[str, tuple[int, int]] = field(default_factory=dict)
    paths: dict[str, tuple[int, int]] = field(default_factory=dict)
    together: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)

    def rate(self, path: str) -> float:
        """Returns how likely two changes of a path clash in it.

        Its own record counts, and that of its kind and of all paths where it is short.
        """
        found = (self.total[0] + AVERAGE[0] / 10) / (self.total[1] + AVERAGE[1] / 10)
        for kind in kinds_of(path):
            found = _shrunk(self.kinds.get(kind, (0, 0)), found, _KIND)
        return _shrunk(self.paths.get(path, (0, 0)), found, _OWN)

    def learn(self, meeting: Meeting, shared: Iterable[str]) -> None:
        """Counts one meeting on every path that both changes have in common."""
        refused = set(meeting.refused)
        if meeting.conflict is None or (meeting.conflict and refused.isdisjoint(shared)):
            return
        for path in shared:
            clash = int(path in refused)
            self.total = _added(self.total, clash)
            self.paths[path] = _added(self.paths.get(path, (0, 0)), clash)
            for kind in kinds_of(path):
                self.kinds[kind] = _added(self.kinds.get(kind, (0, 0)), clash)

    def see(self, change: ChangeSet) -> None:
        """Counts one change."""
        self.changes += 1
        self.touched.update(change.paths)

    def companions(self, path: str) -> Sequence[tuple[str, float, int, int]]:
        """Returns paths that change with this one: path, chance, how often together, how often at all.

        The chance is held down where little was seen.
        """
        times = self.touched[path]
        return [
            (other, both / (times + 2.0), both, times)
            for other, both in self.together.get(path, ())
            if both / (times + 2.0) >= _LEAST_COMPANION
        ]


def kinds_of(path: str) -> tuple[str, str]:
    """Returns what a path is like, the wider kind first: its suffix (tests apart), its name."""
    name = path.rpartition("/")[2]
    suffix = name.rpartition(".")[2] if "." in name else name
    return f"{'test' if 'test' in path.casefold() else ''}.{suffix}", f"={name}"


def companions_of(changes: Sequence[PastChange]) -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Returns which paths changed together in changes of a size that says something."""
    pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for change in changes:
        paths = change.set.paths
        if len(paths) <= _LARGEST_TOGETHER:
            for path in paths:
                pairs[path].update(other for other in paths if other != path)
    found = {
        path: tuple((o, n) for o, n in others.most_common(_COMPANIONS) if n >= _FEWEST_TOGETHER)
        for path, others in pairs.items()
    }
    return {path: others for path, others in found.items() if others}


def _added(tally: tuple[int, int], clash: int) -> tuple[int, int]:
    return tally[0] + clash, tally[1] + 1


def _shrunk(tally: tuple[int, int], towards: float, weight: float) -> float:
    return (tally[0] + weight * towards) / (tally[1] + weight)
