"""Which repository a Markdown plan names for a task: `**Repo**: ../web`, below it or below a heading above.

A line counts only where nothing but a path or a name of the settings stands behind the
colon: addresses and prose are for whoever reads the plan.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gitpar.plans.markdown import Line, Markdown

_LINE = re.compile(
    r"[ \t>]*(?:[-*+][ \t]+)?(?:\*\*|__|_)?repo(?:sitory)?[ \t]*(?::(?:\*\*|__|_)?|(?:\*\*|__|_)[ \t]*:)"
    r"[ \t]*(?P<tick>`?)(?P<repo>[\w.~/@+-]+)(?P=tick)[ \t]*",
    re.IGNORECASE,
)


def repo_in(lines: Sequence[Line]) -> str | None:
    """Returns the repository that the first line names which names one."""
    found = (_LINE.fullmatch(line.text) for line in lines if not line.hidden)
    return next((one["repo"] for one in found if one is not None), None)


class ReposOfSections:
    """The repositories that headings name: in the lines below them, for all tasks of their section."""

    def __init__(self, source: Markdown, tasks: Sequence[int]) -> None:
        self._source = source
        self._tasks = sorted(tasks)
        self._known: dict[int, str | None] = {}

    def of(self, heading: int) -> str | None:
        """Returns what a heading says, else what the one above it says whose section it is in."""
        if heading < 0:
            return None
        if heading not in self._known:
            headings = self._source.headings
            own = repo_in(self._source.lines[headings[heading].at + 1 : self._end(heading)])
            level = headings[heading].level
            above = next((at for at in range(heading - 1, -1, -1) if headings[at].level < level), -1)
            self._known[heading] = own or self.of(above)
        return self._known[heading]

    def _end(self, heading: int) -> int:
        """The first task below a heading, or the next heading."""
        at = self._source.headings[heading].at
        ends = [each.at for each in self._source.headings[heading + 1 : heading + 2]]
        ends += [task for task in self._tasks if task > at][:1]
        return min(ends, default=len(self._source.lines))
