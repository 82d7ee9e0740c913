"""Every sentence said about a run when it is looked at as a whole. Pure: a RunView in, plain lines out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fnmatch import fnmatchcase

from gitpar.core.agents import Trouble
from gitpar.core.conflicts import PairConflict, Tier
from gitpar.core.events import RunEnd
from gitpar.core.run import AttemptState, TaskState
from gitpar.core.view import Metrics, RunView, TaskView
from gitpar.errors import ExitCode
from gitpar.ui.conflict_text import STRENGTH, pair_text
from gitpar.ui.plain import clean, counted, duration, listed, named
from gitpar.ui.policy_text import landed_with
from gitpar.values import dataclass

_STATES = {
    "running": "is running",
    "done": "is done",
    "needs-you": "needs you",
    "failed": "failed in part",
    "interrupted": "was interrupted",
}
_TOLD = (TaskState.LANDED, TaskState.HELD, TaskState.FAILED, TaskState.BLOCKED, TaskState.SKIPPED)
_UNFINISHED = (TaskState.RUNNING, TaskState.FINISHED, TaskState.PENDING)
_TOLD_TASKS = 3
_TOLD_WAITS = 4
_NOT_LANDED = (TaskState.HELD, TaskState.FAILED, TaskState.BLOCKED)


def exit_code(view: RunView) -> ExitCode:
    """Returns what `run` and `resume` end with."""
    match view.state:
        case "done" if view.publication is not None and view.publication.problems:
            return ExitCode.NEEDS_PERSON
        case "done":
            return ExitCode.OK
        case "interrupted" | "running":
            return ExitCode.ENVIRONMENT if view.trouble else ExitCode.INTERRUPTED
        case _:
            return ExitCode.NEEDS_PERSON


def headline(view: RunView) -> str:
    """Says in one line what became of the run."""
    return f"Run {view.run} {'was undone' if view.undone else _STATES[view.state]}: {tally(view)}"


def tally(view: RunView) -> str:
    """Counts tasks by state: "3 landed, 1 held, 1 failed"; landed is always told."""
    counts = [(state, view.count(state)) for state in (*_TOLD, *_UNFINISHED)]
    told = [f"{n} {state.value}" for state, n in counts if n or state is TaskState.LANDED]
    return f"{', '.join(told)} of {counted(len(view.tasks), 'task')}"


def not_landed(view: RunView) -> list[TaskView]:
    """The tasks that somebody must look at, in plan order."""
    return [task for task in view.tasks if task.state in _NOT_LANDED]


def command(*words: str) -> str:
    """Returns a command line that can be pasted into a shell."""
    return " ".join(shlex.quote(clean(word)) for word in words)


def workers(metrics: Metrics) -> str:
    """Says how many workers ran and how they ended."""
    return (
        f"{metrics.spawned} spawned, {metrics.succeeded} succeeded, {metrics.failed} failed, "
        f"{metrics.retried} run again; at most {metrics.max_concurrent} at once"
        + (
            f", adapted {counted(metrics.adapted, 'time')}, to {metrics.jobs} at last"
            if metrics.adapted
            else ""
        )
    )


def bound(view: RunView) -> str:
    """Says how far the run was from the shortest time that was possible."""
    m = view.metrics
    over = m.wall_s - m.bound_s
    told = f"{duration(over)} above" if over >= 0 else "not above"
    return f"{duration(m.wall_s)}, {told} the bound of {duration(m.bound_s)}"


def bound_meaning(view: RunView) -> str:
    """Explains the bound in words."""
    return f"the bound is the longer of critical path and work divided by {counted(view.jobs, 'job')}"


def speed(metrics: Metrics) -> str:
    """Says what running at once has brought."""
    return (
        f"{metrics.speedup:.1f} times as fast as the {duration(metrics.task_s)} of all workers in a row, "
        f"efficiency {metrics.efficiency:.0%}"
    )


def estimate(metrics: Metrics) -> str:
    """Compares the plan's estimate with what happened; empty where the plan has none."""
    if metrics.estimated_sequential_s == metrics.task_s:
        return ""
    return (
        f"{duration(metrics.estimated_sequential_s)} estimated for all tasks in a row, "
        f"{duration(metrics.task_s)} worked, {duration(metrics.wall_s)} waited"
    )


def conflict_rate(view: RunView) -> str:
    """Says how many results did not merge at the first try."""
    rate = view.metrics.conflict_rate
    return f"{rate:.0%} of the tasks that were worked on did not merge at the first try"


