"""The end of a run, laid out for a terminal of any width: summary and conflict report.

The sentences come from closing.py; here they are only put into rows. Everything is
given to rich as Text, so that no title can be read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gitpar.core.conflicts import Tier
from gitpar.core.run import TaskState
from gitpar.core.view import LevelView, RunView, TaskView
from gitpar.ui import agent_text, closing, stream_view
from gitpar.ui.plain import clean, duration, listed
from gitpar.ui.policy_text import settled_lines
from gitpar.ui.publish_text import published_lines

_STATE_STYLE = {
    TaskState.LANDED: "green",
    TaskState.HELD: "yellow",
    TaskState.FAILED: "red",
    TaskState.BLOCKED: "magenta",
}
_RUN_STYLE = {"done": "bold green", "needs-you": "bold yellow", "failed": "bold red"}
_TIER_STYLE = {Tier.CONFLICT: "red", Tier.TOUCHING: "yellow", Tier.FILE: "dim"}
_MOST_PAIRS = 40
_MOST_TASKS = 60


def print_summary(view: RunView, console: Console) -> None:
    """Prints what became of the run, the conflict report, and what to type next."""
    for part in summary(view):
        console.print(part, crop=False, highlight=False)


def print_status(view: RunView, console: Console, owner: str | None) -> None:
    """Prints where the run stands: every task, and who works on it."""
    for part in status(view, owner):
        console.print(part, crop=False, highlight=False)


def summary(view: RunView) -> Iterator[RenderableType]:
    """Yields the summary part by part; parts that would be empty are left out."""
    yield from _head(view)
    if missing := closing.not_landed(view):
        yield from _part("Not landed", _missing(missing, view.run))
    if view.levels:
        yield from _part("Waves", _waves(view))
    if view.streams:
        yield from _part("Streams", _streams(view))
    yield from _gates(view)
    yield from _work(view)
    yield from conflict_report(view)
    yield from _settled(view)
    if unexpected := closing.surprises(view):
        yield from _part("Declared and changed files", _surprises(unexpected))
    if untrue := agent_text.differences(view):
        yield from _part("What agents said and what they changed", _lines(untrue))
    if told := closing.notes(view):
        yield from _part("Notes", _lines(told))
    if told := published_lines(view):
        yield from _part("Published", _lines(told))
    yield from _next(view)


def _next(view: RunView) -> Iterator[RenderableType]:
    if typed := closing.what_next(view):
        yield from _part("Next", _typed(typed))
    if told := closing.not_written(view):
        yield Text("")
        yield Text(told, "dim")


def _settled(view: RunView) -> Iterator[RenderableType]:
    if told := settled_lines(view):
        yield from _part("Settled by policy", _lines(told))


def conflict_report(view: RunView) -> Iterator[RenderableType]:
    """Yields every pair that shared something, strongest first; nothing where there was none."""
    found = closing.conflict_lines(view)
    if not found:
        return
    table = _table("Tier", "What two tasks have in common")
    for tier, line in found[:_MOST_PAIRS]:
        table.add_row(Text(tier.value, _TIER_STYLE[tier]), Text(line))
    if len(found) > _MOST_PAIRS:
        table.add_row(Text(""), Text(f"and {len(found) - _MOST_PAIRS} more: gitpar report {view.run} --json"))
    yield from _part("Conflict report", table)


def status(view: RunView, owner: str | None) -> Iterator[RenderableType]:
    """Yields the run's tasks and waves as they stand."""
    yield from _head(view)
    if owner:
        yield Text(f"It is being worked on by {clean(owner)}.")
    yield from _part("Tasks", _tasks(view))
    if view.levels:
        yield from _part("Waves", _waves(view))
    if view.streams:
        yield from _part("Streams", _streams(view))
    if typed := closing.what_next(view):
        yield from _part("Next", _typed(typed))


def runs(views: Iterable[RunView]) -> Table:
    """Returns a row a run."""
    table = _table("Run", "State", "Tasks", "Plan")
    for view in views:
        state = Text(view.state, _RUN_STYLE.get(view.state, ""))
        plans = ", ".join(clean(plan) for plan in view.plans)
        table.add_row(Text(view.run), state, Text(closing.tally(view)), Text(plans, overflow="fold"))
    return table


# --- parts -------------------------------------------------------------------------------


def _head(view: RunView) -> Iterator[Text]:
    yield Text(closing.headline(view), _RUN_STYLE.get(view.state, "bold"))
    for line in dict.fromkeys((closing.waiting_for(view), view.message, view.trouble)):
        if line:
            yield Text(clean(line), "yellow")


def _part(title: str, body: RenderableType) -> Iterator[RenderableType]:
    yield Text("")
    yield Text(title, "bold")
    yield body


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _lines(lines: Iterable[str]) -> RenderableType:
    return Padding(Text("\n").join(Text(line) for line in lines), (0, 0, 0, 2))


