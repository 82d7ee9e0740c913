"""The gates of a run: what settings, command line and plan ask for, and what gates act on."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace

from gitpar.agent_port import Assignment
from gitpar.agents.command import gate_environment
from gitpar.agents.verdicts import AnswerReader, Subject, question
from gitpar.config import Settings
from gitpar.core.agents import COMMAND
from gitpar.core.briefing import Briefing
from gitpar.core.events import Landed
from gitpar.core.gate_commands import RunGate
from gitpar.core.gate_events import GateEnded, TaskBlamed
from gitpar.core.graph import Source, Task
from gitpar.core.names import TaskId
from gitpar.core.run import Run
from gitpar.core.settings import GateOn, RunSettings
from gitpar.engine.gate_world import GatePlaces, GateWorld, Question
from gitpar.engine.world import World
from gitpar.git.environment import without_local
from gitpar.git.rooms import GitRooms
from gitpar.git.worktrees import GitWorktrees
from gitpar.ports import Job
from gitpar.room_port import Room
from gitpar.wiring.asked_gates import asked_gates
from gitpar.wiring.crew import Crew, rules_by_name
from gitpar.wiring.sandboxing import Sandboxes
from gitpar.wiring.site import Site

_LATELY = 10
"""So many runs say how often tasks are to blame."""
_BLAMED, _LANDED, _GATED = TaskBlamed.__name__, Landed.__name__, GateEnded.__name__


def with_gates(site: Site, settings: Settings, plan_verify: str | None, crew: Crew) -> RunSettings:
    """Returns the run's settings with its gates: those of the plan, those that are typed, those of files.

    The rules of agents that are gates stand with those of the others. How often tasks were to
    blame lately is looked up where levels are gated.
    """
    asked = settings.run
    if not settings.gating:
        return replace(asked, gates=(), verify=False)
    gates = asked_gates(settings, plan_verify)
    level = any(GateOn.LEVEL in rules.on for rules in gates)
    agents = rules_by_name(
        crew, [one.name for one in asked.agents] + [one.agent for one in gates if one.agent]
    )
    return replace(asked, gates=gates, agents=agents, gate_history=_history(site) if level else (0, 0))


def _history(site: Site) -> tuple[int, int]:
    """Counts, of the tasks that were to land in the last runs with gates, those that were to blame."""
    journal = site.journal()
    try:
        found = journal.counts((_BLAMED, _LANDED), among=_GATED, runs=_LATELY)
    finally:
        journal.close()
    blamed = found.get(_BLAMED, 0)
    return blamed, blamed + found.get(_LANDED, 0)


def gate_world(
    world: World,
    run: Run,
    worktrees: GitWorktrees,
    of_streams: Mapping[str, Mapping[str, str]],
    *,
    sandboxes: Sandboxes,
) -> GateWorld:
    """Returns what the gates of a run act on."""
    base = without_local(os.environ)

    def variables(command: RunGate) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Returns what a stream and a task add to the environment of their gates."""
        task = run.graph[command.task] if command.task is not None else None
        return of_streams.get((task.stream if task else None) or "", {}), dict(task.env) if task else {}

    def environment(command: RunGate, room: Room, places: GatePlaces) -> Mapping[str, str]:
        of_stream, of_task = variables(command)
        more = {
            **of_task,
            "GITPAR_LEVEL": str(command.level),
            "GITPAR_TASK": command.task or "",
            "GITPAR_ATTEMPT": str(command.n or ""),
            "GITPAR_TASKS": "\n".join(command.tasks or filter(None, [command.task])),
            "GITPAR_BASE": run.levels[command.level - 1].base or run.base,
        }
        gate = {"gate": command.rules.name, "on": command.on.value}
        return gate_environment(
            {**base, **of_stream}, run.id, **gate, room=room, scratch=places.scratch, more=more
        )

    def asked(command: RunGate, room: Room, places: GatePlaces) -> Question:
        rules, agent = command.rules, world.agent(command.rules.agent)
        places.prompt.write_text(question(_subject(run, command, room)))
        task = Task(id=TaskId(rules.name), title=rules.name, source=Source(""), prompt=rules.prompt)
        briefing = Briefing(task=task)
        work = Assignment(briefing, room.path, places.prompt, places.folder, allowance=command.allowance)
        added = {"GITPAR_PROMPT_FILE": str(places.prompt), **agent.environment(work)}
        return Question(agent.command(work), places.prompt, added, AnswerReader(agent.reader()))

    def confined(job: Job, command: RunGate, room: Room, added: Collection[str]) -> Job:
        of_stream, of_task = variables(command)
        given = {*added, *of_stream, *of_task}
        return sandboxes.confined(job, room, command.rules.agent or COMMAND, given)

    return GateWorld(
        common_dir=world.common_dir,
        clock=world.clock,
        rooms=GitRooms(worktrees),
        worktrees=world.worktrees,
        backend=world.backend,
        repository=world.repository,
        environment=environment,
        question=asked,
        reader=lambda name: AnswerReader(world.agent(name).reader()),
        confined=confined,
    )


def _subject(run: Run, command: RunGate, room: Room) -> Subject:
    tasks = command.tasks or ((command.task,) if command.task is not None else ())
    titles = [(task, run.graph[task].title) for task in tasks]
    base = run.base if command.on is GateOn.RUN else run.levels[command.level - 1].base or run.base
    return Subject(command.rules.name, command.rules.prompt, titles, base, room.commit)
