"""The JSON of a run: every field, its order and its types, as the reference promises."""

from __future__ import annotations

import json

from gitpar.core.conflicts import Tier
from gitpar.core.view import view
from gitpar.errors import UsageError
from gitpar.ui import as_json
from tests.ui.made import BASE, BEGAN, Script, commit, everything, overlap, pair, task

WHOLE = {
    "run": "7f3a",
    "state": "running",
    "base": BASE,
    "strategy": "merge",
    "order": "plan",
    "schedule": "waves",
    "levels": [
        {"level": 1, "branch": "gitpar/7f3a/level/1", "commit": commit("La"), "tasks": ["a"]},
        {"level": 2, "branch": "gitpar/7f3a/level/2", "commit": commit("La"), "tasks": ["b"]},
    ],
    "tasks": [
        {
            "id": "a",
            "title": "Task a",
            "level": 1,
            "state": "landed",
            "reason": "",
            "attempts": [
                {
                    "n": 1,
                    "state": "succeeded",
                    "exit": 0,
                    "branch": "gitpar/7f3a/task/a/1",
                    "keep_ref": "refs/gitpar/keep/7f3a/a/1",
                    "commit": commit("a1"),
                    "started_at": BEGAN + 1.5,
                    "duration_s": 2.0,
                    "log": "logs/a/1/attempt.log",
                    "agent": None,
                    "outside": [],
                    "repair": None,
                }
            ],
            "files": ["src/a.py"],
            "declared": ["src/"],
            "stream": None,
            "repo": None,
            "settled": [],
        },
        {
            "id": "b",
            "title": "Task b",
            "level": 2,
            "state": "running",
            "reason": "",
            "attempts": [
                {
                    "n": 1,
                    "state": "running",
                    "exit": None,
                    "branch": "gitpar/7f3a/task/b/1",
                    "keep_ref": "refs/gitpar/keep/7f3a/b/1",
                    "commit": None,
                    "started_at": BEGAN + 6.5,
                    "duration_s": 1.5,
                    "log": "logs/b/1/attempt.log",
                    "agent": None,
                    "outside": [],
                    "repair": None,
                }
            ],
            "files": [],
            "declared": [],
            "stream": None,
            "repo": None,
            "settled": [],
        },
    ],
    "waves": [{"level": 1, "wall_s": 4.5}, {"level": 2, "wall_s": 3.0}],
    "waits": [],
    "conflicts": [],
    "published": None,
    "repositories": [],
    "streams": [],
    "gates": [],
    "metrics": {
        "wall_s": 8.0,
        "task_s": 2.0,
        "bound_s": 2.0,
        "speedup": 0.25,
        "efficiency": 0.125,
        "conflict_rate": 0.0,
        "max_concurrent": 1,
        "jobs": 2,
        "adapted": 0,
        "spawned": 2,
        "succeeded": 1,
        "failed": 0,
        "retried": 0,
        "estimated_sequential_s": 2.0,
        "tokens": {"in": 0, "out": 0, "cached": 0, "stored": 0},
        "cost_usd": None,
    },
}
"""Two tasks in two waves: one has landed, the other is at work."""


def test_a_whole_run() -> None:
    script = Script((task("a", declared=("src/",)), task("b", "a")))
    script.level(1)
    script.start("a")
    script.finish("a", 1, "src/a.py")
    tip = script.land("a")
    script.level(2, tip)
    script.start("b", base=tip)
    assert as_json.run(view(script.run, BEGAN + 8)) == WHOLE
    assert list(as_json.run(view(script.run, BEGAN + 8))) == list(WHOLE)


def test_fates_and_conflicts() -> None:
    script = everything()
    run = as_json.run(view(script.run, script.at))
    assert {one["id"]: (one["state"], one["level"], len(one["attempts"])) for one in run["tasks"]} == {
        "api": ("landed", 1, 1),
        "cache": ("landed", 1, 2),
        "flaky": ("landed", 1, 2),
        "stuck": ("held", 1, 2),
        "broken": ("failed", 1, 3),
        "use-api": ("landed", 2, 1),
        "waits": ("blocked", 2, 0),
        "later": ("skipped", 0, 0),
    }
    assert run["conflicts"][1] == {
        "a": "api",
        "b": "cache",
        "tier": "conflict",
        "kind": "content",
        "paths": [{"path": "src/x.py", "a": [3, 3], "b": [4, 1], "kind": None}],
        "probability": None,
        "reasons": [],
    }


def test_a_pair_without_lines() -> None:
    found = as_json.pair(pair("a", "b", Tier.FILE, overlap("logo.png")))
    assert found["kind"] is None
    assert found["paths"] == [{"path": "logo.png", "a": None, "b": None, "kind": None}]


def test_paths_that_are_no_text_survive() -> None:
    written = as_json.dumps(["caf\udce9", "日本"])
    assert written.isascii()
    assert json.loads(written) == ["caf\udce9", "日本"]


def test_an_error() -> None:
    assert as_json.error(UsageError("no", "try this", "or that")) == {
        "error": {"message": "no", "hints": ["try this", "or that"]}
    }
