"""`gitpar run` and `gitpar resume`: from a request to a driven run."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gitpar.config import Settings, load_settings
from gitpar.core.apply import apply, fold
from gitpar.core.events import Event, Landed, RunEnd, RunResumed
from gitpar.core.landings import moving
from gitpar.core.names import NO_COMMIT, CommitId, RefName
from gitpar.core.note_events import NotesLanded
from gitpar.core.operations import is_undone
from gitpar.core.plan_events import Replanned
from gitpar.core.recover import reconcile
from gitpar.core.remedies import Remedies, decisions
from gitpar.core.run import Run
from gitpar.core.selection import Skipped
from gitpar.core.view import RunView, view
from gitpar.engine.coordinator import Coordinator, Turn
from gitpar.errors import UsageError
from gitpar.git.checkout import uncommitted
from gitpar.git.flushing import drop_empty
from gitpar.git.refs import GitRefs
from gitpar.journal.lease import Owner
from gitpar.journal.sqlite import SqliteJournal, new_run_id
from gitpar.plans.model import Plan
from gitpar.plans.reading import read_plans
from gitpar.ports import Watcher
from gitpar.values import dataclass
from gitpar.wiring.assemble import pool_settings, world_of
from gitpar.wiring.crew import crew_of, look_for
from gitpar.wiring.preparing import Prepared, prepared, sandboxes_of, workers_of
from gitpar.wiring.previewing import chosen_part
from gitpar.wiring.replanning import UNCHANGED, changed_plan, replan, taken_anew
from gitpar.wiring.request import RunRequest
from gitpar.wiring.sandboxing import Sandboxes
from gitpar.wiring.site import Site
from gitpar.wiring.streams import stream_environments

_NOTHING = Remedies()


def start(directory: Path, request: RunRequest, watcher: Watcher) -> RunView:
    """Runs plans to their end and returns what became of them.

    Raises PlanError, UsageError or EnvironmentFault before anything was started.
    """
    site = Site.at(directory)
    with uncommitted(site.place) as changes:  # git looks while the plan is read
        plan, skipped = chosen_part(read_plans(request.plans, request.choices), request)
        across = any(task.repo is not None for task in plan.graph)
        alone = None if across else prepared_alone(site, (plan, skipped), request, changes)
    if alone is None:
        from gitpar.wiring.across import start_across  # noqa: PLC0415 - most plans are for one repository

        return start_across(site, (plan, skipped), request, watcher)
    return begun(site, alone, watcher)


def prepared_alone(
    site: Site, chosen: tuple[Plan, Skipped], request: RunRequest, changes: Callable[[], str]
) -> Prepared:
    """Returns what the run of a plan in one repository begins with; `changes` as for `prepared`."""
    return prepared(site, chosen, request, new_run_id(site.run_ids()), changes=changes)


def begun(site: Site, made: Prepared, watcher: Watcher) -> RunView:
    """Runs in one repository what was prepared."""
    journal = SqliteJournal.own(site.journal_path, made.opened.run, Owner.this_process())
    try:
        journal.append([made.opened])
        return driven(site, Owned(Run(made.opened), journal, made.sandboxes), made.settings, watcher)
    finally:
        journal.close()


def resume(  # noqa: PLR0913 - one way on, whatever for
    directory: Path,
    run: str | None,
    watcher: Watcher,
    *,
    steal: bool = False,
    asked: Remedies = _NOTHING,
    found: Sequence[Event] = (),
) -> RunView:
    """Takes an unfinished run over and drives it to its end.

    A finished one is only looked at, unless something is `asked` about tasks that came to
    nothing, or something was `found` that it had waited for. Raises UsageError where that
    cannot be done; the run is then as it was.
    """
    site = Site.at(directory)
    chosen = site.chosen(run)
    if chosen.sisters is not None:
        from gitpar.wiring.across import resume_across  # noqa: PLC0415 - most runs are in one repository

        return resume_across(chosen, watcher, steal=steal, asked=asked, found=found)
    if is_finished(chosen) and not (asked or found):
        return view(chosen, chosen.last_at)
    if is_undone(chosen):
        last = chosen.operations[-1].id
        raise UsageError(
            f"run {chosen.id} was undone, so there is nothing to go on from",
            f"Bring it back: gitpar undo {last}",
        )
    settings, _ = load_settings(site.place.main, {}, os.environ)
    crew = crew_of(replace(settings, run=chosen.settings), site.place.main)
    if chosen.settings.agents:
        look_for(crew, chosen.settings.agents, os.environ)
    sandboxes = sandboxes_of(site, crew, replace(settings, run=chosen.settings))
    told = sandboxes.check(workers_of(chosen.graph, chosen.settings))
    journal = SqliteJournal.own(site.journal_path, chosen.id, Owner.this_process(), steal=steal)
    try:
        replayed = fold(list(journal.events(chosen.id)))
        finished = view(replayed, replayed.last_at) if is_finished(replayed) else None
        if finished is not None and not (asked or found):
            return finished
        events = catch_up(site, replayed, settings, found)
        # nothing is journaled before it is certain that what is asked can be done
        more = _more(site, settings, replayed, asked)
        if finished is not None and not (more or found):
            return finished
        journal.append([*events, *more])
        for event in more:
            apply(replayed, event)
        settings = replace(settings, run=replayed.settings)
        new = [*told, *_told_of_plan(settings, replayed, asked, more)]
        replayed.notices += tuple(one for one in new if one not in replayed.notices)
        return driven(site, Owned(replayed, journal, sandboxes), settings, watcher)
    finally:
        journal.close()


def catch_up(site: Site, run: Run, settings: Settings, found: Sequence[Event]) -> list[Event]:
    """Brings a replayed run in line with its refs and what was `found`; returns what is to be journaled."""
    drop_empty(site.place.objects)
    events = [_with_limits(one, settings) for one in reconcile(run, _refs_of(site, run), time.time())]
    events += found
    _note_landed(site, run, events)
    for event in events:
        apply(run, event)
    return events


def _refs_of(site: Site, run: Run) -> Mapping[RefName, CommitId]:
    refs = GitRefs(site.place)
    try:
        return refs.read(f"refs/heads/{run.settings.prefix}/{run.id}/")
    finally:
        refs.close()


def _more(site: Site, settings: Settings, run: Run, asked: Remedies) -> list[Event]:
    """Returns what a resume does besides going on."""
    if asked.replan is not None:
        return replan(settings, crew_of(settings, site.place.main), run, asked)
    return decided(site, settings, run, asked) if asked else []


def _told_of_plan(settings: Settings, run: Run, asked: Remedies, more: Sequence[Event]) -> list[str]:
    if asked.replan is not None:
        return [taken_anew(each) for each in more if isinstance(each, Replanned)] or [UNCHANGED]
    said = changed_plan(settings, run)
    return [said] if said else []


def decided(site: Site, settings: Settings, run: Run, asked: Remedies) -> list[Event]:
    """Returns what a person's word comes to; raises GitparError where it is not to be done, or not yet."""
    told = decisions(run, asked, time.time())
    if not asked.resolve:
        return told
    from gitpar.wiring.resolving import settled  # noqa: PLC0415 - rarely asked for

    return [*told, *settled(site, pool_settings(site, settings)[0].root, run, asked.resolve)]


