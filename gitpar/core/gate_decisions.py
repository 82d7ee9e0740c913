"""What is due about gates: a part of `decide` that runs without gates do not load.

Stateless: each call looks at what is known and asks for the next thing that is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from gitpar.core import gates as g
from gitpar.core import policies
from gitpar.core.batches import chain_tip
from gitpar.core.commands import Command, StopWorkers
from gitpar.core.gate_blame import suspected
from gitpar.core.gate_book import GateBook, taken_as_it_is
from gitpar.core.gate_budgets import afforded
from gitpar.core.gate_commands import BlameLevel, EndGate, LeavePlace, RecoverGate, RunGate
from gitpar.core.landings import move_of
from gitpar.core.names import CommitId
from gitpar.core.run import Level, Run, Stage, TaskState
from gitpar.core.settings import GateOn, GateRules

_LOST = (TaskState.HELD, TaskState.FAILED, TaskState.BLOCKED)


def numbered(run: Run, book: GateBook, due: list[Command]) -> list[Command]:
    """Gives each run of a gate among the commands its limits and a number of its own."""
    numbers = _numbers(run, len(book.runs))
    return [
        replace(command, number=next(numbers)) if isinstance(command, RunGate) else command
        for command in afforded(run, book, due)
    ]


def _numbers(run: Run, known: int) -> Iterator[int]:
    """Yields the numbers that come after so many; no two repositories of one plan have the same."""
    if run.sisters is None:
        return count(known + 1)
    names = [sister.name for sister in run.sisters.all]
    return count(known * len(names) + names.index(run.sisters.own) + 1, len(names))


def first_of_all(book: GateBook) -> list[Command] | None:
    """Ends gates that come to nothing, and what a dead owner's left running; None where there is none."""
    if book.to_end:
        return [EndGate(n, why) for n, why in book.to_end.items()]
    if book.lost:
        lost = ((n, book.runs[n]) for n in book.lost)
        return [RecoverGate(n, one.opened.commit, one.opened.task, one.agent) for n, one in lost]
    return [] if book.recovering else None


def of_tasks(run: Run, book: GateBook) -> list[Command]:
    """Gives worktrees back that no gate waits for, and runs the next gate of each result."""
    due: list[Command] = [
        LeavePlace(task, n) for task, n in book.places.items() if book.ungated.get(task) != n
    ]
    at_gates = {book.runs[n].opened.task for n in book.open}
    for task_id, n in book.ungated.items():
        task = run.tasks[task_id]
        result = task.last.result
        if task_id in at_gates or result is None:
            continue
        rules = _wanted(book, book.of_task(task.task), result)
        if rules is not None:
            due.append(RunGate(0, rules, GateOn.TASK, result, task.level, task_id, n))
    return due


def _wanted(book: GateBook, asked: tuple[GateRules, ...], commit: CommitId) -> GateRules | None:
    """Returns the gate to run next on a result: one that failed once is run once more."""
    for rules in asked:
        verdict = book.passes(rules, commit)
        if verdict is None or (verdict is False and not book.is_sure(rules, commit)):
            return rules
    return None


def stopping(run: Run, book: GateBook) -> list[Command]:
    """Returns what is due before a run that was asked to stop may end; StopWorkers ends gates too."""
    if run.stop_now and not run.stopping and (book.open or book.at_work(run)):
        return [StopWorkers()]
    if book.open:
        return []
    return [LeavePlace(task, n) for task, n in book.places.items()]


def at_the_end(run: Run, book: GateBook) -> list[Command] | None:
    """Runs the gates of the run on everything that landed; None where they have spoken."""
    asked = book.on(GateOn.RUN)
    if run.tip == run.base or not asked:
        return None
    if book.open:
        return []
    rules = _wanted(book, asked, run.tip)
    if rules is None or book.stopped_at(run) is not None:
        return None
    return numbered(run, book, [RunGate(0, rules, GateOn.RUN, run.tip, len(run.levels))])


