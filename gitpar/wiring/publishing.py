"""`gitpar publish`: finds remote and forge, takes the run's lease, and publishes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gitpar.core import events as e
from gitpar.core.apply import apply, fold
from gitpar.core.forges import ForgeKind, Layer
from gitpar.core.operations import is_undone
from gitpar.core.publication import Publication
from gitpar.core.publishing import Words, layers, opens_requests, planned, problems
from gitpar.core.run import Run
from gitpar.core.settings import PublishAs, RunSettings
from gitpar.core.view import RunView, view
from gitpar.engine.publishing import Outside, Publisher, look
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.forges.address import ForgeAddress
from gitpar.forges.at import forge_at
from gitpar.git.remotes import GitRemote, remote_names, remote_url
from gitpar.git.repository import RepositoryPlace
from gitpar.journal.lease import Owner
from gitpar.journal.sqlite import SqliteJournal
from gitpar.ports import Forge, Remote, Watcher
from gitpar.values import dataclass
from gitpar.wiring.clock import SystemClock
from gitpar.wiring.forge_address import forge_address
from gitpar.wiring.request import PublishPlan, PublishRequest
from gitpar.wiring.site import Site

_USUAL = ("main", "master")
_VARIABLES = {
    ForgeKind.GITHUB: "GITHUB_TOKEN (or log in: gh auth login)",
    ForgeKind.GITLAB: "GITLAB_TOKEN",
    ForgeKind.GITEA: "GITEA_TOKEN",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """How, where to and for which branch a run is published; an empty target is the remote's default."""

    mode: PublishAs
    remote: str
    target: str
    address: ForgeAddress | None


def publish(directory: Path, request: PublishRequest, watcher: Watcher) -> RunView:
    """Publishes a run that has ended, or goes on with a publishing that was cut short.

    Raises UsageError and EnvironmentFault before anything was pushed; what stops it later
    is EnvironmentFault as well, and calling again goes on.
    """
    site = Site.at(directory)
    chosen = ended(_chosen(site, request.run))
    if chosen.sisters is not None:
        from gitpar.wiring.publishing_across import publish_across  # noqa: PLC0415 - most are in one

        return publish_across(chosen, request, watcher)
    run = publish_at(site, chosen, request, watcher)
    return view(run, run.last_at)


def publish_at(
    site: Site, chosen: Run, request: PublishRequest, watcher: Watcher, *, whole: bool = True
) -> Run:
    """Publishes what a run has in one repository; see Publisher.publish for `whole`."""
    goal = goal_of(site.place, chosen.settings, as_before(chosen, request), ci=is_first(chosen))
    journal = SqliteJournal.own(site.journal_path, chosen.id, Owner.this_process())
    try:
        run = ended(fold(list(journal.events(chosen.id))))
        remote, forge = _sides(site.place, goal)
        outside = Outside(remote, forge, SystemClock(), time.sleep)
        watcher.begin(run)
        try:
            if (opened := _opening(run, goal, remote, notes=request.notes)) is not None:
                journal.append([opened])
                apply(run, opened)
                watcher.event(opened, run)
            if (publication := run.publication) is None:
                raise ValueError("a publication that was opened is not there")
            words = _words(run, publication.layers, request)
            Publisher(run, journal, outside, watcher).publish(publication, words, whole=whole)
        finally:
            watcher.end(run)
        return run
    finally:
        journal.close()


def publish_plan(directory: Path, request: PublishRequest) -> Sequence[PublishPlan]:
    """Returns what `publish` would do, in order, and the problems that are seen already.

    That is one plan a repository. Asks remote and forge and changes nothing.
    """
    site = Site.at(directory)
    run = ended(_chosen(site, request.run))
    if run.sisters is not None:
        from gitpar.wiring.publishing_across import plans_across  # noqa: PLC0415 - most are in one

        return plans_across(run, request)
    return [plan_at(site, run, request)]


def plan_at(site: Site, run: Run, request: PublishRequest, name: str = "") -> PublishPlan:
    """Returns what `publish` would do in one repository."""
    goal = goal_of(site.place, run.settings, as_before(run, request), ci=is_first(run))
    remote, forge = _sides(site.place, goal)
    target = goal.target or _default_branch(goal, remote)
    publication = Publication(goal.mode, goal.remote, target, layers(run, goal.mode, target), request.notes)
    seen = look(remote, forge, run, publication)
    publication.problems = problems(run, publication, seen)
    steps = planned(run, publication, seen, _words(run, publication.layers, request))
    return PublishPlan(name, publication, steps)


def as_before(run: Run, request: PublishRequest) -> PublishRequest:
    """Fills in what is not said from how the run was published last, if it is to be done so again."""
    last = run.publication
    if last is None or request.mode not in (None, last.mode) or request.remote not in (None, last.remote):
        return request
    return replace(request, mode=last.mode, remote=last.remote, target=request.target or last.target or None)


