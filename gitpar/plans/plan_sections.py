"""Finds the section of a plan that a task's row speaks of."""

from __future__ import annotations

from gitpar.plans.labels import Kind, label
from gitpar.plans.markdown import Heading, Markdown

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
        fitting = [which for which in self._by_id.get(task_id, ()) if self._fits(which, title)]
        if not fitting:
            return ""
        which = min(fitting, key=lambda one: (not _calls_itself(self._source.headings[one], task_id), one))
        first = self._source.headings[which].at + 1
        return self._source.text(first, self._source.section_end(which))

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
