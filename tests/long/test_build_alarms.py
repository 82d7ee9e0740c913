from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.build_alarms import count_alarms
from tests.support.sealed import git

# read while pytest imports this file: a test sees a sealed environment
FOLDER = os.environ.get("GITPAR_REPOS", "")
COMMITS = int(os.environ.get("GITPAR_REPOS_COMMITS", "300"))
CLONES = sorted(path.parent for path in Path(FOLDER).glob("*/.git")) if FOLDER else []
FEWEST_PAIRS = 300
MOST_FALSE = 1 / 500

pytestmark = pytest.mark.long


@pytest.mark.skipif(bool(CLONES), reason="there are clones: the test beside this one reads them")
def test_there_are_clones_to_judge_by() -> None:
    pytest.skip("GITPAR_REPOS names no folder with clones of repositories")


@pytest.mark.parametrize("clone", CLONES, ids=lambda path: path.name)
def test_build_conflicts_are_rarely_warned_of_where_there_are_none(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commits = git(clone, "rev-list", "--first-parent", "--reverse", f"-{COMMITS + 1}", "HEAD").split()
    alarms = count_alarms(clone, commits)
    with capsys.disabled():
        sys.stderr.write(f"\n{clone.name}: {alarms}\n")
    if alarms.pairs < FEWEST_PAIRS:
        pytest.skip(f"{clone.name}: only {alarms.pairs} pairs")
    assert alarms.false_pairs <= 1 + alarms.pairs * MOST_FALSE, str(alarms)
