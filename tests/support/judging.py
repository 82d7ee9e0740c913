"""Runs a history with gitpar and compares everything with what plain git makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.bystander import left_behind, look_at
from tests.support.driving import Driver, Said
from tests.support.fold import Folded, fold, rerun
from tests.support.history import History
from tests.support.plaingit import PlainGit


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a run did and everything that is wrong with it."""

    said: Said
    folded: Folded
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        aside = f"{len(self.folded.merged)} merge, {len(self.folded.aside)} step aside"
        return "\n".join([f"plain git: {aside}; gitpar: {self.said}", *self.wrong])


def judge(repository: Path, folder: Path, history: History, environ: Mapping[str, str]) -> Judgement:
    """Runs the history at `--jobs 4`, cleans up, and says what is not as plain git would have it."""
    folded = fold(history)
    before = look_at(repository, environ)
    driver = Driver(repository, environ)
    said = driver.say("run", history.write_plan(folder / "plan.json"), "--jobs", "4")
    if "tasks" not in said.facts:
        return Judgement(said, folded, ("the run printed no facts",))
    wrong = [*_states(said, folded), *_tree(repository, environ, said, history, folded)]
    wrong += [
        f"the run changed: {name}"
        for name in before.differences(look_at(repository, environ))
        if _lasting(name)
    ]
    cleaned = driver.clean()
    if cleaned.status:
        wrong.append(f"clean: {cleaned}")
    wrong += [f"clean left changed: {name}" for name in before.differences(look_at(repository, environ))]
    wrong += [f"left behind: {name}" for name in left_behind(repository)]
    wrong += _branches(repository, environ, said)
    return Judgement(said, folded, tuple(wrong))


def _lasting(name: str) -> bool:
    """Leaves out what only `clean` has to put right."""
    return not name.startswith("worktree ")


def _states(said: Said, folded: Folded) -> list[str]:
    states, reasons = said.states, said.reasons
    wrong = [
        f"{task} merges, but is {states.get(task)}: {reasons.get(task)}"
        for task in folded.merged
        if states.get(task) != "landed"
    ]
    wrong += [
        f"{task} ran {said.attempts[task]} times" for task in folded.merged if said.attempts.get(task, 1) != 1
    ]
    wrong += [
        f"{task} does not merge and is {states.get(task)}"
        for task in folded.aside
        if states.get(task) not in {"landed", "held", "failed"}
    ]
    wrong += [
        f"{task} stepped aside and was not run again" for task in folded.aside if said.attempts.get(task) == 1
    ]
    expected = 0 if set(states.values()) == {"landed"} else 1
    if said.status != expected:
        wrong.append(f"exit status {said.status} where {expected} was due")
    return wrong


def _tree(
    repository: Path, environ: Mapping[str, str], said: Said, history: History, folded: Folded
) -> list[str]:
    states = said.states
    held = {task for task in folded.aside if states.get(task) == "held"}
    again = rerun(history, folded, held=held)
    wrong = [
        f"{task} applies when run again, but failed" for task in again.applied if states.get(task) == "failed"
    ]
    wrong += [
        f"{task} does not apply when run again, but landed"
        for task in again.refused
        if states.get(task) == "landed"
    ]
    tree = PlainGit(repository, environ).tree(said.tip)
    if tree != again.tree:
        wrong.append(f"the level's tree is {tree}, plain git's is {again.tree}")
    return wrong


def _branches(repository: Path, environ: Mapping[str, str], said: Said) -> list[str]:
    """Task branches of what landed are gone, those of the others and the levels are there."""
    there = set(
        PlainGit(repository, environ).lines("for-each-ref", "--format=%(refname:short)", "refs/heads/gitpar")
    )
    wrong = [
        f"{level['branch']} is gone" for level in said.facts.get("levels", ()) if level["branch"] not in there
    ]
    for task in said.facts.get("tasks", ()):
        branches = {attempt["branch"] for attempt in task["attempts"]} & there
        if task["state"] == "landed" and branches:
            wrong.append(f"{task['id']} landed, its branches are still there: {sorted(branches)}")
        if task["state"] == "held" and not branches:
            wrong.append(f"{task['id']} is held, and its branch is gone")
    return wrong
