"""What is said of a plan over several repositories, beside what is said of every run. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from gitpar.core.run import TaskState
from gitpar.core.view import RunView
from gitpar.ui.plain import clean, duration

HEADINGS = ("Wave", "Repository", "Branch", "Commit", "Landed", "Time")


def waves(view: RunView) -> Iterator[tuple[str, ...]]:
    """Yields a row for each wave and repository that has tasks in it."""
    by_id = {task.id: task for task in view.tasks}
    for at, wave in enumerate(view.levels):
        for repo in view.repositories:
            tasks = [by_id[name] for name in wave.tasks if by_id[name].repo == repo.name]
            if not tasks or at >= len(repo.levels):
                continue
            level = repo.levels[at]
            landed = sum(task.state == TaskState.LANDED for task in tasks)
            yield (
                str(level.level),
                clean(repo.name),
                level.branch if level.commit else "not begun",
                (level.commit or "")[:12],
                f"{landed} of {len(tasks)}",
                duration(level.wall_s) if level.wall_s else "",
            )


def to_take(view: RunView) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields what takes over what has landed in each repository, with what it is for."""
    landed = {task.repo for task in view.tasks if task.state == TaskState.LANDED}
    for repo in view.repositories:
        cut = [level.branch for level in repo.levels if level.commit is not None]
        if repo.name in landed and cut:
            yield f"take it in {clean(repo.name)}:", ("git", "-C", repo.path, "merge", cut[-1])


def sister_requests(view: RunView, level: int) -> Iterator[tuple[str, int, str, str]]:
    """Yields the requests of other repositories: name, wave, how it goes with one's own, and address.

    A view of one repository has tasks of that one alone.
    """
    own = {task.repo for task in view.tasks}
    for repo in view.repositories:
        requests = repo.publication.requests if repo.publication is not None else ()
        for request in requests:
            if repo.name in own or not request.url:
                continue
            how = (
                ", comes first" if request.level < level else ", comes after" if request.level > level else ""
            )
            yield repo.name, request.level, how, request.url


def published_lines(view: RunView, lines: Callable[[RunView], list[str]]) -> list[str]:
    """Says how a run stands on each repository's remote and forge."""
    found = []
    for repo in view.repositories:
        if repo.publication is not None:
            one = replace(view, publication=repo.publication, repositories=())
            found += [f"{clean(repo.name)}: {line}" for line in lines(one)]
    return found
