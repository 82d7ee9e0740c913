"""The one thing that console, reports and programs are shown of a run.

Pure; made of a Run at one instant. The names of the fields are those of `--json`
(see docs), which programs rely on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitpar.core.agents import AgentReport, Tokens, sum_of
from gitpar.core.asked import PredictedWait
from gitpar.core.barrier import awaited
from gitpar.core.conflicts import PairConflict
from gitpar.core.events import RunEnd
from gitpar.core.forges import Layer
from gitpar.core.names import CommitId, RefName, keep_ref, level_ref, short, task_ref
from gitpar.core.operations import is_undone
from gitpar.core.publication import Publication, Published
from gitpar.core.run import Attempt, AttemptState, Level, Run, TaskRun, TaskState
from gitpar.core.settings import PublishAs
from gitpar.core.settlement import SettledPath, settled_by_policy
from gitpar.core.stream_states import StreamView, streams
from gitpar.core.verdicts import is_for_person
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.core.gate_view import GateView
    from gitpar.core.sister_view import RepositoryView


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try. `duration_s` is the worker's own time, None while it runs."""

    n: int
    state: str
    exit: int | None
    branch: str
    keep_ref: str
    commit: str | None
    started_at: float | None
    duration_s: float | None
    log: str
    message: str
    notes: tuple[str, ...]
    undone: tuple[str, ...]
    outside: tuple[str, ...]
    worktree: str
    agent: str
    report: AgentReport | None
    progress: str  # what the worker wrote for others, once it has ended
    repair: str = ""  # what repairs a conflict in it; empty where it works on the task


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task; `files` is what its newest result changed, `declared` what the plan said it would."""

    id: str
    title: str
    level: int
    state: str
    reason: str
    attempts: tuple[AttemptView, ...]
    files: tuple[str, ...]
    declared: tuple[str, ...]
    commit: str | None
    rerun: bool
    certificate: str  # the proof of its landing, JSON; empty where it did not land
    stream: str | None = None
    for_person: bool = False
    settled: tuple[SettledPath, ...] = ()  # the paths of its landing that a policy settled
    repo: str | None = None


@dataclass(frozen=True, slots=True)
class LevelView:
    """One wave and the branch it lands on; `commit` is None while the branch does not exist."""

    level: int
    branch: str
    ref: RefName
    commit: CommitId | None
    tasks: tuple[str, ...]
    stage: str
    wall_s: float
    rationale: str


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of a run. See DESIGN of the `metrics` object in the reference for each formula."""

    wall_s: float
    task_s: float
    bound_s: float
    speedup: float
    efficiency: float
    conflict_rate: float
    max_concurrent: int
    jobs: int
    """The most that were allowed at once; at the end, where the number was adapted."""
    adapted: int  # how often it was
    spawned: int
    succeeded: int
    failed: int
    retried: int
    estimated_sequential_s: float
    tokens: Tokens
    """What agents' attempts took, as far as they tell."""
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class RequestView:
    """One part of a publication; `number` is None while it has no request, or needs none."""

    branch: str
    level: int
    task: str | None
    commit: CommitId
    number: int | None
    url: str
    base: str
    state: str


