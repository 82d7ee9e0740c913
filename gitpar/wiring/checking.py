"""Puts the pre-merge check together: what CI says, the repository's refs, and the forge's open requests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from gitpar.core.check import Checked
from gitpar.core.ci import Surroundings, surroundings
from gitpar.core.names import CommitId, TaskId
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.git.builds import BuildLook
from gitpar.git.checking import Check, unmerged
from gitpar.git.comparing import workbench
from gitpar.git.coordinator import Coordinator
from gitpar.git.patches import commit_of_patch
from gitpar.git.refs import GitRefs
from gitpar.git.repository import RepositoryPlace, discover
from gitpar.symbols import can_read, read_symbols
from gitpar.wiring.branches import Branches
from gitpar.wiring.forge_address import forge_address
from gitpar.wiring.request import CheckRequest

Result = tuple[TaskId, CommitId]


def check(directory: Path, request: CheckRequest) -> Checked:
    """Compares a change with its target and with other branches, as a request asks.

    Raises UsageError for what is not there, EnvironmentFault where history is missing
    or the forge cannot be asked.
    """
    place = discover(directory)
    around = surroundings(os.environ, _event())
    refs = GitRefs(place)
    try:
        return _Checking(place, request, around, Branches(place, refs)).run()
    except EnvironmentFault as error:
        if place.shallow and around.depth_hint and error.hints:
            raise EnvironmentFault(error.message, *error.hints, around.depth_hint) from error
        raise
    finally:
        refs.close()


class _Checking:
    """One request, answered."""

    def __init__(
        self, place: RepositoryPlace, request: CheckRequest, around: Surroundings, branches: Branches
    ) -> None:
        self._place = place
        self._request = request
        self._around = around
        self._branches = branches

    def run(self) -> Checked:
        """Finds everything that is compared, and compares it."""
        request = self._request
        with workbench(self._place) as coordinator:
            target = self._branches.target(request.target, self._around)
            head = self._head(coordinator, target)
            notes: list[str] = []
            others = unmerged(coordinator, self._others(target, notes), [target, head])
            look = BuildLook(coordinator, can_read, read_symbols) if request.symbols else None
            compared, found = Check(coordinator, target, head, look).run(others)
        return Checked(
            head[0],
            target[0],
            compared.noting(notes),
            found,
            request.fail_on,
        )

    def _head(self, coordinator: Coordinator, target: Result) -> Result:
        request = self._request
        if request.patch is None:
            if request.base is not None:
                raise UsageError("`--base` is where a patch was made", "Give the patch as well: --patch FILE")
            return self._branches.head(request.head, self._around)
        name, text = request.patch
        base = target[1] if request.base is None else self._branches.commit(request.base)
        return TaskId(name), commit_of_patch(coordinator, f"the patch `{name}`", text, base)

    def _others(self, target: Result, notes: list[str]) -> Sequence[Result]:
        """Returns what else is open: by glob, by file and by the forge."""
        request, branches = self._request, self._branches
        found: list[Result] = []
        # the head's counterpart on the remote may be from before a rebase
        own = {branches.current(), self._around.branch}
        if request.patch is not None:
            own = set()
        elif request.head is not None:
            own = {branches.plain_name(request.head)}
        for glob in request.others:
            matching = branches.matching(glob, own)
            if not matching:
                notes.append(f"no other branch matches `{glob}`")
            found += matching
        if request.others_file is not None:
            found += branches.listed(request.others_file)
        if request.forge is not None:
            found += self._asked(request.forge, target, notes)
        return found

    def _asked(self, kind: str, target: Result, notes: list[str]) -> Iterable[Result]:
        from gitpar.forges.at import forge_at  # noqa: PLC0415 - rarely asked

        address = forge_address(kind, os.environ, self._branches.remote_url())
        branch = self._around.target or self._branches.plain_name(target[0])
        listed = forge_at(address).listed(branch)
        changes = [change for change in listed if change.number != self._around.number]
        here, missing = self._branches.present(changes, fetch=self._request.fetch)
        notes += [f"`{change.name}` moved while it was fetched and was left out" for change in missing]
        return [(TaskId(change.name), change.commit) for change in here]


def _event() -> str:
    path = os.environ.get("GITHUB_EVENT_PATH")
    try:
        return Path(path).read_text(encoding="utf-8") if path else ""
    except OSError as error:
        raise EnvironmentFault(
            f"the event in GITHUB_EVENT_PATH cannot be read: {error.strerror} (`{path}`)",
            "Unset GITHUB_ACTIONS, or name what to compare: --target BRANCH --head COMMIT",
        ) from error
