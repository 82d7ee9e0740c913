"""Builds the adapters of one run."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gitpar.agents.command import WorkerFiles, worker_environment
from gitpar.backends.local import LocalBackend
from gitpar.config import Settings
from gitpar.core.agents import HUMAN
from gitpar.core.decide import end_of
from gitpar.core.events import RunEnd
from gitpar.core.names import CommitId, into_ref, short
from gitpar.core.policies import never_merged
from gitpar.core.run import Run, Stage
from gitpar.engine.places import AttemptPlaces, run_folder
from gitpar.engine.world import World
from gitpar.git.analysis import GitRepository
from gitpar.git.environment import with_settings, without_local
from gitpar.git.refs import GitRefs
from gitpar.git.repository import RepositoryPlace
from gitpar.git.site import PoolSettings, default_root, delete_behind
from gitpar.git.tampering import Tampering
from gitpar.git.worktrees import GitWorktrees
from gitpar.ports import Job, Workplace
from gitpar.wiring.clock import SystemClock
from gitpar.wiring.progress import reserved
from gitpar.wiring.sandboxing import Sandboxes
from gitpar.wiring.site import Site

if TYPE_CHECKING:
    from gitpar.engine.gate_world import GateWorld
    from gitpar.git.into import IntoBranch


def pool_settings(site: Site, settings: Settings) -> tuple[PoolSettings, str | None]:
    """Returns where and how worktrees are made, and a sentence where the usual place cannot be used."""
    root, notice = default_root(site.place.beside)
    if settings.worktree_root is not None:
        root, notice = (site.place.main / settings.worktree_root).resolve(), None
    return PoolSettings(
        jobs=settings.run.jobs,
        prefix=settings.run.prefix,
        root=root,
        keep=settings.pool_keep,
        pooled=settings.pool,
        copy=settings.copy,
        symlink=settings.symlink,
        setup=settings.setup,
        keep_worktrees=settings.run.keep_worktrees,
        setup_timeout_s=settings.setup_timeout_s,
        teardown=settings.teardown,
        teardown_timeout_s=settings.teardown_timeout_s,
        disposable=settings.disposable,
        ignored_limit_bytes=settings.ignored_limit_bytes,
    ), notice


@contextmanager
def world_of(
    site: Site,
    run: Run,
    pool: PoolSettings,
    sandboxes: Sandboxes,
    *,
    of_streams: Mapping[str, Mapping[str, str]],
) -> Iterator[World]:
    """Makes everything a run acts on, and ends it all again.

    `sandboxes` know the agents too, `of_streams` has variables by stream.
    """
    place = site.place
    with ExitStack() as stack:
        refs = GitRefs(place)
        stack.callback(refs.close)
        backend = LocalBackend()
        stack.callback(backend.close)
        repository = GitRepository(place, run.id, never_merged=never_merged(run.settings))
        stack.callback(repository.close, partial(delete_behind, worktrees=pool.root / run.id))
        messages = {task.id: task.commit_message or task.title for task in run.graph}
        main = place.main if place.root else None
        pool = _without_droppings(place, run, pool)
        trees, git = repository.index_trees(), place.command if place.root == main else None
        worktrees = GitWorktrees(place.common, main, run.id, refs, pool, messages, trees, git)
        stack.callback(worktrees.end)
        if (workers := _first_workers(run)) > 0:
            worktrees.begin(run.base, workers)
        tampering = Tampering(place, run.settings.prefix, run_folder(place.common, run.id) / "tampered")
        if workers > 0:
            backend.prepare()  # after that look, which is waited for

        def outside(checkout: bool) -> tuple[str, ...]:  # noqa: FBT001 - a port's signature
            return tampering.look(checkout=checkout)

        ledger = repository.ledger(refs, at_once=run.gates is None)
        stack.callback(backend.dismiss)  # called first: they end while the rest is put away

        world = World(
            common_dir=place.common,
            clock=SystemClock(),
            refs=refs,
            repository=repository,
            ledger=ledger,
            settler=repository.settling,
            progress=repository.progress(),
            reserved=reserved(place, run),
            worktrees=worktrees,
            backend=backend,
            agent=sandboxes.crew,
            outside=outside,
            environment=_environment(run, of_streams, pool),
            confined=_confined(run, of_streams, sandboxes),
            gates=lambda: _gate_world(world, run, worktrees, of_streams, sandboxes=sandboxes),
            finish=_finisher(repository, refs, tampering, worktrees),
        )
        yield world


def _first_workers(run: Run) -> int:
    """How many workers can begin with the run; none of one that has begun."""
    level = run.level
    if level is None or level.number > 1 or level.stage is not Stage.WAITING:
        return 0
    tasks = (run.graph[task] for task in level.tasks if task not in run.waited)
    return sum(task.agent != HUMAN for task in tasks)


def _without_droppings(place: RepositoryPlace, run: Run, pool: PoolSettings) -> PoolSettings:
    """Has git pass over what agents leave behind, in runs with agents."""
    if not run.settings.agents and run.settings.agent_command is None:
        return pool
    from gitpar.agents.droppings import PATTERNS  # noqa: PLC0415 - runs of commands need none
    from gitpar.git.excluding import write_excludes  # noqa: PLC0415 - likewise

    target = run_folder(place.common, run.id) / "ignored"
    return replace(pool, excludes=write_excludes(place, PATTERNS, target))


def _environment(
    run: Run, of_streams: Mapping[str, Mapping[str, str]], pool: PoolSettings
) -> Callable[[Workplace, AttemptPlaces, Mapping[str, str]], dict[str, str]]:
    base_environment = without_local(os.environ)
    if run.sisters is not None:
        paths = "\n".join(f"{one.name}={one.path}" for one in run.sisters.all)
        base_environment |= {"GITPAR_REPO": run.sisters.own, "GITPAR_REPO_PATHS": paths}
    if pool.excludes is not None:
        base_environment = with_settings(base_environment, [("core.excludesFile", str(pool.excludes))])

    def environment(at: Workplace, places: AttemptPlaces, more: Mapping[str, str]) -> dict[str, str]:
        task = run.graph[at.key.task]
        known = {**base_environment, **more, **of_streams.get(task.stream or "", {})}
        return worker_environment(known, at, _files(places), task)

    return environment


def _confined(
    run: Run, of_streams: Mapping[str, Mapping[str, str]], sandboxes: Sandboxes
) -> Callable[[Job, Workplace, str, Collection[str]], Job]:
    def confined(job: Job, at: Workplace, agent: str, added: Collection[str]) -> Job:
        task = run.graph[at.key.task]
        given = {*added, *of_streams.get(task.stream or "", {}), *dict(task.env)}
        return sandboxes.confined(job, at, agent, given)

    return confined


def _gate_world(
    world: World,
    run: Run,
    worktrees: GitWorktrees,
    of_streams: Mapping[str, Mapping[str, str]],
    *,
    sandboxes: Sandboxes,
) -> GateWorld:
    from gitpar.wiring.gating import gate_world  # noqa: PLC0415 - most runs have none

    return gate_world(world, run, worktrees, of_streams, sandboxes=sandboxes)


def _finisher(
    repository: GitRepository, refs: GitRefs, tampering: Tampering, worktrees: GitWorktrees
) -> Callable[[Run, CommitId, RunEnd], str]:
    def finish(ended: Run, tip: CommitId, end: RunEnd) -> str:
        with repository.holding_unused(refs) as hold:
            found = tampering.look(checkout=True)
            hold()
        said = [f"While workers were at work: {'; '.join(found)}."] if found else []
        said += [f"{'; '.join(problems)}."] if (problems := worktrees.told()) else []
        if ended.settings.write_back:
            from gitpar.wiring.written_back import write_back  # noqa: PLC0415 - only where it is asked for

            said.append(write_back(ended))
        if ended.settings.into is not None:
            from gitpar.git.into import IntoBranch  # noqa: PLC0415 - likewise

            said.append(_into(IntoBranch(repository.common, refs, ended.settings.into), ended, tip, end))
        return " ".join(filter(None, said))

    return finish


def _files(at: AttemptPlaces) -> WorkerFiles:
    return WorkerFiles(at.prompt, at.result, at.progress, notes=at.notes, scratch=at.scratch)


def _into(branch: IntoBranch, run: Run, tip: CommitId, end: RunEnd) -> str:
    if end is RunEnd.DONE:
        return branch.move(tip, into_ref(run.id))
    if end is RunEnd.INTERRUPTED:
        return ""
    name = short(branch.ref)
    if run.gates is not None and (found := run.gates.stopped_at(run)) is not None:
        return f"`{name}` was not moved: gate `{found.opened.gate}` fails on what landed"
    if run.agreed is not None and end_of(run) is RunEnd.DONE:
        return f"`{name}` was not moved: another repository of the run needs you"
    return f"`{name}` was not moved, not everything landed. To take what did: git merge --ff-only {tip[:12]}"
