"""What was learned from a repository's history, kept beside its journal for later forecasts."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from gitpar.core.forecast import FEATURES, Model
from gitpar.core.habits import Habits
from gitpar.errors import EnvironmentFault
from gitpar.values import dataclass

_VERSION = 1
_FEWEST_TOUCHES = 2
"""A path that was changed but once in all the history says nothing about the next change."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A model with what it was learned from: the commit, when (seconds since 1970), how many changes."""

    model: Model
    commit: str
    at: float
    changes: int


def learned_path(common: Path) -> Path:
    """Returns where it is kept, given the repository's common git directory."""
    return common / "gitpar" / "forecast.json"


def write_learned(path: Path, learned: Learned) -> None:
    """Writes it at once and whole; raises EnvironmentFault where it cannot be written."""
    habits = learned.model.habits
    value = {
        "version": _VERSION,
        "commit": learned.commit,
        "at": learned.at,
        "changes": learned.changes,
        "weights": dict(zip(FEATURES, learned.model.weights, strict=True)),
        "text_chance": learned.model.text_chance,
        "total": habits.total,
        "kinds": habits.kinds,
        "paths": habits.paths,
        "touched": {path: n for path, n in habits.touched.items() if n >= _FEWEST_TOUCHES},
        "together": habits.together,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix="forecast-")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                json.dump(value, file, separators=(",", ":"))
            Path(name).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise EnvironmentFault(
            f"`{path}` cannot be written: {error.strerror}",
            "Nothing else was changed; forecasts go on with the weights that gitpar brings",
        ) from error


def read_learned(path: Path) -> Learned | None:
    """Reads it; None where nothing was learned yet or another gitpar wrote it in another way."""
    try:
        value: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if (
        not isinstance(value, dict)
        or value.get("version") != _VERSION
        or set(value.get("weights", ())) != set(FEATURES)
    ):
        return None
    try:
        habits = Habits(
            changes=int(value["changes"]),
            touched=Counter(value["touched"]),
            total=_tally(value["total"]),
            kinds={kind: _tally(tally) for kind, tally in value["kinds"].items()},
            paths={one: _tally(tally) for one, tally in value["paths"].items()},
            together={
                one: tuple((str(o), int(n)) for o, n in others) for one, others in value["together"].items()
            },
        )
        weights = tuple(float(value["weights"][name]) for name in FEATURES)
        model = Model(habits, weights, float(value["text_chance"]), calibrated=True)
        return Learned(model, str(value["commit"]), float(value["at"]), int(value["changes"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _tally(value: Any) -> tuple[int, int]:
    clashes, times = value
    return int(clashes), int(times)


def _damaged(path: Path, why: str) -> EnvironmentFault:
    return EnvironmentFault(
        f"`{path}` cannot be read: {why}",
        "It holds only what was learned from history. Learn it again: gitpar conflicts --calibrate",
    )
