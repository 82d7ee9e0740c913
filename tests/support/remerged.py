"""What git itself says of merges that it makes again: the judge of `gitpar verify`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from gitpar.core.names import CommitId
from gitpar.core.verification import Judged, Verdict
from gitpar.git.comparing import workbench
from gitpar.git.repository import discover
from gitpar.git.verifying import Verification
from tests.support.plaingit import PlainGit


def remerge_diffs(git: PlainGit, commits: Sequence[str]) -> dict[str, set[str]]:
    """Returns by merge the files that `git show --remerge-diff` shows.

    One git each: where git 2.39 makes many merges in one `git log`, it shows files that
    it does not show for the merge alone.
    """
    asked = ("show", "--remerge-diff", "--no-renames", "--name-only", "-z", "--format=")
    return {
        commit: {os.fsdecode(name) for name in git.raw(*asked, commit).strip(b"\n").split(b"\0") if name}
        for commit in commits
    }


def wrong_alarms(git: PlainGit, judged: Sequence[Judged]) -> list[str]:
    """Names each alarm that git's own remerge does not bear out, and each stray file without an alarm."""
    shown = remerge_diffs(git, [one.commit for one in judged])
    wrong = []
    for one in judged:
        files = shown.get(one.commit, set())
        if one.verdict is Verdict.ALARM and not set(one.edited) <= files:
            wrong.append(
                f"{one.commit}: alarm about {sorted(set(one.edited) - files)[:3]}, git shows {files}"
            )
        if one.verdict is Verdict.PROVED and files:
            wrong.append(f"{one.commit}: proved, but git shows {sorted(files)[:3]}")
    return wrong


def judge_merges(repository: Path, commits: Sequence[str]) -> list[Judged]:
    """Judges single merges, each by itself."""
    with workbench(discover(repository)) as coordinator:
        return Verification(coordinator, None).merges([CommitId(commit) for commit in commits])


def all_merges(git: PlainGit) -> Sequence[str]:
    """Every merge of two parents below HEAD, newest first."""
    return git.lines("rev-list", "--min-parents=2", "--max-parents=2", "HEAD")


def environ_of(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which no setting changes a merge."""
    named = {"GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@x", "GIT_COMMITTER_NAME": "T"}
    return {
        **environ,
        **named,
        "GIT_COMMITTER_EMAIL": "t@x",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
