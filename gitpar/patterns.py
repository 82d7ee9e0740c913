"""`pattern`: a regular expression that is compiled when it is first asked for something.

A plain run loads fifty of them and uses a dozen; compiling the others took it 10 ms.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

__all__ = ["pattern"]


class _Pattern:
    """A regular expression by its text; has each method of the compiled one once that is called."""

    def __init__(self, *asked: Any) -> None:
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._asked), name)  # it remembers what it has compiled
        setattr(self, name, found)
        return found


def pattern(text: AnyStr, flags: int | re.RegexFlag = 0) -> re.Pattern[AnyStr]:
    """Returns what stands for a compiled regular expression, for use by its methods only."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))
