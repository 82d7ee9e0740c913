"""A check as GitHub Actions reads it: annotations on the lines, and a summary of the step.

Source: GitHub's pages on workflow commands and on job summaries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitpar.core.check import Checked, Found, Severity
from gitpar.ui import check_text
from gitpar.ui.plain import named

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_MOST_ROWS = 200


def commands(checked: Checked) -> Iterator[str]:
    """Yields a workflow command for each finding, the errors first: GitHub shows ten of a kind a step."""
    order = list(Severity)
    for found in sorted(checked.telling, key=lambda one: order.index(checked.severity(one))):
        where = {
            "file": found.path,
            "line": str(found.line),
            "endLine": str(found.last_line),
            "title": f"gitpar: {check_text.title(found)}",
        }
        properties = ",".join(f"{key}={_property(value)}" for key, value in where.items())
        yield f"::{_COMMANDS[checked.severity(found)]} {properties}::{_data(check_text.sentence(found))}"


def summary(checked: Checked) -> str:
    """Returns the Markdown for the file in GITHUB_STEP_SUMMARY."""
    lines = [f"### gitpar: {_marked(check_text.verdict(checked))}", ""]
    if checked.telling:
        lines += ["| | where | with | what |", "|---|---|---|---|"]
        lines += [_row(checked, found) for found in checked.telling[:_MOST_ROWS]]
        if len(checked.telling) > _MOST_ROWS:
            lines.append(f"\n{len(checked.telling) - _MOST_ROWS} more: `gitpar check --json`")
        lines.append("")
    lines += [f"- {_marked(check_text.together_line(checked, each))}" for each in checked.compared.together]
    lines += [f"- {_marked(note)}" for note in check_text.notes(checked)]
    lines += ["", f"`gitpar check` {_marked(check_text.outcome(checked))}", ""]
    return "\n".join(lines)


def _row(checked: Checked, found: Found) -> str:
    what = f"{check_text.title(found)}: {check_text.sentence(found)}"
    cells = (checked.severity(found).value, check_text.where(found), named(found.against), what)
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return _marked(text).replace("|", "\\|")


def _marked(text: str) -> str:
    """Markdown that cannot start a tag or an image outside its backquotes."""
    return re.sub(r"[<>]", lambda found: {"<": "&lt;", ">": "&gt;"}[found.group()], text)


def _data(text: str) -> str:
    return _plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """Bytes that are no UTF-8 as replacement marks: the output is a text file to GitHub."""
    return text.encode(errors="surrogateescape").decode(errors="replace")