def waited(view: RunView) -> str:
    """Says who waited for whom because a conflict was predicted; empty where nobody did."""
    pairs = [f"{named(wait.later)} for {named(wait.first)}" for wait in view.waits]
    if not pairs:
        return ""
    more = f" and {len(pairs) - _TOLD_WAITS} more" if len(pairs) > _TOLD_WAITS else ""
    return f"{', '.join(pairs[:_TOLD_WAITS])}{more}: conflicts were predicted"


def conflict_lines(view: RunView) -> list[tuple[Tier, str]]:
    """Returns every pair that shared something, strongest first, with what came of it."""
    ordered = sorted(view.conflicts, key=lambda pair: STRENGTH.index(pair.tier))
    by_id = {task.id: task for task in view.tasks}
    return [(pair.tier, pair_text(pair) + _came_of_it(pair, by_id)) for pair in ordered]


def _came_of_it(pair: PairConflict, by_id: dict[str, TaskView]) -> str:
    """Says which of two conflicting tasks gave way."""
    if pair.tier is not Tier.CONFLICT:
        return ""
    a, b = by_id[pair.a], by_id[pair.b]
    # the later one in the plan gives way, unless only the earlier one had to
    first, second = (b, a) if a.rerun and not b.rerun else (a, b)
    name, other = named(second.id), named(first.id)
    if second.settled:
        return landed_with(second)
    if second.state == TaskState.HELD:
        return f"; {name} is held, its branch is kept"
    if second.rerun and second.state == TaskState.LANDED:
        return f"; {name} was run again after {other} and landed"
    if second.rerun:
        return f"; {name} is to be run again after {other}"
    return ""


def notes(view: RunView) -> list[str]:
    """Returns what workers left that somebody may want to know, a line a note."""
    found: list[str] = []
    for task in view.tasks:
        for attempt in task.attempts:
            name = f"{clean(task.id)}#{attempt.n}"
            if attempt.message and attempt.state == AttemptState.SUCCEEDED:
                found.append(f"{name}: {clean(attempt.message)}")
            found += [f"{name}: {clean(note)}" for note in attempt.notes]
            found += [f"{name} reached outside its worktree: {clean(line)}" for line in attempt.outside]
            if attempt.undone and task.state != TaskState.HELD:
                found.append(f"{name}: takes away what had landed in this run: {listed(attempt.undone, 3)}")
            if attempt.state == AttemptState.LOST and attempt.message:
                found.append(f"{name}: came to nothing: {clean(attempt.message)}")
    return found


@dataclass(frozen=True, slots=True)
class Surprise:
    """How what a task changed differs from what it had declared."""

    task: str
    not_declared: tuple[str, ...]
    not_changed: tuple[str, ...]


def surprises(view: RunView) -> list[Surprise]:
    """Compares declared with changed files, for worked tasks that had declared some."""
    return list(_surprises(view))


def _surprises(view: RunView) -> Iterator[Surprise]:
    for task in view.tasks:
        if not task.declared or not any(a.state == AttemptState.SUCCEEDED for a in task.attempts):
            continue
        beyond = tuple(f for f in task.files if not any(_covers(d, f) for d in task.declared))
        unused = tuple(d for d in task.declared if not any(_covers(d, f) for f in task.files))
        if beyond or unused:
            yield Surprise(task.id, beyond, unused)


