"""Thousands of pairs of real branches: gitpar's verdict is git's, and touching hunks come close to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.history import read_history
from tests.support.pairs import Verdicts, crowded_tips, judge, precision, recall, turned_tips

# read while tests are collected, before each test gets a sealed environment
FOLDER = os.environ.get("GITPAR_REPOS", "")
CLONES = sorted(path.parent for path in Path(FOLDER).glob("*/.git")) if FOLDER else []
WINDOWS = ((0, 250), (250, 250))
WANTED = 30
ON_ONE_BASE = 36
PLACES = (50, 150, 300, 450)
ENOUGH = 3000

pytestmark = pytest.mark.long


@pytest.mark.skipif(not CLONES, reason="GITPAR_REPOS names no folder with clones of repositories")
def test_every_verdict_on_real_branches_is_that_of_git(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[Verdicts] = []

    def look(repository: Path, tips: Sequence[str], name: str) -> None:
        if len(tips) > 1:
            said.append(judge(repository, tips, os.environ, tmp_path / "objects" / name))
            with capsys.disabled():
                sys.stdout.write(f"\n{name}: {said[-1]}")

    for clone in CLONES:
        for skip, window in WINDOWS:
            tips = crowded_tips(clone, os.environ, skip=skip, window=window, wanted=WANTED)
            look(clone, tips, f"{clone.name}, merges {skip} to {skip + window}")
        # merged branches came after each other: brought onto one base, more of them conflict
        for at in PLACES:
            scratch = tmp_path / f"{clone.name}-{at}"
            tips = turned_tips(clone, scratch, os.environ, at=at)
            look(scratch, tips, f"{clone.name}, both ways from {at}")
        history = read_history(clone, tmp_path / clone.name, os.environ, wanted=ON_ONE_BASE)
        look(history.scratch.folder, [each.commit for each in history.changes], f"{clone.name}, on one base")
    pairs, conflicts = sum(each.pairs for each in said), sum(len(each.git) for each in said)
    with capsys.disabled():
        sys.stdout.write(
            f"\nall: {pairs} pairs, {conflicts} conflicts, touching hunks: recall {recall(said):.4f},"
            f" precision {precision(said):.4f}"
        )
    assert [(each.missed, each.invented) for each in said] == [([], [])] * len(said)
    if pairs < ENOUGH:
        pytest.skip(f"only {pairs} pairs: the clones have too few merges to judge the hunks by")
    assert recall(said) >= 0.99
    assert precision(said) >= 0.85
