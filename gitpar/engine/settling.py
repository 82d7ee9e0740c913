"""Carries out what concerns results that do not merge: settling, and taking repairs. No decisions.

Called on the thread that lands.
"""

from __future__ import annotations

from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core import policy_events as pe
from gitpar.core.run import Run
from gitpar.core.settlement import Settlement
from gitpar.engine.places import conflict_folder
from gitpar.engine.world import World
from gitpar.faults import Step, passage
from gitpar.ports import Landing, Refusal
from gitpar.settling_port import Drivers, How


def settle(world: World, run: Run, command: c.SettleLanding, landing: Landing) -> e.Event:
    """Settles what can be, or takes what an attempt has repaired; returns what came of it."""
    settler = world.settler()
    passage(Step.SETTLE)
    if command.settlement is not None and command.repaired is not None:
        found = settler.take(landing, command.settlement, command.repaired, carry=command.carry)
    else:
        drivers = drivers_of(run) if command.drivers else None
        how = How(leave=command.leave, may_undo=command.may_undo, carry=command.carry)
        found = settler.settle(landing, drivers, how)
        if isinstance(found.outcome, Settlement) and found.outcome.left:
            folder = conflict_folder(world.common_dir, run.id, command.task, found.outcome.commit)
            settler.lay_beside(found.outcome, landing, folder, carry=command.carry)
    passage(Step.SETTLED)
    now = world.clock.now()
    if isinstance(found.outcome, Refusal):
        return pe.SettlingRefused(at=now, task=command.task, reason=found.outcome.reason, notes=found.notes)
    return pe.LandingSettled(at=now, task=command.task, settlement=found.outcome, notes=found.notes)


def drivers_of(run: Run) -> Drivers:
    """Returns what the run's settings let settle files."""
    settings = run.settings
    return Drivers(
        union=settings.merge_union,
        regenerate=tuple(path for path, _ in settings.merge_regenerate),
        external=settings.merge_external,
        rerere=settings.merge_rerere,
        timeout_s=settings.merge_timeout_s,
    )
