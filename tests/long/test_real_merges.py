"""Merges of real repositories: every alarm is one that git's own remerge shows as well."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gitpar.core.verification import Verdict
from tests.support.plaingit import PlainGit
from tests.support.remerged import all_merges, environ_of, judge_merges, wrong_alarms

# read while pytest imports this file: a test sees a sealed environment
FOLDER = os.environ.get("GITPAR_REPOS", "")
WANTED = int(os.environ.get("GITPAR_REPOS_MERGES", "600"))
CLONES = sorted(path.parent for path in Path(FOLDER).glob("*/.git")) if FOLDER else []

pytestmark = pytest.mark.long


@pytest.mark.skipif(bool(CLONES), reason="there are clones: the test beside this one reads them")
def test_there_are_clones_to_judge_by() -> None:
    pytest.skip("GITPAR_REPOS names no folder with clones of repositories whose branches were merged")


@pytest.mark.parametrize("clone", CLONES, ids=lambda path: path.name)
def test_no_alarm_is_false(clone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = tmp_path / clone.name
    # bare: no worktree whose attributes would count for merges of long ago
    subprocess.run(["git", "clone", "--quiet", "--bare", "--shared", clone, repository], check=True)
    git = PlainGit(repository, environ_of(os.environ))
    known = all_merges(git)
    chosen = sorted(random.Random(4).sample(known, min(WANTED, len(known))), key=known.index)

    judged = judge_merges(repository, chosen)
    wrong = wrong_alarms(git, judged)

    verdicts = Counter(one.verdict.value for one in judged)
    taking = sum(1 for one in judged if one.verdict is Verdict.ALARM and one.reverts)
    with capsys.disabled():
        told = f"{clone.name}: {len(judged)} merges, {dict(verdicts)}, {taking} alarms take work back\n"
        sys.stdout.write(told)
    assert len(judged) == len(chosen)
    assert not wrong, "\n".join(wrong)