def _covers(declared: str, path: str) -> bool:
    """Says whether a declared path, folder or glob means a path."""
    wanted = declared.removeprefix("./").rstrip("/")
    folder = path.startswith(wanted + "/")
    return folder or fnmatchcase(path, wanted) or fnmatchcase(path, wanted.replace("**/", ""))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to type, and what for."""

    purpose: str
    command: str


def not_written(view: RunView) -> str:
    """Says how the plan learns what became of its tasks; empty where it knows, or nothing has landed."""
    if view.write_back or view.undone or view.state == "running":
        return ""
    if not view.plans or not view.count(TaskState.LANDED):
        return ""
    return "The plan was left as it is; to have statuses written into it: --write-back"


def waiting_for(view: RunView) -> str:
    """Says which request has to be merged before the next wave; empty where none has to."""
    if view.awaited is None:
        return ""
    branch = view.levels[view.awaited - 1].branch
    requests = view.publication.requests if view.publication is not None else ()
    found = next((each for each in requests if each.branch == branch and each.number is not None), None)
    what = f"request {found.number} ({clean(found.url)})" if found else f"the request from {named(branch)}"
    return f"wave {view.awaited} has landed, and the next one starts when {what} is merged"


def what_next(view: RunView) -> list[Step]:
    """Returns what to type next, most wanted first; for the first few tasks that did not land."""
    if view.state == "running":
        return [Step("follow it:", command("gitpar", "logs", "-f", view.run))]
    if view.undone:
        return [
            Step("bring it back:", command("gitpar", "undo", view.undone)),
            Step("remove what is not needed:", command("gitpar", "clean", view.run)),
        ]
    typed: list[Step] = []
    if view.awaited is not None:
        typed.append(Step("go on once that is merged:", command("gitpar", "resume", view.run)))
        unmerged = command("gitpar", "resume", view.run, "--barrier", "landed")
        typed.append(Step("or without waiting for it:", unmerged))
    typed += _to_mend(view)
    if view.state == "interrupted":
        typed.append(Step("go on:", command("gitpar", "resume", view.run)))
    cut = [level.branch for level in view.levels if level.commit is not None]
    if view.repositories:
        from gitpar.ui import several  # noqa: PLC0415 - most runs are in one repository

        typed += [Step(purpose, command(*words)) for purpose, words in several.to_take(view)]
    elif cut and view.count(TaskState.LANDED):
        typed.append(Step("see what landed:", command("git", "log", "--graph", "--oneline", cut[-1])))
        typed.append(Step("take it:", command("git", "merge", cut[-1])))
    for task in [task for task in not_landed(view) if task.for_person and task.state == TaskState.HELD][
        :_TOLD_TASKS
    ]:
        typed += _for_person(task, view)
    for task in [task for task in not_landed(view) if task.attempts][:_TOLD_TASKS]:
        typed += _look_into(task, view)
    if view.state != "interrupted":
        typed.append(Step("remove what is not needed:", command("gitpar", "clean", view.run)))
    return typed


def _to_mend(view: RunView) -> list[Step]:
    """What to change for agents that had no key that works, or may do too little without asking."""
    newest = [task.attempts[-1] for task in view.tasks if task.attempts and task.state != TaskState.LANDED]
    met = [(attempt.agent, attempt.report) for attempt in newest]
    met += [(gate.agent, gate.report) for gate in view.gates[-1:] if gate.verdict == "broken"]
    found: dict[tuple[str, Trouble], Step] = {}
    for agent, report in met:
        name = clean(agent)
        if report is not None and report.trouble is Trouble.KEY:
            how = f"log in with its program, or write `env` of [agents.{name}] into gitpar.toml"
            found[agent, report.trouble] = Step(f"give {named(agent)} a key that works:", how)
        elif report is not None and report.trouble is Trouble.PERMISSION:
            how = f'permission = "all" below [agents.{name}] in gitpar.toml; safest with --sandbox bwrap'
            found[agent, report.trouble] = Step(f"let {named(agent)} do more without asking:", how)
    return list(found.values())


def _for_person(task: TaskView, view: RunView) -> list[Step]:
    """What to type about a task that is for a person."""
    said = command("gitpar", "resume", view.run, "--approve", task.id)
    answered = command("gitpar", "resume", view.run, "--answer", task.id)
    return [
        Step(f"what {named(task.id)} asks of you:", command("gitpar", "prompt", task.id, "--run", view.run)),
        Step(f"{named(task.id)} is done:", said),
        Step("and later tasks should know:", f"{answered} 'TEXT'"),
    ]


def _look_into(task: TaskView, view: RunView) -> list[Step]:
    """What to type to see why a task did not land, and what it did."""
    newest = task.attempts[-1]
    steps = [Step(f"what {named(task.id)} said:", command("gitpar", "logs", view.run, task.id))]
    if newest.commit is not None and task.files:
        there = next((each.path for each in view.repositories if each.name == task.repo), None)
        at = () if there is None else ("-C", there)
        steps.append(Step(f"what {named(task.id)} did:", command("git", *at, "show", newest.branch)))
    if view.state in (RunEnd.NEEDS_PERSON, RunEnd.FAILED):
        again = command("gitpar", "resume", view.run, "--retry", task.id)
        steps.append(Step(f"try {named(task.id)} again:", again))
        if task.state == TaskState.HELD and task.files:
            by_hand = command("gitpar", "resume", view.run, "--resolve", task.id)
            steps.append(Step(f"settle {named(task.id)} by hand:", by_hand))
    return steps
