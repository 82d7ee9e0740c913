"""What task-master's generators write beside a plan: a folder for every task, with its prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gitpar.patterns import pattern
from gitpar.plans.item import Item

_FOLDER = pattern(r"task[-_]?0*(\d+(?:\.\d+)*|[1-9]\w*)", re.IGNORECASE)
_PROMPTS = ("prompt.md", "task.md", "task.txt")
_CRITERIA = "acceptance-criteria.md"
_LONGEST = 200_000


class TaskFolders:
    """The folders `task-1`, `task-2` … in `docs` beside the plan or beside the plan's folder."""

    def __init__(self, root: Item) -> None:
        self._root = root
        self._by_id: dict[str, Path] = {}
        for docs in (root.folder / "docs", root.folder.parent / "docs"):
            for path in sorted(docs.glob("task*")) if docs.is_dir() else ():
                if (found := _FOLDER.fullmatch(path.name)) and path.is_dir():
                    self._by_id.setdefault(found[1], path)

    def sections(self, task_id: str) -> list[tuple[str, str]]:
        """Returns what the folder of a task says: its prompt, and what must hold in the end."""
        folder = self._by_id.get(task_id)
        return list(self._read(folder)) if folder is not None else []

    def _read(self, folder: Path) -> Iterator[tuple[str, str]]:
        prompt = next((name for name in _PROMPTS if (folder / name).is_file()), None)
        for heading, name in (("Instructions", prompt), ("Acceptance criteria", _CRITERIA)):
            if name is not None and (text := self._text(folder / name)):
                yield heading, text

    def _text(self, path: Path) -> str:
        if not path.is_file():
            return ""
        try:
            with path.open("rb") as stream:
                content = stream.read(_LONGEST + 1)
        except OSError as error:
            self._root.warn(f"`{path}` beside it cannot be read: {error.strerror}")
            return ""
        if len(content) > _LONGEST:
            self._root.warn(f"`{path}` beside it is longer than {_LONGEST:,} bytes and is left out")
            return ""
        return content.decode(errors="replace").strip()