@dataclass(frozen=True, slots=True)
class PublicationView:
    """How a run was published last; `problems` are for a person, a sentence each."""

    mode: PublishAs
    remote: str
    target: str
    closed: bool
    requests: tuple[RequestView, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunView:
    """A whole run at one instant. `trouble` is what the machine could not do, empty where it could."""

    run: str
    state: str
    message: str
    trouble: str
    plans: tuple[str, ...]
    base: str
    strategy: str
    order: str
    schedule: str
    jobs: int
    waits: tuple[PredictedWait, ...]
    levels: tuple[LevelView, ...]
    tasks: tuple[TaskView, ...]
    conflicts: tuple[PairConflict, ...]
    metrics: Metrics
    publication: PublicationView | None = None
    to_publish: bool = False
    """Whether it is still to be published, as it was asked for when it began."""
    streams: tuple[StreamView, ...] = ()
    gates: tuple[GateView, ...] = ()
    write_back: bool = False  # whether statuses are written into the plan
    awaited: int | None = None
    """The level whose request has to be merged before the run can go on."""
    wait_s: float | None = None  # how long it is waited for that; None for as long as it takes
    undone: str = ""
    """The undo that took its levels away; empty where they are there, or were never made."""
    repositories: tuple[RepositoryView, ...] = ()  # where it is over several

    def count(self, state: TaskState) -> int:
        """How many tasks are in a state."""
        return sum(1 for task in self.tasks if task.state == state)


def view(run: Run, now: float) -> RunView:
    """Makes the view of a run at the instant `now` (seconds since 1970 UTC)."""
    return RunView(
        run=run.id,
        state=run.state,
        message=run.message or run.disturbed or run.trouble or _stopped(run),
        trouble=run.trouble,
        plans=run.plans,
        base=run.base,
        strategy=run.settings.strategy.value,
        order=run.settings.order.value,
        schedule=run.settings.schedule.value,
        jobs=_jobs(run),
        waits=run.waits,
        levels=tuple(_level(run, level, now) for level in run.levels),
        tasks=tuple(_task(run, task, now) for task in run.tasks.values()),
        conflicts=tuple(p for level in run.levels if level.report for p in level.report.pairs),
        metrics=metrics(run, now),
        publication=_publication(run.publication) if run.publication is not None else None,
        to_publish=to_publish(run),
        streams=streams(run),
        gates=_gates(run),
        awaited=level.number if run.end is not None and (level := awaited(run)) is not None else None,
        wait_s=run.settings.barrier_wait_s,
        write_back=run.settings.write_back,
        undone=run.operations[-1].id if run.operations and is_undone(run) else "",
    )


def _gates(run: Run) -> tuple[GateView, ...]:
    """Returns every run of a gate, in the order in which they began."""
    if run.gates is None:
        return ()
    from gitpar.core.gate_view import gate_views  # noqa: PLC0415 - most runs have none

    return gate_views(run.gates)


def _stopped(run: Run) -> str:
    """Says which gate of the run failed at its end; empty where none did."""
    found = run.gates.stopped_at(run) if run.gates is not None else None
    if found is None:
        return ""
    number = found.opened.number
    return f"gate `{found.opened.gate}` fails on everything that landed: gitpar logs {run.id} --gate {number}"


def to_publish(run: Run) -> bool:
    """Says whether a run has ended and its publishing, which was asked for, has not."""
    if run.end is None or run.end is RunEnd.INTERRUPTED:
        return False
    begun = run.publication
    return not begun.closed if begun is not None else run.settings.publish is not None


def _publication(publication: Publication) -> PublicationView:
    return PublicationView(
        mode=publication.mode,
        remote=publication.remote,
        target=publication.target,
        closed=publication.closed,
        requests=tuple(_request(layer, publication.requests.get(layer.head)) for layer in publication.layers),
        problems=publication.problems,
    )


def _request(layer: Layer, found: Published | None) -> RequestView:
    return RequestView(
        branch=layer.head,
        level=layer.level,
        task=layer.task,
        commit=layer.commit,
        number=found.number if found else None,
        url=found.url if found else "",
        base=found.base if found else "",
        state=found.state.value if found else "",
    )


def _level(run: Run, level: Level, now: float) -> LevelView:
    ref = level_ref(run.settings.prefix, run.id, level.number)
    note = run.wave_notes.get(level.number)
    ended = level.closed_at or (now if run.end is None else run.last_at)
    return LevelView(
        level=level.number,
        branch=short(ref),
        ref=ref,
        commit=level.tip,
        tasks=tuple(level.tasks),
        stage=level.stage.value,
        wall_s=max(0.0, ended - level.opened_at) if level.opened_at else 0.0,
        rationale=note.rationale if note else "",
    )


def _task(run: Run, task: TaskRun, now: float) -> TaskView:
    worked = [a for a in task.attempts if a.captured and not a.repair]
    return TaskView(
        id=task.task.id,
        title=task.task.title,
        level=task.level,
        state=task.state.value,
        reason=task.reason,
        attempts=tuple(_attempt(run, task, a, now) for a in task.attempts),
        files=worked[-1].files if worked else (),
        declared=task.task.scope.written,
        commit=task.commit,
        rerun=bool(task.reruns),
        certificate=task.certificate,
        stream=task.task.stream,
        for_person=is_for_person(task),
        settled=settled_by_policy(task.certificate),
        repo=task.task.repo,
    )


def _attempt(run: Run, task: TaskRun, attempt: Attempt, now: float) -> AttemptView:
    running = attempt.state is AttemptState.RUNNING and attempt.ending is None
    so_far = now - attempt.started_at if running and attempt.started_at is not None else None
    return AttemptView(
        n=attempt.n,
        state=attempt.state.value,
        exit=attempt.exit,
        branch=short(task_ref(run.settings.prefix, run.id, task.task.id, attempt.n)),
        keep_ref=keep_ref(run.id, task.task.id, attempt.n),
        commit=attempt.kept,
        started_at=attempt.started_at,
        duration_s=so_far if running else attempt.duration_s,
        log=attempt.log,
        message=attempt.problem or attempt.message,
        notes=attempt.notes,
        undone=attempt.undone,
        outside=attempt.outside,
        worktree=attempt.worktree,
        agent=attempt.agent,
        report=attempt.report,
        progress=attempt.progress,
        repair=attempt.repair,
    )


def _jobs(run: Run) -> int:
    """How many were at work at once: as many as were asked for, or as it came to."""
    return run.settings.jobs if run.settings.jobs_first is None else max(1, run.max_concurrent)


def metrics(run: Run, now: float) -> Metrics:
    """Computes the figures; every ratio is 0 where it would divide by nothing."""
    attempts = [a for task in run.tasks.values() for a in task.attempts]
    task_s = sum(a.duration_s for a in attempts)
    wall_s = run.worked_s + (now - run.since if run.since is not None else 0.0)
    longest = {t.task.id: sum(a.duration_s for a in t.attempts) for t in run.tasks.values()}
    critical_s = sum(longest[t] for t in run.graph.critical_path(longest))
    worked = [t for t in run.tasks.values() if any(a.state is AttemptState.SUCCEEDED for a in t.attempts)]
    estimates = [t.task.estimate_s for t in run.tasks.values() if t.level]
    known = [s for s in estimates if s is not None]
    at_gates = run.gates.reports() if run.gates is not None else ()
    taken = sum_of([*(a.report for a in attempts), *at_gates])
    speedup = task_s / wall_s if wall_s else 0.0
    return Metrics(
        wall_s=wall_s,
        task_s=task_s,
        bound_s=max(critical_s, task_s / _jobs(run)),
        speedup=speedup,
        efficiency=speedup / _jobs(run),
        conflict_rate=sum(1 for t in worked if t.refused) / len(worked) if worked else 0.0,
        max_concurrent=run.max_concurrent,
        jobs=run.pace.jobs,
        adapted=run.pace.changes,
        spawned=sum(1 for a in attempts if a.started_at is not None),
        succeeded=sum(1 for a in attempts if a.state is AttemptState.SUCCEEDED),
        failed=sum(1 for a in attempts if a.state in (AttemptState.FAILED, AttemptState.TIMED_OUT)),
        retried=sum(max(0, sum(not a.repair for a in t.attempts) - 1) for t in run.tasks.values()),
        estimated_sequential_s=sum(known) if known and len(known) == len(estimates) else task_s,
        tokens=taken.tokens,
        cost_usd=taken.cost_usd,
    )
