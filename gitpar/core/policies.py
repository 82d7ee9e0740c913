"""What is tried with a result that does not merge: which policy comes next, and what it makes due.

Pure; part of `apply` and `decide`. The policies are tried in the order of the settings,
each once: drivers at once, on the tip the result was refused on; agent and serialize when
all others of the wave were tried, one task at a time, from the tip as it then is. What
they settle lands like any result, with the certificate saying which paths are not git's own merge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, assert_never

from gitpar.core import accounts
from gitpar.core import events as e
from gitpar.core import policy_events as pe
from gitpar.core.agents import COMMAND
from gitpar.core.ahead_events import CarryRefused
from gitpar.core.budgets import task_used_up
from gitpar.core.commands import ProveLanding, SettleLanding, StartAttempt
from gitpar.core.conflicts import PathConflict
from gitpar.core.names import CommitId
from gitpar.core.run import AttemptState, Candidate, Level, Run, TaskRun, TaskState
from gitpar.core.settings import OnRevert, Policy, RunSettings
from gitpar.core.settlement import Mending, SettledPath, settled_by_policy
from gitpar.core.verdicts import failure_text, give_up, refusal_text, set_state
from gitpar.core.waits import settled

BY_AGENT = "agent"
BY_COMMAND = "regenerate"
"""What an attempt that repairs a conflict is called: the agent's, or that of the commands that make files."""


def settled_paths(task: TaskRun) -> tuple[SettledPath, ...]:
    """Returns the paths of a landed task that a policy settled; none where git merged everything."""
    return settled_by_policy(task.certificate)


def never_merged(settings: RunSettings) -> tuple[str, ...]:
    """Returns the files that are made anew where both sides changed them, and never merged."""
    used = Policy.DRIVERS in settings.policies
    return tuple(path for path, _ in settings.merge_regenerate) if used else ()


# --- what is due -------------------------------------------------------------------------


def landing(run: Run, task: TaskRun, tip: CommitId) -> SettleLanding | ProveLanding:
    """Returns the next computation of a task's landing: it is proved, or its conflicts are settled first."""
    if (command := settling(run, task, tip)) is not None:
        return command
    work = task.work
    carried = work.carried.settled if work.carried is not None else ()
    return ProveLanding(task.task.id, work.n, work.base, _result(task), tip, task.settlement, carried)


def _result(task: TaskRun) -> CommitId:
    if task.work.result is None:
        raise ValueError(f"`{task.task.id}` has no result to land")
    return task.work.result


def settling(run: Run, task: TaskRun, tip: CommitId) -> SettleLanding | None:
    """Returns the next computation for a task's conflicts, None where it can be proved or needs a worker."""
    if task.mending is None or (task.mending is not Mending.TAKE and _stands(task, tip)):
        return None
    work = task.work
    policies = run.settings.policies[: task.policies]
    command = SettleLanding(
        task.task.id,
        work.n,
        work.base,
        _result(task),
        tip,
        drivers=Policy.DRIVERS in policies,
        leave=policies[-1:] == (Policy.AGENT,),
        may_undo=run.settings.on_revert is OnRevert.WARN,
        carry=task.is_to_carry,
    )
    if task.mending is Mending.TAKE and task.settlement is not None and task.settlement.tip == tip:
        return replace(command, settlement=task.settlement, repaired=task.last.result)
    return command


def _stands(task: TaskRun, tip: CommitId) -> bool:
    """Whether the settlement is about the level as it stands."""
    return task.settlement is not None and task.settlement.tip == tip


def repair(run: Run, task: TaskRun, attempt: StartAttempt) -> StartAttempt:
    """Makes of a task's next attempt the one that repairs what its settlement leaves."""
    found = task.settlement
    if task.mending is not Mending.REPAIR or found is None:
        return attempt
    if found.left:
        return replace(attempt, base=found.commit, rerun=None, repair=BY_AGENT)
    timeout_s = run.settings.merge_timeout_s
    return replace(
        attempt,
        base=found.commit,
        rerun=None,
        repair=BY_COMMAND,
        agent=COMMAND,
        session="",
        timeout_s=timeout_s,
    )


def commands_for(run: Run, paths: tuple[str, ...]) -> str:
    """Returns the shell command that makes files anew, one command after the other."""
    declared = dict(run.settings.merge_regenerate)
    return " && ".join(f"({command})" for command in dict.fromkeys(declared[path] for path in paths))


# --- what events mean --------------------------------------------------------------------


def refused(run: Run, event: e.LandingRefused) -> None:
    """Passes a result that does not merge, or whose settlement does not hold, to the next policy."""
    task = run.tasks[event.task]
    level = run.levels[task.level - 1]
    level.candidate = None
    if event.conflicts:
        if not _by_drivers(run, task) and _deferred(run, level, task):
            return
        _of_conflicts(run, task, event.conflicts)
    elif task.settlement is not None or not _deferred(run, level, task):
        _of_proof(run, task, event.reason)


def carry_refused(run: Run, event: CarryRefused) -> None:
    """Passes a result that cannot be carried over to the next policy, as one that cannot land."""
    task = run.tasks[event.task]
    run.levels[task.level - 1].carrying = None
    if event.conflicts:
        _of_conflicts(run, task, event.conflicts)
    else:
        _of_proof(run, task, event.reason)


def _of_conflicts(run: Run, task: TaskRun, conflicts: tuple[PathConflict, ...]) -> None:
    task.refused = conflicts
    _pass_on(run, task)


def _of_proof(run: Run, task: TaskRun, reason: str) -> None:
    if task.settlement is not None:
        _pass_on(run, task, reason)
    else:
        give_up(run, task, TaskState.HELD, reason)
        settled(run, task.task.id)


