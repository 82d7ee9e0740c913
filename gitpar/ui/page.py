"""A page of HTML in one file: nothing in it comes from elsewhere, and no script runs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from gitpar.ui.plain import clean

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1rem; }
caption { text-align: left; font-size: 13px; opacity: .75; padding-bottom: .3rem; white-space: nowrap; }
th, td { padding: .15rem .5rem; text-align: left; vertical-align: top; overflow-wrap: break-word; }
.rows td { border-top: 1px solid #8884; min-width: 4rem; }
.rows td:first-child { white-space: nowrap; min-width: 0; }
.map { overflow-x: auto; }
.map td, .map th { min-width: 1.6rem; text-align: right; font-size: 12px; padding: .1rem .2rem; }
.map th[scope=row] { text-align: left; white-space: nowrap; font-weight: normal; }
code { font-size: 90%; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  h1 { font-size: 1.4rem; }
  .rows { font-size: 13px; }
  .rows th, .rows td { padding: .15rem .25rem; }
  .map th[scope=row] { max-width: 7rem; overflow: hidden; text-overflow: ellipsis; }
}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(title: str, parts: Iterable[str], refresh_s: int = 0) -> str:
    """Returns the page; `parts` are lines of HTML. With `refresh_s` a browser reads it again and again."""
    head = [
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(clean(title))}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
    ]
    if refresh_s:
        head.append(f'<meta http-equiv="refresh" content="{refresh_s}">')
    head.append(f"<style>{_STYLE}</style></head><body>\n<h1>{text(title)}</h1>")
    return "\n".join([*head, *parts, "</body></html>"]) + "\n"


def text(said: str) -> str:
    """Returns a sentence as HTML; names between backquotes become code."""
    pieces = escape(clean(said)).split("`")
    if len(pieces) % 2 == 0:  # a name with a backquote in it: nothing is marked
        return "`".join(pieces)
    return "".join(f"<code>{piece}</code>" if at % 2 else piece for at, piece in enumerate(pieces))


def heading(said: str) -> str:
    """Returns the heading of a part."""
    return f"<h2>{text(said)}</h2>"


def paragraph(said: str) -> str:
    """Returns a paragraph."""
    return f"<p>{text(said)}</p>"


def items(lines: Iterable[str]) -> Iterator[str]:
    """Yields a list; nothing where there are no lines."""
    found = [f"<li>{text(line.strip())}</li>" for line in lines]
    if found:
        yield from ("<ul>", *found, "</ul>")


def rows(heads: Sequence[str], lines: Iterable[Sequence[Sequence[str]]]) -> Iterator[str]:
    """Yields a table; each cell is a sequence of sentences, each on a line of its own."""
    yield (
        '<table class="rows"><tr>' + "".join(f'<th scope="col">{text(head)}</th>' for head in heads) + "</tr>"
    )
    for cells in lines:
        yield "<tr>" + "".join(f"<td>{'<br>'.join(map(text, cell))}</td>" for cell in cells) + "</tr>"
    yield "</table>"
