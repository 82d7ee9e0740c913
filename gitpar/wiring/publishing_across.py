"""Publishing a run over several repositories: each to its own remote and forge, requests naming each other.

First every repository gets its branches and requests, then every request is told of the
others. What is there already is left, so after a kill the same is done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitpar.core.forges import Layer
from gitpar.core.publishing import Words, opens_requests
from gitpar.core.run import Run
from gitpar.core.sister_view import together
from gitpar.core.view import RunView
from gitpar.ports import Watcher
from gitpar.wiring.publishing import as_before, ended, goal_of, plan_at, publish_at
from gitpar.wiring.request import PublishPlan, PublishRequest
from gitpar.wiring.sister_sites import SisterRun, sister_runs


def publish_across(chosen: Run, request: PublishRequest, watcher: Watcher) -> RunView:
    """Publishes a run in all of its repositories; one in which nothing landed needs no remote.

    Raises UsageError and EnvironmentFault before anything was pushed anywhere; what stops it
    later is EnvironmentFault as well, and calling again goes on.
    """
    runs = list(sister_runs(chosen))
    for each in runs:
        ended(each.run)
    concerned = _concerned(runs)
    opens = False
    for at in concerned:
        goal = goal_of(
            runs[at].site.place, runs[at].run.settings, as_before(runs[at].run, request), ci=at == 0
        )
        opens = opens or opens_requests(goal.mode)
    # with a single repository there is nobody to name
    for whole in (False, True) if opens and len(concerned) > 1 else (True,):
        for at in concerned:
            one = runs[at]
            told = naming(runs, one, request)
            runs[at] = replace(one, run=publish_at(one.site, one.run, told, watcher, whole=whole))
    return together([(each.sister, each.run) for each in runs])


def plans_across(chosen: Run, request: PublishRequest) -> list[PublishPlan]:
    """Returns what publishing would do in each repository in which something landed."""
    runs = sister_runs(chosen)
    concerned = [runs[at] for at in _concerned(runs)]
    return [plan_at(one.site, one.run, naming(runs, one, request), one.sister.name) for one in concerned]


def _concerned(runs: Sequence[SisterRun]) -> Sequence[int]:
    """The repositories in which something landed, by place; the first where nothing did anywhere."""
    return [at for at, each in enumerate(runs) if each.run.tip != each.run.base] or (0,)


def naming(runs: Sequence[SisterRun], own: SisterRun, request: PublishRequest) -> PublishRequest:
    """Returns a request whose words are about one repository's tasks and name the requests of the others."""
    seen = together([(each.sister, each.run) for each in runs])

    def describe(view: RunView, layer: Layer) -> Words:
        tasks = tuple(task for task in view.tasks if task.repo == own.sister.name)
        levels = tuple(
            replace(level, tasks=tuple(name for name in level.tasks if name in {task.id for task in tasks}))
            for level in view.levels
        )
        return request.describe(
            replace(view, tasks=tasks, levels=levels, repositories=seen.repositories), layer
        )

    return replace(request, describe=describe, run=own.run.id)
