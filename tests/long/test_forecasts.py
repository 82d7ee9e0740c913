"""Forecasts of real histories: learned from what was earlier, judged on what came later.

What each past change really touched is taken for its declared files. Every later pair
within a wave is judged by what git says of the two (gitpar.git.replay).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitpar.core.history import Replay
from gitpar.git.attributes import Attributes
from gitpar.git.comparing import workbench
from gitpar.git.replay import read_changes, replay
from gitpar.git.repository import discover
from tests.support.foretelling import (
    Verdict,
    average_precision,
    calibration_error,
    intersection_precision,
    judge,
)

# read while pytest imports this file: a test sees a sealed environment
FOLDER = os.environ.get("GITPAR_REPOS", "")
CHANGES = int(os.environ.get("GITPAR_REPOS_CHANGES", "1000"))
FEWEST = 300
CLONES = sorted(path.parent for path in Path(FOLDER).glob("*/.git")) if FOLDER else []
OF_PULL_REQUESTS = 0.11
"""The average precision of file intersection alone on 69,352 pairs of real pull requests."""

MANY = 5
VERDICTS: dict[str, Verdict] = {}
"""What the test of each clone found, for the test of all."""

pytestmark = pytest.mark.long


@pytest.mark.skipif(bool(CLONES), reason="there are clones: the test beside this one reads them")
def test_there_are_clones_to_judge_by() -> None:
    pytest.skip("GITPAR_REPOS names no folder with clones of repositories with a history")


@pytest.mark.parametrize("clone", CLONES, ids=lambda path: path.name)
def test_forecasts_learned_earlier_hold_later(clone: Path, tmp_path: Path) -> None:
    history = replayed(clone, tmp_path / clone.name)
    if len(history.changes) < FEWEST:
        pytest.skip(f"{clone.name}: only {len(history.changes)} changes")
    found = judge(history)
    VERDICTS[clone.name] = found
    sys.stdout.write(f"\n{clone.name}\n{found}\n")

    assert calibration_error(found.pairs) <= 0.04, str(found)
    assert average_precision(found.pairs) >= 3 * OF_PULL_REQUESTS, str(found)
    for jobs, played in found.makespans.items():
        assert played.advised < played.parallel, f"{jobs} jobs\n{found}"


@pytest.mark.skipif(not CLONES, reason="there are no clones")
def test_over_all_repositories_forecasts_hold() -> None:
    if len(VERDICTS) < min(len(CLONES), MANY):
        pytest.skip("the test above did not judge them in this process")
    found = sum(VERDICTS.values(), Verdict([], {}))
    sys.stdout.write(f"\nall {len(VERDICTS)}\n{found}\n")

    assert calibration_error(found.pairs) <= 0.03, str(found)
    # where so many of the pairs conflict, three times intersection alone would be more than 1
    assert average_precision(found.pairs) >= 1.5 * intersection_precision(found.pairs), str(found)
    for jobs, played in found.makespans.items():
        assert played.advised < min(played.parallel, played.apart), f"{jobs} jobs\n{found}"
        assert played.advised <= 1.35 * played.oracle, f"{jobs} jobs\n{found}"


def replayed(clone: Path, place: Path) -> Replay:
    """Replays the newest changes of a clone in a copy that shares its objects."""
    subprocess.run(["git", "clone", "--quiet", "--shared", "--no-checkout", clone, place], check=True)
    repository = discover(place)
    with workbench(repository) as coordinator:
        tip = repository.command.run("rev-parse", "HEAD").text
        changes = read_changes(coordinator.scratch, tip, CHANGES)  # type: ignore[arg-type]
        attributes = Attributes(coordinator.attributes, repository.common / "info" / "attributes")
        return replay(coordinator, attributes, changes, most=10**6)
