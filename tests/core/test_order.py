"""The choice that lands the most, against trying everything."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.order import MOST_EXACT, heaviest
from tests.support.amounts import examples

Pairs = set[tuple[int, int]]


def allowed(chosen: tuple[int, ...], pairs: Pairs, groups: list[frozenset[int]]) -> bool:
    inside = set(chosen)
    return not any({a, b} <= inside for a, b in pairs) and not any(group <= inside for group in groups)


def tried(weights: list[int], pairs: Pairs, groups: list[frozenset[int]]) -> list[int]:
    """All choices looked at; of equal ones the first in the order of indices."""
    choices = [
        chosen
        for size in range(len(weights) + 1)
        for chosen in combinations(range(len(weights)), size)
        if allowed(chosen, pairs, groups)
    ]
    count = len(weights)
    return list(
        max(choices, key=lambda c: (sum(weights[at] for at in c), sum(1 << (count - at) for at in c)))
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[int], Pairs, list[frozenset[int]]]:
    weights = draw(st.lists(st.integers(1, 5), min_size=1, max_size=9))
    count = len(weights)
    every = list(combinations(range(count), 2))
    pairs = set(draw(st.lists(st.sampled_from(every), max_size=14))) if every else set()
    members = st.frozensets(st.integers(0, count - 1), min_size=min(3, count), max_size=4)
    return weights, pairs, draw(st.lists(members, max_size=2)) if count > 2 else []


@examples(300)
@given(cases())
def test_it_is_the_best_there_is(case: tuple[list[int], Pairs, list[frozenset[int]]]) -> None:
    weights, pairs, groups = case
    assert heaviest(weights, pairs, groups) == tried(weights, pairs, groups)


def test_one_that_excludes_many_gives_way_unless_it_weighs_more() -> None:
    star = {(0, other) for other in range(1, 5)}
    assert heaviest([1] * 5, star) == [1, 2, 3, 4]
    assert heaviest([5, 1, 1, 1, 1], star) == [0]
    assert heaviest([4, 1, 1, 1, 1], star) == [0]  # as heavy: the first index decides


def test_forty_in_a_ring_with_chords_are_settled_exactly() -> None:
    ring = {tuple(sorted((at, (at + step) % MOST_EXACT))) for at in range(MOST_EXACT) for step in (1, 7)}
    pairs = {(a, b) for a, b in ring}
    chosen = heaviest([1] * MOST_EXACT, pairs)
    assert len(chosen) == MOST_EXACT // 2
    assert allowed(tuple(chosen), pairs, [])


def test_above_forty_the_choice_is_still_one_that_fits() -> None:
    count = 120
    pairs = {(at, at + step) for at in range(count) for step in (1, 2) if at + step < count}
    groups = [frozenset({0, 3, 6})]
    chosen = heaviest([1] * count, pairs, groups)
    assert allowed(tuple(chosen), pairs, groups)
    assert len(chosen) >= count // 3 - 1


def test_what_conflicts_with_nothing_always_lands() -> None:
    assert heaviest([1, 1, 1, 1], {(1, 2)}) == [0, 1, 3]
    assert heaviest([], set()) == []
