"""What an agent is asked that is a gate, and the verdict in its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from gitpar.agent_port import OutputReader
from gitpar.agents.saying import one_line
from gitpar.core.agents import AgentReport, Said
from gitpar.values import dataclass

_BLOCK = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)
_WORDS = {"pass": "pass", "passed": "pass", "fail": "fail", "failed": "fail"}
_MOST_REASONS = 20
_KEPT_BYTES = 50_000

QUESTION = """\
# {gate}

{prompt}

## What is to be judged

{what}

The current folder is a Git worktree that holds it, merged with everything that landed before. \
What is new in it: `git diff {base} {commit}`. Judge only that. Change no file, commit nothing, \
push nothing: whatever you change is undone.

## Your verdict

End with a block like this (`verdict` is pass or fail; a reason is one sentence that names file and line):

```json
{{"verdict": "pass", "reasons": []}}
```
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an agent is to judge: tasks with their titles, since `base`, as `commit`."""

    gate: str
    prompt: str
    tasks: Sequence[tuple[str, str]]
    base: str
    commit: str


def question(subject: Subject) -> str:
    """Returns what an agent is asked."""
    listed = "\n".join(f"- `{task}`: {' '.join(title.split())}" for task, title in subject.tasks)
    what = f"The work of these tasks:\n\n{listed}" if listed else "Everything that landed in a run."
    return QUESTION.format(
        gate=subject.gate,
        prompt=subject.prompt.strip(),
        what=what,
        base=subject.base[:12],
        commit=subject.commit[:12],
    )


def verdict_of(text: str) -> tuple[str, tuple[str, ...]]:
    """Reads the last verdict in a text: pass, fail or nothing, and its reasons."""
    candidates = [*_BLOCK.findall(text), *(line for line in text.splitlines() if '"verdict"' in line)]
    for candidate in reversed(candidates):
        try:
            value = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        word = value.get("verdict") if isinstance(value, dict) else None
        if isinstance(word, str) and (verdict := _WORDS.get(word.strip().lower())):
            return verdict, _reasons(value.get("reasons"))
    return "", ()


def _reasons(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    found = (one_line(text) for text in listed if isinstance(text, str) and text.strip())
    return tuple(found)[:_MOST_REASONS]


class AnswerReader:
    """Reads an agent's answer: by the agent's own reader, and for a verdict in plain text."""

    def __init__(self, reader: OutputReader | None) -> None:
        self._reader = reader
        self._lines: list[str] = []
        self._size = 0

    def feed(self, line: bytes) -> None:
        """Takes the next line."""
        if self._reader is not None:
            self._reader.feed(line)
        text = line[:_KEPT_BYTES].decode(errors="replace")
        self._lines.append(text)
        self._size += len(text)
        while self._size > _KEPT_BYTES and len(self._lines) > 1:
            self._size -= len(self._lines.pop(0))

    def activity(self) -> str:
        """Says what the agent is doing."""
        return self._reader.activity() if self._reader is not None else ""

    def report(self) -> AgentReport:
        """Returns what was told, with the verdict."""
        report = self._reader.report() if self._reader is not None else AgentReport(said=Said.ENDED)
        if report.verdict:
            return report
        verdict, reasons = verdict_of("\n".join(self._lines))
        return replace(report, verdict=verdict, reasons=reasons)
