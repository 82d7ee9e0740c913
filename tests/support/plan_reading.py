"""The shapes of the fixtures that read plans."""

from __future__ import annotations

from collections.abc import Callable

from gitpar.plans.model import Plan

ReadPlan = Callable[..., Plan]
Complaints = Callable[..., list[str]]
