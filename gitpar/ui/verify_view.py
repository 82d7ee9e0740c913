"""What `gitpar verify` shows. Pure but for printing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from gitpar.core.verification import Judged, TakenBack, Verdict, Verified
from gitpar.ui.plain import clean, counted, listed

_STYLE = {Verdict.ALARM: "red", Verdict.UNPROVED: "yellow", Verdict.PROVED: "green", Verdict.PLAIN: "dim"}
_INDENT = " " * 11
_MOST_REVERTS = 10


def as_json(found: Verified) -> dict[str, Any]:
    """Returns what `gitpar verify --json` prints."""
    return {
        "verified": found.what,
        "counts": {verdict.value: found.count(verdict) for verdict in Verdict},
        "commits": [asdict(judged) for judged in found.commits],
        "notes": list(found.notes),
    }


def print_verified(found: Verified, console: Console, *, everything: bool) -> None:
    """Prints the commits that are not proved, with `everything` all, and what it comes to."""
    for line in lines(found, everything=everything):
        console.print(line, crop=False, highlight=False)


def lines(found: Verified, *, everything: bool) -> Iterator[Text]:
    """Yields what is known, line by line."""
    for judged in found.commits:
        if everything or judged.verdict in (Verdict.ALARM, Verdict.UNPROVED):
            yield from _commit(judged)
    yield from (Text(clean(note)) for note in found.notes)
    yield Text(headline(found), "bold")


def headline(found: Verified) -> str:
    """Says how many commits were looked at and what came of it."""
    told = {
        Verdict.ALARM: counted(found.count(Verdict.ALARM), "alarm"),
        Verdict.UNPROVED: f"{found.count(Verdict.UNPROVED)} unproved",
        Verdict.PROVED: f"{found.count(Verdict.PROVED)} proved",
        Verdict.PLAIN: f"{found.count(Verdict.PLAIN)} with nothing to prove",
    }
    said = [text for verdict, text in told.items() if found.count(verdict)]
    looked = f"{clean(found.what)}: {counted(len(found.commits), 'commit')} looked at"
    return f"{looked}: {', '.join(said)}" if said else looked


def _commit(judged: Judged) -> Iterator[Text]:
    by = f" ({clean(judged.author)})" if judged.author else ""
    title = f"{judged.commit[:12]} {clean(judged.subject)}{by}"
    yield Text(f"{judged.verdict.value:<9}  ", _STYLE[judged.verdict]).append(title, "")
    paths = judged.edited or judged.by_hand
    where = f": {listed(map(clean, paths))}" if paths else ""
    if judged.reason:
        yield Text(f"{_INDENT}{clean(judged.reason)}{where}")
    for taken in judged.reverts[:_MOST_REVERTS]:
        yield Text(f"{_INDENT}{_taken(taken)}")
    if len(judged.reverts) > _MOST_REVERTS:
        yield Text(f"{_INDENT}and {counted(len(judged.reverts) - _MOST_REVERTS, 'more commit')}: --json")


def _taken(taken: TakenBack) -> str:
    return (
        f"it takes back work of {clean(taken.author)}: {taken.commit[:12]} {clean(taken.subject)}"
        f" ({listed(map(clean, taken.paths))})"
    )
