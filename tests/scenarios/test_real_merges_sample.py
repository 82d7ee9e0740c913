"""A made-up busy history, some of its merges evil: what git's own remerge shows is what is said of it."""

from __future__ import annotations

import os
from pathlib import Path

from gitpar.core.verification import Verdict
from tests.support.merged import MergedHistory
from tests.support.plaingit import PlainGit
from tests.support.remerged import all_merges, environ_of, judge_merges, remerge_diffs, wrong_alarms


def test_alarms_are_what_a_remerge_shows(tmp_path: Path) -> None:
    repository = MergedHistory(tmp_path / "busy", os.environ).write()
    git = PlainGit(repository, environ_of(os.environ))
    merges = all_merges(git)
    evil = [_evil(git, merge) for merge in merges[:5]]
    judged = judge_merges(repository, [*merges, *evil])
    assert {one.commit for one in judged if one.verdict is Verdict.ALARM} >= set(evil)
    assert not wrong_alarms(git, judged)
    assert wrong_alarms(git, [one for one in judged if one.commit in evil][:1]) == []
    shown = remerge_diffs(git, evil)
    assert all(shown[one.commit] == set(one.edited) for one in judged if one.commit in shown)


def _evil(git: PlainGit, merge: str) -> str:
    """The merge made again with a file that neither side knows."""
    blob = git.text("hash-object", "-w", "--stdin", stdin=b"smuggled\n")
    listed = git.raw("ls-tree", "-z", merge)
    tree = git.text("mktree", "-z", stdin=listed + f"100644 blob {blob}\tzz-smuggled\0".encode())
    parents = git.text("show", "-s", "--format=%P", merge).split()
    sides = [word for parent in parents for word in ("-p", parent)]
    return git.text("commit-tree", *sides, "-m", "evil", tree)
