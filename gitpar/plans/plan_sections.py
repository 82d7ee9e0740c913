"""Finds the section of a plan that a task's row speaks of."""

from __future__ import annotations

from gitpar.plans.labels import Kind, label
from gitpar.plans.markdown import Heading, Markdown
from gitpar.plans.named_repos import repo_in
from gitpar.plans.status_lines import Place, status_in

_TASK_WORDS = ("task", "step", "phase", "sub-task", "subtask", "milestone")


class Sections:
    """The sections of a text by the id in their heading.

    A heading that is only numbered (`## 1. Problem`) is a task's section where it calls
    itself one or has the task's title.
    """

    def __init__(self, source: Markdown) -> None:
        self._source = source
        self._by_id: dict[str, list[int]] = {}
        for which, heading in enumerate(source.headings):
            named = label(heading.text, wordy=True)
            if named.id:
                self._by_id.setdefault(named.id, []).append(which)

    def of(self, task_id: str, title: str) -> str:
        """Returns the whole section of a task, down to the next heading as high; else nothing."""
        which = self._which(task_id, title)
        if which is None:
            return ""
        first = self._source.headings[which].at + 1
        return self._source.text(first, self._source.section_end(which))

    def repo_of(self, task_id: str, title: str) -> str | None:
        """Returns the repository that a task's section names."""
        which = self._which(task_id, title)
        if which is None:
            return None
        first = self._source.headings[which].at + 1
        return repo_in(self._source.lines[first : self._source.section_end(which)])

    def place_of_status(self, task_id: str, title: str) -> Place | None:
        """Returns where a task's section says how far it is, before the next heading of any level."""
        which = self._which(task_id, title)
        if which is None:
            return None
        headings = self._source.headings
        end = headings[which + 1].at if which + 1 < len(headings) else len(self._source.lines)
        return status_in(self._source, headings[which].at, end, plain=True)

    def _which(self, task_id: str, title: str) -> int | None:
        fitting = [which for which in self._by_id.get(task_id, ()) if self._fits(which, title)]
        return min(
            fitting,
            key=lambda one: (not _calls_itself(self._source.headings[one], task_id), one),
            default=None,
        )

    def _fits(self, which: int, title: str) -> bool:
        heading = self._source.headings[which]
        named = label(heading.text, wordy=True)
        if named.kind is not Kind.PLAIN or _calls_itself(heading, named.id):
            return True
        return _words(named.title) != set() and len(_words(named.title) & _words(title)) * 2 >= len(
            _words(title)
        )


def _calls_itself(heading: Heading, task_id: str) -> bool:
    """Says whether a heading is a task's own: `Task 3: …`, `T3: …`, `### T3 - …`."""
    text = heading.text.strip("*_ ").casefold()
    behind = text.partition(task_id.casefold())[2]
    return text.startswith(_TASK_WORDS) or behind.lstrip("*_` ")[:1] in (":", "-", "—", "–")


def _words(text: str) -> set[str]:
    return {word for word in text.casefold().split() if len(word) > 2}
