"""Chooses which change sets land so that the most weight does: the others are left to rework.

Pure. Change sets are named by their index; those that do not merge exclude each other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

MOST_EXACT = 40
"""Up to so many that conflict with any, the choice is the best there is; above, a good one."""


def heaviest(
    weights: Sequence[int],
    pairs: Collection[tuple[int, int]],
    groups: Collection[frozenset[int]] = (),
) -> list[int]:
    """Returns indices, in order, of which no two are a pair and that hold no whole group.

    Their weights (above 0) add up to the most that is possible while no more than
    MOST_EXACT are in any pair or group. Of several such choices it is the one that takes
    the first index on which they differ.
    """
    against = [0] * len(weights)
    for a, b in pairs:
        against[a] |= 1 << b
        against[b] |= 1 << a
    bound = sum(1 << at for at, mask in enumerate(against) if mask or any(at in group for group in groups))
    free = [at for at in range(len(weights)) if not bound >> at & 1]
    # the lower index weighs a little more, so that equal choices are settled
    values = [(weight << len(weights)) + (1 << (len(weights) - 1 - at)) for at, weight in enumerate(weights)]
    masks = [sum(1 << at for at in group) for group in groups]
    if bound.bit_count() <= MOST_EXACT:
        chosen = _best_without(values, against, bound, masks)
    else:
        chosen = _greedy(values, against, bound, masks)
    return sorted([*free, *_bits(chosen)])


def _best_without(values: Sequence[int], against: Sequence[int], bound: int, groups: Sequence[int]) -> int:
    """The best choice that leaves out one at least of every group."""

    @cache
    def best(allowed: int) -> int:
        if not allowed:
            return 0
        first = _component(against, allowed)
        if first != allowed:
            return best(first) | best(allowed & ~first)
        most = max(_bits(allowed), key=lambda at: (against[at] & allowed).bit_count())
        without = allowed & ~(1 << most)
        if not against[most] & allowed:
            return allowed
        taken = best(without & ~against[most]) | 1 << most
        left = best(without)
        return max(taken, left, key=value)

    def value(chosen: int) -> int:
        return sum(values[at] for at in _bits(chosen))

    @cache
    def apart(allowed: int) -> int:
        chosen = best(allowed)
        whole = next((group for group in groups if group & chosen == group), 0)
        if not whole:
            return chosen
        return max((apart(allowed & ~(1 << at)) for at in _bits(whole)), key=value)

    return apart(bound)


def _greedy(values: Sequence[int], against: Sequence[int], bound: int, groups: Sequence[int]) -> int:
    """Takes again and again what has the most weight for what it excludes."""
    chosen, allowed = 0, bound
    while allowed:
        taken = max(
            _bits(allowed),
            key=lambda at: values[at] / (1 + sum(values[b] for b in _bits(against[at] & allowed))),
        )
        allowed &= ~(against[taken] | 1 << taken)
        if not any(group & (chosen | 1 << taken) == group for group in groups):
            chosen |= 1 << taken
    return chosen


def _component(against: Sequence[int], allowed: int) -> int:
    """Those that hang together with the lowest of the allowed."""
    found = reached = allowed & -allowed
    while reached:
        near = 0
        for at in _bits(reached):
            near |= against[at]
        reached = near & allowed & ~found
        found |= reached
    return found


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found
