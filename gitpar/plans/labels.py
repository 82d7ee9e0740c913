"""Reads how people label a task: `**T001** [P] [US1] title`, `1.2 [VERIFY] title`, `T3 — title`.

Pure text in, a Label out. Nothing here knows where the text stands.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator
from enum import Enum

from gitpar.values import dataclass

_MARKUP = " \t*_`~"
_WORDY = re.compile(r"(?:task|step|sub-?task|phase)[ \t]*#?[ \t]*(?=\d|[A-Z]{1,4}-?\d)", re.IGNORECASE)
_TOKEN = re.compile(r"#?([A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)")
_DOTTED = re.compile(r"\d{1,6}(?:\.\d{1,6})+(?:[.-]?[A-Za-z]\d?)?")
_TASK = re.compile(
    r"[Tt]-?\d[\w.]*(?:-\d[\w.]*)?|T-[A-Z]{1,6}-?\d[\w.-]*|TASK[-_]?\d[\w.]*|T[A-Z]{1,3}\d+[\w.]*"
)
_VERIFY = re.compile(r"V[EF]?\d+[a-z]?|VF")
_PLAIN = re.compile(r"\d{1,4}[a-zA-Z]?")
_OTHER = re.compile(r"[A-Z]{1,8}\d{0,3}(?:-[A-Z]{1,8}\d{0,3})*-?\d{1,5}(?:[.-]\d{1,4})*[a-z]?")
_LETTERS = re.compile(r"[A-Z]{1,3}(?:-[A-Z]{1,3})+")
_OPTIONAL = re.compile(
    r"[*_ ]*(?:[(\[][ ]*optional\b|optional:)|[^\n]*[(\[][ ]*optional\b[^()\n]*[)\]][*_. ]*$", re.IGNORECASE
)
_SEPARATORS = ":.)-–—：、|"
_LONGEST = 60
_LONGEST_KEPT = 500
_LONGEST_RANGE = 200


class Kind(Enum):
    """What an id looks like, which tells formats apart."""

    DOTTED = "1.2"
    TASK = "T001"
    VERIFY = "VE1"
    PLAIN = "3."
    OTHER = "FE-01"


@dataclass(frozen=True, slots=True)
class Label:
    """What stands at the head of a task. `sure` says that it can be nothing but an id."""

    id: str = ""
    kind: Kind | None = None
    tags: tuple[str, ...] = ()
    title: str = ""
    struck: bool = False
    sure: bool = False

    def has(self, *tags: str) -> bool:
        """Says whether it has one of the tags, written in any case."""
        return any(tag.upper() in tags for tag in self.tags)


def kind_of(word: str) -> Kind | None:
    """Says what kind of id a word is, None where it is none."""
    for kind, pattern in (
        (Kind.DOTTED, _DOTTED),
        (Kind.TASK, _TASK),
        (Kind.VERIFY, _VERIFY),
        (Kind.PLAIN, _PLAIN),
        (Kind.OTHER, _OTHER),
    ):
        if pattern.fullmatch(word):
            return kind
    return None


def is_id(word: str) -> bool:
    """Says whether the whole of a table cell is an id; there letters alone may be one (`M-A`)."""
    return len(word) <= _LONGEST and (kind_of(word) is not None or bool(_LETTERS.fullmatch(word)))


def is_optional(title: str) -> bool:
    """Says whether a title begins or ends with `(Optional …)`; in between it says so of something else."""
    return _OPTIONAL.match(title[:400]) is not None


def label(text: str, *, wordy: bool = False) -> Label:
    """Reads the head of a text. With `wordy`, `Task 3` and `Step 3` are read as the id 3.

    The same lines are read to tell formats apart and to read the one they are of, so what
    was read is kept for a while.
    """
    return _kept(text, wordy) if len(text) <= _LONGEST_KEPT else _Reader(text, wordy=wordy).label()


@functools.lru_cache(maxsize=20_000)
def _kept(text: str, wordy: bool) -> Label:  # noqa: FBT001 - a cache's key
    return _Reader(text, wordy=wordy).label()


class _Reader:
    """Walks over markup, id and tags up to the title."""

    def __init__(self, text: str, *, wordy: bool) -> None:
        self.text = text
        self.at = 0
        self.wordy = wordy
        self.id = ""
        self.kind: Kind | None = None
        self.tags: list[str] = []
        self.sure = False
        self.struck = False

    def label(self) -> Label:
        """Takes all that comes before the title, and returns both."""
        while self.step():
            pass
        title = _title(self.text[self.at :])
        struck = self.struck or _is_struck(title)
        return Label(self.id, self.kind, tuple(self.tags), _unstruck(title), struck, self.sure)

    def step(self) -> bool:
        """Takes one thing more; False where the title begins."""
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] in _MARKUP:
            self.at += 1
        markup = self.text[begin : self.at]
        if not self.id and "~~" in markup:
            self.struck = True
        if self.text.startswith("[", self.at):
            return self.bracket() or self.back(begin)
        if not self.id:
            return self.take_id("*" in markup or "`" in markup) or self.back(begin)
        if self.text[self.at : self.at + 1] in tuple(_SEPARATORS) and self.at < len(self.text):
            return self.separator() or self.back(begin)
        return self.back(begin)

    def back(self, begin: int) -> bool:
        """Leaves the markup to the title, unless it closes what the id opened."""
        self.at = begin
        if self.id and not self.tags_follow(begin):
            while self.text.startswith(("*", "_", "`", "~"), self.at) and self.closes(self.at):
                self.at += 1
        return False

    def closes(self, at: int) -> bool:
        """Says whether the mark at an offset stands right behind the id."""
        return at > 0 and self.text[at - 1] not in " \t"

    def tags_follow(self, at: int) -> bool:
        """Says whether a tag is the next thing behind the markup at an offset."""
        return self.text[at:].lstrip(_MARKUP).startswith("[")

    def bracket(self) -> bool:
        """Takes `[…]` as the id or as a tag; False, with nothing taken, where it is a link or neither."""
        end = self.text.find("]", self.at, self.at + _LONGEST)
        if end < 0 or self.text[end + 1 : end + 2] in ("(", "["):
            return False
        inner = self.text[self.at + 1 : end].strip()
        if not inner or "[" in inner or "`" in inner:
            return False
        kind = kind_of(inner)
        if not self.id and kind is not None and not re.fullmatch(r"US-?\d.*|P\d?", inner):
            self.id, self.kind, self.sure = inner, kind, True
        else:
            self.tags.append(inner)
        self.at = end + 1
        return True

    def take_id(self, marked: bool) -> bool:  # noqa: FBT001 - said by its name
        """Takes an id, `marked` where it is bold or code; False, with nothing taken, where there is none."""
        begin = self.at
        if self.wordy and (prefix := _WORDY.match(self.text, begin)):
            begin = prefix.end()
        found = _TOKEN.match(self.text, begin, begin + _LONGEST)
        if found is None:
            return False
        word = found[1]
        while word and (kind := kind_of(word)) is None:
            # `T001-Setup`, `1.2-`: what is behind the last dash is no part of the id
            word = word.rpartition("-")[0]
        if not word:
            return False
        end = found.start(1) + len(word)
        follows = self.text[end : end + 1]
        if kind is Kind.PLAIN and not self.closed_number(end, worded=begin != self.at):
            return False
        if follows and (follows.isalnum() or follows in "/'’%+=("):
            return False
        self.id, self.kind, self.at = word, kind, end
        tagged = self.text[end:].lstrip(_MARKUP + ":.")[:1] == "["
        self.sure = kind is not Kind.OTHER or marked or tagged or follows in (":", "：")
        return True

    def closed_number(self, end: int, *, worded: bool) -> bool:
        """Says whether a mere number is set off: `3. title`, `Task 3: title`, `Task 3` and nothing more."""
        rest = self.text[end:]
        if worded:
            behind = rest.lstrip(_MARKUP)
            return not behind or behind[0] in _SEPARATORS + "(["
        return rest[:1] in (".", ")", ":", "*", "：", "~")

    def separator(self) -> bool:
        """Takes a colon, dash or dot behind id or tags; False where it belongs to the title."""
        mark = self.text[self.at]
        behind = self.text[self.at + 1 : self.at + 2]
        if mark in "-." and behind not in (" ", "\t", "*", "") and not behind.startswith("["):
            return False
        self.at += 1
        return not self.tags or mark in ":：-–—"


def _title(rest: str) -> str:
    title = rest.strip(" \t")
    for mark in ("**", "~~"):
        if title.count(mark) % 2:
            # its other half was taken with the id
            head, _, tail = title.partition(mark)
            title = f"{head}{tail}".strip()
    return title


def _is_struck(title: str) -> bool:
    return title.startswith("~~") and title.count("~~") >= 2


def _unstruck(title: str) -> str:
    return title.replace("~~", "") if _is_struck(title) else title


_RANGE = re.compile(r"[ \t]*(?:-|–|—|\.\.|~|to|through|至|到)[ \t]*", re.IGNORECASE)
_NEXT = re.compile(r"[ \t]*(?:,|、|，|&|\+|/|and|和|与)[ \t]*(?:and[ \t]+)?", re.IGNORECASE)
_WAITS = re.compile(
    r"(?:\bdepends?(?:[ \t]+(?:up)?on)?|\bdependenc(?:y|ies)|\bdeps?|\bblocked[ \t]+by|\brequires?|\bafter"
    r"|\bneeds|依赖于?|依賴於?|依存|需要|前置)\**[ \t]*[:：]?\**[ \t]*(?:tasks?[ \t]+)?",
    re.IGNORECASE,
)


def waits_in(text: str, known: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yields the ids that a text says it depends on, with their offsets, ranges written out.

    Words behind `depends on`, `after`, `dep:` and the like count as far as they are ids;
    `T015-T018` stands for all known ids that lie between.
    """
    for found in _WAITS.finditer(text):
        yield from ids_in(text, found.end(), known)


