"""What the end of a gate's process says of what was gated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import assert_never

from gitpar.core import gate_events as ge
from gitpar.core.accounts import SLOW
from gitpar.core.agents import AgentReport, Trouble
from gitpar.core.events import Ending
from gitpar.core.names import TreeId
from gitpar.ports import WorkerResult

_LONGEST_REASON = 600


def judged(ended: ge.GateEnded, result: WorkerResult, tree: TreeId, log: Path) -> ge.GateEnded:
    """Says what a worker's ending means for a gate."""
    verdict = ge.Verdict.FAILED
    match result.ending:
        case Ending.EXITED:
            verdict = ge.Verdict.PASSED if result.exit == 0 else ge.Verdict.FAILED
        case Ending.TIMED_OUT:
            verdict = ge.Verdict.TIMED_OUT
        case Ending.INTERRUPTED:
            verdict = ge.Verdict.INTERRUPTED
        case Ending.NOT_STARTED | Ending.CUT_SHORT:
            verdict = ge.Verdict.BROKEN
        case Ending.SIGNALED:
            pass
        case _:
            assert_never(result.ending)
    message = "" if result.ending is Ending.EXITED else result.message
    return replace(
        ended,
        verdict=verdict,
        tree=tree,
        message=message,
        exit=result.exit,
        duration_s=result.duration_s,
        log=str(log),
    )


def answered(ended: ge.GateEnded, result: WorkerResult, report: AgentReport) -> ge.GateEnded:
    """Puts what an agent said in place of its exit status; trouble of its own is no verdict.

    One that was told to slow down is asked again later.
    """
    ended = replace(ended, report=report)
    if ended.verdict is ge.Verdict.BROKEN:
        return replace(ended, message=f"the agent of a gate cannot work: {ended.message}")
    if result.ending is not Ending.EXITED:
        return ended
    if report.trouble is not Trouble.NONE and not report.verdict:
        why = report.message or report.trouble.value
        if report.trouble in SLOW:
            return replace(ended, verdict=ge.Verdict.INTERRUPTED, message=why)
        return replace(ended, verdict=ge.Verdict.BROKEN, message=f"the agent of a gate cannot work: {why}")
    if result.exit == 0 and report.verdict == "pass":
        return replace(ended, verdict=ge.Verdict.PASSED, message="; ".join(report.reasons))
    why = "; ".join(report.reasons) or ("fail" if report.verdict else "it gave no verdict")
    message = f"{why[:_LONGEST_REASON]}" if result.exit == 0 else f"exit status {result.exit}: {why}"
    return replace(ended, verdict=ge.Verdict.FAILED, message=message)
