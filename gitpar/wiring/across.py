"""A plan over several repositories: a run in each of them, with one id, driven together by one gitpar.

Every run has its own journal, lease, branches and undo. Loaded only where a plan names a
repository, or where a run has sisters.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

from gitpar.config import Settings, load_settings
from gitpar.core.apply import apply, fold
from gitpar.core.asked import Sister, Sisters
from gitpar.core.events import Event, PersonDecided
from gitpar.core.names import RunId, TaskId
from gitpar.core.operations import is_undone
from gitpar.core.remedies import Remedies, decisions
from gitpar.core.run import Run
from gitpar.core.selection import Skipped
from gitpar.core.settings import Barrier
from gitpar.core.sister_view import together
from gitpar.core.view import RunView
from gitpar.engine.coordinator import Coordinator, asked_to_stop
from gitpar.engine.together import Seat, Together
from gitpar.errors import UsageError
from gitpar.git.checkout import uncommitted
from gitpar.journal.lease import Owner
from gitpar.journal.sqlite import SqliteJournal, new_run_id
from gitpar.plans.model import Plan
from gitpar.ports import Watcher
from gitpar.values import dataclass
from gitpar.wiring.clock import SystemClock
from gitpar.wiring.crew import crew_of, look_for
from gitpar.wiring.preparing import Prepared, prepared, sandboxes_of, settings_of, workers_of
from gitpar.wiring.repositories import Repo, repositories
from gitpar.wiring.request import RunRequest
from gitpar.wiring.running import Owned, begun, catch_up, decided, driven, is_finished, prepared_alone
from gitpar.wiring.sandboxing import Sandboxes
from gitpar.wiring.sister_sites import SisterRun, sister_runs
from gitpar.wiring.sisterly import Share, beside
from gitpar.wiring.site import Site


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run that may go on: its events are not journaled yet."""

    run: Run
    events: Sequence[Event]
    settings: Settings
    sandboxes: Sandboxes


@dataclass(slots=True)
class _Part:
    """One repository's run, and how it begins once its journal is owned."""

    sister: Sister
    site: Site
    run: RunId
    begin: Callable[[SqliteJournal], _Begun]
    steal: bool = False
    ran: Run | None = None
    failed: BaseException | None = None


def start_across(site: Site, chosen: tuple[Plan, Skipped], request: RunRequest, watcher: Watcher) -> RunView:
    """Runs a plan whose tasks name repositories; where they all name one, that is run as ever."""
    plan, skipped = chosen
    first, _ = settings_of(site, request, plan)
    plan, repos = repositories(site, plan, first.repos)
    if len(repos) == 1:
        with uncommitted(site.place) as changes:
            alone = prepared_alone(site, (plan, skipped), request, changes)
        return begun(site, alone, watcher)
    if first.run.barrier is Barrier.MERGED:
        raise UsageError(
            "`--barrier merged` is for a plan of one repository, and this one is over several",
            "Leave it out: --barrier landed. Waves then start when the one before has landed everywhere",
        )
    run = new_run_id([each for repo in repos for each in repo.site.run_ids()])
    parts = []
    for repo in repos:
        share = _share(repo, repos, request, first)
        if share.first:
            share = replace(share, base=request.base or plan.settings.base or share.base)
        with uncommitted(repo.site.place) as changes:
            made = prepared(repo.site, (plan, skipped), request, run, share=share, changes=changes)
        parts.append(_Part(repo.sister, repo.site, run, _beginning(made)))
    return _driven(parts, watcher)


def _share(repo: Repo, repos: Sequence[Repo], request: RunRequest, first: Settings) -> Share:
    said = repo.said
    return Share(
        sisters=Sisters(repo.name, tuple(each.sister for each in repos)),
        base=said.base if said is not None else None,
        remote=said.remote if said is not None and "remote" not in request.flags else None,
        settings_of_first=None if repo is repos[0] else first,
    )


def _beginning(made: Prepared) -> Callable[[SqliteJournal], _Begun]:
    return lambda _journal: _Begun(Run(made.opened), [made.opened], made.settings, made.sandboxes)


def resume_across(
    chosen: Run, watcher: Watcher, *, steal: bool = False, asked: Remedies, found: Sequence[Event] = ()
) -> RunView:
    """Goes on with a run in all of its repositories; see running.resume for what may be asked."""
    if asked.replan is not None:
        raise UsageError(
            "`--replan`: a run over several repositories keeps the plan that it began with",
            "Start the new plan as a run of its own; what has landed is on the level branches",
        )
    runs = sister_runs(chosen)
    for each in runs:
        if is_undone(each.run):
            last = each.run.operations[-1].id
            raise UsageError(
                f"run {chosen.id} was undone in `{each.sister.name}`, so there is nothing to go on from",
                f"Bring it back: gitpar undo {last}",
            )
    if all(is_finished(each.run) for each in runs) and not (asked or found):
        return together([(each.sister, each.run) for each in runs])
    if asked:
        _check(chosen, runs, asked)
    known = _decisions(runs)
    first, _ = load_settings(runs[0].site.place.main, {}, os.environ)
    parts = [
        _Part(each.sister, each.site, chosen.id, _taking_over(each, asked, known, first), steal=steal)
        for each in runs
    ]
    return _driven(parts, watcher)


