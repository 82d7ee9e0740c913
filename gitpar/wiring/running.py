"""`gitpar run` and `gitpar resume`: from a request to a driven run."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gitpar.agents.command import missing_commands
from gitpar.config import Settings, load_settings
from gitpar.core.agents import COMMAND, HUMAN
from gitpar.core.apply import apply, fold
from gitpar.core.events import Event, Landed, RunEnd, RunOpened, RunResumed
from gitpar.core.graph import Task, TaskGraph, TaskStatus
from gitpar.core.names import NO_COMMIT, CommitId, RefName
from gitpar.core.note_events import NotesLanded
from gitpar.core.operations import is_undone
from gitpar.core.plan_events import Replanned
from gitpar.core.recover import reconcile
from gitpar.core.remedies import Remedies, decisions
from gitpar.core.run import Run
from gitpar.core.settings import RunSettings
from gitpar.core.view import RunView, view
from gitpar.engine.coordinator import Coordinator
from gitpar.errors import PlanError, UsageError
from gitpar.git.checkout import uncommitted
from gitpar.git.commits import DEFAULT_IDENTITY, identity
from gitpar.git.into import IntoBranch
from gitpar.git.refs import GitRefs
from gitpar.journal.lease import Owner
from gitpar.journal.sqlite import SqliteJournal, new_run_id
from gitpar.plans.model import Plan
from gitpar.plans.reading import read_plans
from gitpar.ports import Watcher
from gitpar.values import dataclass
from gitpar.wiring.asking import with_barrier
from gitpar.wiring.assemble import pool_settings, world_of
from gitpar.wiring.crew import Crew, crew_of, look_for, rules_of, staffed
from gitpar.wiring.foreseen import foresee, order_of
from gitpar.wiring.noting import notes_of
from gitpar.wiring.previewing import chosen_part
from gitpar.wiring.progress import progress_path
from gitpar.wiring.replanning import UNCHANGED, asked_of, changed_plan, replan, taken_anew
from gitpar.wiring.request import RunRequest
from gitpar.wiring.sandboxing import Sandboxes
from gitpar.wiring.site import Site
from gitpar.wiring.streams import stream_environments, with_stream_agents

_NOTHING = Remedies()


def start(directory: Path, request: RunRequest, watcher: Watcher) -> RunView:
    """Runs plans to their end and returns what became of them.

    Raises PlanError, UsageError or EnvironmentFault before anything was started.
    """
    site = Site.at(directory)
    plan, skipped = chosen_part(read_plans(request.plans, request.choices), request)
    settings, warnings = _settings(site, request, plan)
    tasks = with_stream_agents(plan.graph, settings.stream_settings)
    tasks = staffed(tasks, settings.agent, plan.settings.agent)
    if problems := missing_commands(TaskGraph(tasks), settings.run.agent_command):
        raise PlanError(problems)
    crew = crew_of(settings, site.place.main)
    sandboxes = _sandboxes(site, crew, settings)
    if rules := rules_of(crew, tasks):
        settings = replace(settings, run=replace(settings.run, agents=rules))
    if settings.asks_for_gates or plan.settings.verify:
        from gitpar.wiring.gating import with_gates  # noqa: PLC0415 - most runs have none

        settings = replace(settings, run=with_gates(site, settings, plan.settings.verify, crew))
    if settings.run.agents:
        warnings = [*warnings, *look_for(crew, settings.run.agents, os.environ)]
    warnings = [*warnings, *sandboxes.check(_workers(tasks, settings.run))]
    progress_file = progress_path(site.place, plan, settings.run.progress_file)
    settings = replace(settings, run=replace(settings.run, progress_file=progress_file))
    settings = replace(settings, run=with_barrier(settings.run))
    base = _base(site, settings, request.base or plan.settings.base)
    if settings.run.publish is not None:
        _check_publishing(site, settings)
    notices = [*warnings, *map(str, plan.warnings), *plan.notes]
    if changed := uncommitted(site.place):
        notices.append(
            f"uncommitted changes in {changed} are not part of the run, which starts from {base[:12]}"
        )
    if identity(site.place.command) == DEFAULT_IDENTITY:
        notices.append(f"git knows no user here: commits are by {DEFAULT_IDENTITY}")
    graph = TaskGraph(tasks)
    foreseen = foresee(site.place, graph, base, settings.run)
    notices += foreseen.notices
    opened = RunOpened(
        at=time.time(),
        run=new_run_id(site.run_ids()),
        plans=tuple(str(Path(path).absolute()) for path in plan.paths),
        format=plan.format,
        tasks=tuple(_placed(task) for task in tasks),
        wave_notes=plan.wave_notes,
        base=base,
        settings=settings.run,
        notices=tuple(notices),
        skipped=skipped,
        waits=foreseen.waits,
        starts=order_of(graph, foreseen, settings.run),
        asked=asked_of(request),
    )
    journal = SqliteJournal.own(site.journal_path, opened.run, Owner.this_process())
    try:
        journal.append([opened])
        return _drive(site, Owned(Run(opened), journal, sandboxes), settings, watcher)
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
    if _is_finished(chosen) and not (asked or found):
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
    sandboxes = _sandboxes(site, crew, replace(settings, run=chosen.settings))
    told = sandboxes.check(_workers(chosen.graph, chosen.settings))
    journal = SqliteJournal.own(site.journal_path, chosen.id, Owner.this_process(), steal=steal)
    try:
        replayed = fold(list(journal.events(chosen.id)))
        finished = view(replayed, replayed.last_at) if _is_finished(replayed) else None
        if finished is not None and not (asked or found):
            return finished
        there = _refs_of(site, replayed)
        events = [_with_limits(one, settings) for one in reconcile(replayed, there, time.time())]
        events += found
        _note_landed(site, replayed, events)
        for event in events:
            apply(replayed, event)
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
        return _drive(site, Owned(replayed, journal, sandboxes), settings, watcher)
    finally:
        journal.close()


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
    return _decided(site, settings, run, asked) if asked else []


def _told_of_plan(settings: Settings, run: Run, asked: Remedies, more: Sequence[Event]) -> list[str]:
    if asked.replan is not None:
        return [taken_anew(each) for each in more if isinstance(each, Replanned)] or [UNCHANGED]
    said = changed_plan(settings, run)
    return [said] if said else []


def _decided(site: Site, settings: Settings, run: Run, asked: Remedies) -> list[Event]:
    """Returns what a person's word comes to; raises GitparError where it is not to be done, or not yet."""
    told = decisions(run, asked, time.time())
    if not asked.resolve:
        return told
    from gitpar.wiring.resolving import settled  # noqa: PLC0415 - rarely asked for

    return [*told, *settled(site, pool_settings(site, settings)[0].root, run, asked.resolve)]


