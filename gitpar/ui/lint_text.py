"""What `gitpar plan --lint` says. Pure: values in, plain sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never

from gitpar.core.habits import is_hot
from gitpar.core.lint import BROAD, Remark, Remarked
from gitpar.ui.forecast_text import doubt_text, earlier_text, needless_text
from gitpar.ui.plain import clean, counted, listed, named

if TYPE_CHECKING:
    from gitpar.wiring.request import Linted


class _Finding(NamedTuple):
    """One thing that could be better, and what to do about it."""

    kind: str
    tasks: tuple[str, ...]
    message: str
    hint: str = ""


def findings(found: Linted) -> list[_Finding]:
    """Returns everything there is to say: warnings of reading, doubts about files, remarks, lost time."""
    plan, outlook = found.forecast.plan, found.forecast.outlook
    return [
        *(_Finding("warning", (), str(one), one.hint) for one in plan.warnings),
        *(_Finding(doubt.kind, doubt.tasks, doubt_text(doubt)) for doubt in outlook.doubts),
        *(_Finding(one.kind.value, one.tasks, *_remark(one)) for one in found.remarks),
        *(_Finding("chain", (one.later, one.first), needless_text(one)) for one in outlook.needless),
        *(_Finding("late", (one.task,), earlier_text(one)) for one in outlook.earlier),
    ]


def lint_lines(said: Sequence[_Finding]) -> Iterator[str]:
    """Yields the findings as people read them, then how many there are."""
    for finding in said:
        yield clean(finding.message)
        yield from (f"  {clean(line)}" for line in finding.hint.splitlines())
    if not said:
        yield "Nothing to remark on this plan."
        return
    yield ""
    yield counted(len(said), "remark")


def lint_json(found: Linted, said: Sequence[_Finding]) -> dict[str, Any]:
    """Returns the findings as the documented JSON value."""
    plan = found.forecast.plan
    rows = [{**one._asdict(), "tasks": list(one.tasks)} for one in said]
    return {"plan": ", ".join(plan.paths), "format": plan.format, "remarks": rows}


def _remark(remark: Remark) -> tuple[str, str]:
    """Returns what is said of a remark, and what to do about it."""
    match remark.kind:
        case Remarked.BROAD:
            count = counted(remark.number, "file")
            return (
                f"{named(remark.tasks[0])} means to write {count}, more than {BROAD}",
                "Divide it, or name its files more closely: what runs beside it may conflict",
            )
        case Remarked.SHARED:
            all_of_them = "both" if len(remark.tasks) == 2 else "all"
            hot = ", a file that many tasks add to" if is_hot(remark.path) else ""
            who = f"{listed(remark.tasks, 6)} of wave {remark.number} {all_of_them}"
            return (
                f"{who} write {named(remark.path)}{hot}",
                "Let one wait for the other, or give each a file of its own",
            )
        case Remarked.ONE_BY_ONE:
            return (
                f"the mode is {remark.path}, and dependencies leave no two tasks that could run at once",
                "Take out dependencies that are only habit, or say sequential",
            )
        case _:
            assert_never(remark.kind)
