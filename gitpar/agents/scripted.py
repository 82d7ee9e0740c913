"""A worker without a mind: does what the prompt's `do:` lines say. For demos and tests.

`--agent-command 'python -m gitpar.agents.scripted'` lets any plan be run whose prompts
have such lines, in whatever format the plan is:

    do: write src/greeting.py "HELLO = 1"
    do: replace README.md "old words" "new words"
    do: fail-once the network was down

Lines are read as a shell would read their words; everything else in a prompt is ignored.
It starts in the worktree and touches only what the lines name.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gitpar.errors import UsageError

_PREFIX = "do:"


def actions(prompt: str) -> list[list[str]]:
    """Returns the words of every `do:` line of a prompt; raises UsageError for one that cannot be done."""
    found = []
    for line in prompt.splitlines():
        text = line.strip().removeprefix("- ").strip()
        if not text.startswith(_PREFIX):
            continue
        try:
            words = shlex.split(text.removeprefix(_PREFIX))
        except ValueError as error:
            raise UsageError(f"`{text}` cannot be read: {error}") from None
        if not words or words[0] not in _ACTIONS or len(words) - 1 < _ACTIONS[words[0]][0]:
            raise UsageError(f"`{text}` is nothing that can be done", f"Actions: {', '.join(_ACTIONS)}")
        found.append(words)
    return found


def perform(prompt: str, environ: Mapping[str, str]) -> None:
    """Does everything a prompt says, in order; raises SystemExit where it says so."""
    for name, *words in actions(prompt):
        print(name, *words, flush=True)  # noqa: T201 - a worker's output is its log
        _ACTIONS[name][1](words, environ)


def _write(words: Sequence[str], _environ: Mapping[str, str]) -> None:
    _ready(words[0]).write_text(" ".join(words[1:]) + "\n")


def _append(words: Sequence[str], _environ: Mapping[str, str]) -> None:
    with _ready(words[0]).open("a") as file:
        file.write(" ".join(words[1:]) + "\n")


def _replace(words: Sequence[str], _environ: Mapping[str, str]) -> None:
    path, old, new = words[:3]
    text = Path(path).read_text()
    if old not in text:
        raise SystemExit(f"`{old}` is not in `{path}`")
    Path(path).write_text(text.replace(old, new, 1))


def _delete(words: Sequence[str], _environ: Mapping[str, str]) -> None:
    for path in words:
        Path(path).unlink()


def _sleep(words: Sequence[str], _environ: Mapping[str, str]) -> None:
    time.sleep(float(words[0]))


def _progress(words: Sequence[str], environ: Mapping[str, str]) -> None:
    Path(environ["GITPAR_PROGRESS"]).write_text(" ".join(words) + "\n")


def _fail_once(words: Sequence[str], environ: Mapping[str, str]) -> None:
    if environ.get("GITPAR_ATTEMPT", "1") == "1":
        raise SystemExit(" ".join(words) or "failed, as told, at the first attempt")


def _exit(words: Sequence[str], _environ: Mapping[str, str]) -> None:
    raise SystemExit(int(words[0]))


def _ready(path: str) -> Path:
    found = Path(path)
    found.parent.mkdir(parents=True, exist_ok=True)
    return found


_ACTIONS: Mapping[str, tuple[int, Callable[[Sequence[str], Mapping[str, str]], None]]] = {
    "write": (1, _write),
    "append": (1, _append),
    "replace": (3, _replace),
    "delete": (1, _delete),
    "sleep": (1, _sleep),
    "progress": (1, _progress),
    "fail-once": (0, _fail_once),
    "exit": (1, _exit),
}
"""Each action with the fewest words it needs."""


def main() -> None:
    """Reads the prompt from standard input and does it."""
    try:
        perform(sys.stdin.read(), os.environ)
    except UsageError as error:
        raise SystemExit(
            "\n".join((f"Error: {error.message}", *(f"Hint: {hint}" for hint in error.hints)))
        ) from None


if __name__ == "__main__":
    main()
