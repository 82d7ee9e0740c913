"""Settings become objects here: the only place that knows every adapter.

The command line calls these functions and nothing deeper. Each is loaded when it is
first called: `status` must not wait for what only `run` needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from gitpar.wiring.request import (
    CalibrateRequest,
    CheckRequest,
    CleanReport,
    CompareRequest,
    Finding,
    Forecasted,
    ForecastRequest,
    Linted,
    OperationView,
    PromptRequest,
    PublishPlan,
    PublishRequest,
    RunRequest,
    Survey,
    UndoReport,
)

if TYPE_CHECKING:
    from gitpar.wiring.barrier import await_merge
    from gitpar.wiring.checking import check
    from gitpar.wiring.cleaning import clean
    from gitpar.wiring.comparing import compare, watch
    from gitpar.wiring.diagnosis import diagnose
    from gitpar.wiring.forecasting import calibrate, forecast
    from gitpar.wiring.linting import lint
    from gitpar.wiring.previewing import preview
    from gitpar.wiring.prompting import prompt
    from gitpar.wiring.publishing import publish, publish_plan
    from gitpar.wiring.reading import owner, read, runs
    from gitpar.wiring.running import resume, start
    from gitpar.wiring.surveying import survey
    from gitpar.wiring.undoing import history, undo
    from gitpar.wiring.verifying import verify

__all__ = [
    "CalibrateRequest",
    "CheckRequest",
    "CleanReport",
    "CompareRequest",
    "Finding",
    "ForecastRequest",
    "Forecasted",
    "Linted",
    "OperationView",
    "PromptRequest",
    "PublishPlan",
    "PublishRequest",
    "RunRequest",
    "Survey",
    "UndoReport",
    "await_merge",
    "calibrate",
    "check",
    "clean",
    "compare",
    "diagnose",
    "forecast",
    "history",
    "lint",
    "owner",
    "preview",
    "prompt",
    "publish",
    "publish_plan",
    "read",
    "resume",
    "runs",
    "start",
    "survey",
    "undo",
    "verify",
    "watch",
]

_HOMES = {
    "await_merge": "barrier",
    "calibrate": "forecasting",
    "check": "checking",
    "clean": "cleaning",
    "compare": "comparing",
    "diagnose": "diagnosis",
    "forecast": "forecasting",
    "lint": "linting",
    "owner": "reading",
    "preview": "previewing",
    "publish": "publishing",
    "publish_plan": "publishing",
    "prompt": "prompting",
    "read": "reading",
    "resume": "running",
    "runs": "reading",
    "history": "undoing",
    "start": "running",
    "undo": "undoing",
    "verify": "verifying",
    "survey": "surveying",
    "watch": "comparing",
}


def __getattr__(name: str) -> object:
    """Loads a function of this package from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
