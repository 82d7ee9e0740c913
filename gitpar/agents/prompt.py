"""Makes the prompt of a briefing. Templates are jinja2 in its sandbox: they see values and can do nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from gitpar.core.briefing import Briefing, EarlierTry
from gitpar.errors import UsageError

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

_SHIPPED = Path(__file__).with_name("prompt.md.j2")
_REPAIR = Path(__file__).with_name("repair.md.j2")
_TAIL_BYTES = 3000
_TAIL_LINES = 30
_READING = Lock()


def render(briefing: Briefing, template: str | None = None) -> str:
    """Returns the prompt; `template` is the text of one of the user's, None takes the one that is shipped.

    Raises UsageError for a template that cannot be used.
    """
    from jinja2 import TemplateError  # noqa: PLC0415 - takes 30 ms, and commands need none

    if briefing.conflict is not None:
        template = _REPAIR.read_text(encoding="utf-8")  # a template of the user's speaks of tasks
    source = template if template is not None else _SHIPPED.read_text(encoding="utf-8")
    shown = replace(briefing, tries=tuple(map(_with_output, briefing.tries)))
    try:
        with _READING:  # workers begin at the same time, and one of them reads it for all
            read = _read(source)
        text = read.render(brief=shown)
    except TemplateError as error:
        line = f" line {error.lineno}" if hasattr(error, "lineno") else ""
        raise UsageError(
            f"the prompt template{line} cannot be used: {error.message}",
            "A template sees `brief`; the one that is shipped: gitpar prompt --template",
        ) from None
    return _without_gaps(text)


def shipped() -> str:
    """Returns the text of the template that is shipped."""
    return _SHIPPED.read_text(encoding="utf-8")


@cache
def _read(source: str) -> Template:
    """Reads a template, which takes 40 ms: once for all tasks."""
    return _environment().from_string(source)


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined  # noqa: PLC0415 - see render
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - see render

    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )


def _with_output(tried: EarlierTry) -> EarlierTry:
    """Adds the end of what the attempt printed; an agent's own events are left out, they tell nobody."""
    if tried.message or not tried.log:
        return tried
    try:
        with Path(tried.log).open("rb") as log:
            log.seek(max(0, Path(tried.log).stat().st_size - _TAIL_BYTES))
            lines = log.read(_TAIL_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return tried
    told = [line for line in lines if line.strip() and not line.startswith('{"')]
    return replace(tried, output="\n".join(told[-_TAIL_LINES:]))


def _without_gaps(text: str) -> str:
    """Closes the gaps that parts left out of a template leave; two empty lines may be meant."""
    return re.sub(r"\n(?:[ \t]*\n){3,}", "\n\n", text.strip()) + "\n"
