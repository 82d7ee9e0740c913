"""What is said of a plan before its run: reasons, advice, doubts. Pure: values in, plain sentences out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from gitpar.core.advice import Edge
from gitpar.core.calibration import Calibration, Figure
from gitpar.core.forecast import PairForecast, Reason, Signal, Touch
from gitpar.core.habits import is_hot
from gitpar.core.intents import Doubt
from gitpar.core.outlook import LENGTH_S, Earlier, Needless, Outlook, WaveOutlook
from gitpar.ui.plain import clean, counted, duration, listed, named

_LEAST_SHOWN = 0.005


def percent(probability: float) -> str:
    """Returns a probability as people read it; what is small is not said to be nothing."""
    if 0 < probability < _LEAST_SHOWN:
        return "<1%"
    return f"{min(probability, 0.99):.0%}"


def reason_text(reason: Reason, pair: PairForecast) -> str:
    """Says why two tasks may meet on a path."""
    path = named(reason.path)
    if reason.created:
        return f"both create {path}"
    if reason.a.signal is reason.b.signal is Signal.DECLARED:
        said = f"both declare {path}"
    else:
        said = f"{path}: {named(pair.a)} {_side(reason.a)}; {named(pair.b)} {_side(reason.b)}"
    hot = ", which many tasks add to" if is_hot(reason.path) else ""
    return f"{said}{hot} (two changes clash in {percent(reason.rate)} of cases)"


def _side(touch: Touch) -> str:
    match touch.signal:
        case Signal.DECLARED:
            return "declares it"
        case Signal.PATTERN:
            return f"means it by {named(touch.because)}"
        case Signal.TEXT:
            return "names it in its text"
        case Signal.SYMBOL:
            return f"names {clean(touch.because)}"
        case Signal.TOGETHER:
            return f"may change it along with {clean(touch.because)}"


def edge_text(edge: Edge, outlook: Outlook) -> str:
    """Says which task should wait for which, and what it brings."""
    gain = span(edge.gain_s, outlook)
    pair = f"{named(edge.later)} after {named(edge.first)}"
    return f"{pair} ({percent(edge.probability)}): {gain} saved on average"


def span(seconds: float, outlook: Outlook) -> str:
    """Returns a time; in task lengths where the plan estimates none."""
    if outlook.estimated:
        return duration(seconds)
    return f"{seconds / LENGTH_S:.2f} task lengths"


def wave_heading(wave: WaveOutlook) -> str:
    """Names a wave and how many conflicts to expect."""
    told = "not forecast" if _unknown(wave) else conflicts_text(wave.expected)
    return f"Wave {wave.number} ({counted(len(wave.tasks), 'task')}): {told}"


def expected_text(outlook: Outlook) -> str:
    """Says how many conflicts are to be expected of a whole plan."""
    unknown = sum(map(_unknown, outlook.waves))
    waves = counted(len(outlook.waves), "wave")
    if unknown and unknown == len(outlook.waves):
        return f"not possible for {waves}"
    told = f"{conflicts_text(outlook.expected)} in {waves}"
    return f"{told}, {unknown} of them not forecast" if unknown else told


def _unknown(wave: WaveOutlook) -> bool:
    """Whether nothing can be said of a wave: no two of its tasks speak of files, or too many meet."""
    return wave.crowded or (len(wave.tasks) > 1 and len(wave.tasks) - len(wave.silent) < 2)


def conflicts_text(expected: float) -> str:
    """Says how many conflicts are to be expected."""
    if expected < _LEAST_SHOWN:
        return "no conflict expected"
    return f"{expected:.1f} conflicts expected" if expected >= 0.05 else "less than 0.1 conflicts expected"


def advice_lines(wave: WaveOutlook, outlook: Outlook) -> Iterator[str]:
    """Says how to run a wave and how long each way takes."""
    advice = wave.advice
    if not wave.pairs:
        return
    if not advice.edges:
        yield "run all at once: no conflict is worth waiting for"
    else:
        yield "let wait:"
        yield from (f"  {edge_text(edge, outlook)}" for edge in advice.edges)
        if advice.order != wave.tasks:
            yield f"start in this order: {' '.join(clean(task) for task in advice.order)}"
    times = (
        f"expected time with {counted(outlook.jobs, 'job')}: {span(advice.planned_s, outlook)} all at once"
    )
    if advice.edges:
        times += f", {span(advice.advised_s, outlook)} as advised ({advice.left:.1f} conflicts left)"
    yield f"{times}, {span(advice.apart_s, outlook)} with all that share a file in a row"


def silent_text(wave: WaveOutlook) -> str:
    """Says of which tasks nothing can be said, and why."""
    if wave.crowded:
        return "too many of its tasks mean the same files: declare single files, not folders and patterns"
    verb = "says" if len(wave.silent) == 1 else "say"
    return f"{listed(wave.silent, 6)} {verb} nothing of files: not forecast"


def doubt_text(doubt: Doubt) -> str:
    """Says what is wrong with a declared file."""
    path, tasks = named(doubt.path), " and ".join(map(named, doubt.tasks))
    match doubt.kind:
        case "absent":
            return f"{tasks} declares {path}, which is not there and which no task creates"
        case "made twice":
            return f"{tasks} all create {path}" if len(doubt.tasks) > 2 else f"{tasks} both create {path}"
        case "there already":
            return f"{tasks} is to create {path}, which is there already"
        case _:
            return f"{tasks} declares {path}, which git ignores: it will not be part of the result"


def needless_text(found: Needless) -> str:
    """Says that a dependency only costs time."""
    moved = f": without it {named(found.later)} could run in wave {found.wave} instead of {found.now}"
    where = moved if found.wave < found.now else ", which other dependencies keep where it is"
    return f"{named(found.later)} waits for {named(found.first)}, with which it has nothing in common{where}"


def earlier_text(found: Earlier) -> str:
    """Says that a task could run in an earlier wave."""
    return (
        f"{named(found.task)} of wave {found.now} could run in wave {found.wave}: nothing there is in its way"
    )


def basis_text(outlook: Outlook) -> str:
    """Says what the probabilities rest on."""
    if outlook.calibrated:
        return "Probabilities rest on this repository's own history (gitpar conflicts --calibrate)."
    return "Probabilities rest on other repositories. To learn from this one: gitpar conflicts --calibrate"


def figure_row(figure: Figure) -> tuple[str, str, str, str]:
    """Returns signal, pairs, precision and recall."""
    precision, recall = figure.precision, figure.recall
    return (
        figure.signal,
        str(figure.predicted),
        "-" if precision is None else f"{precision:.1%}",
        "-" if recall is None else f"{recall:.1%}",
    )


def calibration_lines(found: Calibration) -> tuple[str, str, str]:
    """Says what was learned from, what came of it, and what for."""
    kind = "merges" if found.merges * 2 >= found.changes else "changes of the main line"
    rate = f" ({found.conflicts / found.meetings:.0%})" if found.meetings else ""
    learned = f"Learned from {found.changes} {kind}, {_day(found.since)} to {_day(found.until)}"
    came = f"Merged again as if made at once, {found.conflicts} conflict{rate}."
    return (
        learned,
        f"Of {counted(found.pairs, 'pair')} near each other {found.meetings} share something. {came}",
        "Stored beside the journal: forecasts and runs in this repository use it from now on.",
    )


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
