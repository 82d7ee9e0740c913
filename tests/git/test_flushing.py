"""What a worker's git has written is on the disk before anything says that it is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from gitpar.core.names import CommitId
from gitpar.git import flushing
from gitpar.git.command import GitCommand
from gitpar.git.environment import GitEnvironment
from gitpar.git.flushing import flush
from tests.support.pools import Repo, key, new_repo, sealed, shell, work


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    sealed(tmp_path, monkeypatch)
    return new_repo(tmp_path / "repo")


def command(repo: Repo) -> GitCommand:
    return GitCommand(GitEnvironment(repo.path))


def test_all_that_a_commit_brings_is_flushed_and_nothing_else(repo: Repo) -> None:
    base, objects = repo.head, repo.common / "objects"
    repo.write({"new/deep": "new\n", "a.txt": "changed\n"})
    first = repo.commit()
    repo.write({"a.txt": "changed again\n"})
    assert flush(command(repo), objects, [repo.commit()], first) == 3  # a blob, its folder, a commit
    assert flush(command(repo), objects, [repo.head], base) == 8
    assert flush(command(repo), objects, [base], base) == 0
    repo.git("repack", "-qad")  # which is flushed by git
    repo.git("prune-packed", "-q")
    assert flush(command(repo), objects, [repo.head], base) == 0
    assert flush(command(repo), objects, [CommitId("1" * 40)], base) == 0


@contextmanager
def flushed() -> Iterator[list[object]]:
    """Collects what `flush` flushes on this thread."""
    found: list[object] = []

    def look(frame: FrameType, event: str, called: object) -> None:
        asking = {one.f_code.co_filename for one in (frame, frame.f_back) if one is not None}
        if (event, called) == ("c_call", os.fsync) and flushing.__file__ in asking:
            found.append(called)

    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(None)


USES = {
    "a commit": ("echo 1 > n; git add n; git commit -qm w", 3),
    "a commit that is left behind": ("echo 1 > n; git add n; git commit -qm w; git reset -q --hard HEAD~", 3),
    "what is staged": ("echo 1 > n; git add n", 2),
    "what came out of a stash": ("echo 1 > a.txt; git stash -q; git stash pop -q", 2),
    "what a worker without git has written": ("echo 1 > n; echo 2 > a.txt", 2),
    "nothing where nothing has changed": ("true", 0),
}


def test_a_tree_that_was_there_is_flushed_as_well(repo: Repo) -> None:
    """A worker's git made the tree of the result, and left it to the system."""
    pool = repo.pool()
    place = pool.open(key(), repo.head)
    shell(place, "echo 1 > n; git add n; git write-tree > ../made")
    with flushed() as found:
        capture = pool.capture(place, processes_gone=True)
    made = place.path.with_name("made").read_text().strip()
    assert repo.git("rev-parse", f"{capture.result}^{{tree}}") == made
    # the file, and the tree, which gitpar has written once more, as what a worker left
    assert len(found) == 2


@pytest.mark.parametrize("name", USES)
def test_a_capture_flushes(repo: Repo, name: str) -> None:
    script, least = USES[name]
    with flushed() as found:
        work(repo, repo.pool(), script)
    assert len(found) >= least
    assert least or not found
