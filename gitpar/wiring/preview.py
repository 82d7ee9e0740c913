"""`gitpar run --dry-run`: the plan that a run would work on. Loads neither git nor the journal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gitpar.core.graph import TaskGraph
from gitpar.core.selection import renumbered, select
from gitpar.plans.model import Plan
from gitpar.plans.reading import read_plans
from gitpar.wiring.request import RunRequest


def preview(_directory: Path, request: RunRequest) -> Plan:
    """Reads and checks what `run` would run, with --only and --skip; starts and writes nothing."""
    plan = read_plans(request.plans, request.choices)
    tasks, _ = select(plan.graph, request.only, request.skip)
    graph = TaskGraph(tasks)
    return replace(plan, graph=graph, wave_notes=renumbered(plan.wave_notes, plan.graph, graph))