# --- levels ------------------------------------------------------------------------------


def landing(run: Run, level: Level, book: GateBook) -> list[Command]:
    """The next step of what is landing on a level: proved on what waits, gated together, then moved."""
    if level.candidate is not None:
        candidate = level.candidate
        if candidate.commit is None or candidate.moving:
            return []
        return [move_of(level, [candidate])]
    if level.to_land and _may_join(run, level, book):
        return [policies.landing(run, run.tasks[level.to_land[0]], _known(chain_tip(level)))]
    if not level.batch or (book.whole and level.stage is Stage.WORKING):
        return []
    return _gate(run, level, book)


def size(run: Run, book: GateBook) -> int:
    """Returns how many tasks are gated together now."""
    failed, judged = run.settings.gate_history
    return g.batch_size(failed + book.failed, judged + book.judged)


def _may_join(run: Run, level: Level, book: GateBook) -> bool:
    """Says whether the next result is proved before those that wait are gated."""
    if not level.batch:
        return True
    if taken_as_it_is(run, level.to_land[0]):
        return False
    ahead = run.settings.gate_jobs if run.settings.speculate else 1
    return book.whole or len(level.batch) < size(run, book) * ahead


def _gate(run: Run, level: Level, book: GateBook) -> list[Command]:
    if book.whole and (why := _lost(run, level)):
        return [BlameLevel(level.number, f"the level lands whole or not at all: {why}")]
    asked = book.on(GateOn.LEVEL)
    verdicts = [book.verdict(asked, _known(candidate.commit)) for candidate in level.batch]
    if any(verdicts) and not book.whole:
        step: g.Pass | g.Test | g.Suspect = g.Pass(1)
    else:
        step = g.search(verdicts if book.whole else verdicts[: size(run, book)], whole=book.whole)
    match step:
        case g.Pass():
            return [move_of(level, [replace(level.batch[0], certificate=book.certificate(level))])]
        case g.Test():
            return _tests(run, level, book, _worth_testing(run, book, verdicts, step.upto))
        case g.Suspect(upto):
            return [] if book.at_level(level) or book.trying else suspected(run, level, book, upto)


def _lost(run: Run, level: Level) -> str:
    """Names the first task of a level that will not land; empty where all may."""
    lost = next((task for task in level.tasks if run.tasks[task].state in _LOST), None)
    return f"`{lost}` {run.tasks[lost].reason}" if lost is not None else ""


def _worth_testing(run: Run, book: GateBook, verdicts: list[bool | None], first: int) -> list[int]:
    """The beginning that is to be tested, and those that are tested with it where that is allowed."""
    if not run.settings.speculate:
        return [first]
    together = size(run, book)
    more = g.guesses(verdicts[:together], run.settings.gate_jobs)
    ahead = [at for at in range(2 * together, len(verdicts), together) if verdicts[at - 1] is None]
    last = [len(verdicts)] if len(verdicts) > together and verdicts[-1] is None else []
    return list(dict.fromkeys([first, *more, *ahead, *last]))


def _tests(run: Run, level: Level, book: GateBook, upto: list[int]) -> list[Command]:
    """Runs gates on beginnings of the chain, as many at once as may be."""
    free = run.settings.gate_jobs - len(book.at_level(level))
    due: list[Command] = []
    for at in upto:
        commit = _known(level.batch[at - 1].commit)
        running = {one.opened.gate for one in book.running(commit)}
        tasks = tuple(candidate.task for candidate in level.batch[:at])
        for rules in book.on(GateOn.LEVEL):
            if len(due) >= free:
                return due
            if rules.name not in running and book.passes(rules, commit) is None:
                due.append(RunGate(0, rules, GateOn.LEVEL, commit, level.number, tasks=tasks))
    return due


def _known(commit: CommitId | None) -> CommitId:
    if commit is None:
        raise ValueError("a commit that must be known by now is not")
    return commit
