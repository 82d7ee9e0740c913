"""The prompt of an agent-os task, with everything `context-summary.json` has for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitpar.errors import PlanError
from gitpar.plans.document import read_bytes, read_document
from gitpar.plans.item import Item
from gitpar.plans.prompt import indented, prompt
from gitpar.values import dataclass

_SUMMARY = "context-summary.json"
_MORE = {
    *("notes", "blocker", "config", "predecessor_artifacts", "complexity_reasoning", "details"),
    *("correctness_criteria", "failure_prevention", "tdd_phase"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """`context-summary.json`, or nothing."""

    root: Item | None = None

    @classmethod
    def beside(cls, plan: Item) -> Summary:
        """Reads the file beside the plan; one that cannot be read is a warning."""
        path = plan.folder / _SUMMARY
        if not path.is_file():
            return cls()
        try:
            document = read_document(str(path), read_bytes(path))
        except PlanError as error:
            plan.findings.warnings.extend(error.problems)
            return cls()
        return cls(Item(document, document.tree.root, plan.findings))

    def sections(self, task_id: str) -> Iterator[tuple[str, str]]:
        """Yields what it says about everything, then about one task."""
        if self.root is None:
            return
        if (common := self.root.get("global_context")) is not None:
            yield "The project", outline(common)
        tasks = self.root.get("tasks")
        if tasks is not None and (own := tasks.get(task_id)) is not None:
            yield "What is known about this task", outline(own)


def task_prompt(row: Item, task_id: str, below: Sequence[tuple[Item, bool]], summary: Summary) -> str:
    """Returns the prompt of a row, its subtasks listed with those that are done marked."""
    title = _text(row, "summary") or _text(row, "title") or _text(row, "description") or task_id
    body = _text(row, "description")
    more = "\n".join(f"- {_words(name)}:{_value(item)}" for name, item in row.members() if name in _MORE)
    sections = [
        ("", "" if body == title else body),
        ("Subtasks", "\n".join(_subtask(item, done=done) for item, done in below)),
        ("More about it", more),
        *summary.sections(task_id),
    ]
    return prompt(f"Task {task_id}: {title}", sections)


def _subtask(row: Item, *, done: bool) -> str:
    ident = row.get("id")
    label = f"{ident.name()} " if ident is not None else ""
    text = _text(row, "description") or _text(row, "summary")
    notes = _text(row, "notes")
    first = f"- {label}{text}" + (" (already done)" if done else "")
    return "\n".join([first, indented(notes)]) if notes and not done else first


def _text(row: Item, name: str) -> str:
    return item.text().strip() if (item := row.get(name)) is not None else ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def outline(item: Item) -> str:
    """Returns a nested value as an indented list, its keys as words."""
    if item.is_mapping():
        return "\n".join(f"- {_words(name)}:{_value(member)}" for name, member in item.members())
    if item.is_list():
        return "\n".join(f"-{_value(element)}" for element in item.elements())
    return item.text() if isinstance(item.node.value, str) else item.raw()


def _value(item: Item) -> str:
    if item.is_mapping() or item.is_list():
        return "\n" + indented(outline(item))
    return f" {outline(item)}"
