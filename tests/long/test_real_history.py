from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.history import read_history
from tests.support.judging import judge

# read while pytest imports this file: a test sees a sealed environment
FOLDER = os.environ.get("GITPAR_REPOS", "")
WANTED = int(os.environ.get("GITPAR_REPOS_TASKS", "40"))
FEWEST = 30
CLONES = sorted(path.parent for path in Path(FOLDER).glob("*/.git")) if FOLDER else []

pytestmark = pytest.mark.long


@pytest.mark.skipif(bool(CLONES), reason="there are clones: the test beside this one reads them")
def test_there_are_clones_to_judge_by() -> None:
    pytest.skip("GITPAR_REPOS names no folder with clones of repositories whose branches were merged")


@pytest.mark.parametrize("clone", CLONES, ids=lambda path: path.name)
def test_merged_branches_land_as_git_itself_folds_them(clone: Path, tmp_path: Path) -> None:
    repository = tmp_path / clone.name
    subprocess.run(["git", "clone", "--quiet", clone, repository], check=True)
    history = read_history(repository, tmp_path / "changes", os.environ, wanted=WANTED)
    if len(history.changes) < FEWEST:
        pytest.skip(f"{clone.name}: only {len(history.changes)} merged branches apply onto one commit")

    judgement = judge(repository, tmp_path, history, os.environ)

    assert not judgement.wrong, str(judgement)
