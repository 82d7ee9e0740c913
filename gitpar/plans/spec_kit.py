"""spec-kit `tasks.md`: check boxes with ids such as `T001`, phases one after another, [P] and [US1].

Inside a phase tasks run in order; [P] tasks wait for nothing in their phase, and what is
not [P] waits for all that stands before it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import field

from gitpar.plans.boxed import Boxed, Boxes, children_first, only_markdown, read_boxes, without_children
from gitpar.plans.choices import Choices
from gitpar.plans.headed import status_writer
from gitpar.plans.item import Item
from gitpar.plans.model import Draft, DraftTask
from gitpar.plans.ordering import Order, sinks
from gitpar.plans.splices import Writer
from gitpar.values import dataclass

NAME = "spec-kit"
TAKES: Sequence[str] = ("parallel_stories",)
_STORY = re.compile(r"user[ -]?stor(?:y|ies)|\bUS-?\d|用户故事|使用者故事|ユーザーストーリー", re.IGNORECASE)
_PHASE = re.compile(
    r"[*_\[ ]*(?:phase|阶段|階段|フェーズ|단계)[ -]*(?:\d|[IVXN]+\b|[A-Z]\b)"
    r"|第.{1,3}(?:阶段|階段)|[一二三四五六七八九十]+、",
    re.IGNORECASE,
)
_STORY_TAG = re.compile(r"US-?\d+(?:\.\d+)?", re.IGNORECASE)


@dataclass(slots=True)
class _Phase:
    title: str
    rows: list[Boxed] = field(default_factory=list)

    @property
    def is_story(self) -> bool:
        """Says whether it belongs to one user story."""
        tags = {tag.upper() for row in self.rows for tag in row.box.label.tags if _STORY_TAG.fullmatch(tag)}
        tagged = all(any(map(_STORY_TAG.fullmatch, row.box.label.tags)) for row in self.rows)
        return bool(_STORY.search(self.title)) or (tagged and len(tags) == 1)


def read(root: Item, choices: Choices) -> Draft:
    """Makes drafts of the tasks with the order that phases and [P] mean."""
    only_markdown(root, NAME)
    made = read_boxes(root, scope_from_title=True)
    order = Order(root)
    before: list[DraftTask] = []
    barrier: list[DraftTask] = []
    stories = False
    for phase in _phases(made):
        outer = without_children(phase.rows)
        inside = {row.entry.task.id for row in outer}
        alone = choices.parallel_stories and phase.is_story
        if not (alone and stories):
            # the first story waits like any other phase; the next ones for the same
            barrier, before = before, []
        stories = alone
        _inside(outer, order)
        entries = [row.entry for row in outer]
        firsts = [entry for entry in entries if not any(wait.on in inside for wait in entry.waits)]
        order.follow(firsts, barrier)
        before += sinks(entries)
    children_first(made, order)
    return made.draft


def _inside(rows: Sequence[Boxed], order: Order) -> None:
    """Orders the tasks of one phase: what is not [P] waits for the last such and all [P] since."""
    last: list[DraftTask] = []
    for row in rows:
        if row.box.label.has("P", "PARALLEL"):
            last.append(row.entry)
        else:
            order.follow([row.entry], last)
            last = [row.entry]


def _phases(made: Boxes) -> list[_Phase]:
    """Cuts the tasks at the headings of the level on which the phases are."""
    level = _level(made)
    above: list[int] = []
    for at, heading in enumerate(made.source.headings):
        above.append(at if heading.level <= level else above[-1] if above else -1)
    found: dict[int, _Phase] = {}
    for row in made.rows:
        at = above[row.box.heading] if row.box.heading >= 0 else -1
        title = made.source.headings[at].text if at >= 0 else ""
        found.setdefault(at, _Phase(title)).rows.append(row)
    return list(found.values())


def _level(made: Boxes) -> int:
    """Returns the level of the phases: of headings that say so, else the highest with several of them."""
    named = Counter(heading.level for heading in made.source.headings if _PHASE.match(heading.text))
    if named:
        return named.most_common(1)[0][0]
    used = {row.box.heading for row in made.rows if row.box.heading >= 0}
    counts = Counter(made.source.headings[at].level for at in used)
    return next((level for level, count in sorted(counts.items()) if count > 1), 2)


def writer(root: Item) -> Writer:
    """Returns what ticks a task's box, or says in its section that it is done."""
    return status_writer(root)
