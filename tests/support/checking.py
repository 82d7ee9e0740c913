"""A shop whose branches meet in known ways, and `gitpar check` called in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.ui.cli.main import main
from tests.support.repo import Repo, lines, sealed_repo

PRICES = "def total(a):\n    return a\n"


class Checks:
    """Calls `gitpar check` in a repository."""

    def __init__(self, capfd: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capfd = capfd
        self.folder = folder

    def __call__(self, *words: str, folder: Path | None = None) -> tuple[int, str, str]:
        """Returns the exit code, what was printed and what was said beside it."""
        self._capfd.readouterr()
        status = main(["-C", str(folder or self.folder), "check", *words])
        return status, *self._capfd.readouterr()


def shop(monkeypatch: pytest.MonkeyPatch, root: Path) -> Repo:
    """Makes branches of one commit.

    `clean` adds a file, `same` and `near` change line 5 as `mine` does or the next one,
    `far` line 15, `stacked` goes on from `mine`, `renames` gives `total` another name
    and `uses` begins to use it; `old` was merged. main has a new line 1 since. `mine` is
    checked out.
    """
    repo = sealed_repo(monkeypatch, root)
    base = repo.commit("base", {"f": lines(), "prices.py": PRICES, "g": "1\n2\n3\n"})

    def branch(name: str, start: str, files: dict[str, str | bytes | None]) -> None:
        repo.git("branch", name, repo.branch(start, name, files))

    branch("mine", base, {"f": lines((5, "mine"))})
    branch("clean", base, {"new": "x\n"})
    branch("same", base, {"f": lines((5, "same"))})
    branch("near", base, {"f": lines((6, "near"))})
    branch("far", base, {"f": lines((15, "far"))})
    branch("stacked", "mine", {"f": lines((5, "mine"), (6, "stacked"))})
    branch("renames", base, {"prices.py": PRICES.replace("total", "whole")})
    branch("uses", base, {"uses.py": "from prices import total\n\ntotal(1)\n"})
    branch("deletes", base, {"f": None})
    repo.git("checkout", "-q", "main")
    repo.commit("old", {"g": "1\n2\nthree\n"})
    repo.git("branch", "old")
    repo.commit("main", {"f": "a new line\n" + lines()})
    repo.git("checkout", "-q", "mine")
    return repo
