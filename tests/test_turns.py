"""Turns: one thread at a time, and never for long."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from gitpar.turns import Turns

_PATIENCE_S = 60.0


def test_one_at_a_time_goes_on_undisturbed() -> None:
    turns = Turns(_PATIENCE_S)
    inside: list[int] = []
    together: list[int] = []

    def work(number: int) -> None:
        for _ in range(200):
            with turns.turn():
                inside.append(number)
                together.append(len(inside))
                inside.remove(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert together == [1] * 800


def test_who_waits_for_something_lets_others_in() -> None:
    turns = Turns(_PATIENCE_S)
    let_in = threading.Event()

    def other() -> None:
        with turns.turn():
            let_in.set()

    with ThreadPoolExecutor(1) as pool, turns.turn():
        begun = pool.submit(other)
        with turns.waiting(), turns.waiting():
            assert let_in.wait(_PATIENCE_S)
        begun.result(_PATIENCE_S)


def test_nobody_is_held_up_by_one_who_does_not_give_the_turn_away() -> None:
    turns = Turns()

    def other() -> str:
        with turns.turn(), turns.waiting():
            return "went on without"

    with ThreadPoolExecutor(1) as pool:
        with turns.turn():
            assert pool.submit(other).result(_PATIENCE_S) == "went on without"
        assert pool.submit(other).result(_PATIENCE_S) == "went on without"


def test_a_turn_within_a_turn_is_the_same_one() -> None:
    turns = Turns(_PATIENCE_S)
    with turns.turn(), turns.turn():
        pass

    def other() -> str:
        with turns.turn():
            return "free again"

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(other).result(_PATIENCE_S) == "free again"
