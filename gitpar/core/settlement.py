"""What was settled by other than git's plain merge: which paths, by what, and how far. Pure values."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from enum import StrEnum

from gitpar.core.names import CommitId
from gitpar.values import dataclass

MARKERS = (b"<<<<<<<", b"|||||||", b">>>>>>>")
"""What begins a line that git put into a file to show a conflict. A row of `=` may be a heading."""


class Means(StrEnum):
    """What settled a path that git's plain merge refused."""

    UNION = "union"
    """The lines of both sides, in a file that is declared to be added to only."""
    REGENERATE = "regenerate"
    """A command that made the file anew from the rest."""
    IDENTICAL = "identical"
    """Both sides hold the same text; only line ends differ."""
    RERERE = "rerere"
    """The same conflict was settled before, in this run."""
    EXTERNAL = "external"
    """A merger of the user's choice."""
    AGENT = "agent"
    """The agent of the task."""


class Mending(StrEnum):
    """What is due for a result that does not merge and is being settled."""

    SETTLE = "settle"
    """See what can be settled without a worker."""
    REPAIR = "repair"
    """An attempt at what the settlement leaves."""
    TAKE = "take"
    """See what that attempt has made of it."""
    PROVE = "prove"
    """It is settled, and can be proved."""


@dataclass(frozen=True, slots=True)
class SettledPath:
    """A path that a policy settled. `gate` names the gates it had to pass; empty where none is configured."""

    path: str
    policy: Means
    gate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How far the conflicts of one landing are settled. It counts for one attempt on one tip.

    `commit` holds git's merge with the settled paths in it; where something is `left`,
    those files still have git's markers. `regenerate` is made by commands when all else
    is settled.
    """

    n: int
    tip: CommitId
    commit: CommitId
    settled: tuple[SettledPath, ...] = ()
    left: tuple[str, ...] = ()
    regenerate: tuple[str, ...] = ()
    may_undo: bool = False
    """Whether what landed before may be taken away in the settled files; the run's `on_revert`."""

    @property
    def complete(self) -> bool:
        """Whether it can land."""
        return not self.left and not self.regenerate


def settled_by_policy(certificate: str) -> tuple[SettledPath, ...]:
    """Returns the paths of a landing that a policy settled, by the text of its certificate.

    The one answer to "was this landing settled by policy": nothing of a plain merge. What was
    settled when the result was carried over counts too.
    """
    if '"settled":[{' not in certificate and '"carried":[{' not in certificate:
        return ()
    facts = json.loads(certificate)
    gates = ", ".join(str(gate["gate"]) for gate in facts.get("gates", ()))
    settled = read_settled([*facts.get("settled", ()), *facts.get("carried", ())])
    return tuple(replace(one, gate=one.gate or gates) for one in settled)


def read_settled(rows: Iterable[object]) -> tuple[SettledPath, ...]:
    """Returns settled paths as a certificate holds them; raises where they are none."""
    found = []
    for row in rows:
        if isinstance(row, SettledPath):
            found.append(row)
        elif isinstance(row, dict):
            found.append(SettledPath(str(row["path"]), Means(row["policy"]), str(row.get("gate", ""))))
        else:
            raise TypeError(f"{row!r} is no settled path")
    return tuple(found)


def belongs(path: str, names: Collection[str]) -> bool:
    """Says whether a path is one of the names, below one, or put aside by git in a conflict (`name~…`)."""
    if not names:
        return False
    if path in names:
        return True
    above = path.split("/")
    return any("/".join(above[:at]) in names for at in range(1, len(above))) or any(
        path.startswith(f"{name}~") for name in names
    )


def trailers(settled: Iterable[SettledPath]) -> list[tuple[str, str]]:
    """Returns the trailers that a settled landing carries, one a path."""
    return [("Gitpar-Settled", f"{one.policy.value} {_shown(one.path)}") for one in settled]


def _shown(path: str) -> str:
    """A path on one line: quoted where it is not printable."""
    return path if path.isprintable() else json.dumps(path)
