"""What the readers of all agents share. Output is taken as it comes: anything may be missing or wrong."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from gitpar.agents.saying import last_words, one_line, trouble_of
from gitpar.core.agents import AgentReport, Said, Tokens, Trouble

_LONGEST_LINE = 8_000_000
_KEPT_TEXT = 200_000
_SLOW = (Trouble.RATE_LIMIT, Trouble.OVERLOADED)


def dig(value: Any, *keys: str) -> Any:
    """Returns what stands at a path of keys, None where there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text_at(value: Any, *keys: str) -> str:
    """Returns a text at a path of keys, empty where there is none."""
    found = dig(value, *keys)
    return found if isinstance(found, str) else ""


def count_at(value: Any, *keys: str) -> int:
    """Returns a whole number that is not negative at a path of keys, 0 where there is none."""
    found = dig(value, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 53 else 0


def amount_at(value: Any, *keys: str) -> float | None:
    """Returns an amount at a path of keys, None where there is none."""
    found = dig(value, *keys)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        return None
    return float(found) if found >= 0 else None


def _parsed(line: bytes) -> Any:
    """Returns what a line says, None where it says nothing; a byte that is no UTF-8 costs only itself."""
    try:
        return json.loads(line)
    except UnicodeDecodeError:
        return _parsed(line.decode(errors="replace").encode())
    except (ValueError, RecursionError):
        return None


class JsonLines:
    """A reader of one JSON object a line; subclasses say what an object means."""

    unread: tuple[bytes, ...] = ()
    """How lines begin that tell nothing, such as what tools answered: most of the output, often."""

    def __init__(self) -> None:
        self.found = AgentReport()
        self.doing = ""
        self.text = ""
        """What the agent said last."""

    def feed(self, line: bytes) -> None:
        """Takes the next line; one that is no JSON object is looked at for an error only."""
        if line.startswith(self.unread):
            return
        if not line.startswith(b"{"):
            self.plain(line[:_KEPT_TEXT].decode(errors="replace").strip())
            return
        value = _parsed(line) if len(line) <= _LONGEST_LINE else None
        if isinstance(value, dict):
            self.take(value, text_at(value, "type"))

    def take(self, value: dict[str, Any], kind: str) -> None:
        """Takes an object of the output, `kind` its type."""
        raise AssertionError(f"{type(self).__name__} does not say what {kind} means: {value}")

    def plain(self, line: str) -> None:
        """Takes a line that is no object: what programs print when they cannot begin."""
        if line and self.found.said is Said.NOTHING and (trouble := trouble_of(line)):
            self.met(trouble, line)

    def activity(self) -> str:
        """Says what the agent is doing: waiting, where its provider told it to."""
        if self.found.said is Said.NOTHING and self.found.trouble in _SLOW:
            return f"waiting, its provider says to: {self.found.message}"
        return self.doing

    def report(self) -> AgentReport:
        """Returns what has been told so far, with what the last words say."""
        if self.found.said is not Said.ENDED:
            return self.found
        words = last_words(self.text)
        message = self.found.message or words.message
        report = replace(
            self.found, said=words.said, message=message, claimed=words.claimed, notes=words.notes
        )
        if '"verdict"' not in self.text:
            return report
        from gitpar.agents.verdicts import verdict_of  # noqa: PLC0415 - few agents are gates

        verdict, reasons = verdict_of(self.text)
        return replace(report, verdict=verdict, reasons=reasons)

    # --- for subclasses ------------------------------------------------------------------

    def spoke(self, text: str) -> None:
        """Remembers what the agent said; whatever trouble there was is over."""
        self.over_it()
        self.text = text[-_KEPT_TEXT:]
        self.doing = one_line(self.text)

    def over_it(self) -> None:
        """Forgets a trouble that did not last."""
        if self.found.trouble is not Trouble.NONE and self.found.said is Said.NOTHING:
            self.found = replace(self.found, trouble=Trouble.NONE, message="")

    def met(self, trouble: Trouble, message: str) -> None:
        """Remembers what keeps the agent from its work."""
        slowed = self.found.slowed + (trouble in _SLOW)
        self.found = replace(self.found, trouble=trouble, message=one_line(message), slowed=slowed)

    def in_session(self, session: str) -> None:
        """Remembers the session."""
        if session:
            self.found = replace(self.found, session=session)

    def answered(self) -> None:
        """Counts an answer of the model."""
        self.found = replace(self.found, turns=self.found.turns + 1)

    def used(self, tokens: Tokens) -> None:
        """Adds what an answer took."""
        self.found = replace(self.found, tokens=self.found.tokens.plus(tokens))

    def ended(self, *, well: bool, message: str = "", trouble: Trouble = Trouble.NONE) -> None:
        """Remembers that the agent came to its end."""
        said = Said.ENDED if well else Said.FAILED
        line = one_line(message) or (self.found.message if not well else "")
        if not well and trouble is Trouble.NONE:
            trouble = self.found.trouble  # who is interrupted in its trouble says no more about it
        self.found = replace(self.found, said=said, message=line, trouble=trouble)
