"""Pushes branches to a remote of the user's, and looks what is there.

A push is the user's own: their pre-push hook runs (it may carry large files), their
credentials are used. Nobody is asked for a password, and none is ever shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from gitpar.core.forges import BranchPush
from gitpar.core.names import CommitId
from gitpar.errors import RemoteLost
from gitpar.git.command import GitResult, UserGitCommand
from gitpar.git.environment import GitEnvironment
from gitpar.git.notes import NOTES
from gitpar.git.repository import RepositoryPlace
from gitpar.ports import RemoteBranches

_HEADS = "refs/heads/"
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_SLOWEST = (("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", "60"))
"""A connection on which nothing comes for a minute is given up."""


def remote_names(place: RepositoryPlace) -> list[str]:
    """Returns the names of all configured remotes."""
    return place.command.run("remote").text.splitlines()


def remote_url(place: RepositoryPlace, name: str) -> str:
    """Returns where a remote is pushed to, as git itself would resolve it."""
    return place.command.run("remote", "get-url", "--push", "--", name).text


class GitRemote:
    """Fulfils ports.Remote for one remote that is configured in the user's repository."""

    def __init__(self, place: RepositoryPlace, name: str) -> None:
        self.name = name
        own = place.command.environment
        settings = tuple(pair for pair in own.settings if pair[0] != "core.hooksPath") + _SLOWEST
        environment = GitEnvironment(own.cwd, _without_questions(), settings)
        self._git = UserGitCommand(environment)

    def look(self, wanted: Sequence[str]) -> RemoteBranches:
        """Returns those of its branches that match the names or globs, and its default branch."""
        patterns = [f"{_HEADS}{name}" for name in wanted]
        found = self._git.run("ls-remote", "--symref", "--", self.name, "HEAD", *patterns, ok=range(-64, 256))
        if found.status != 0:
            raise self._lost("be read", found)
        default = ""
        branches: dict[str, CommitId] = {}
        for line in found.text.splitlines():
            value, _, name = line.partition("\t")
            if value.startswith("ref: ") and name == "HEAD":
                default = value.removeprefix(f"ref: {_HEADS}")
            elif name.startswith(_HEADS):
                branches[name.removeprefix(_HEADS)] = CommitId(value)
        return RemoteBranches(branches, default)

    def fetch(self, branch: str, ref: str) -> CommitId:
        """Fetches a branch into a ref that is gitpar's own; returns where it stands there."""
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
        spec = f"+{_HEADS}{branch}:{ref}"
        found = self._git.run(
            "fetch", *quiet, "--no-recurse-submodules", "--", self.name, spec, ok=range(-64, 256)
        )
        if found.status != 0:
            raise self._lost("be fetched from", found)
        return CommitId(self._git.run("rev-parse", "--verify", f"{ref}^{{commit}}").text)

    def push(self, pushes: Sequence[BranchPush]) -> str:
        """Pushes all or none; returns what git or the remote said where it refused, else nothing."""
        leases = [f"--force-with-lease={_HEADS}{push.head}:{push.expected}" for push in pushes]
        specs = [f"{push.commit}:{_HEADS}{push.head}" for push in pushes]
        return self._pushed("--atomic", *leases, "--", self.name, *specs)

    def push_notes(self) -> str:
        """Pushes refs/notes/gitpar; a remote whose notes have gone elsewhere keeps them."""
        if not self._git.run("for-each-ref", NOTES).stdout:
            return "there are none here"
        refused = self._pushed("--", self.name, f"{NOTES}:{NOTES}")
        if refused:
            theirs = f"refs/notes/{self.name}/gitpar"
            fetch = f"git fetch {self.name} +{NOTES}:{theirs}"
            return f"{refused}; where they differ there: {fetch} && git notes --ref=gitpar merge {theirs}"
        return ""

    def _pushed(self, *arguments: str) -> str:
        done = self._git.run("push", "--porcelain", *arguments, ok=range(-64, 256))
        if done.status == 0:
            return ""
        refused = [line.split("\t") for line in done.text.splitlines() if line.startswith("!")]
        if not refused:
            raise self._lost("be pushed to", done)
        return _shown("; ".join(dict.fromkeys([*map(_reason, refused), *_said_there(done.stderr)])))

    def contains(self, newer: CommitId, older: CommitId) -> bool:
        """Says whether a commit has another, perhaps unknown one in its past."""
        known = self._git.run("cat-file", "-e", f"{older}^{{commit}}", ok=(0, 1, 128)).status == 0
        return known and (self._git.run("merge-base", "--is-ancestor", older, newer, ok=(0, 1)).status == 0)

    def _lost(self, verb: str, done: GitResult) -> RemoteLost:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        why = next((line for line in lines if line.startswith(("fatal:", "error:"))), *lines[-1:] or [""])
        return RemoteLost(
            f"the remote `{self.name}` cannot {verb}: {_shown(why) or f'git ended with {done.status}'}",
            f"Try it yourself: git ls-remote {self.name}",
        )


def _reason(fields: list[str]) -> str:
    """Returns what git says of a ref that it did not push: `! FROM:TO [rejected] (why)`."""
    branch = fields[1].rpartition(":")[2].removeprefix(_HEADS) if len(fields) > 1 else ""
    return f"`{branch}` {fields[-1]}"


def _said_there(stderr: str) -> list[str]:
    """Returns what the other side's hooks have said."""
    lines = (
        line.removeprefix("remote:").strip() for line in stderr.splitlines() if line.startswith("remote:")
    )
    return [line for line in lines if line]


def _shown(text: str) -> str:
    """Removes names and passwords from addresses."""
    return _CREDENTIALS.sub("", text)


def _without_questions() -> dict[str, str]:
    """Makes ssh ask a program instead of a terminal that nobody looks at; one that says no, unless set."""
    return {
        "SSH_ASKPASS_REQUIRE": "force",
        "SSH_ASKPASS": os.environ.get("SSH_ASKPASS", "false"),
    }
