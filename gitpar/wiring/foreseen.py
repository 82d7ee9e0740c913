"""What a run foresees before it starts: who waits for whom, and what the user is told of it.

Costs nothing where no two tasks of a wave declare files, else one git process and the
file that `gitpar conflicts --calibrate` wrote. It never reads history itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitpar.core.asked import PredictedWait
from gitpar.core.graph import TaskGraph
from gitpar.core.names import CommitId, TaskId
from gitpar.core.settings import OnPredicted, RunSettings, Schedule
from gitpar.errors import EnvironmentFault
from gitpar.git.repository import RepositoryPlace
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.core.forecast import Model, PairForecast
    from gitpar.core.outlook import WaveOutlook

_LIKELY = 0.2
"""From this probability on a pair is warned of."""

_MOST_NOTICES = 8


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Waits inside waves, the order to start those waves in, and a sentence on each."""

    waits: tuple[PredictedWait, ...] = ()
    starts: tuple[TaskId, ...] = ()
    notices: tuple[str, ...] = ()


def foresee(place: RepositoryPlace, graph: TaskGraph, base: CommitId, settings: RunSettings) -> Foreseen:
    """Returns what a run should do about conflicts inside its waves, as its settings say."""
    if settings.on_predicted is OnPredicted.IGNORE or not _declare_files(graph):
        return Foreseen()
    from gitpar.core.forecast import Model as Default  # noqa: PLC0415 - not for plans without declared files

    notices: tuple[str, ...] = ()
    try:
        model = stored_model(place) or Default()
    except EnvironmentFault as damaged:
        model, notices = Default(), (f"{damaged.message}; it was left aside. {damaged.hints[0]}",)
    waves = _outlooks(place, graph, base, (model, settings.jobs))
    notices += tuple(_crowded(wave) for wave in waves if wave.crowded)
    if settings.on_predicted is OnPredicted.WARN:
        likely = [pair for wave in waves for pair in wave.pairs if pair.probability >= _LIKELY]
        return Foreseen(notices=(*notices, *_few([_warning(pair) for pair in likely], "likely conflicts")))
    waits: list[PredictedWait] = []
    starts: list[TaskId] = []
    told: list[str] = []
    for wave in waves:
        if wave.advice.edges:
            starts += wave.advice.order
        why = {(pair.a, pair.b): pair for pair in wave.pairs}
        for edge in wave.advice.edges:
            waits.append(PredictedWait(edge.first, edge.later, edge.probability))
            told.append(_waiting(why[edge.first, edge.later]))
    return Foreseen(tuple(waits), tuple(starts), (*notices, *_few(told, "tasks that wait for others")))


def order_of(graph: TaskGraph, foreseen: Foreseen, settings: RunSettings) -> tuple[TaskId, ...]:
    """Returns the order in which tasks should start; empty where there is nothing to say about that."""
    if settings.schedule is not Schedule.DAG:
        return foreseen.starts
    from gitpar.core.timetable import timetable  # noqa: PLC0415 - most runs go by waves

    return timetable(graph, settings.jobs, [(wait.first, wait.later) for wait in foreseen.waits])


def stored_model(place: RepositoryPlace) -> Model | None:
    """Returns what was learned of the repository, None where nothing was."""
    from gitpar.journal.learned import learned_path, read_learned  # noqa: PLC0415 - rarely needed

    learned = read_learned(learned_path(place.common))
    return None if learned is None else learned.model


def _declare_files(graph: TaskGraph) -> bool:
    """Says whether two tasks of any wave name files that they will write."""
    return any(sum(bool(graph[task].scope.written) for task in wave) > 1 for wave in graph.waves)


def _outlooks(
    place: RepositoryPlace, graph: TaskGraph, base: CommitId, how: tuple[Model, int]
) -> tuple[WaveOutlook, ...]:
    # imported here, so that a plan without declared files does not wait for them
    from gitpar.core.intents import Tracked, intents  # noqa: PLC0415 - see above
    from gitpar.core.outlook import wave_outlooks  # noqa: PLC0415 - see above
    from gitpar.git.contents import tracked_files  # noqa: PLC0415 - see above

    model, jobs = how
    tracked = Tracked(tracked_files(place.command, base))
    tasks = [graph[task] for wave in graph.waves for task in wave]
    by_task = {intent.task: intent for intent in intents(tasks, tracked, model)}
    return tuple(wave_outlooks(graph, by_task, model, jobs))


def _crowded(wave: WaveOutlook) -> str:
    return f"conflicts in wave {wave.number} are not foreseen: too many of its tasks mean the same files"


def _waiting(pair: PairForecast) -> str:
    return f"`{pair.b}` waits for `{pair.a}`: {pair.probability:.0%} that they would conflict{_where(pair)}"


def _warning(pair: PairForecast) -> str:
    return (
        f"`{pair.a}` and `{pair.b}` will conflict with a probability of {pair.probability:.0%}{_where(pair)}"
    )


def _where(pair: PairForecast) -> str:
    return f" in `{pair.reasons[0].path}`" if pair.reasons else ""


def _few(sentences: list[str], what: str) -> Iterator[str]:
    yield from sentences[:_MOST_NOTICES]
    if len(sentences) > _MOST_NOTICES:
        yield f"and {len(sentences) - _MOST_NOTICES} more {what}: see `gitpar conflicts PLAN --dry-run`"
