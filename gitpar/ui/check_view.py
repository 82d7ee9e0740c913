"""What `gitpar check` shows to a person, and what it shows to programs as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from gitpar.core.check import Checked, Found, Severity
from gitpar.core.conflicts import Tier
from gitpar.ui import as_json, check_text
from gitpar.ui.plain import named

_STYLE = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
_WORD = {Tier.CONFLICT: "conflict", Tier.TOUCHING: "touching", Tier.FILE: "file"}
_MOST = 50


def print_check(checked: Checked, console: Console) -> None:
    """Prints the verdict, what was found, and whether the check failed."""
    for line in lines(checked):
        console.print(line, crop=False, highlight=False, soft_wrap=True)


def lines(checked: Checked) -> Iterator[Text]:
    """Yields what is known, line by line; what weighs most comes first."""
    yield Text(check_text.verdict(checked), "bold")
    order = list(Severity)
    found = sorted(checked.found, key=lambda one: order.index(checked.severity(one)))
    yield from (_line(checked, one) for one in found[:_MOST])
    if len(found) > _MOST:
        yield Text(f"  and {len(found) - _MOST} more: gitpar check --json")
    for each in checked.compared.together:
        yield Text("  several   ", "yellow").append(f"{check_text.together_line(checked, each)}", "")
    yield from (Text(f"note: {note}", "yellow") for note in check_text.notes(checked))
    yield Text(check_text.outcome(checked), "red" if checked.failed else "green")


def _line(checked: Checked, found: Found) -> Text:
    word = _WORD[found.tier] if found.tier is not None else "build"
    kind = f" ({found.kind.value})" if found.kind else ""
    said = f"{check_text.where(found)}: {check_text.sentence(found)}"
    if found.tier is not None:
        said = f"{named(found.against)}: {check_text.where(found)}{kind}"
    return Text(f"  {word:<9} ", _STYLE[checked.severity(found)]).append(said, "")


def json_of(checked: Checked) -> dict[str, Any]:
    """Returns what `check --json` prints: as `conflicts`, with what was found."""
    return {
        **as_json.conflicts(checked.compared),
        "head": checked.head,
        "target": checked.target,
        "fail_on": checked.fail_on.value,
        "failed": checked.failed,
        "found": [
            {
                "severity": checked.severity(found).value,
                "against": found.against,
                "tier": found.tier.value if found.tier else None,
                "kind": found.kind.value if found.kind else None,
                "path": found.path,
                "lines": [found.lines.start, found.lines.count] if found.lines else None,
                "build": as_json.build(found.build) if found.build else None,
                "message": check_text.sentence(found),
            }
            for found in checked.found
        ],
        "notes": list(checked.compared.notes),
    }