def _comes_next(level: Level, task: TaskRun) -> None:
    """Puts a result first among those that land, or that are carried over for that."""
    (level.to_carry if task.is_to_carry else level.to_land).appendleft(task.task.id)


def _computed(level: Level, task: TaskRun) -> None:
    """Ends the computation that was under way."""
    if task.is_to_carry:
        level.carrying = None
    else:
        level.candidate = None


def _by_drivers(run: Run, task: TaskRun) -> bool:
    """Whether drivers come next, which may settle it on top of what is not gated yet."""
    return run.settings.policies[task.policies : task.policies + 1] == (Policy.DRIVERS,)


def _deferred(run: Run, level: Level, task: TaskRun) -> bool:
    """Whether it is tried again from the first policy on when what is before it was gated."""
    if run.gates is None or not run.gates.defers(level, task.task.id):
        return False
    if task.reruns == 0:
        task.policies = 0
    task.settlement = task.mending = None
    return True


def _pass_on(run: Run, task: TaskRun, why: str = "") -> None:
    """Gives a task to the next policy that can do something for it; at last it is held."""
    level = run.levels[task.level - 1]
    task.settlement = task.mending = None
    if why:
        task.unsettled = f"{task.unsettled}; {why}" if task.unsettled else why
    more = not task.accepted and not task_used_up(run, task)
    for policy in run.settings.policies[task.policies :]:
        task.policies += 1
        match policy:
            case Policy.DRIVERS:
                task.mending = Mending.SETTLE
                _comes_next(level, task)
                return
            case Policy.AGENT if accounts.agent_of(task) != COMMAND and more:
                task.mending = Mending.SETTLE
                _step_aside(run, level, task)
                return
            case Policy.SERIALIZE if task.reruns == 0 and more:
                task.reruns += 1
                _step_aside(run, level, task)
                return
            case Policy.HOLD:
                break
            case Policy.AGENT | Policy.SERIALIZE:
                continue
            case _:
                assert_never(policy)
    reason = refusal_text(run, task)
    give_up(run, task, TaskState.HELD, f"{reason}; {task.unsettled}" if task.unsettled else reason)
    settled(run, task.task.id)


def _step_aside(run: Run, level: Level, task: TaskRun) -> None:
    level.aside.append(task.task.id)
    set_state(task, TaskState.PENDING, f"stepped aside: {refusal_text(run, task)}")
    settled(run, task.task.id)


def repaired(run: Run, task: TaskRun, state: AttemptState) -> None:
    """Says what follows an attempt that was to repair a conflict."""
    level = run.levels[task.level - 1]
    match state:
        case AttemptState.SUCCEEDED:
            accounts.recovered(run, task)
            task.mending = Mending.TAKE
            set_state(task, TaskState.FINISHED)
            _comes_next(level, task)
        case AttemptState.INTERRUPTED | AttemptState.LOST:
            _repair_again(task, level, task.last.message)
        case _ if _is_agents(task) and accounts.after_failure(run, task) is accounts.Next.AGAIN:
            _repair_again(task, level, f"tried again: {failure_text(task.last)}")
        case _:
            who = "its agent" if _is_agents(task) else "what makes files anew"
            _pass_on(run, task, f"{who} did not settle it: {failure_text(task.last)}")


def _is_agents(task: TaskRun) -> bool:
    return task.last.repair == BY_AGENT


def _repair_again(task: TaskRun, level: Level, why: str) -> None:
    level.aside.appendleft(task.task.id)
    set_state(task, TaskState.PENDING, why)


def _tried(run: Run, event: pe.SettlingTried) -> None:
    task = run.tasks[event.task]
    level = run.levels[task.level - 1]
    for queue in (level.to_land, level.to_carry, level.aside):
        if event.task in queue:
            queue.remove(event.task)
            break
    if task.is_to_carry:
        level.carrying = event.task
    else:
        level.candidate = Candidate(event.task, event.n, event.at)


def _landing_settled(run: Run, event: pe.LandingSettled) -> None:
    task = run.tasks[event.task]
    level = run.levels[task.level - 1]
    _computed(level, task)
    task.settlement = event.settlement
    if event.settlement.complete:
        task.mending = Mending.PROVE
        _comes_next(level, task)
        return
    task.mending = Mending.REPAIR
    if level.to_land or level.to_carry:  # others have not been tried yet: its turn comes after them
        level.aside.append(event.task)
    else:
        level.aside.appendleft(event.task)
    set_state(task, TaskState.PENDING, f"stepped aside: {refusal_text(run, task)}")


def _settling_refused(run: Run, event: pe.SettlingRefused) -> None:
    task = run.tasks[event.task]
    level = run.levels[task.level - 1]
    _computed(level, task)
    if task.is_to_carry or not _deferred(run, level, task):
        _pass_on(run, task, event.reason)


def forget(task: TaskRun) -> None:
    """Lets all policies be tried again: a person has decided about the task, or it is about another tip."""
    task.policies = 0
    task.settlement = task.mending = None
    task.unsettled = ""


def landed_by(task: TaskRun) -> str:
    """Says what a landing owes to other than git's plain merge of a first result."""
    if paths := settled_paths(task):
        means = dict.fromkeys(one.policy.value for one in paths)
        return f"settled by {' and '.join(means)} in {_listed([one.path for one in paths])}"
    return "landed by a re-run" if task.last.rerun else ""


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(f"`{path}`" for path in paths[:_NAMED]) + more


_NAMED = 3


SETTLING: dict[type[e.Event], Callable[[Run, Any], None]] = {
    e.LandingRefused: refused,
    pe.SettlingTried: _tried,
    pe.LandingSettled: _landing_settled,
    pe.SettlingRefused: _settling_refused,
    CarryRefused: carry_refused,
}
