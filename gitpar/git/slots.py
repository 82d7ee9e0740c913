"""One slot of the pool: a worktree that is made once and handed from attempt to attempt.

Knows nothing of what an attempt left (capture.py) and hands nothing out (worktrees.py).
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import asdict, field, replace
from pathlib import Path

from gitpar.core.names import CommitId, RefName
from gitpar.errors import EnvironmentFault
from gitpar.faults import Step, passage
from gitpar.git import admin as admin_files
from gitpar.git import submodules
from gitpar.git.admin import SAVED_INDEX
from gitpar.git.aging import Ages
from gitpar.git.command import GitCommand, GitFailed
from gitpar.git.ground import Ground
from gitpar.git.index_file import Differences
from gitpar.git.leftovers import stash_entries
from gitpar.git.programs import Preparation, open_up, run_setup
from gitpar.git.restoring import Original, Originals, give_back, undoing_of, undoing_of_changes
from gitpar.git.seeding import Seeds, mark
from gitpar.git.site import Record, State
from gitpar.git.walking import Folders
from gitpar.ports import AttemptKey
from gitpar.values import dataclass

SEEDS_FILE = "seeds.json"
STAGED_INDEX = "index"
"""What a capture put into git of a worktree, seen from its files."""


@dataclass(slots=True)
class Slot:
    """One worktree. Used by one thread at a time."""

    ground: Ground
    record: Record
    seeds: Seeds = field(default_factory=Seeds)
    given: dict[str, bytes] = field(default_factory=dict)
    oddities: tuple[Path, ...] = ()
    """Nested `.git` and special files that the capture found and git would not clean."""
    whole: bool = False
    """Whether the capture found that its index names every file in the worktree, and no folder is empty."""
    differences: Differences | None = None
    """What the capture found in its index and not in the one handed out; None where that is not known."""
    otherwise: tuple[str, ...] = ()
    """Folders that the capture found to have other rights than git gives them."""
    rights: int = 0
    """The mode that git gives folders here; 0 where `setup` may have given some another."""
    path: Path = field(init=False)
    """The worktree."""
    own: Path = field(init=False)
    """The folder in which gitpar writes about the slot."""
    ages: Ages | None = None
    """Of the files as this process set them back; None where another did, or where they tell nothing."""
    folders: Folders = field(default_factory=Folders)
    _git: GitCommand | None = None
    _admin: Path | None = None

    def __post_init__(self) -> None:
        self.path = Path(self.record.path)
        self.own = self.ground.site.slot_folder(self.record.number)

    @property
    def admin(self) -> Path:
        """The folder in which git keeps what it knows of the worktree."""
        if self._admin is None or self._admin.name != self.record.admin:
            self._admin = self.ground.site.common / "worktrees" / self.record.admin
        return self._admin

    @property
    def git(self) -> GitCommand:
        """Git in the worktree, whatever the worker did to its `.git` file or to `core.worktree`."""
        if self._git is None:
            self._git = self.ground.door(
                self.path, GIT_DIR=str(self.admin), GIT_WORK_TREE=str(self.path), GIT_NO_REPLACE_OBJECTS="1"
            )
        return self._git

    @property
    def original(self) -> Original:
        """The worktree as it was handed out."""
        return Original(self.path, self.admin / SAVED_INDEX, self.rights)

    def standing(self) -> bool:
        """Says whether the folder that was handed out is where it was."""
        try:
            found = self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        device, inode = self.record.inode
        # devices may be numbered otherwise after a start of the machine
        return found.st_ino == inode and (self.ages is None or found.st_dev == device)

    def mark(self, state: State) -> None:
        """Writes down what the slot is at."""
        self.record = replace(self.record, state=state)
        self.ground.site.write(self.record)

    # --- making -------------------------------------------------------------------------

    def make(self, base: CommitId, check_out: Callable[[Slot, CommitId], None]) -> None:
        """Makes the worktree at a commit, with all that `setup` and its like bring.

        `check_out` fills it with the commit's files and sets `ages`.
        """
        self.ground.site.write(self.record)
        passage(Step.WORKTREE_ADD)
        self._add(base)
        passage(Step.WORKTREE_ADDED)
        self.given = admin_files.inherited(self.admin)
        passage(Step.WORKTREE_CHECKOUT)
        check_out(self, base)
        submodules.bring(self.git, self.ground.site.common, self.path)
        passage(Step.WORKTREE_CHECKED_OUT)
        self._seed(base)
        self._save_index(base)
        self.ground.made[self.record.number] = self

    def _add(self, base: CommitId) -> None:
        site = self.ground.site
        self.path.parent.mkdir(parents=True, exist_ok=True)
        git = self.ground.door(site.common, GIT_DIR=str(site.common))
        options = ["--no-checkout", "--detach", "--lock", "--reason", site.reason]
        with site.locked():
            draft = self.own / "admin"
            admin = admin_files.add(site.common, self.path, draft, reason=site.reason, base=base)
            if admin is None:
                git.run("worktree", "add", "-f", *options, str(self.path), base)
                admin = admin_files.find_admin(site.common, self.path)
        if admin is None:
            raise EnvironmentFault(f"git made no metadata for the worktree `{self.path}`")
        found = self.path.lstat()
        self.record = replace(self.record, admin=admin.name, base=base, inode=(found.st_dev, found.st_ino))
        self.rights = found.st_mode if self.ground.settings.setup is None else 0
        site.write(self.record)

    def _seed(self, base: CommitId) -> None:
        wanted = self.ground.wanted
        passage(Step.WORKTREE_SETUP)
        self.seeds = wanted.seed(self.git, self.path)
        if wanted.setup is not None:
            self._set_up(base)
        self._write_seeds()

    def _write_seeds(self) -> None:
        """Forgets seeds that git tracks here, and writes down the others for a capture by another process."""
        if self.seeds.paths():
            self.seeds.forget(self.git.run("ls-files", "-z").fields)
            (self.own / SEEDS_FILE).write_text(json.dumps(asdict(self.seeds)))

    def load_seeds(self) -> None:
        """Reads what the process that made the slot brought into it."""
        content = admin_files.read_bytes(self.own / SEEDS_FILE)
        if content:
            self.seeds = Seeds.of(json.loads(content))

    def _set_up(self, base: CommitId) -> None:
        settings = self.ground.settings
        number = self.record.number
        at = Preparation(self.path, self.ground.site.run, number, self.ground.site.log_of(number, "setup"))
        run_setup(settings.setup or "", at, settings.setup_timeout_s)
        # every attempt is to find the same: what setup did to tracked files is undone, what it made stays
        self.git.run("read-tree", "--reset", "-u", base)
        keep = set(self.ground.settings.keep)
        for path in self.git.run("ls-files", "-o", "-z").fields:
            if path not in self.seeds and not keep & set(path.split("/")):
                found = mark(self.path / path)
                if found is not None:
                    self.seeds.made[path] = found

    # --- handing out --------------------------------------------------------------------

    def move_to(self, base: CommitId) -> None:
        """Brings a clean slot to another commit."""
        if base == self.record.base:
            return
        passage(Step.WORKTREE_CHECKOUT)
        self.git.run("read-tree", "--reset", "-u", base)
        admin_files.detach(self.admin, base)
        submodules.bring(self.git, self.ground.site.common, self.path)
        self._write_seeds()
        self._save_index(base)
        passage(Step.WORKTREE_CHECKED_OUT)

    def hand_out(self, key: AttemptKey, branch: RefName) -> None:
        """Attaches HEAD to the attempt's branch and writes down, durably, whose the slot is."""
        admin_files.attach(self.admin, branch)
        self.folders.begin(self.ground.site.link(key.task, self.path))
        self.oddities, self.whole, self.differences, self.otherwise = (), False, None, ()
        if self.ages is not None:
            self.ages.begin()
        stash = tuple(stash_entries(self.ground.site.common))
        self.record = replace(self.record, state=State.HELD, task=key.task, n=key.n, stash=stash)
        self.ground.site.write(self.record, durably=True)

    def lend(self) -> None:
        """Hands the worktree out, on no branch, to somebody who leaves nothing to keep."""
        self.oddities, self.whole, self.differences, self.otherwise = (), False, None, ()
        self.record = replace(self.record, state=State.MAKING, task="", n=0)
        self.ground.site.write(self.record)

    def _save_index(self, base: CommitId) -> None:
        admin_files.save_index(self.admin / "index", self.admin / SAVED_INDEX)
        self.record = replace(self.record, base=base)

    # --- taking back --------------------------------------------------------------------

    def reset(self, result: CommitId) -> bool:
        """Makes the worktree as it was handed out; False where that cannot be had.

        Everything in it must have been captured, its files as `result`.
        """
        base = CommitId(self.record.base)
        try:
            passage(Step.SLOT_RESET)
            for folder in self.otherwise:
                os.chmod(folder, stat.S_IMODE(self.rights))  # noqa: PTH101 - a str
            plain = self._plain()
            self._remove_oddities()
            self._reset_admin(base)
            quick = plain and self._restored(base, result)
            if not quick:
                for path in self.differences.touched if self.differences is not None else ():
                    (self.path / path).unlink(missing_ok=True)  # it may have other rights
                self._index_from(self.own / STAGED_INDEX)
                self._patiently("read-tree", "--reset", "-u", base)
            passage(Step.SLOT_CLEAN)
            seeded = self.ground.wanted.restore(self.path, self.seeds)
            submodules.bring(self.git, self.ground.site.common, self.path)
            clean = seeded and ((quick and self.whole) or (self._clean() and self._verified()))
            if not quick:
                self._save_index(base)
        except (GitFailed, OSError):
            return False
        if self.record.task:  # else it was lent to a gate
            self.ground.site.unlink(self.record.task, self.path)
        passage(Step.SLOT_READY)
        return clean

    def _plain(self) -> bool:
        """Whether the attempt left nothing but files of a whole checkout."""
        gitlinks = submodules.may_have_gitlinks(self.admin / SAVED_INDEX)
        return not (self.ground.sparse or self.oddities or gitlinks)

    def _restored(self, base: CommitId, result: CommitId) -> bool:
        """Gives back what the attempt changed, all else being as the saved index has it."""
        if self.differences is not None:
            undoing = undoing_of(self.differences)
        else:
            found = self.ground.reader.change_sets([(base, result)])[0].files if result != base else ()
            undoing = undoing_of_changes(found)
        others = [
            one.original
            for one in list(self.ground.made.values())
            if one is not self and one.ages is not None and one.record.base == base
        ]
        try:
            give_back(
                self.git,
                self.original,
                undoing,
                Originals(base, self.ground.layouts, self.ground.contents, others),
            )
            if self.differences is None:
                self.git.run("update-index", "-q", "--refresh", ok=(0, 1))
            if self.ages is not None:
                self.ages.forget([*undoing.back, *undoing.touched])
            self._save_index(base)
        except (GitFailed, OSError):
            return False
        return True

    def _index_from(self, source: Path) -> None:
        if source.exists():
            admin_files.save_index(source, self.admin / "index")
        else:
            admin_files.save_index(self.admin / SAVED_INDEX, self.admin / "index")

    def _clean(self) -> bool:
        """Removes what git does not track: ignored files, and what a capture left out of its index."""
        seeds = [part for path in self.seeds.paths() for part in ("-e", f"/{_escaped(path)}")]
        keep = [part for name in self.ground.settings.keep for part in ("-e", name)]
        self._patiently("clean", "-q", "-ffdx", *keep, *seeds)
        return True

    def _reset_admin(self, base: CommitId) -> None:
        pointer = os.fsencode(f"{self.path}/.git")
        names = {
            "commondir": b"../..\n",
            "locked": os.fsencode(self.ground.site.reason),
            "gitdir": pointer + b"\n",
        }
        admin_files.detach(self.admin, base)
        admin_files.clear(self.admin, self.given)
        for name, content in names.items():
            # a `git worktree add` beside reads these of all worktrees, and dies of half a one
            if admin_files.read_bytes(f"{self.admin}/{name}") != content:
                admin_files.write_atomically(self.admin / name, content)
        expected = b"gitdir: " + os.fsencode(self.admin) + b"\n"
        if admin_files.read_bytes(pointer) != expected:
            (self.path / ".git").unlink(missing_ok=True)
            (self.path / ".git").write_bytes(expected)

    def _remove_oddities(self) -> None:
        submodules.empty(self.git, self.path)
        for path in self.oddities:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _patiently(self, *arguments: str) -> None:
        """Runs git, and once more with the folders opened up where a worker had closed them."""
        try:
            self.git.run(*arguments)
        except GitFailed:
            open_up(self.path)
            self.git.run(*arguments)

    def _verified(self) -> bool:
        """Says whether the worktree holds what its base holds and what was brought, nothing else.

        The index is the saved one, which no worker could reach, so its flags need no look.
        """
        status = self.git.run(
            "status", "--porcelain", "-z", "--ignored", "--untracked-files=normal", "--ignore-submodules=none"
        )
        return all(self._allowed(entry[:2], entry[3:].rstrip("/")) for entry in status.fields)

    def _allowed(self, code: str, path: str) -> bool:
        keep = set(self.ground.settings.keep)
        ours = any(seed == path or seed.startswith(f"{path}/") for seed in self.seeds.paths())
        return (code in {"!!", "??"} and ours) or (code == "!!" and bool(keep & set(path.split("/"))))

    def remove(self, *, swept: bool = False) -> None:
        """Takes the worktree away (see `Site.take_away`). Everything in it must have been captured."""
        site, settings = self.ground.site, self.ground.settings
        self.ground.made.pop(self.record.number, None)
        if problem := site.tear_down(self.record, settings.teardown, settings.teardown_timeout_s):
            self.ground.told.append(problem)
        site.take_away(self.path, self.admin if self.record.admin else None, self.record.number, swept=swept)


def _escaped(path: str) -> str:
    """Escapes what `git clean -e` would read as a pattern."""
    return "".join(f"\\{char}" if char in "\\*?[" else char for char in path)
