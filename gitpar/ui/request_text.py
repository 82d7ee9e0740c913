"""Title and body of a pull request, made from the run. Markdown; pure.

What comes from plans and workers is escaped: a title must not become a heading, a mention
or a closed issue.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath

from gitpar.core.forges import Layer
from gitpar.core.publishing import Words
from gitpar.core.view import LevelView, RunView, TaskView
from gitpar.ui.closing import conflict_lines, not_landed
from gitpar.ui.plain import clean, clipped, counted, duration
from gitpar.ui.policy_text import gates_text

_LONGEST_TITLE = 200
_LONGEST_BODY = 60_000
"""Below the 65,536 characters that GitHub takes."""
_MOST_ROWS = 200
_MOST_FILES = 4
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~$-])")
_MENTION = re.compile(r"@(?=\w)")


def describe(view: RunView, layer: Layer) -> Words:
    """Returns title and body for one part of a run's publication."""
    tasks = _tasks(view, layer)
    lines = [
        *_beginning(view, layer, tasks),
        *_elsewhere(view, layer),
        *_table(tasks),
        *_missing(view, layer),
        *_conflicts(view, tasks),
        *_gates(tasks),
        *_proof(view, layer, tasks),
        *_again(view, layer),
    ]
    body = "\n".join(lines)
    if len(body) > _LONGEST_BODY:
        body = f"{body[:_LONGEST_BODY].rpartition(chr(10))[0]}\n\nThe rest is too long to be shown here."
    return Words(_title(view, layer, tasks), body)


def escaped(text: str) -> str:
    """Makes text safe within a line of Markdown: no markup, no mention, no line break."""
    return _MENTION.sub("@\u200b", _MARKDOWN.sub(r"\\\1", clean(text)))


def _code(text: str) -> str:
    """Puts a name between backquotes, also in a table."""
    return f"`{clean(text).replace('`', chr(39)).replace('|', chr(0xFF5C))}`"


def _tasks(view: RunView, layer: Layer) -> list[TaskView]:
    """The landed tasks that a layer brings, in plan order."""
    return [
        task
        for task in view.tasks
        if task.commit is not None and task.level == layer.level and layer.task in (None, task.id)
    ]


def _title(view: RunView, layer: Layer, tasks: list[TaskView]) -> str:
    if len(tasks) == 1:
        return clipped(clean(tasks[0].title), _LONGEST_TITLE)
    plan = PurePath(view.plans[0]).stem if view.plans else "plan"
    first = clean(tasks[0].title) if tasks else ""
    more = f"{clipped(first, 100)} and {len(tasks) - 1} more" if tasks else "nothing"
    return clipped(f"{clean(plan)}, wave {layer.level} of {len(view.levels)}: {more}", _LONGEST_TITLE)


def _level(view: RunView, layer: Layer) -> LevelView:
    return view.levels[layer.level - 1]


def _beginning(view: RunView, layer: Layer, tasks: list[TaskView]) -> Iterator[str]:
    plans = ", ".join(_code(PurePath(plan).name) for plan in view.plans)
    if layer.task is None:
        what = f"Wave {layer.level} of {len(view.levels)}: {counted(len(tasks), 'task')}"
    else:
        what = f"Task {_code(layer.task)} of wave {layer.level}"
    how = f"worked on at once and landed one by one (`{view.strategy}`)"
    yield f"{what} of run {_code(view.run)} of {plans}, {how}."
    if layer.level > 1:
        yield "It lies on what landed before it, so that comes first."
    if note := _level(view, layer).rationale:
        yield f"Why these: {escaped(note)}"
    yield ""


def _elsewhere(view: RunView, layer: Layer) -> Iterator[str]:
    """The requests of the same run in other repositories, as far as they are there."""
    if not view.repositories:
        return
    from gitpar.ui.several import sister_requests  # noqa: PLC0415 - most runs are in one repository

    found = list(sister_requests(view, layer.level))
    if not found:
        return
    yield "**Other repositories**"
    yield ""
    yield from (f"- {_code(repo)}, wave {level}{how}: {url}" for repo, level, how, url in found[:_MOST_ROWS])
    yield ""


