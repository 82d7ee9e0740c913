"""What was found out about a history: which of its commits are what git makes of their parents. Pure."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from gitpar.core.names import CommitId
from gitpar.values import dataclass


class Verdict(StrEnum):
    """What can be said of one commit, the worst last."""

    PLAIN = "plain"
    """One parent and no certificate: there is nothing to recompute, and it takes nobody's work back."""
    PROVED = "proved"
    """It is what git makes of its parents, or what its certificate says."""
    UNPROVED = "unproved"
    """A person settled conflicts, or what it was made of is gone."""
    ALARM = "alarm"
    """It differs from what git makes of its parents where git sees no conflict."""


_ORDER = tuple(Verdict)


class Form(StrEnum):
    """What kind of commit it is."""

    MERGE = "merge"
    OCTOPUS = "octopus"
    LANDING = "landing"
    """A landing of gitpar's, with its certificate."""
    COMMIT = "commit"


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Work that a commit takes back: whose, and in which files."""

    commit: CommitId
    subject: str
    author: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One commit and what can be said of it.

    `edited` are files that differ from git's recomputation outside its conflicts, those
    with work taken back first; `by_hand` the files in which a person settled a conflict.
    """

    commit: CommitId
    form: Form
    verdict: Verdict
    reason: str = ""
    edited: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    reverts: tuple[TakenBack, ...] = ()
    subject: str = ""
    author: str = ""

    def worse(self, other: Judged) -> Judged:
        """Returns the one of two judgements of a commit that matters more."""
        return other if _ORDER.index(other.verdict) > _ORDER.index(self.verdict) else self

    def titled(self, subject: str, author: str) -> Judged:
        """Returns the same with what people know the commit by."""
        return replace(self, subject=subject, author=author)


@dataclass(frozen=True, slots=True)
class Verified:
    """A history that was looked at, newest commit first. `notes` are sentences about the whole of it."""

    what: str
    commits: tuple[Judged, ...]
    notes: tuple[str, ...] = ()

    def count(self, verdict: Verdict) -> int:
        """How many commits have this verdict."""
        return sum(1 for judged in self.commits if judged.verdict is verdict)

    @property
    def alarms(self) -> tuple[Judged, ...]:
        """The commits that are not what they should be."""
        return tuple(judged for judged in self.commits if judged.verdict is Verdict.ALARM)
