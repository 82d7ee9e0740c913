"""`gitpar run --dry-run`: the plan that a run would work on. Loads git only where tasks name repositories."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gitpar.core.graph import TaskGraph
from gitpar.core.selection import Skipped, renumbered, select, taken_as_done
from gitpar.core.streams import one_at_a_time
from gitpar.plans.model import Plan
from gitpar.plans.reading import read_plans
from gitpar.wiring.request import RunRequest


def preview(directory: Path, request: RunRequest) -> Plan:
    """Reads and checks what `run` would run, of what was asked for; starts and writes nothing."""
    plan = chosen_part(read_plans(request.plans, request.choices), request)[0]
    if any(task.repo is not None for task in plan.graph):
        from gitpar.wiring.repositories import placed  # noqa: PLC0415 - most plans are for one repository

        return placed(directory, plan)
    return plan


def chosen_part(plan: Plan, request: RunRequest) -> tuple[Plan, Skipped]:
    """Returns the part of a plan that a user asked for, and why each other task is left out."""
    tasks, skipped = select(plan.graph, request.only, request.skip, request.streams)
    told = taken_as_done(plan.graph, tasks, request.streams)
    graph = TaskGraph(tasks)
    if not request.parallel_streams:
        graph = TaskGraph(one_at_a_time(graph))
    notes = renumbered(plan.wave_notes, plan.graph, graph)
    return replace(plan, graph=graph, wave_notes=notes, notes=(*plan.notes, *told)), skipped
