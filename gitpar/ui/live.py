"""The live display of a run on a terminal: a bar a wave, a row a task, what is landing.

Drawn on the engine's thread, so a frame is lists of plain text cut to the terminal and
given to rich as segments: no tables, no markup, nothing drawn that did not change.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from gitpar.core.agents import COMMAND
from gitpar.core.events import AttemptCaptured, AttemptLost, Event, Landed, LandingRefused
from gitpar.core.names import TaskId
from gitpar.core.run import Level, Run, TaskRun, TaskState
from gitpar.core.streams import streams_of
from gitpar.ui import text
from gitpar.ui.plain import clean, counted, elapsed
from gitpar.ui.tail import activity, last_line, progress

_QUICK_S = 0.2
_SLOW_S = 0.5
"""Between frames: while something happens, and while workers only work."""
_QUICK_FRAMES = 5
"""So many come quickly after the last thing that happened."""
_MOST_WAVES = 6
_BAR = 24
_NAME = 20
_RECENT = 100
_REST = ("pending", "running", "finished", "landed", "held", "failed", "blocked", "skipped")

_GLYPHS = {
    TaskState.PENDING: ("·", ".", "dim"),
    TaskState.RUNNING: ("●", "*", "cyan"),
    TaskState.FINISHED: ("○", "o", "blue"),
    TaskState.LANDED: ("✓", "+", "green"),
    TaskState.HELD: ("!", "!", "yellow"),
    TaskState.FAILED: ("✗", "x", "red"),
    TaskState.BLOCKED: ("-", "-", "magenta"),
    TaskState.SKIPPED: ("·", "-", "dim"),
}
Piece = tuple[str, str]
"""Text and the name of its style."""


class LiveConsole:
    """Draws the run on a terminal while it goes, and leaves the terminal clean at its end."""

    def __init__(self, console: Console, *, now: Callable[[], float] = time.time) -> None:
        self._console = console
        self._now = now
        self._began = 0.0
        self._frame = _Frame([])
        self._live: Live | None = None
        self._runs: list[Run] = []
        """Those that go on: several where a plan is over several repositories."""
        self._by_stream: dict[str, list[TaskId]] | None = None
        self._recent: deque[TaskId] = deque(maxlen=_RECENT)
        self._quick = _QUICK_FRAMES
        self._unicode = (console.encoding or "").lower().startswith("utf")

    @property
    def interval_s(self) -> float | None:
        """How long until the next frame."""
        return _QUICK_S if self._quick else _SLOW_S

    def begin(self, run: Run) -> None:
        """Says what the user should know and takes the lower part of the terminal."""
        self._runs.append(run)
        for notice in run.notices:
            self._console.print(Text(text.notice(notice, run), "yellow"))
        if self._live is not None:
            return
        self._began = self._now()
        self._live = Live(
            self._frame,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        self._draw(run)

    def event(self, event: Event, run: Run) -> None:
        """Remembers which tasks ended last; a wish to stop is shown at once."""
        self._quick = _QUICK_FRAMES
        if isinstance(event, AttemptCaptured | AttemptLost | Landed | LandingRefused):
            if event.task in self._recent:
                self._recent.remove(event.task)
            self._recent.appendleft(event.task)
        if run.stop_requested:
            self._draw(run)

    def tick(self, run: Run) -> None:
        """Draws a frame, if it differs from the one that stands."""
        self._quick = max(0, self._quick - 1)
        self._draw(run)

    def end(self, run: Run) -> None:
        """Gives the terminal back; the summary comes from elsewhere."""
        self._runs.remove(run)
        if self._live is not None and not self._runs:
            self._live.stop()
            self._live = None

    def _draw(self, run: Run) -> None:
        if self._live is None:
            return
        width, height = self._console.size
        frame = list(self._rows(run, width, height - 1))
        if frame == self._frame.rows:
            return
        self._frame.rows = frame
        try:
            self._live.refresh()
        except OSError:  # the terminal has gone; the run must not go with it
            self._live = None

    # --- what a frame is made of ---------------------------------------------------------

    def _rows(self, run: Run, width: int, height: int) -> Iterator[list[Piece]]:
        """Lays a frame out in at most `height` rows: what does not fit is counted."""
        said = [line for each in self._runs for line in (text.landing(each), text.draining(each))]
        foot = [[(line, "bold")] for line in dict.fromkeys(said) if line]
        if len(self._runs) > 1:
            from gitpar.core.sister_view import seen_as_one  # noqa: PLC0415 - most runs are alone

            run = seen_as_one(self._runs)
        head = [self._title(run), *self._waves(run), *self._streams(run, height)]
        space = height - len(head) - len(foot) - 1
        yield from head
        shown = self._shown(run, max(0, space))
        for task_id in shown:
            yield self._task(run, run.tasks[task_id], width)
        yield [(self._rest(run, shown), "dim")]
        yield from foot

    def _title(self, run: Run) -> list[Piece]:
        counts = f"{counted(len(run.tasks), 'task')}, {len(run.active)} of {text.at_once(run)} at work"
        return [("gitpar ", "bold"), (f"run {run.id}  {elapsed(self._now() - self._began)}  {counts}", "")]

    def _waves(self, run: Run) -> list[list[Piece]]:
        """A bar a wave, those around the current one where there are many."""
        first = max(0, min(run.current - 2, len(run.levels) - _MOST_WAVES))
        return [self._wave(run, level) for level in islice(run.levels, first, first + _MOST_WAVES)]

    def _wave(self, run: Run, level: Level) -> list[Piece]:
        return self._bar(run, f"wave {level.number:<3} ", level.tasks)

    def _streams(self, run: Run, height: int) -> list[list[Piece]]:
        """A bar a stream, as far as they leave half of the screen to the tasks."""
        found = list(islice(self._tasks_of_streams(run).items(), max(0, height // 2 - _MOST_WAVES)))
        return [self._bar(run, set_cell_size(clean(name), _NAME) + " ", tasks) for name, tasks in found]

    def _tasks_of_streams(self, run: Run) -> dict[str, list[TaskId]]:
        if self._by_stream is None:
            self._by_stream = streams_of(run.graph)
        return self._by_stream

    def _bar(self, run: Run, name: str, tasks: Sequence[TaskId]) -> list[Piece]:
        states = Counter(run.tasks[t].state for t in tasks)
        done, total = states[TaskState.LANDED], len(tasks)
        lost = sum(states[s] for s in (TaskState.HELD, TaskState.FAILED, TaskState.BLOCKED))
        full, broken = _BAR * done // total, -(-_BAR * lost // total)
        block, shade, empty = ("█", "▒", "░") if self._unicode else ("#", "x", "-")
        bar = [
            (block * full, "green"),
            (shade * min(broken, _BAR - full), "yellow"),
            (empty * (_BAR - full - min(broken, _BAR - full)), "dim"),
        ]
        told = ", ".join([f"{done}/{total} landed", *(f"{states[s]} {s.value}" for s in _LOST if states[s])])
        return [(name, ""), *bar, (f"  {told}", "")]

    def _shown(self, run: Run, space: int) -> list[TaskId]:
        """Every task of the wave where they fit, else those that run, then those that ended last."""
        level = run.level
        everything = list(level.tasks) if level is not None else []
        if len(everything) <= space:
            return everything
        running = list(islice(run.active, space))
        others = (t for t in self._recent if t not in run.active)
        return run.in_plan_order(running) + list(islice(others, space - len(running)))

    def _task(self, run: Run, task: TaskRun, width: int) -> list[Piece]:
        """A row: state, id, attempt, elapsed time, and what the worker or the run says of it."""
        glyph, plain, style = _GLYPHS[task.state]
        attempt = task.last if task.attempts else None
        state = f"{glyph if self._unicode else plain} {task.state.value:<9}"
        name = set_cell_size(clean(task.task.id), _NAME)
        tries = f"#{attempt.n}" if attempt else ""
        spent = self._spent(task)
        fixed = f" {name} {tries:<3} {spent:>7}  "
        room = max(0, width - len(state) - cell_len(fixed))
        return [(state, style), (fixed, ""), (set_cell_size(_saying(run, task), room).rstrip(), "dim")]

    def _spent(self, task: TaskRun) -> str:
        if not task.attempts:
            return ""
        attempt = task.last
        if task.state is not TaskState.RUNNING or attempt.ending is not None:
            return elapsed(attempt.duration_s)
        return elapsed(self._now() - attempt.started_at) if attempt.started_at is not None else ""

    def _rest(self, run: Run, shown: list[TaskId]) -> str:
        left = len(run.tasks) - len(shown)
        if not left:
            return ""
        counts = Counter(task.state.value for task in run.tasks.values())
        counts.subtract(run.tasks[t].state.value for t in shown)
        told = ", ".join(f"{counts[state]} {state}" for state in _REST if counts[state])
        return f"and {counted(left, 'other task')}: {told}"


_LOST = (TaskState.HELD, TaskState.FAILED, TaskState.BLOCKED)


def _saying(run: Run, task: TaskRun) -> str:
    """The worker's progress or last line while it runs, else why the task stands so, else its title."""
    if task.state is not TaskState.RUNNING or not task.last.log:
        return clean(task.reason or task.task.title)
    if task.last.ending is not None:
        return text.at_gate(run, task.task.id) or clean(task.reason) or "keeping what it did"
    told = progress(task.last.log)
    if told is None:
        if task.last.agent == COMMAND:
            return last_line(task.last.log)
        return activity(task.last.log) or "nothing was heard of it yet"
    return f"{told.percent:3.0f} % {told.line}".rstrip()


class _Frame:
    """The rows of the last frame, as rich wants them."""

    def __init__(self, rows: list[list[Piece]]) -> None:
        self.rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for at, row in enumerate(self.rows):
            if at:
                yield Segment.line()
            pieces = (Segment(t, _style(style)) for t, style in row if t)
            yield from Segment.adjust_line_length(list(pieces), options.max_width, pad=False)


_STYLES: dict[str, Style] = {}


def _style(name: str) -> Style:
    if name not in _STYLES:
        _STYLES[name] = Style.parse(name)
    return _STYLES[name]
