"""Builds prompts: headed sections, empty ones left out."""

from __future__ import annotations

from collections.abc import Sequence


def prompt(title: str, sections: Sequence[tuple[str, str]]) -> str:
    """Returns the text for a worker; a section without heading follows the one above."""
    parts = [f"# {title.strip()}"]
    for heading, body in sections:
        if body.strip():
            parts.append(f"## {heading}\n\n{body.strip()}" if heading else body.strip())
    return "\n\n".join(parts) + "\n"


def indented(text: str) -> str:
    """Returns a text set in by two spaces, as the continuation of a list item."""
    return "\n".join(f"  {line}" if line.strip() else "" for line in text.strip().splitlines())
