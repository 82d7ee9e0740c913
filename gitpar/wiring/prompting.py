"""`gitpar prompt`: what a worker would be told now. Starts and writes nothing."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gitpar.agents.prompt import shipped
from gitpar.config import load_settings
from gitpar.core.accounts import agent_of
from gitpar.core.agents import COMMAND, HUMAN
from gitpar.core.briefing import briefing
from gitpar.core.events import RunOpened
from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.core.run import Run
from gitpar.errors import UsageError
from gitpar.plans.reading import read_plans
from gitpar.wiring.crew import crew_of, staffed
from gitpar.wiring.plan_files import only_plan
from gitpar.wiring.request import PromptRequest
from gitpar.wiring.site import Site


def prompt(directory: Path, request: PromptRequest) -> str:
    """Returns the prompt of a task: of a plan before its run, or of the next attempt of a recorded run."""
    if request.template:
        return shipped()
    site = Site.at(directory)
    flags: Mapping[str, object] = {"agent": request.agent}
    settings, _ = load_settings(site.place.main, flags, os.environ)
    run = site.chosen(request.run or None) if request.run is not None else None
    if run is None:
        paths = request.plans or (only_plan(site.place, settings.plan),)
        plan = read_plans(paths, request.choices)
        opened = RunOpened(
            at=0.0,
            run=RunId("run"),
            plans=plan.paths,
            format=plan.format,
            tasks=staffed(plan.graph, settings.agent, plan.settings.agent),
            wave_notes=(),
            base=CommitId(""),
            settings=settings.run,
        )
        run = Run(opened)
    name = TaskId(request.task)
    if name not in run.tasks:
        near = difflib.get_close_matches(name, run.tasks, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else "The ids are listed by: gitpar plan PLAN"
        raise UsageError(f"there is no task `{name}`", hint)
    told = replace(briefing(run, name), resumed=False)
    who = agent_of(run.tasks[name])
    return crew_of(settings, site.place.main)(COMMAND if who == HUMAN else who).prompt(told)
