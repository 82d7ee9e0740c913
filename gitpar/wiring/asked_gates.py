"""Which gates a run has: those of the plan, those that are typed, those of files. Loads no git."""

from __future__ import annotations

import os
from pathlib import Path

from gitpar.config import Settings, load_settings
from gitpar.core.planned_gates import PlannedGate, planned_gates
from gitpar.core.settings import GateOn, GateRules
from gitpar.gate_settings import typed_gates
from gitpar.plans.model import Plan
from gitpar.wiring.request import RunRequest

_PLANS = "plan verify"


def asked_gates(settings: Settings, plan_verify: str | None) -> tuple[GateRules, ...]:
    """Returns the gates of every task, level and run, in their order; tasks may bring their own besides."""
    if not settings.gating:
        return ()
    named = tuple(settings.gate_rules.values())
    typed = typed_gates(
        (
            ((GateOn.TASK, GateOn.LEVEL), settings.gate),
            ((GateOn.TASK,), settings.task_gate),
            ((GateOn.LEVEL,), settings.level_gate),
            ((GateOn.RUN,), settings.run_gate),
        ),
        (rules.name for rules in named),
    )
    plans = (plan_verify or "").strip()
    of_plan = (GateRules(name=_PLANS, command=plans, on=(GateOn.TASK,)),) if plans else ()
    return (*of_plan, *typed, *named)


def gates_of(directory: Path, request: RunRequest, plan: Plan) -> tuple[PlannedGate, ...]:
    """Returns what results of the plan have to pass, as settings, plan and command line say.

    Raises UsageError for settings that a run would refuse.
    """
    settings, _ = load_settings(_main_folder(directory), request.flags, os.environ)
    rules = asked_gates(settings, plan.settings.verify)
    return planned_gates(plan.graph, rules, verifies=settings.gating and settings.run.verify)


def _main_folder(directory: Path) -> Path:
    """The folder of the settings: the main worktree's, as far as can be told without git."""
    here = directory.absolute()
    top = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
    link = top / ".git"
    if not link.is_file():
        return top
    git_dir = top / link.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("gitdir:").strip()
    shared = git_dir / "commondir"
    if not shared.is_file():
        return top  # a submodule
    common = (git_dir / shared.read_text(encoding="utf-8").strip()).resolve()
    return common.parent if common.name == ".git" else common