def _typed(steps: Sequence[closing.Step]) -> Group:
    """Lists what to type. It is never broken or cut: a line must paste as it is."""
    widest = max(cell_len(step.purpose) for step in steps)
    rows = (f"  {set_cell_size(step.purpose, widest)}  {step.command}" for step in steps)
    # in a group, because rich joins texts that are printed by themselves and forgets how they wrap
    return Group(Text("\n".join(rows), no_wrap=True, overflow="ignore"))


def _missing(tasks: list[TaskView], run: str) -> Table:
    table = _table("Task", "State", "Why")
    table.columns[0].max_width = 24
    for task in tasks[:_MOST_TASKS]:
        table.add_row(Text(clean(task.id)), _state(task), Text(clean(task.reason)))
    if len(tasks) > _MOST_TASKS:
        table.add_row(Text(""), Text(""), Text(f"and {len(tasks) - _MOST_TASKS} more: gitpar status {run}"))
    return table


def _tasks(view: RunView) -> Table:
    table = _table("Task", "State", "Wave", "Tries", "Time", "What is known")
    table.columns[0].max_width = 24
    if view.streams:
        table.add_column("Stream", overflow="fold")
    if view.repositories:
        table.add_column("Repository", overflow="fold")
    for column in table.columns[2:5]:
        column.justify = "right"
    for task in view.tasks:
        spent = sum(attempt.duration_s or 0.0 for attempt in task.attempts)
        table.add_row(
            Text(clean(task.id)),
            _state(task),
            Text(str(task.level) if task.level else ""),
            Text(str(len(task.attempts)) if task.attempts else ""),
            Text(duration(spent) if task.attempts else ""),
            Text(clean(task.reason or task.title)),
            *([Text(clean(task.stream or ""))] if view.streams else []),
            *([Text(clean(task.repo or ""))] if view.repositories else []),
        )
    return table


def _state(task: TaskView) -> Text:
    return Text(task.state, _STATE_STYLE.get(TaskState(task.state), ""))


def _waves(view: RunView) -> Table:
    if view.repositories:
        from gitpar.ui import several  # noqa: PLC0415 - most runs are in one repository

        table = _table(*several.HEADINGS)
        for row in several.waves(view):
            table.add_row(*map(Text, row))
        return table
    table = _table("Wave", "Branch", "Commit", "Landed", "Time")
    for column in (table.columns[0], *table.columns[3:]):
        column.justify = "right"
    by_id = {task.id: task for task in view.tasks}
    for level in view.levels:
        # a wave of which nothing was worked on here leaves its number behind: people did it, or it was moved
        if level.commit or (level.tasks and view.state != "done"):
            table.add_row(*_wave(level, by_id))
    return table


def _wave(level: LevelView, by_id: dict[str, TaskView]) -> tuple[Text, ...]:
    landed = sum(1 for task_id in level.tasks if by_id[task_id].state == TaskState.LANDED)
    return (
        Text(str(level.level)),
        Text(level.branch if level.commit else "not begun"),
        Text((level.commit or "")[:12]),
        Text(f"{landed} of {len(level.tasks)}"),
        Text(duration(level.wall_s) if level.wall_s else ""),
    )


def _streams(view: RunView) -> Table:
    found = stream_view.rows(view)
    # what no stream has is no column
    shown = [at for at in range(len(stream_view.HEADINGS)) if any(row[at] for row in found)]
    table = _table(*(stream_view.HEADINGS[at] for at in shown))
    table.columns[1].justify = "right"
    for row in found:
        table.add_row(*(Text(row[at]) for at in shown))
    return table


def _gates(view: RunView) -> Iterator[RenderableType]:
    if not view.gates:
        return
    from gitpar.ui import gate_text  # noqa: PLC0415 - most runs have none

    table = _table("Gate", "Run on", "Verdicts", "Time")
    table.columns[3].justify = "right"
    for row in gate_text.rows(view):
        table.add_row(*map(Text, row))
    yield from _part("Gates", table)
    if told := gate_text.notes(view):
        yield _lines(told)


def _figures(view: RunView) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    rows = {
        "Workers": closing.workers(view.metrics),
        "Time": closing.bound(view),
        "": f"({closing.bound_meaning(view)})",
        "Speed-up": closing.speed(view.metrics),
        "Estimate": closing.estimate(view.metrics),
        "Conflicts": closing.conflict_rate(view),
        "Waited": closing.waited(view),
        "Agents": agent_text.total(view),
    }
    for name, said in rows.items():
        if said:
            table.add_row(Text(name), Text(said))
    return table


def _work(view: RunView) -> Iterator[RenderableType]:
    if view.metrics.spawned:
        yield from _part("Work", _figures(view))
    if told := agent_text.dearest(view):
        yield from _part("What took most", _lines(told))


def _surprises(found: list[closing.Surprise]) -> Table:
    table = _table("Task", "Changed, not declared", "Declared, not changed")
    table.columns[0].max_width = 24
    for one in found:
        table.add_row(Text(clean(one.task)), Text(listed(one.not_declared)), Text(listed(one.not_changed)))
    return table