def ids_in(text: str, at: int, known: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yields the ids of a list that starts at an offset, up to the first thing that is none."""
    before = ""
    while True:
        while at < len(text) and text[at] in "*`[( ":
            at += 1
        found = _TOKEN.match(text, at, at + _LONGEST)
        if found is None:
            return
        word, end = _known(found[1], known)
        if not word:
            return
        if before:
            yield from ((each, at) for each in _between(before, word))
            before = ""
        yield word, at
        at = found.start(1) + end
        while at < len(text) and text[at] in "*`])":
            at += 1
        if span := _RANGE.match(text, at):
            before, at = word, span.end()
        elif comma := _NEXT.match(text, at):
            at = comma.end()
        else:
            return


def _known(word: str, known: Collection[str]) -> tuple[str, int]:
    """Returns the longest part of a word that is an id, and how long it is."""
    part = word.rstrip(".")
    while part:
        if part in known or kind_of(part) in (Kind.TASK, Kind.VERIFY):
            return part, len(part)
        part = part.rpartition("-")[0]
    return "", 0


def _between(first: str, last: str) -> Iterator[str]:
    one, two = re.fullmatch(r"(\D*)(\d{1,6})", first), re.fullmatch(r"(\D*)(\d{1,6})", last)
    if one is None or two is None or (two[1] and one[1] != two[1]):
        return
    for number in range(int(one[2]) + 1, min(int(two[2]), int(one[2]) + _LONGEST_RANGE)):
        yield f"{one[1]}{number:0{len(one[2])}d}"
