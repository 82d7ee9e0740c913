"""Forecasts plans and learns from history: `gitpar conflicts --dry-run` and `--calibrate`."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from gitpar.config import load_settings
from gitpar.core.calibration import Calibration, calibrated
from gitpar.core.forecast import Model
from gitpar.core.graph import Task, TaskStatus
from gitpar.core.habits import Habits, companions_of
from gitpar.core.intents import Doubt, Symbols, Tracked, doubts, intents, names_in
from gitpar.core.names import CommitId
from gitpar.core.outlook import Outlook, earlier, needless, wave_outlooks
from gitpar.core.patterns import is_pattern, plain
from gitpar.errors import UsageError
from gitpar.git.attributes import Attributes
from gitpar.git.comparing import workbench
from gitpar.git.contents import ignored, read_texts, tracked_files
from gitpar.git.refs import resolved
from gitpar.git.replay import read_changes, replay
from gitpar.git.repository import RepositoryPlace
from gitpar.journal.learned import Learned, learned_path, write_learned
from gitpar.plans.model import Plan
from gitpar.plans.reading import read_plans
from gitpar.symbols import can_read, read_symbols
from gitpar.wiring.foreseen import stored_model
from gitpar.wiring.plan_files import only_plan
from gitpar.wiring.request import CalibrateRequest, Forecasted, ForecastRequest
from gitpar.wiring.site import Site

_MOST_CHANGES = 1_000
_MOST_SYMBOL_FILES = 400


def forecast(directory: Path, request: ForecastRequest) -> Forecasted:
    """Returns what is to be expected of a plan; nothing is created, run or written.

    Raises PlanError where the plan is wrong, UsageError where none or several are found.
    """
    site = Site.at(directory)
    settings, warnings = load_settings(site.place.main, {}, os.environ)
    paths = request.plans or (only_plan(site.place, settings.plan),)
    plan = read_plans(paths, request.choices)
    if any(task.repo is not None for task in plan.graph):
        from gitpar.wiring.repositories import own_part  # noqa: PLC0415 - most plans are for one

        plan = own_part(site, plan, settings.repos)
    base = resolved(site.place, request.base or plan.settings.base or "HEAD")
    jobs = request.jobs or _jobs(site, plan)
    model = stored_model(site.place) or _unlearned(site.place, base)
    tracked = Tracked(tracked_files(site.place.command, base))
    tasks = [task for task in plan.graph if task.status is TaskStatus.PENDING]
    found = intents(tasks, tracked, model, _symbols(site.place, base, tasks, tracked))
    by_task = {intent.task: intent for intent in found}
    suggests = request.suggest
    outlook = Outlook(
        waves=tuple(wave_outlooks(plan.graph, by_task, model, jobs)),
        doubts=(*doubts(tasks, tracked), *_ignored(site.place, tasks, tracked)),
        needless=tuple(needless(plan.graph, by_task)) if suggests else (),
        earlier=tuple(earlier(plan.graph, by_task)) if suggests else (),
        jobs=jobs,
        estimated=any(task.estimate_s is not None for task in tasks),
        calibrated=model.calibrated,
    )
    return Forecasted(plan, base, outlook, tuple(warnings))


def _jobs(site: Site, plan: Plan) -> int:
    said = {} if plan.settings.jobs is None else {"jobs": plan.settings.jobs}
    usual = {"jobs": plan.usual_jobs}
    return load_settings(site.place.main, {}, os.environ, said, usual=usual)[0].run.jobs


def calibrate(directory: Path, request: CalibrateRequest) -> Calibration:
    """Replays the repository's history, stores what was learned beside the journal and returns it.

    Raises UsageError where there is no history to learn from.
    """
    site = Site.at(directory)
    tip = resolved(site.place, "HEAD")
    with workbench(site.place) as coordinator:
        changes = read_changes(coordinator.scratch, tip, request.most, request.since)
        if not changes:
            when = f" since {request.since}" if request.since else ""
            raise UsageError(f"there is no history{when} to learn from", "Nothing was changed")
        users = site.place.common / "info" / "attributes"
        found = calibrated(replay(coordinator, Attributes(coordinator.attributes, users), changes))
    write_learned(learned_path(site.place.common), Learned(found.model, tip, time.time(), found.changes))
    return found


def _unlearned(place: RepositoryPlace, base: CommitId) -> Model:
    """The shipped weights with what can be read quickly: how often and with what paths were changed."""
    changes = read_changes(place.command, base, _MOST_CHANGES)
    habits = Habits(together=dict(companions_of(changes)))
    for change in changes:
        habits.see(change.set)
    return Model(habits)


def _symbols(place: RepositoryPlace, base: CommitId, tasks: Sequence[Task], tracked: Tracked) -> Symbols:
    """Reads which declared files define or use what the tasks' texts name."""
    wanted = {name for task in tasks for name in names_in(f"{task.title}\n{task.prompt}")}
    files = dict.fromkeys(plain(p) for task in tasks for p in (*task.scope.written, *task.scope.read))
    readable = [path for path in files if path in tracked.known and can_read(path)][:_MOST_SYMBOL_FILES]
    if not wanted or not readable:
        return Symbols()
    defined: dict[str, set[str]] = {}
    used: dict[str, set[str]] = {}
    for path, data in read_texts(place.command, base, readable):
        symbols = read_symbols(path, data)
        if symbols is None:
            continue
        for definition in symbols.definitions:
            if (name := definition.name.rpartition(".")[2]) in wanted:
                defined.setdefault(name, set()).add(path)
        for use in symbols.uses:
            if (name := use.name.rpartition(".")[2]) in wanted:
                used.setdefault(name, set()).add(path)
    return Symbols(_frozen(defined), _frozen(used))


def _frozen(sets: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(paths) for name, paths in sets.items()}


def _ignored(place: RepositoryPlace, tasks: Sequence[Task], tracked: Tracked) -> list[Doubt]:
    declared = {p: plain(p) for task in tasks for p in task.scope.written if not is_pattern(p)}
    found = set(ignored(place, [path for path in declared.values() if path not in tracked.known]))
    return [
        Doubt("ignored", (task.id,), path)
        for task in tasks
        for path in dict.fromkeys(task.scope.written)
        if declared.get(path) in found
    ]