def is_finished(run: Run) -> bool:
    """Says whether a run has come to its end: not interrupted, nor stopped by a level that was moved."""
    return run.end is not None and run.end is not RunEnd.INTERRUPTED and not run.disturbed


def _with_limits(event: Event, settings: Settings) -> Event:
    """Gives a resume the limits that are set now: who has used up the old ones may go on with higher ones."""
    if not isinstance(event, RunResumed):
        return event
    limits = settings.run
    return replace(
        event,
        max_cost_usd=limits.max_cost_usd,
        max_tokens=limits.max_tokens,
        max_time_s=limits.max_time_s,
        wave_max_cost_usd=limits.wave_max_cost_usd,
        wave_max_tokens=limits.wave_max_tokens,
        wave_max_time_s=limits.wave_max_time_s,
        task_max_cost_usd=limits.task_max_cost_usd,
        task_max_tokens=limits.task_max_tokens,
    )


def _note_landed(site: Site, run: Run, found: Sequence[Event]) -> None:
    """Makes sure that a landing found to have moved has its note: a power cut may separate the two."""
    level = run.level
    if level is None or not any(isinstance(event, Landed | NotesLanded) for event in found):
        return
    from gitpar.wiring.noting import notes_of  # noqa: PLC0415 - hardly ever needed

    with notes_of(site) as notes:
        for one in moving(level) or filter(None, [level.noting]):
            notes.note(one.commit or NO_COMMIT, one.certificate)


@dataclass(frozen=True, slots=True)
class Owned:
    """A run and the journal that holds its lease."""

    run: Run
    journal: SqliteJournal
    sandboxes: Sandboxes
    turn: Turn | None = None
    """What it is to hold while it decides, where it is not alone."""


def driven(
    site: Site,
    owned: Owned,
    settings: Settings,
    watcher: Watcher,
    *,
    loop: Callable[[Coordinator], object] = Coordinator.drive,
) -> RunView:
    """Drives a run that is owned to its end; `loop` says how, where it is not alone."""
    gc.freeze()  # what is loaded by now stays
    run = owned.run
    pool, moved = pool_settings(site, settings)
    run.notices += (moved,) if moved else ()
    environments = stream_environments(run, settings.stream_settings)
    pool = replace(pool, slow_workers=bool(run.rules))
    with world_of(site, run, pool, owned.sandboxes, of_streams=environments) as world:
        watcher.begin(run)
        try:
            loop(Coordinator(run, owned.journal, world, watcher, turn=owned.turn))
        finally:
            watcher.end(run)
    return view(run, run.last_at)
