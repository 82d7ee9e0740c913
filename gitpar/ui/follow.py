"""What workers printed, of one task or of all, at once or as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gitpar.core.view import AttemptView, RunView
from gitpar.errors import UsageError
from gitpar.ui.plain import clean, output_line
from gitpar.ui.tail import Follower
from gitpar.values import dataclass

READ_EVERY = 3
"""How many rounds of looking at logs go by until the journal is read again."""

ROUND_S = 0.2
_ENDED = ("done", "needs-you", "failed", "interrupted")


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose output is wanted, and how it is shown."""

    task: str | None = None
    attempt: int | None = None
    raw: bool = False

    def takes(self, task: str, n: int) -> bool:
        """Says whether an attempt is wanted."""
        return self.task in (None, task) and self.attempt in (None, n)


def chosen(view: RunView, choice: Choice) -> list[tuple[str, AttemptView]]:
    """The attempts whose logs are wanted, in the order in which they started."""
    wanted = [
        (task.id, attempt)
        for task in view.tasks
        for attempt in task.attempts
        if choice.takes(task.id, attempt.n) and attempt.log
    ]
    return sorted(wanted, key=lambda item: (item[1].started_at or 0.0, item[0], item[1].n))


def lines(view: RunView, choice: Choice) -> Iterator[bytes]:
    """Yields everything printed so far, attempt by attempt."""
    for task, attempt in chosen(view, choice):
        follower = Follower(attempt.log)
        yield from (_shown(task, line, choice) for line in follower.lines(ended=True))


def gate_lines(view: RunView, number: int, *, raw: bool) -> Iterator[bytes]:
    """Returns what one run of a gate has printed so far; raises UsageError for a number that is none."""
    found = next((gate for gate in view.gates if gate.number == number), None)
    if found is None:
        known = f"They are numbered from 1 to {len(view.gates)}" if view.gates else "The run has none"
        raise UsageError(f"run {view.run} has no gate {number}", known)
    if not found.log:
        return iter(())
    lines = Follower(found.log).lines(ended=True)
    return (
        line if raw else output_line(line.decode(errors="replace")).encode(errors="replace") for line in lines
    )


def follow(read: Callable[[], RunView], pause: Callable[[], None], choice: Choice) -> Iterator[bytes]:
    """Yields lines as they are printed, until nothing that is wanted can print any more.

    Attempts that began and ended before are left out, unless they are all there is of the
    one task that is wanted. `pause` waits for a round.
    """
    view = read()
    followers: dict[tuple[str, int], Follower] = {}
    left_out = _past(view, choice)
    while True:
        over = view.state in _ENDED or _settled(view, choice)
        for task, attempt in chosen(view, choice):
            key = (task, attempt.n)
            if key in left_out:
                continue
            follower = followers.setdefault(key, Follower(attempt.log))
            ended = over or attempt.state != "running"
            yield from (_shown(task, line, choice) for line in follower.lines(ended=ended))
        if over:
            return
        for _ in range(READ_EVERY):
            pause()
            yield from _growth(followers, choice)
        view = read()


def _growth(followers: dict[tuple[str, int], Follower], choice: Choice) -> Iterator[bytes]:
    """Yields whole lines that came meanwhile."""
    for (task, _n), follower in followers.items():
        yield from (_shown(task, line, choice) for line in follower.lines(ended=False))


def _past(view: RunView, choice: Choice) -> set[tuple[str, int]]:
    """Which attempts a follower does not want to read again."""
    attempts = chosen(view, choice)
    past = {(task, attempt.n) for task, attempt in attempts if attempt.state != "running"}
    if choice.task is None:
        return past
    return past - {(task, attempt.n) for task, attempt in attempts[-1:]}


def _settled(view: RunView, choice: Choice) -> bool:
    """Says whether the one task that is followed has come to its end."""
    if choice.task is None:
        return False
    task = next(task for task in view.tasks if task.id == choice.task)
    if choice.attempt is not None:
        return any(a.n == choice.attempt and a.state != "running" for a in task.attempts)
    return task.state in ("landed", "held", "failed", "blocked", "skipped")


def _shown(task: str, line: bytes, choice: Choice) -> bytes:
    """Makes a line of output ready to print: its task in front where all are shown."""
    shown = line if choice.raw else output_line(line.decode(errors="replace")).encode(errors="replace")
    return shown if choice.task is not None else b"[" + clean(task).encode(errors="replace") + b"] " + shown