def _is_finished(run: Run) -> bool:
    return run.end is not None and run.end is not RunEnd.INTERRUPTED


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
    )


def _note_landed(site: Site, run: Run, found: Sequence[Event]) -> None:
    """Makes sure that a landing found to have moved has its note: a power cut may separate the two."""
    level = run.level
    candidate = (level.candidate or level.noting) if level is not None else None
    if candidate is None or not any(isinstance(event, Landed | NotesLanded) for event in found):
        return

    with notes_of(site) as notes:
        notes.note(candidate.commit or NO_COMMIT, candidate.certificate)


@dataclass(frozen=True, slots=True)
class Owned:
    """A run and the journal that holds its lease."""

    run: Run
    journal: SqliteJournal
    sandboxes: Sandboxes


def _drive(site: Site, owned: Owned, settings: Settings, watcher: Watcher) -> RunView:
    # what is loaded by now stays; collecting it again and again was a tenth of gitpar's own time
    gc.freeze()
    gc.set_threshold(50_000)
    run = owned.run
    pool, moved = pool_settings(site, settings)
    run.notices += (moved,) if moved else ()
    environments = stream_environments(run, settings.stream_settings)
    with world_of(site, run, pool, owned.sandboxes, of_streams=environments) as world:
        watcher.begin(run)
        try:
            Coordinator(run, owned.journal, world, watcher).drive()
        finally:
            watcher.end(run)
    return view(run, run.last_at)


def _workers(tasks: Iterable[Task], settings: RunSettings) -> list[str]:
    """Names everybody who may work in a run, or be a gate of it."""
    pending = [task for task in tasks if task.status is TaskStatus.PENDING and task.agent != HUMAN]
    names = [task.agent or COMMAND for task in pending]
    gated = any(not one.agent for one in settings.gates) or any(
        task.verify for task in pending if settings.verify
    )
    return list(
        dict.fromkeys([*names, *(one.name for one in settings.agents), *([COMMAND] if gated else [])])
    )


def _sandboxes(site: Site, crew: Crew, settings: Settings) -> Sandboxes:
    return Sandboxes.of(site.place.common, site.place.main if site.place.root else None, crew, settings)


def _placed(task: Task) -> Task:
    """Names the task's file so that a resume from another folder finds it."""
    return replace(task, source=replace(task.source, file=str(Path(task.source.file).absolute())))


def _settings(site: Site, request: RunRequest, plan: Plan) -> tuple[Settings, Sequence[str]]:
    said = plan.settings
    of_plan = {
        "jobs": said.jobs,
        "strategy": said.strategy,
        "retries": said.retries,
        "timeout_s": said.timeout_s,
        "agent_command": said.agent_command,
    }
    given = {name: value for name, value in of_plan.items() if value is not None}
    return load_settings(site.place.main, request.flags, os.environ, given, usual={"jobs": plan.usual_jobs})


def _check_publishing(site: Site, settings: Settings) -> None:
    """Finds remote, forge and token before hours of work, not after them."""
    from gitpar.wiring.publishing import check  # noqa: PLC0415 - rarely asked for

    check(site.place, settings.run)


def _base(site: Site, settings: Settings, revision: str | None) -> CommitId:
    """Resolves the commit to start from and checks what the run will need of the refs."""
    refs = GitRefs(site.place)
    try:
        base = refs.resolve(revision or "HEAD")
        prefix = settings.run.prefix
        if RefName(f"refs/heads/{prefix}") in refs.read(f"refs/heads/{prefix}"):
            raise UsageError(
                f"a branch is called `{prefix}`, so branches `{prefix}/…` cannot be made",
                f"Rename it: git branch -m {prefix} {prefix}-old",
                'Or choose another prefix: set `prefix = "…"` in gitpar.toml',
            )
        if settings.run.into is not None:
            IntoBranch(site.place.common, refs, settings.run.into).check(base)
    finally:
        refs.close()
    return base
