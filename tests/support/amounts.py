"""How much of a large set a test goes through: a part each time, all of it where WHOLE_SETS is set.

`make test-long` sets it. Each kind of case is in the part as well: what is left to the
whole set is more of the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import settings

WHOLE = bool(os.environ.get("WHOLE_SETS"))
_SHARE = 4
_LEAST = 20


def examples(whole: int) -> Callable[[Any], Any]:
    """Has hypothesis try a quarter of so many examples, at least 20, without a limit of time for each."""
    return settings(max_examples=whole if WHOLE else max(whole // _SHARE, min(whole, _LEAST)), deadline=None)


def one_in(step: int, cases: Iterable[Any]) -> list[Any]:
    """Marks all cases but the first of so many as `long`; a case with several values is a tuple."""
    values = (case if isinstance(case, tuple) else (case,) for case in cases)
    return [pytest.param(*one, marks=[pytest.mark.long] if n % step else []) for n, one in enumerate(values)]
