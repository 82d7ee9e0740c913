"""Who works on which task: agents chosen, found, and looked for on this machine before anything starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.agent_port import Agent, Program
from gitpar.agents.command import CommandAgent
from gitpar.core.agent_rules import AgentRules
from gitpar.core.agents import COMMAND, HUMAN, AgentProfile
from gitpar.core.graph import Task, TaskGraph, TaskStatus
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.config import Settings


@dataclass(frozen=True, slots=True)
class Crew:
    """The profiles that a run may use, by name; agents are made when they are first asked for."""

    profiles: Mapping[str, AgentProfile]
    agent_command: str | None
    template: str | None

    def __call__(self, name: str) -> Agent:
        """Returns the agent of a name; raises UsageError where there is none."""
        if name == COMMAND:
            return CommandAgent(self.agent_command)
        profile = self.profile(name)
        if profile.kind == COMMAND:
            return CommandAgent(profile.command or self.agent_command, dict(profile.env))
        from gitpar.agents.registry import make  # noqa: PLC0415 - runs of commands need no agents

        return make(profile, self.template)

    def profile(self, name: str) -> AgentProfile:
        """Returns the profile of a name: the settings' own, else the one that is shipped."""
        from gitpar.profiles import BUILT_IN, built_in  # noqa: PLC0415 - runs of commands need none

        found = self.profiles.get(name) or built_in(name)
        if found is None:
            from gitpar.agents.registry import kinds  # noqa: PLC0415 - see above

            if name in kinds():
                return AgentProfile(name=name, kind=name)
            known = [COMMAND, *dict.fromkeys((*self.profiles, *BUILT_IN))]
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"there is no agent `{name}`",
                f"Did you mean `{near[0]}`?" if near else f"Known are {', '.join(known)}",
                f"To make one of that name, write `[agents.{name}]` into gitpar.toml",
            )
        return found


def crew_of(settings: Settings, root: Path) -> Crew:
    """Returns the crew that the settings describe; `root` is the main worktree's."""
    template = None
    if settings.prompt_template is not None:
        path = root / settings.prompt_template
        try:
            template = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the prompt template `{path}` cannot be read: {error}") from error
    return Crew(settings.profiles, settings.run.agent_command, template)


def staffed(tasks: Iterable[Task], chosen: tuple[str, ...], default: str | None) -> tuple[Task, ...]:
    """Returns the tasks with their agents: by task, by wave, the plan's own word, then the run's.

    A command of a task's own is what works on it, whatever agent the run has. `default`
    is what the plan says for all of its tasks. Raises UsageError.
    """
    listed = tuple(tasks)
    if not chosen and default is None and not any(task.agent for task in listed):
        return listed
    from gitpar.profiles import chosen as read  # noqa: PLC0415 - runs of commands need none

    by_wave, by_task, of_run = read(chosen)
    graph = TaskGraph(listed)
    wave_of = {name: n for n, wave in enumerate(graph.waves, 1) for name in wave}
    for name in by_task:
        if name not in graph.tasks:
            raise UsageError(f"`--agent task:{name}=…`: the plan has no task `{name}`")
        if graph.tasks[name].command:  # type: ignore[index]
            raise UsageError(f"`--agent task:{name}=…`: that task has a command of its own")
    if beyond := [n for n in by_wave if not 1 <= n <= len(graph.waves)]:
        raise UsageError(f"`--agent wave:{beyond[0]}=…`: the plan has {len(graph.waves)} waves")

    def agent(task: Task) -> str | None:
        if task.agent == HUMAN and task.id not in by_task:
            return HUMAN
        if task.command and task.command.strip():
            return None
        wanted = (
            by_task.get(task.id) or by_wave.get(wave_of.get(task.id, 0)) or task.agent or of_run or default
        )
        return None if wanted == COMMAND else wanted

    return tuple(replace(task, agent=agent(task)) for task in listed)


def rules_of(crew: Crew, tasks: Iterable[Task]) -> tuple[AgentRules, ...]:
    """Returns the rules of every agent that the tasks name, and of those they fall back to."""
    pending = (t.agent for t in tasks if t.agent not in (None, HUMAN) and t.status is TaskStatus.PENDING)
    return rules_by_name(crew, filter(None, pending))


def rules_by_name(crew: Crew, asked: Iterable[str]) -> tuple[AgentRules, ...]:
    """Returns the rules of agents, and of those they fall back to."""
    names = list(dict.fromkeys(asked))
    found: dict[str, AgentRules] = {}
    while names:
        name = names.pop(0)
        if name in found or name == COMMAND:
            continue
        profile, agent = crew.profile(name), crew(name)
        found[name] = AgentRules(
            name=name,
            account=profile.account or profile.kind,
            fallback=profile.fallback,
            idle_timeout_s=profile.idle_timeout_s,
            timeout_s=profile.timeout_s,
            cooling_s=profile.cooling_s or 15.0,
            resumes=bool(getattr(agent, "resumes", False)) and profile.retry == "session",
        )
        names += [profile.fallback] if profile.fallback is not None else []
    return tuple(found.values())


def look_for(crew: Crew, rules: Iterable[AgentRules], environ: Mapping[str, str]) -> list[str]:
    """Returns notices about agents' versions; raises EnvironmentFault for a program that is not there."""
    from gitpar.backends.probing import known_version  # noqa: PLC0415 - runs of commands start none

    notices = []
    for name in (one.name for one in rules):
        program = crew(name).program
        if program is None:
            continue
        env = {**environ, **dict(crew.profile(name).env)}
        version = known_version(program.name, env, program.oldest)
        if version is None:
            raise EnvironmentFault(
                f"agent `{name}` needs the program `{program.name}`, which is not on PATH",
                f"To get it: {program.install}",
                "Nothing was started",
            )
        if doubt := doubts(program, version):
            notices.append(f"agent `{name}`: {doubt}; to get a newer one: {program.install}")
    return notices


def doubts(program: Program, version: tuple[int, ...]) -> str:
    """Says what speaks against a version; empty where nothing does."""
    oldest = ".".join(map(str, program.oldest))
    if not version:
        return f"`{program.name} --version` tells no version; {oldest} or newer is expected"
    if version < program.oldest:
        return f"`{program.name}` is {'.'.join(map(str, version))}; {oldest} or newer was tried"
    return ""