def goal_of(
    place: RepositoryPlace, settings: RunSettings, request: PublishRequest, *, ci: bool = True
) -> Goal:
    """Returns what is asked for by request and settings; looks at no other machine.

    `ci` says whether CI's variables are about this repository.

    Raises UsageError where something is missing, EnvironmentFault where there is no token.
    """
    mode = request.mode or settings.publish
    if mode is None:
        modes = ", ".join(PublishAs)
        raise UsageError("it is not said how to publish", f"Say it: --as MODE, one of {modes}")
    remote = _remote_name(place, request.remote or settings.remote)
    target = request.target or settings.target or ""
    if mode is PublishAs.INTO:
        target = target or settings.into or ""
        if not target:
            raise UsageError("it is not said which branch of the remote to move", "Say it: --target BRANCH")
    target = target.removeprefix("refs/heads/")
    if not opens_requests(mode):
        return Goal(mode, remote, target, None)
    kind = request.forge or settings.forge or "auto"
    address = forge_address(kind, os.environ, remote_url(place, remote), ci=ci)
    if address.permit is None:
        raise EnvironmentFault(
            f"requests cannot be made at `{address.api}` without a token; nothing was pushed",
            f"Set {_VARIABLES[address.kind]}",
        )
    return Goal(mode, remote, target, address)


def is_first(run: Run) -> bool:
    """Says whether a run is in the repository that gitpar was started in."""
    return run.sisters is None or run.sisters.own == run.sisters.all[0].name


def check(place: RepositoryPlace, settings: RunSettings, *, ci: bool = True) -> None:
    """Raises what `publish` would raise for want of a remote, a target, a forge or a token.

    The remote is asked for its default branch where that is needed, so it must be there.
    """
    goal = goal_of(place, settings, PublishRequest(describe=lambda _view, _layer: Words("", "")), ci=ci)
    if not goal.target:
        _default_branch(goal, GitRemote(place, goal.remote))


def _remote_name(place: RepositoryPlace, asked: str | None) -> str:
    names = remote_names(place)
    if asked is not None:
        if asked not in names:
            add = f"Add it: git remote add {asked} URL"
            known = f"There are: {', '.join(names)}. Say which: --remote NAME" if names else "There is none"
            raise UsageError(f"there is no remote `{asked}`", known, add)
        return asked
    if not names:
        raise UsageError("there is no remote to publish to", "Add one: git remote add origin URL")
    if "origin" in names:
        return "origin"
    if len(names) > 1:
        raise UsageError(f"there are several remotes: {', '.join(names)}", "Say which: --remote NAME")
    return names[0]


def _chosen(site: Site, named: str | None) -> Run:
    """Replays the named run, else the newest that has ended: an older one that was left is not meant."""
    if named is None:
        for run_id in reversed(site.run_ids()):
            run = site.folded(run_id)
            if run.end is not None and run.end is not e.RunEnd.INTERRUPTED:
                return run
    return site.chosen(named)


def ended(run: Run) -> Run:
    """Returns a run that can be published; raises UsageError for another."""
    if run.end is None or run.end is e.RunEnd.INTERRUPTED:
        raise UsageError(
            f"run {run.id} has not ended; nothing was published",
            f"Go on with it: gitpar resume {run.id}",
        )
    if is_undone(run):
        raise UsageError(
            f"run {run.id} was undone; nothing was published",
            "To have it back, undo the undo; `gitpar history` names it",
        )
    return run


def _sides(place: RepositoryPlace, goal: Goal) -> tuple[Remote, Forge | None]:
    forge = forge_at(goal.address) if goal.address is not None else None
    return GitRemote(place, goal.remote), forge


def _opening(run: Run, goal: Goal, remote: Remote, *, notes: bool) -> e.PublishOpened | None:
    """Returns what opens a publication, None where one of the same was cut short and goes on."""
    target = goal.target or _default_branch(goal, remote)
    wanted = layers(run, goal.mode, target)
    known = run.publication
    if (
        known is not None
        and not known.closed
        and known.notes >= notes
        and (known.mode, known.remote, known.target, known.layers) == (goal.mode, goal.remote, target, wanted)
    ):
        return None
    return e.PublishOpened(
        at=time.time(), mode=goal.mode, remote=goal.remote, target=target, layers=wanted, notes=notes
    )


def _default_branch(goal: Goal, remote: Remote) -> str:
    """Returns the branch that requests go into where nobody says; pushing alone needs none."""
    if not opens_requests(goal.mode):
        return ""
    there = remote.look(_USUAL)
    usual = [name for name in _USUAL if name in there.branches]
    default = there.default or (usual[0] if len(usual) == 1 else "")
    if not default:
        raise UsageError(
            f"it is not clear which branch of `{goal.remote}` the work is for", "Say it: --target BRANCH"
        )
    return default


def _words(run: Run, parts: Sequence[Layer], request: PublishRequest) -> dict[str, Words]:
    seen = view(run, run.last_at)
    return {layer.head: request.describe(seen, layer) for layer in parts}
