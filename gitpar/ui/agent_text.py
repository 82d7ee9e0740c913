"""Every sentence said about agents: what they took, and what they said against what git shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitpar.core.accounts import SLOW
from gitpar.core.agent_events import AgentTroubled
from gitpar.core.agents import AgentReport, Tokens, sum_of
from gitpar.core.run import Account
from gitpar.core.view import RunView, TaskView
from gitpar.ui.plain import clean, counted, listed

_THOUSAND = 1_000
_MILLION = 1_000_000
_CENT = 0.01
_FIRST = 3
_DEAREST = 5


def taken(report: AgentReport | None) -> str:
    """Says what an attempt took: "3 answers, 4.5k tokens in, 150 out, $0.02"; empty where that is unknown."""
    if report is None:
        return ""
    told = [counted(report.turns, "answer")] if report.turns else []
    if report.tokens.all:
        told.append(amounts(report.tokens))
    if report.cost_usd:
        told.append(money(report.cost_usd))
    return ", ".join(told)


def amounts(tokens: Tokens) -> str:
    """Says how many tokens went in and out, those from a cache in brackets."""
    cached = f" ({short(tokens.cached)} cached)" if tokens.cached else ""
    return f"{short(tokens.fresh + tokens.cached + tokens.stored)} tokens in{cached}, {short(tokens.out)} out"


def short(number: int) -> str:
    """Returns `950`, `4.5k`, `1.2M`."""
    if number < _THOUSAND:
        return str(number)
    if number < _MILLION:
        return f"{number / _THOUSAND:.1f}k"
    return f"{number / _MILLION:.1f}M"


def money(dollars: float) -> str:
    """Returns `$0.02`, `$0.0076` below a cent."""
    return f"${dollars:.2f}" if dollars >= _CENT or not dollars else f"${dollars:.4f}"


def difference(report: AgentReport | None, changed: Sequence[str]) -> list[str]:
    """Says how what an agent said it changed differs from what git shows; nothing where it said nothing."""
    if report is None or report.claimed is None:
        return []
    claimed = [_inside(path, changed) for path in report.claimed]
    untrue = [path for path in claimed if path not in changed]
    unsaid = [path for path in changed if path not in claimed]
    lines = [f"says it changed {listed(untrue)}, and git shows no such change"] if untrue else []
    if unsaid:
        lines.append(f"changed {listed(unsaid)} without saying so")
    return lines


def _inside(path: str, changed: Iterable[str]) -> str:
    """An absolute path as git calls it, where it is one of those that changed."""
    if not path.startswith("/"):
        return path
    return next((known for known in changed if path.endswith(f"/{known}")), path)


def slowed(name: str, account: str, state: Account | None, event: AgentTroubled) -> list[str]:
    """Says what troubles an agent at work; of being told to slow down only the first few times."""
    if event.trouble not in SLOW:
        return [f"{name} has trouble: {clean(event.message or event.trouble.value)}"]
    if state is not None and state.times and state.strikes > _FIRST:
        return []
    shut = ", so nobody new starts with it for now" if state is not None and state.times else ""
    return [f"{name} was told to slow down by `{clean(account)}` ({clean(event.message)}){shut}"]


def total(view: RunView) -> str:
    """Says what all agents of a run took; empty where no agent told."""
    tokens, cost = view.metrics.tokens, view.metrics.cost_usd
    if not tokens.all:
        return ""
    reports = [a.report for task in view.tasks for a in task.attempts if a.report is not None]
    told = f"{amounts(tokens)} by {counted(sum(1 for one in reports if one.tokens.all), 'attempt')}"
    asked = sum(1 for gate in view.gates if gate.report is not None and gate.report.tokens.all)
    told += f" and {counted(asked, 'gate')}" if asked else ""
    return told + (f", {money(cost)} as far as the agents say" if cost is not None else "")


def dearest(view: RunView) -> list[str]:
    """Says which tasks took most and what each attempt at them took; nothing where one task took all."""
    by_task = [(sum_of(a.report for a in task.attempts), task) for task in view.tasks]
    told = [(report, task) for report, task in by_task if report.tokens.all]
    if len(told) <= 1:
        return []
    told.sort(key=lambda one: (-(one[0].cost_usd or 0.0), -one[0].tokens.all))
    return [_of_task(report, task) for report, task in told[:_DEAREST]]


def _of_task(report: AgentReport, task: TaskView) -> str:
    tries = [taken(a.report) for a in task.attempts if a.report is not None and a.report.tokens.all]
    several = f" in {len(tries)} attempts: {'; '.join(tries)}" if len(tries) > 1 else ""
    return f"{clean(task.id)}: {taken(report)}{several}"


def differences(view: RunView) -> list[str]:
    """Says for every task whose newest agent said something untrue or left something out, a line each."""
    found = []
    for task in view.tasks:
        if task.attempts:
            newest = task.attempts[-1]
            name = f"{clean(task.id)}#{newest.n}"
            found += [f"{name} {line}" for line in difference(newest.report, task.files)]
    return found
