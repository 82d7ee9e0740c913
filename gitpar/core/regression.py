"""Logistic regression on a few named signals: fitted by Newton's method, held to known weights. Pure.

The weights are those that make the labels most likely, pulled towards `prior` as if
that had been seen before: a repository with little history keeps what others taught.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_ROUNDS = 30
_CLOSE = 1e-7
_FARTHEST = 35.0

Row = Sequence[float]


def logistic(value: float) -> float:
    """Returns the probability that a log-odds stands for."""
    return 1.0 / (1.0 + math.exp(-max(-_FARTHEST, min(_FARTHEST, value))))


def log_odds(probability: float, least: float = 1e-4) -> float:
    """Returns a probability's log-odds; 0 and 1 are taken for `least` and its opposite."""
    p = min(1.0 - least, max(least, probability))
    return math.log(p / (1.0 - p))


def product(weights: Row, row: Row) -> float:
    """Returns the weighted sum of a row."""
    return sum(w * x for w, x in zip(weights, row, strict=True))


def fit(rows: Sequence[Row], labels: Sequence[bool], prior: Row, strength: Row) -> tuple[float, ...]:
    """Returns the weights. `strength` is how firmly each is held to its prior (0: not at all)."""
    weights = list(prior)
    for _ in range(_ROUNDS):
        slope = [s * (p - w) for s, p, w in zip(strength, prior, weights, strict=True)]
        bend = [[strength[i] if i == j else 0.0 for j in range(len(prior))] for i in range(len(prior))]
        for row, label in zip(rows, labels, strict=True):
            chance = logistic(product(weights, row))
            error, steep = label - chance, max(chance * (1.0 - chance), 1e-6)
            for i, x in enumerate(row):
                if x:
                    slope[i] += error * x
                    for j in range(i + 1):
                        bend[i][j] += steep * x * row[j]
        for i in range(len(prior)):
            for j in range(i):
                bend[j][i] = bend[i][j]
        step = _solved(bend, slope)
        size = max(map(abs, step), default=0.0)
        scale = min(1.0, 3.0 / size) if size else 1.0
        weights = [w + scale * s for w, s in zip(weights, step, strict=True)]
        if size < _CLOSE:
            break
    return tuple(weights)


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solves a small system by elimination; a direction that the rows say nothing about is left at 0."""
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for at in range(size):
        best = max(range(at, size), key=lambda n: abs(rows[n][at]))
        rows[at], rows[best] = rows[best], rows[at]
        if abs(rows[at][at]) < 1e-12:
            continue
        for n in range(size):
            if n != at and rows[n][at]:
                part = rows[n][at] / rows[at][at]
                rows[n] = [x - part * y for x, y in zip(rows[n], rows[at], strict=True)]
    return [line[-1] / line[at] if abs(line[at]) >= 1e-12 else 0.0 for at, line in enumerate(rows)]
