"""A run as programs read it: exactly the fields of the reference, in its order.

Adding a field here is a promise; renaming one breaks programs. Instants are seconds
since 1970 UTC, durations seconds.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gitpar.core.agents import COMMAND, AgentReport, Tokens

if TYPE_CHECKING:  # a run's facts need none of it loaded
    from gitpar.core.builds import BuildConflict
    from gitpar.core.comparison import Compared
    from gitpar.core.conflicts import LineRange, PairConflict
    from gitpar.core.gate_view import GateView
    from gitpar.core.sister_view import RepositoryView
    from gitpar.core.stream_states import StreamView
    from gitpar.core.view import AttemptView, LevelView, PublicationView, RunView, TaskView
    from gitpar.errors import GitparError

_DIGITS = 6


def dumps(value: Any) -> str:
    """Writes a value as JSON that any stream can carry: ASCII only, also for paths that are no text."""
    # with an indent the encoder is Python's own, ten times slower: people read status, programs this
    return json.dumps(value)


def run(view: RunView) -> dict[str, Any]:
    """Returns what `run`, `resume`, `status` and `report` print."""
    return {
        "run": view.run,
        "state": view.state,
        "base": view.base,
        "strategy": view.strategy,
        "order": view.order,
        "schedule": view.schedule,
        "levels": [_level(level) for level in view.levels if level.commit or view.state != "done"],
        "tasks": [_task(task) for task in view.tasks],
        "waves": [{"level": level.level, "wall_s": round(level.wall_s, _DIGITS)} for level in view.levels],
        "waits": [asdict(wait) for wait in view.waits],
        "conflicts": [pair(found) for found in view.conflicts],
        "published": published(view.publication),
        "repositories": [_repository(one) for one in view.repositories],
        "streams": [_stream(stream) for stream in view.streams],
        "gates": [_gate(gate) for gate in view.gates],
        "metrics": {
            **{
                name: round(value, _DIGITS) if isinstance(value, float) else value
                for name, value in asdict(view.metrics).items()
            },
            "tokens": _tokens(view.metrics.tokens),
        },
    }


def _tokens(tokens: Tokens) -> dict[str, int]:
    return {"in": tokens.fresh, "out": tokens.out, "cached": tokens.cached, "stored": tokens.stored}


def _repository(found: RepositoryView) -> dict[str, Any]:
    """Returns one of the repositories that a run is over."""
    return {
        "name": found.name,
        "path": found.path,
        "state": found.state,
        "base": found.base,
        "levels": [_level(level) for level in found.levels if level.commit],
        "published": published(found.publication),
    }


def published(found: PublicationView | None) -> dict[str, Any] | None:
    """Returns how a run was published last, None where it was not."""
    if found is None:
        return None
    return {
        "mode": found.mode.value,
        "remote": found.remote,
        "target": found.target or None,
        "finished": found.closed,
        "branches": [
            {
                "branch": request.branch,
                "commit": request.commit,
                "level": request.level,
                "task": request.task,
                "request": None
                if request.number is None
                else {
                    "number": request.number,
                    "url": request.url,
                    "base": request.base,
                    "state": request.state,
                },
            }
            for request in found.requests
        ],
        "problems": list(found.problems),
    }


def pair(found: PairConflict) -> dict[str, Any]:
    """Returns two change sets that share something.

    `probability` and `reasons` belong to forecasts: what was measured has none.
    """
    return {
        "a": found.a,
        "b": found.b,
        "tier": found.tier.value,
        "kind": found.kind.value if found.kind else None,
        "paths": [
            {
                "path": o.path,
                "a": _range(o.a),
                "b": _range(o.b),
                "kind": o.kind.value if o.kind else None,
            }
            for o in found.paths
        ],
        "probability": None,
        "reasons": [],
    }


def conflicts(found: Compared) -> dict[str, Any]:
    """Returns what `conflicts` and `check` print."""
    fold = found.report.fold
    return {
        "base": found.base,
        "changes": [{"id": change.id, "files": list(change.files)} for change in found.changes],
        "pairs": [pair(one) for one in found.report.pairs],
        "order": list(found.order),
        "fold": {
            "landed": list(fold.landed),
            "conflicting": list(fold.conflicting),
            "tree": fold.tree or None,
        },
        "rework": list(found.left),
        "together": [{"id": each.id, "others": list(each.others)} for each in found.together],
        "builds": [build(one) for one in found.builds],
    }


def build(found: BuildConflict) -> dict[str, Any]:
    """Returns what one change breaks for another, with both places."""
    return {
        "definer": found.definer,
        "user": found.user,
        "name": found.name,
        "breakage": found.breakage.value,
        "defined": {"path": found.defined.path, "line": found.defined.line},
        "used": {"path": found.used.path, "line": found.used.line},
        "now": found.now or None,
        "reason": found.reason or None,
    }


def error(failed: GitparError) -> dict[str, Any]:
    """Returns what a command with `--json` prints when it fails."""
    return {"error": {"message": failed.message, "hints": list(failed.hints)}}


def _range(lines: LineRange | None) -> list[int] | None:
    return None if lines is None else [lines.start, lines.count]


def _level(level: LevelView) -> dict[str, Any]:
    return {
        "level": level.level,
        "branch": level.branch,
        "commit": level.commit,
        "tasks": list(level.tasks),
    }


def _task(task: TaskView) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": task.title,
        "level": task.level,
        "state": task.state,
        "reason": task.reason,
        "attempts": [_attempt(attempt) for attempt in task.attempts],
        "files": list(task.files),
        "declared": list(task.declared),
        "stream": task.stream,
        "repo": task.repo,
        "settled": [
            {"path": one.path, "policy": one.policy.value, "gate": one.gate or None} for one in task.settled
        ],
    }


def _gate(gate: GateView) -> dict[str, Any]:
    return {
        "number": gate.number,
        "gate": gate.gate,
        "on": gate.on,
        "level": gate.level,
        "task": gate.task,
        "attempt": gate.attempt,
        "tasks": list(gate.tasks),
        "commit": gate.commit,
        "tree": gate.tree or None,
        "verdict": gate.verdict,
        "flaky": gate.flaky,
        "exit": gate.exit,
        "started_at": gate.started_at,
        "duration_s": round(gate.duration_s, _DIGITS),
        "message": gate.message,
        "edits": list(gate.edits),
        "log": gate.log,
        "agent": _asked(gate.agent, gate.report),
    }


def _stream(stream: StreamView) -> dict[str, Any]:
    return {
        "name": stream.name,
        "jobs": stream.jobs,
        "account": stream.account or None,
        "tasks": list(stream.tasks),
        "states": dict(stream.states),
    }


def _attempt(attempt: AttemptView) -> dict[str, Any]:
    return {
        "n": attempt.n,
        "state": attempt.state,
        "exit": attempt.exit,
        "branch": attempt.branch,
        "keep_ref": attempt.keep_ref,
        "commit": attempt.commit,
        "started_at": attempt.started_at,
        "duration_s": None if attempt.duration_s is None else round(attempt.duration_s, _DIGITS),
        "log": attempt.log,
        "agent": _agent(attempt),
        "outside": list(attempt.outside),
        "repair": attempt.repair or None,
    }


def _agent(attempt: AttemptView) -> dict[str, Any] | None:
    """Returns who worked on it and what that took; None for a command."""
    if attempt.agent == COMMAND:
        return None
    report = attempt.report or AgentReport()
    told = _told(attempt.agent, report)
    return {**told, "claimed": None if report.claimed is None else list(report.claimed)}


def _asked(agent: str, report: AgentReport | None) -> dict[str, Any] | None:
    """Returns which agent a gate asked and what that took; None for a command."""
    return _told(agent, report or AgentReport()) if agent else None


def _told(agent: str, report: AgentReport) -> dict[str, Any]:
    return {
        "name": agent,
        "session": report.session or None,
        "said": report.said.value,
        "trouble": report.trouble.value or None,
        "message": report.message,
        "turns": report.turns,
        "tokens": _tokens(report.tokens),
        "cost_usd": report.cost_usd,
    }