def _check(chosen: Run, runs: Sequence[SisterRun], asked: Remedies) -> None:
    """Refuses what cannot be done before any run is taken over; what it refuses it says itself."""
    for each in runs:
        if own := _own(asked, each.run):
            decisions(each.run, own, time.time())
    named = {*asked.retry, *asked.skip, *asked.accept, *asked.resolve, *(name for name, _ in asked.approve)}
    if unknown := [name for name in named if name not in chosen.tasks]:
        decisions(chosen, Remedies(retry=(unknown[0],)), time.time())


def _own(asked: Remedies, run: Run) -> Remedies:
    """Returns what is asked about a run's own tasks."""

    def own(names: tuple[TaskId, ...]) -> tuple[TaskId, ...]:
        return tuple(name for name in names if name in run.tasks and name not in run.elsewhere)

    return replace(
        asked,
        retry=own(asked.retry),
        skip=own(asked.skip),
        accept=own(asked.accept),
        resolve=own(asked.resolve),
        approve=tuple(pair for pair in asked.approve if own((pair[0],))),
    )


def _decisions(runs: Sequence[SisterRun]) -> list[PersonDecided]:
    """Returns what people have decided so far, as the repository knows it that knows most.

    A decision is journaled in one after the other; who was killed between has it in some.
    """
    found: list[PersonDecided] = []
    for each in runs:
        journal = each.site.journal()
        with closing(journal):
            own = [event for event in journal.events(each.run.id) if isinstance(event, PersonDecided)]
        found = max(found, own, key=len)
    return found


def _taking_over(
    of: SisterRun, asked: Remedies, known: Sequence[PersonDecided], first: Settings
) -> Callable[[SqliteJournal], _Begun]:
    """Returns how a run is taken over, in the thread that then drives it."""
    site = of.site

    def begin(journal: SqliteJournal) -> _Begun:
        replayed = list(journal.events(of.run.id))
        run = fold(replayed)
        settings, _ = load_settings(site.place.main, {}, os.environ)
        settings = beside(replace(settings, run=run.settings), first)
        crew = crew_of(settings, site.place.main)
        if run.settings.agents:
            look_for(crew, run.settings.agents, os.environ)
        sandboxes = sandboxes_of(site, crew, settings)
        mine = (task for task in run.graph if task.id not in run.elsewhere)
        told = sandboxes.check(workers_of(mine, run.settings))
        events = catch_up(site, run, first, ())
        missed = known[sum(isinstance(event, PersonDecided) for event in replayed) :]
        for each in missed:
            apply(run, each)
        more = _asked_of(site, settings, run, asked) if asked else []
        for event in more:
            apply(run, event)
        run.notices += tuple(one for one in told if one not in run.notices)
        return _Begun(run, [*events, *missed, *more], settings, sandboxes)

    return begin


def _asked_of(site: Site, settings: Settings, run: Run, asked: Remedies) -> list[Event]:
    """Returns what a decision comes to in one repository: the whole of it, and what settles its own tasks."""
    own = _own(asked, run)
    more = decided(site, settings, run, own) if own else []
    if not asked.about_tasks:
        return more
    whole = PersonDecided(
        at=time.time(),
        retry=asked.retry,
        skip=asked.skip,
        accept=asked.accept,
        resolve=asked.resolve,
        approve=asked.approve,
    )
    return [whole if isinstance(event, PersonDecided) else event for event in more] or [whole]


# --- driving -----------------------------------------------------------------------------


def _driven(parts: Sequence[_Part], watcher: Watcher) -> RunView:
    """Drives all runs to their ends, each on a thread of its own; this one listens to signals."""
    clock = SystemClock()
    group = Together(clock)
    meeting = threading.Barrier(len(parts))
    threads = [
        threading.Thread(target=_work, args=(part, group, meeting, watcher), name=part.sister.name)
        for part in parts
    ]
    with asked_to_stop(group.stop, clock):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    failed = [part.failed for part in parts if part.failed is not None]
    if failed:
        raise next((each for each in failed if not isinstance(each, threading.BrokenBarrierError)), failed[0])
    return together([(part.sister, part.ran) for part in parts if part.ran is not None])


def _work(part: _Part, group: Together, meeting: threading.Barrier, watcher: Watcher) -> None:
    """One repository's thread, which alone may use its journal. Nothing is journaled before all can go on."""
    seat: Seat | None = None
    try:
        owner = Owner.this_process()
        with closing(SqliteJournal.own(part.site.journal_path, part.run, owner, steal=part.steal)) as journal:
            begun = part.begin(journal)
            seat = group.seat(begun.run, watcher)
            meeting.wait()
            # where the run is begun from is the last to know: a run that began halfway is not found there
            if begun.run.sisters is not None and begun.run.sisters.own == begun.run.sisters.all[0].name:
                meeting.wait()
                journal.append(begun.events)
            else:
                journal.append(begun.events)
                meeting.wait()
            owned = Owned(begun.run, journal, begun.sandboxes, group.lock)

            def loop(coordinator: Coordinator) -> None:
                group.joined(seat, coordinator)
                coordinator.drive(signals=False)

            driven(part.site, owned, begun.settings, seat, loop=loop)
            part.ran = begun.run
    except BaseException as error:  # noqa: BLE001 - raised by whoever started the thread
        part.failed = error
        meeting.abort()
    finally:
        if seat is not None:
            group.left(seat)
