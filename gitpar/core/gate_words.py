"""What gates have found, in the words people are shown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitpar.core.gate_events import TaskBlamed, Verdict

if TYPE_CHECKING:
    from gitpar.core.gate_book import GateRun
    from gitpar.core.run import Run


def outcome(found: GateRun) -> str:
    """Says in a few words how one run of a gate ended."""
    ended = found.ended
    if ended is None:
        return "is running"
    if ended.verdict is Verdict.FAILED:
        return ended.message or f"exit status {ended.exit}"
    if ended.verdict is Verdict.TIMED_OUT:
        return "no end in time"
    return ended.message if ended.verdict is Verdict.BROKEN else ended.verdict.value


def failure_line(found: GateRun) -> str:
    """Says that a gate fails on a result, and how."""
    return f"gate `{found.opened.gate}` fails: {outcome(found)}"


def blame_text(run: Run, event: TaskBlamed) -> str:
    """Says why a task is held: which gate, with whom, where the log is and what to type."""
    found = run.gates.runs[event.number] if run.gates is not None else None
    how = f": {outcome(found)}" if found is not None else ""
    names = " and ".join(f"`{task}`" for task in event.together)
    where = f"together with {names}, not without" if names else "when it is merged"
    log = f" (its output: gitpar logs {run.id} --gate {event.number})"
    return f"gate `{event.gate}` fails {where}{how}{log}"
