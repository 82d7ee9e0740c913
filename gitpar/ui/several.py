"""What is said of a plan over several repositories, beside what is said of every run. Pure."""

from __future__ import annotations

from collections.abc import Iterator

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
