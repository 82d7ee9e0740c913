"""What all worktrees of a pool have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId, RunId, TaskId, TreeId
from gitpar.git.changes import ChangeReader
from gitpar.git.command import GitCommand, GitFailed, GitResult
from gitpar.git.commits import CommitWriter, identities
from gitpar.git.environment import WORKTREE_SETTINGS, GitEnvironment
from gitpar.git.index_file import Layouts
from gitpar.git.index_trees import IndexTrees
from gitpar.git.objects import ObjectWriter
from gitpar.git.restoring import Contents
from gitpar.git.seeding import Wanted
from gitpar.git.site import PoolSettings, Site
from gitpar.git.written import Written
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.git.slots import Slot


_ASKED = ("config", "--type=bool", "-z", "--get-regexp", r"^core\.(sparsecheckout|ignorecase)$")


@dataclass(frozen=True, slots=True)
class Ground:
    """What all slots of a pool have in common."""

    site: Site
    settings: PoolSettings
    main: Path | None
    sparse: bool
    """Whether worktrees hold a part of the files only, as the main one does."""
    ignore_case: bool
    """Whether one file may answer to two names."""
    commits: CommitWriter
    reader: ChangeReader
    messages: Mapping[TaskId, str] = field(default_factory=dict)
    """How the commit of a task is called whose worker made none."""
    index_trees: IndexTrees | None = None
    """Makes trees without a process, where there is a run."""
    trees: dict[str, TreeId] = field(default_factory=dict)
    """The trees of bases, asked for once."""
    told: list[str] = field(default_factory=list)
    """What went wrong in taking worktrees away, a sentence each."""
    layouts: Layouts = field(default_factory=Layouts)
    contents: Contents = field(default_factory=Contents)
    made: dict[int, Slot] = field(default_factory=dict)
    """The worktrees that this process made, by number."""

    def prepare(self) -> None:
        """Starts the process that captures ask, so that the first need not wait for it."""
        self.reader.prepare()

    def tree_of(self, git: GitCommand, base: CommitId) -> TreeId:
        """Returns the tree of an attempt's base."""
        if base not in self.trees:
            self.trees[base] = TreeId(git.run("rev-parse", "--verify", f"{base}^{{tree}}").text)
        return self.trees[base]

    @property
    def wanted(self) -> Wanted:
        """What is to be brought into each new worktree."""
        own = self.settings
        return Wanted(self.main, own.copy, own.symlink, own.setup, own.setup_timeout_s)

    def door(self, folder: Path, **variables: str) -> GitCommand:
        """Returns git in one folder, with the settings that worktrees need."""
        more: tuple[tuple[str, str], ...] = (("core.sparseCheckout", "true"),) if self.sparse else ()
        if self.settings.excludes is not None:
            more += (("core.excludesFile", str(self.settings.excludes)),)
        return GitCommand(GitEnvironment(folder, variables, WORKTREE_SETTINGS + more))


def ground_of(
    common: Path, main: Path | None, run: RunId, settings: PoolSettings, *, git: GitCommand | None = None
) -> Ground:
    """Reads what workers might change later: who commits, and how the main worktree is checked out.

    `git` works in that one, where somebody has asked it already.
    """
    site = Site(common, run, settings.root.resolve())
    bare = GitEnvironment(common, {"GIT_DIR": str(common)})
    store = GitCommand(bare)
    if git is None:
        git = store.at(GitEnvironment(main)) if main is not None else store
    objects = ObjectWriter(store, site.own / "scratch", Written.of_run(common, run))
    with git.begin(*_ASKED) as asking:
        author, committer = identities(git, "AUTHOR", "COMMITTER")
        switches = _switches(asking.result())
    return Ground(
        site=site,
        settings=settings,
        main=main,
        sparse=main is not None and switches.get("core.sparsecheckout", False),
        ignore_case=switches.get("core.ignorecase", False),
        commits=CommitWriter(objects, author, committer),
        reader=ChangeReader(store),
    )


def _switches(found: GitResult) -> dict[str, bool]:
    if found.status not in (0, 1):
        raise GitFailed(_ASKED, found.status, found.stderr)
    settings = (setting.partition("\n") for setting in found.fields)
    return {name: value == "true" for name, _, value in settings}
