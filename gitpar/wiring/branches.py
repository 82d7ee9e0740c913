"""Finds the branches that a check is about: target, head, and what else is open."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from gitpar.core.ci import Surroundings
from gitpar.core.forges import OpenChange
from gitpar.core.names import CommitId, RefName, TaskId
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.git.command import GitFailed, UserGitCommand
from gitpar.git.refs import GitRefs
from gitpar.git.repository import RepositoryPlace

Result = tuple[TaskId, CommitId]

_USUAL = ("main", "master")
_MOST_NAMED = 20


class Branches:
    """The branches of a repository, local ones and those of its remotes. Moves none."""

    def __init__(self, place: RepositoryPlace, refs: GitRefs) -> None:
        self._git = place.command
        self._refs = refs
        heads, remotes = refs.read("refs/heads"), refs.read("refs/remotes")
        self._all: Mapping[RefName, CommitId] = {**heads, **remotes}
        names = self._git.run("remote").text.splitlines()
        self.remote = "origin" if "origin" in names or not names else names[0]

    # --- target and head --------------------------------------------------------------

    def target(self, given: str | None, around: Surroundings) -> Result:
        """Returns what the change is to be merged into: as given, as CI says, else the main branch.

        Raises EnvironmentFault where CI names a branch that was not fetched.
        """
        if given is not None:
            return TaskId(given), self.commit(given)
        if around.target:
            return self._fetched(around.target)
        default = self._git.run(
            "symbolic-ref", "--quiet", f"refs/remotes/{self.remote}/HEAD", ok=(0, 1, 128)
        ).text
        usual = [f"refs/{where}/{name}" for where in (f"remotes/{self.remote}", "heads") for name in _USUAL]
        for ref in filter(None, (default, *usual)):
            if RefName(ref) in self._all:
                return TaskId(_short(ref)), self._all[RefName(ref)]
        raise UsageError("it is not clear what the change is to be merged into", "Say it: --target BRANCH")

    def head(self, given: str | None, around: Surroundings) -> Result:
        """Returns the change itself: as given, as CI says, else HEAD."""
        if given is not None:
            return TaskId(given), self.commit(given)
        name = TaskId(around.branch or "HEAD")
        if around.head:
            if (commit := self._known(around.head)) is None:
                raise EnvironmentFault(
                    f"the commit {around.head[:12]}, which {around.name} says is to be merged, is not here",
                    f"Fetch it: git fetch {self.remote} {around.head}",
                )
            return name, commit
        parents = self._git.run("rev-list", "--parents", "-1", "HEAD", ok=(0, 128)).text.split()[1:]
        if around.merged and len(parents) == 2:
            return name, CommitId(parents[1])
        return name, self.commit("HEAD")

    def commit(self, revision: str) -> CommitId:
        """Returns the commit of a revision, a branch of the remote by its short name as well.

        Raises UsageError where there is none.
        """
        remote = self._all.get(RefName(f"refs/remotes/{self.remote}/{revision}"))
        # what git itself knows counts first: every clone has an `origin/HEAD`, and HEAD is another
        if remote is not None and self._known(revision) is None:
            return remote
        return self._refs.resolve(revision)

    def plain_name(self, name: str) -> str:
        """Returns a branch's name as the forge knows it."""
        return name.removeprefix("refs/heads/").removeprefix("refs/remotes/").removeprefix(f"{self.remote}/")

    def remote_url(self) -> str:
        """Returns where the remote is, empty where there is none."""
        return self._git.run("remote", "get-url", self.remote, ok=(0, 2, 128)).text

    # --- others -----------------------------------------------------------------------

    def matching(self, glob: str, own: Collection[str]) -> list[Result]:
        """Returns the branches whose name matches, without those called as one of `own`."""
        found = []
        for ref, commit in self._all.items():
            name = _short(ref)
            plain = name.partition("/")[2] if ref.startswith("refs/remotes/") else name
            matches = any(fnmatch.fnmatchcase(each, glob) for each in (name, ref, plain))
            if matches and plain not in own and plain != "HEAD":
                found.append((TaskId(name), commit))
        return found

    def current(self) -> str:
        """Returns the branch that is checked out, empty where there is none."""
        return self._git.run("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1, 128)).text

    def listed(self, path: Path) -> list[Result]:
        """Returns the revisions of a file, one a line; empty lines and those with `#` count as none."""
        try:
            lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except OSError as error:
            raise UsageError(
                f"`{path}` cannot be read: {error.strerror}", "Give a file with a branch a line"
            ) from error
        found = []
        for number, line in enumerate(lines, start=1):
            name = line.strip()
            if name and not name.startswith("#"):
                try:
                    found.append((TaskId(name), self.commit(name)))
                except UsageError as error:
                    raise UsageError(f"`{path}` line {number}: {error.message}", *error.hints) from error
        return found

    def present(
        self, changes: Sequence[OpenChange], *, fetch: bool
    ) -> tuple[list[OpenChange], list[OpenChange]]:
        """Returns the changes whose commits are here, and those that could not be had even by fetching.

        Raises EnvironmentFault where some are missing and nothing is to be fetched.
        """
        missing = [change for change in changes if self._known(change.commit) is None]
        if missing and not fetch:
            names = " ".join(change.ref for change in missing[:_MOST_NAMED])
            raise EnvironmentFault(
                f"the commits of {len(missing)} open requests are not here, {missing[0].name} among them",
                f"Fetch them: git fetch {self.remote} {names}",
                "Or let gitpar do that: --fetch",
            )
        if missing:
            self._fetch([change.ref for change in missing])
        lost = [change for change in missing if self._known(change.commit) is None]
        return [change for change in changes if change not in lost], lost

    def _fetch(self, refs: Sequence[str]) -> None:
        """Fetches objects and writes no ref, not even FETCH_HEAD."""
        arguments = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self.remote, *refs)
        try:
            UserGitCommand(self._git.environment).run(*arguments)
        except GitFailed as error:
            raise EnvironmentFault(
                f"the open requests cannot be fetched: {error.message}",
                f"Try it yourself: git fetch {self.remote} {refs[0]}",
            ) from error

    def _known(self, commit: str) -> CommitId | None:
        found = self._git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}", ok=(0, 1, 128)
        )
        return CommitId(found.text) if found.status == 0 else None

    def _fetched(self, branch: str) -> Result:
        for ref in (f"refs/remotes/{self.remote}/{branch}", f"refs/heads/{branch}"):
            if RefName(ref) in self._all:
                return TaskId(_short(ref)), self._all[RefName(ref)]
        raise EnvironmentFault(
            f"the target `{branch}` is not here",
            f"Fetch it: git fetch {self.remote} +refs/heads/{branch}:refs/remotes/{self.remote}/{branch}",
        )


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