def _table(tasks: list[TaskView]) -> Iterator[str]:
    yield "| task | title | files | tries | time |"
    yield "|---|---|---|--:|--:|"
    for task in tasks[:_MOST_ROWS]:
        shown = ", ".join(_code(name) for name in task.files[:_MOST_FILES])
        more = f" and {len(task.files) - _MOST_FILES} more" if len(task.files) > _MOST_FILES else ""
        spent = duration(sum(attempt.duration_s or 0.0 for attempt in task.attempts))
        yield f"| {_code(task.id)} | {escaped(task.title)} | {shown}{more} | {len(task.attempts)} | {spent} |"
    if len(tasks) > _MOST_ROWS:
        yield f"\n… and {len(tasks) - _MOST_ROWS} more."
    yield ""


def _missing(view: RunView, layer: Layer) -> Iterator[str]:
    """What of the wave is not in here; told once, not with every task."""
    missing = [task for task in not_landed(view) if task.level == layer.level]
    if layer.task is not None or not missing:
        return
    yield "**Not in here**"
    yield ""
    yield from (f"- {_code(task.id)} {task.state}: {escaped(task.reason)}" for task in missing[:_MOST_ROWS])
    yield ""


def _conflicts(view: RunView, tasks: list[TaskView]) -> Iterator[str]:
    """The pairs that shared something, of which one is in here."""
    names = {task.id for task in tasks}
    here = tuple(pair for pair in view.conflicts if names & {pair.a, pair.b})
    pairs = [line for _, line in conflict_lines(replace(view, conflicts=here))]
    yield "**Conflicts**"
    yield ""
    if not pairs:
        yield "No other task of the wave changed the same files."
    yield from (f"- {line}" for line in pairs[:_MOST_ROWS])
    yield ""


def _gates(tasks: list[TaskView]) -> Iterator[str]:
    """The gates that let these tasks pass, each with the trees that it saw."""
    found: dict[tuple[str, str], list[str]] = {}
    for task in tasks:
        for gate in json.loads(task.certificate).get("gates", ()) if task.certificate else ():
            trees = found.setdefault((gate["gate"], gate["verdict"]), [])
            if gate["tree"] not in trees:
                trees.append(gate["tree"])
    if not found:
        return
    yield "**Gates**"
    yield ""
    for (gate, verdict), trees in found.items():
        how = "passed, after it had failed on the same tree," if verdict == "flaky" else verdict
        yield f"- {_code(gate)} {how} on {', '.join(map(_short, trees[:_MOST_FILES]))}"
    yield ""


def _proof(view: RunView, layer: Layer, tasks: list[TaskView]) -> Iterator[str]:
    yield "**Certificate**"
    yield ""
    yield (
        "Before the branch moved, each landing was proved: parents and merge base as declared, the tree as "
        "git merges it, libgit2 of the same opinion where both sides had changed a file, and no file "
        "changed that the task had not changed."
    )
    yield ""
    yield "| task | landed as | tree | on | result |"
    yield "|---|---|---|---|---|"
    for task in tasks[:_MOST_ROWS]:
        facts = json.loads(task.certificate) if task.certificate else {}
        cells = (_short(task.commit), *(_short(facts.get(name)) for name in ("tree", "tip", "result")))
        yield f"| {_code(task.id)} | {' | '.join(cells)} |"
    base = view.base if layer.level == 1 else view.levels[layer.level - 2].commit
    yield ""
    if settled := [task for task in tasks if task.settled]:
        yield "Not proved, because a policy settled a conflict there: look at these yourself."
        yield ""
        for task in settled[:_MOST_ROWS]:
            paths = ", ".join(f"{_code(one.path)} ({one.policy.value})" for one in task.settled)
            yield f"- {_code(task.id)}: {paths}; {escaped(gates_text(task.settled))}"
        yield ""
    yield f"It began at {_short(base)} and ends at {_short(layer.commit)}."
    yield ""


def _short(commit: object) -> str:
    return f"`{str(commit)[:12]}`" if commit else ""


def _again(view: RunView, layer: Layer) -> Iterator[str]:
    plans = " ".join(PurePath(clean(plan)).name for plan in view.plans)
    yield "**How to reproduce**"
    yield ""
    yield "```sh"
    if view.repositories:
        first = shlex.quote(clean(view.repositories[0].name))
        yield f"gitpar -C {first} run {plans} --strategy {view.strategy}"
    else:
        yield f"gitpar run {plans} --base {view.base} --strategy {view.strategy}"
    yield f"git log --graph --oneline {view.base[:12]}..{layer.commit[:12]}"
    yield f"gitpar verify {view.base[:12]}..{layer.commit[:12]}"
    yield "```"
