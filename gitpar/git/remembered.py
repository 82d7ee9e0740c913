"""What was settled once in a run: by the three versions of a file, what was made of them.

A conflict comes again where the level is built anew below it: a gate held what had landed
before, or a killed run goes on. The same three versions are settled the same way then,
without asking anybody; that it may land is proved as for any settlement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.git.trees import NO_ENTRY, Entry, entry_at
from gitpar.values import dataclass

if TYPE_CHECKING:
    from pygit2 import Repository

    from gitpar.git.mergetree import Stages

FILES = (0o100644, 0o100755)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The store of a run: a small file for each conflict. Its objects are those of settlements."""

    folder: Path

    @classmethod
    def of_run(cls, common_dir: Path, run: str) -> Remembered:
        """Names the store of a run; nothing is made."""
        return cls(common_dir / "gitpar" / "runs" / run / "settled")

    def recall(self, repository: Repository, stages: Stages) -> Entry | None:
        """Returns what three versions were settled as; None where that is not known or no more there."""
        try:
            text = self._place(stages).read_text(encoding="ascii")
        except OSError:
            return None  # nobody has settled these
        mode, _, blob = text.strip().partition(" ")
        if not mode.isdigit() or len(blob) != _ID or blob not in repository:
            return None
        return int(mode, 8), blob

    def remember(self, repository: Repository, tree: str, conflicts: Mapping[str, Stages]) -> None:
        """Keeps what a tree makes of conflicts, given by path, where it has files there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path, stages in conflicts.items():
            entry = entry_at(repository, tree, path)
            if entry == NO_ENTRY or entry[0] not in FILES:
                continue
            place = self._place(stages)
            beside = place.with_suffix(".new")
            beside.write_text(f"{entry[0]:o} {entry[1]}\n", encoding="ascii")
            beside.replace(place)

    def _place(self, stages: Stages) -> Path:
        text = " ".join(f"{mode:o}:{blob}" for mode, blob in stages)
        return self.folder / hashlib.sha256(text.encode()).hexdigest()[:40]


_ID = 40
