"""`gitpar clean` and `gitpar doctor`, tried whole."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.ui.recorded import Shell

CLEANED = """\
run 7f3a, removed:
  worktree `shop.worktrees/7f3a`
run 7f3a, kept:
  level branch `gitpar/7f3a/level/1`
"""
EXAMINED = """\
✓ git         2.39.5
✗ repository  there is none here
  Hint: Go to one, or: git init
· overlayfs   not probed
1 of 3 are wrong
"""


def test_clean_says_what_went_and_what_stayed(shell: Shell) -> None:
    assert shell("clean") == (0, CLEANED, "")
    assert shell("clean", "--dry-run")[1].startswith("run 7f3a, would be removed:\n")
    assert json.loads(shell("clean", "--json")[1]) == {
        "run": "7f3a",
        "removed": ["worktree `shop.worktrees/7f3a`"],
        "kept": ["level branch `gitpar/7f3a/level/1`"],
    }
    assert shell.house.asked == [
        ("clean", Path(), None, False, False),
        ("clean", Path(), None, False, True),
        ("clean", Path(), None, False, False),
    ]


def test_purge_lists_and_never_asks_without_a_terminal(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nothing").touch()
    with (tmp_path / "nothing").open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        status, out, err = shell("clean", "--purge")
    assert status == 2
    assert out == "run 7f3a, would be removed:\n  worktree `shop.worktrees/7f3a`\n"
    assert err == (
        "Error: `--purge` removes all of run 7f3a for good; nobody can be asked here\n"
        "Hint: Nothing was removed\n"
        "Hint: To do it without being asked: gitpar clean 7f3a --purge --yes\n"
    )
    assert shell("clean", "--purge", "--yes")[0] == 0
    assert shell.house.asked == [("clean", Path(), None, True, True), ("clean", Path(), None, True, False)]


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "removed"), [("y\n", True), ("n\n", False)])
def test_purge_asks_somebody_at_a_terminal(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    removed: bool,  # noqa: FBT001 - a table's column
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    status, out, err = shell("clean", "--purge")
    assert status == 0
    assert "Remove all of it for good? [y/N]: " in err
    assert ("Nothing was removed\n" in out) is not removed
    assert (shell.house.asked[-1] == ("clean", Path(), "7f3a", True, False)) is removed


def test_doctor(shell: Shell) -> None:
    shell.house.findings = (
        (True, "git", "2.39.5", ""),
        (False, "repository", "there is none here", "Go to one, or: git init"),
        (None, "overlayfs", "not probed", ""),
    )
    assert shell("doctor") == (3, EXAMINED, "")
    assert json.loads(shell("doctor", "--json")[1])[1] == {
        "ok": False,
        "title": "repository",
        "detail": "there is none here",
        "hint": "Go to one, or: git init",
    }
    shell.house.findings = shell.house.findings[:1]
    assert shell("doctor") == (0, "✓ git  2.39.5\nnothing is wrong\n", "")
