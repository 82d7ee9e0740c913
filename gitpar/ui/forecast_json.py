"""A forecast and a calibration as programs read them: the fields of docs/json.md."""

from __future__ import annotations

from typing import Any

from gitpar.core.calibration import Calibration, Figure
from gitpar.core.forecast import PairForecast
from gitpar.core.graph import Task, TaskStatus
from gitpar.core.outlook import WaveOutlook
from gitpar.ui import forecast_text as say
from gitpar.wiring.request import Forecasted

_DIGITS = 6


def forecast(found: Forecasted) -> dict[str, Any]:
    """Returns what `conflicts --dry-run` prints: the fields of `conflicts`, and waves with advice."""
    outlook = found.outlook
    pending = [task for task in found.plan.graph if task.status is TaskStatus.PENDING]
    return {
        "base": found.base,
        "changes": [_change(task) for task in pending],
        "pairs": [_pair(pair) for wave in outlook.waves for pair in wave.pairs],
        "order": [task for wave in outlook.waves for task in wave.advice.order],
        "fold": {"landed": [], "conflicting": [], "tree": None},
        "plan": ", ".join(found.plan.paths),
        "jobs": outlook.jobs,
        "calibrated": outlook.calibrated,
        "estimated": outlook.estimated,
        "expected_conflicts": round(outlook.expected, _DIGITS),
        "waves": [_wave(wave) for wave in outlook.waves],
        "problems": [
            {
                "kind": doubt.kind,
                "tasks": list(doubt.tasks),
                "path": doubt.path,
                "message": say.doubt_text(doubt),
            }
            for doubt in outlook.doubts
        ],
        "suggestions": [
            *(
                {"kind": "needless dependency", "task": n.later, "depends_on": n.first, "wave": n.wave}
                for n in outlook.needless
            ),
            *(
                {"kind": "earlier wave", "task": e.task, "depends_on": None, "wave": e.wave}
                for e in outlook.earlier
            ),
        ],
    }


def _change(task: Task) -> dict[str, Any]:
    return {"id": task.id, "files": list(task.scope.written)}


def _pair(pair: PairForecast) -> dict[str, Any]:
    return {
        "a": pair.a,
        "b": pair.b,
        "tier": "file",
        "kind": None,
        "paths": [{"path": reason.path, "a": None, "b": None, "kind": None} for reason in pair.reasons],
        "probability": round(pair.probability, _DIGITS),
        "reasons": [say.reason_text(reason, pair) for reason in pair.reasons],
    }


def _wave(wave: WaveOutlook) -> dict[str, Any]:
    advice = wave.advice
    return {
        "wave": wave.number,
        "tasks": list(wave.tasks),
        "expected_conflicts": round(wave.expected, _DIGITS),
        "serialize": [
            {
                "first": edge.first,
                "later": edge.later,
                "probability": round(edge.probability, _DIGITS),
                "gain_s": round(edge.gain_s, 3),
            }
            for edge in advice.edges
        ],
        "order": list(advice.order),
        "planned_s": round(advice.planned_s, 3),
        "advised_s": round(advice.advised_s, 3),
        "serialized_s": round(advice.apart_s, 3),
        "conflicts_left": round(advice.left, _DIGITS),
        "not_forecast": list(wave.silent),
    }


def calibration(found: Calibration) -> dict[str, Any]:
    """Returns what `conflicts --calibrate` prints."""
    return {
        "changes": found.changes,
        "merges": found.merges,
        "since": found.since,
        "until": found.until,
        "pairs": found.pairs,
        "meetings": found.meetings,
        "conflicts": found.conflicts,
        "signals": [_figure(figure) for figure in found.figures],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "signal": figure.signal,
        "predicted": figure.predicted,
        "right": figure.right,
        "precision": figure.precision,
        "recall": figure.recall,
    }
