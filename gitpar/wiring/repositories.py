"""Which repositories a plan is for: each task's `repo`, found by name or path and checked.

Starts and writes nothing. One repository has one name in a run, whatever tasks call it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from gitpar.config import load_settings
from gitpar.core.asked import Sister
from gitpar.core.graph import Task, TaskGraph
from gitpar.errors import EnvironmentFault, PlanError, PlanProblem, UsageError
from gitpar.plans.item import nearest
from gitpar.plans.model import Plan
from gitpar.repo_settings import RepoSettings
from gitpar.values import dataclass
from gitpar.wiring.site import Site

_PATH_LIKE = ("/", ".", "~")


@dataclass(frozen=True, slots=True)
class Repo:
    """One repository of a plan; `said` is what the settings say of it, None where they say nothing."""

    name: str
    site: Site
    said: RepoSettings | None = None

    @property
    def sister(self) -> Sister:
        """What a run knows of it."""
        return Sister(self.name, str(self.site.place.main))


class _Unknown(Exception):
    """Why a `repo` means no repository, and what to type."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def repositories(site: Site, plan: Plan, table: Mapping[str, RepoSettings]) -> tuple[Plan, tuple[Repo, ...]]:
    """Returns the plan with each task's `repo` as the run calls it, and the repositories, its own first.

    With one repository alone the tasks have none. Raises PlanError with every `repo` that
    means no repository, UsageError where the settings give one repository two names.
    """
    found = _Found(site, table)
    problems: list[PlanProblem] = []
    tasks: list[Task] = []
    for task in plan.graph:
        try:
            tasks.append(replace(task, repo=found.name_of(task)))
        except _Unknown as unknown:
            key = f"{task.source.key}.repo" if task.source.key else "repo"
            message = f"task `{task.id}`: {unknown.message}"
            problems.append(PlanProblem(task.source.file, message, task.source.line, key, unknown.hint))
    if problems:
        raise PlanError(tuple(problems))
    repos = found.all
    if len(repos) == 1:
        tasks = [replace(task, repo=None) for task in tasks]
    return replace(plan, graph=TaskGraph(tasks)), repos


def placed(directory: Path, plan: Plan) -> Plan:
    """Returns a plan with the repositories of its tasks as a run would call them; raises as that would."""
    site = Site.at(directory)
    settings, _ = load_settings(site.place.main, {}, os.environ)
    return repositories(site, plan, settings.repos)[0]


def own_part(site: Site, plan: Plan, table: Mapping[str, RepoSettings]) -> Plan:
    """Returns the part of a plan that is for one's own repository: conflicts are only looked for in one."""
    if all(task.repo is None for task in plan.graph):
        return plan
    named, repos = repositories(site, plan, table)
    if len(repos) == 1:
        return named
    left_out = sum(task.repo != repos[0].name for task in named.graph)
    note = f"{left_out} of the plan's tasks are for other repositories, and are left out here"
    return replace(named, graph=part_of(named.graph, repos[0].name), notes=(*named.notes, note))


def part_of(graph: TaskGraph, repo: str) -> TaskGraph:
    """Returns the tasks of one repository alone, on the levels that they have in the whole plan."""
    level = {task_id: number for number, wave in enumerate(graph.waves, 1) for task_id in wave}
    mine = {task.id: task for task in graph if task.repo == repo}

    def alone(task: Task) -> Task:
        before = tuple(each for each in task.depends_on if each in mine)
        return replace(task, depends_on=before, wave=level.get(task.id))

    return TaskGraph([alone(task) for task in mine.values()])


