from __future__ import annotations

import os
from pathlib import Path

from tests.support.history import read_history
from tests.support.judging import judge
from tests.support.merged import MergedHistory


def test_a_merged_history_lands_as_git_itself_folds_it(tmp_path: Path) -> None:
    repository = MergedHistory(tmp_path / "busy", os.environ).write()
    history = read_history(repository, tmp_path / "changes", os.environ, wanted=30)
    assert len(history.changes) >= 20

    judgement = judge(repository, tmp_path, history, os.environ)

    assert judgement.folded.aside, "the history has no conflict, so the sample shows too little"
    assert not judgement.wrong, str(judgement)


def test_the_seed_makes_the_history(tmp_path: Path) -> None:
    made = [MergedHistory(tmp_path / name, os.environ, seed=7).write(branches=13) for name in ("one", "two")]
    read = [read_history(each, tmp_path / f"of-{each.name}", os.environ, wanted=10) for each in made]

    assert read[0].base == read[1].base
    assert [each.commit for each in read[0].changes] == [each.commit for each in read[1].changes]
