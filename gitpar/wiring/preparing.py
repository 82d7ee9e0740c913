"""What a run begins with: settings, who works, gates and base, all checked before anything is started."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.agents.command import missing_commands
from gitpar.config import Settings, load_settings
from gitpar.core.agents import COMMAND, HUMAN
from gitpar.core.events import RunOpened
from gitpar.core.graph import Task, TaskGraph, TaskStatus
from gitpar.core.names import CommitId, RefName, RunId
from gitpar.core.selection import Skipped
from gitpar.core.settings import RunSettings
from gitpar.errors import PlanError, UsageError
from gitpar.git.commits import DEFAULT_IDENTITY, identities
from gitpar.git.refs import GitRefs
from gitpar.plans.model import Plan
from gitpar.values import dataclass
from gitpar.wiring.asking import with_barrier
from gitpar.wiring.crew import Crew, crew_of, look_for, rules_of, staffed
from gitpar.wiring.foreseen import foresee, order_of
from gitpar.wiring.progress import progress_path
from gitpar.wiring.replanning import asked_of
from gitpar.wiring.request import RunRequest
from gitpar.wiring.sandboxing import Sandboxes
from gitpar.wiring.site import Site
from gitpar.wiring.streams import with_stream_agents

if TYPE_CHECKING:
    from gitpar.wiring.sisterly import Share


@dataclass(frozen=True, slots=True)
class Prepared:
    """The first event of a run, and what its journal does not hold."""

    opened: RunOpened
    settings: Settings
    sandboxes: Sandboxes


def prepared(  # noqa: PLR0913 - all that a run begins with
    site: Site,
    chosen: tuple[Plan, Skipped],
    request: RunRequest,
    run: RunId,
    *,
    share: Share | None = None,
    changes: Callable[[], str],
) -> Prepared:
    """Checks everything a run needs and returns what it begins with; starts and writes nothing.

    With a `share` it is one of several repositories' and works on that part of the plan. `changes`
    says what is uncommitted. Raises PlanError, UsageError or EnvironmentFault.
    """
    plan, skipped = chosen
    settings, warnings = settings_of(site, request, plan)
    settings = settings if share is None else share.settings(settings)
    tasks = with_stream_agents(plan.graph, settings.stream_settings)
    tasks = staffed(tasks, settings.agent, plan.settings.agent)
    graph = TaskGraph(tasks)
    mine = graph if share is None else share.part_of(graph)
    if problems := missing_commands(mine, settings.run.agent_command):
        raise PlanError(problems)
    crew = crew_of(settings, site.place.main)
    sandboxes = sandboxes_of(site, crew, settings)
    if rules := rules_of(crew, mine):
        settings = replace(settings, run=replace(settings.run, agents=rules))
    if settings.asks_for_gates or plan.settings.verify:
        from gitpar.wiring.gating import with_gates  # noqa: PLC0415 - most runs have none

        settings = replace(settings, run=with_gates(site, settings, plan.settings.verify, crew))
    if settings.run.agents:
        warnings = [*warnings, *look_for(crew, settings.run.agents, os.environ)]
    warnings = [*warnings, *sandboxes.check(workers_of(mine, settings.run))]
    progress_file = progress_path(site.place, plan, settings.run.progress_file)
    settings = replace(settings, run=replace(settings.run, progress_file=progress_file))
    settings = replace(settings, run=with_barrier(settings.run))
    revision = (request.base or plan.settings.base) if share is None else share.base
    base = _base(site, settings, revision)
    if settings.run.publish is not None and len(mine):
        _check_publishing(site, settings, ci=share is None or share.first)
    foreseen = foresee(site.place, mine, base, settings.run)
    notices = [*warnings, *map(str, plan.warnings), *plan.notes] if share is None or share.first else warnings
    opened = RunOpened(
        at=time.time(),
        run=run,
        plans=tuple(str(Path(path).absolute()) for path in plan.paths),
        format=plan.format,
        tasks=tuple(_placed(task) for task in tasks),
        wave_notes=plan.wave_notes,
        base=base,
        settings=settings.run,
        notices=(*notices, *_of_repository(site, base, changes()), *foreseen.notices),
        skipped=skipped,
        waits=foreseen.waits,
        starts=order_of(mine, foreseen, settings.run),
        asked=asked_of(request),
        sisters=share.sisters if share is not None else None,
    )
    return Prepared(opened, settings, sandboxes)


def _of_repository(site: Site, base: CommitId, changed: str) -> Iterable[str]:
    """Says what the user should know of the repository."""
    if changed:
        yield f"uncommitted changes in {changed} are not part of the run, which starts from {base[:12]}"
    who, _ = identities(site.place.command, "COMMITTER", "AUTHOR")  # notes are made by both
    if who == DEFAULT_IDENTITY:
        yield f"git knows no user here: commits are by {DEFAULT_IDENTITY}"


def workers_of(tasks: Iterable[Task], settings: RunSettings) -> list[str]:
    """Names everybody who may work in a run, or be a gate of it."""
    pending = [task for task in tasks if task.status is TaskStatus.PENDING and task.agent != HUMAN]
    names = [task.agent or COMMAND for task in pending]
    gated = any(not one.agent for one in settings.gates) or any(
        task.verify for task in pending if settings.verify
    )
    return list(
        dict.fromkeys([*names, *(one.name for one in settings.agents), *([COMMAND] if gated else [])])
    )


def sandboxes_of(site: Site, crew: Crew, settings: Settings) -> Sandboxes:
    """Returns what keeps the workers of a run from the rest of the machine."""
    return Sandboxes.of(site.place.common, site.place.main if site.place.root else None, crew, settings)


def settings_of(site: Site, request: RunRequest, plan: Plan) -> tuple[Settings, Sequence[str]]:
    """Returns the settings in force in a repository, and warnings about what was not understood."""
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


def _placed(task: Task) -> Task:
    """Names the task's file so that a resume from another folder finds it."""
    return replace(task, source=replace(task.source, file=str(Path(task.source.file).absolute())))


def _check_publishing(site: Site, settings: Settings, *, ci: bool) -> None:
    """Finds remote, forge and token before hours of work, not after them."""
    from gitpar.wiring.publishing import check  # noqa: PLC0415 - rarely asked for

    check(site.place, settings.run, ci=ci)


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
            from gitpar.git.into import IntoBranch  # noqa: PLC0415 - only where it is asked for

            IntoBranch(site.place.common, refs, settings.run.into).check(base)
    finally:
        refs.close()
    return base