class _Found:
    """The repositories found so far, by their common folders."""

    def __init__(self, site: Site, table: Mapping[str, RepoSettings]) -> None:
        self._site = site
        self._table = table
        self._by_words: dict[tuple[str, Path], str] = {}
        self._by_common: dict[Path, Repo] = {}
        self._by_name: dict[str, Path] = {}
        own = next(iter(self._named_as(site)), None)
        self._add(own[0] if own else _free_name(site.place.main, table), site, own[1] if own else None)

    @property
    def all(self) -> tuple[Repo, ...]:
        """Every one, the run's own first."""
        return tuple(self._by_common.values())

    def name_of(self, task: Task) -> str:
        """Returns the name of a task's repository; raises _Unknown."""
        if task.repo is None:
            return self.all[0].name
        words = task.repo.strip()
        folder = Path(task.source.file).absolute().parent
        known = self._by_words.get((words, folder))
        if known is None:
            known = self._by_words[words, folder] = self._look(words, folder)
        return known

    def _look(self, words: str, folder: Path) -> str:
        said = self._table.get(words)
        if said is not None:
            return self._add(words, self._at(self._site.place.main / Path(said.path).expanduser()), said)
        site = self._at(self._folder(words, folder))
        named = next(iter(self._named_as(site)), None)
        if named is not None:
            return self._add(named[0], site, named[1])
        return self._add(_free_name(site.place.main, {**self._table, **self._by_name}), site, None)

    def _folder(self, words: str, folder: Path) -> Path:
        """Returns the folder that a path means: counted from the plan's, else from the repository's."""
        path = Path(words).expanduser()
        tried = [folder / path, self._site.place.main / path]
        for one in tried:
            if one.is_dir():
                return one
        if "://" in words or words.startswith("git@"):
            clone = "gitpar works in clones: clone it and name the folder"
            raise _Unknown(f"`repo` is an address, `{words}`", clone)
        meant = nearest(words, self._table)
        if not words.startswith(_PATH_LIKE) and "/" not in words:
            add = f'Add it to gitpar.toml: [repos] {words} = "../{words}"'
            raise _Unknown(f"no repository is called `{words}`", meant or add)
        places = " and ".join(dict.fromkeys(f"`{each.parent.resolve()}`" for each in tried[:1]))
        raise _Unknown(f"there is no folder `{words}`, seen from {places}", meant or "Correct the path")

    def _at(self, folder: Path) -> Site:
        """Returns the repository of a folder, which must be its root and no folder inside of it."""
        if not folder.is_dir():
            raise _Unknown(f"there is no folder `{folder}`", "Correct its path in [repos] of gitpar.toml")
        try:
            site = Site.at(folder)
        except EnvironmentFault as fault:
            raise _Unknown(fault.message, f"Make it one: git -C {folder} init") from None
        root = site.place.root or site.place.common
        if root.resolve() != folder.resolve():
            raise _Unknown(f"`{folder}` is a folder inside the repository `{root}`", f"Name that one: {root}")
        return site

    def _named_as(self, site: Site) -> Iterator[tuple[str, RepoSettings]]:
        """Yields the names that the settings have for a repository."""
        for name, said in self._table.items():
            path = (self._site.place.main / Path(said.path).expanduser()).resolve()
            if path in (site.place.main.resolve(), (site.place.root or site.place.main).resolve()):
                yield name, said

    def _add(self, name: str, site: Site, said: RepoSettings | None) -> str:
        common = site.place.common.resolve()
        known = self._by_common.get(common)
        if known is None:
            self._by_common[common] = Repo(name, site, said)
            self._by_name[name] = common
            return name
        if known.said is None or known.said.base is None:
            _check_worktrees(known.site, site)
        if said is not None and known.said is not None and known.name != name:
            raise UsageError(
                f"`[repos]` has two names for one repository: `{known.name}` and `{name}` are both "
                f"`{site.place.main}`",
                "Remove one of them from gitpar.toml and use the other in the plan; nothing was started",
            )
        return known.name


def _check_worktrees(known: Site, other: Site) -> None:
    """Refuses two worktrees of one repository that stand at different commits: a run has one base."""
    if known.place.root == other.place.root:
        return
    stands, differs = (_head(each) for each in (known, other))
    if stands != differs:
        raise _Unknown(
            f"`{other.place.root}` and `{known.place.root}` are worktrees of one repository and stand at "
            f"different commits, {differs[:12]} and {stands[:12]}",
            "Name one of them in all tasks, or say where to start: `base` in [repos.NAME] of gitpar.toml",
        )


def _head(site: Site) -> str:
    return site.place.command.run("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1)).text


def _free_name(folder: Path, taken: Mapping[str, object]) -> str:
    """Returns a folder's name, with a number where that is taken."""
    plain = folder.name.removesuffix(".git") or "repository"
    name, n = plain, 2
    while name in taken:
        name, n = f"{plain}-{n}", n + 1
    return name
