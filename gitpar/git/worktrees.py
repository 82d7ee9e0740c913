"""The pool of worktrees: handed out, captured, made clean, handed on. Fulfils ports.Worktrees.

What a worker left is captured before its worktree is touched, and every state a kill can
leave behind is one that `recover` or `close` knows.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import field, replace
from pathlib import Path

from gitpar.core.names import CommitId, RunId, TaskId, TreeId, keep_ref, task_ref
from gitpar.core.session import ANYWHERE, Wish
from gitpar.errors import GitparError
from gitpar.faults import Step, passage
from gitpar.git import admin as admin_files
from gitpar.git.capture import Attempt, Taking, read_capture, rebuilt_capture
from gitpar.git.clearing import clear_away
from gitpar.git.command import GitCommand
from gitpar.git.copying import Checkouts
from gitpar.git.environment import GitEnvironment
from gitpar.git.ground import Ground, ground_of
from gitpar.git.idle import Idle, at_once
from gitpar.git.index_trees import IndexTrees
from gitpar.git.site import PoolSettings, Record, Site, State
from gitpar.git.slots import Slot
from gitpar.ports import AttemptKey, Capture, Refs, RefUpdate, Workplace
from gitpar.turns import turn
from gitpar.values import dataclass

_RETURNING_S = 10.0
"""How long a worktree that is wished for may take to be made clean."""


@dataclass(slots=True)
class GitWorktrees:
    """Worktrees of one run, at most `settings.jobs` handed out at once. Safe to share between threads.

    `main_worktree` is where `copy`, `symlink` and `.worktreeinclude` come from; None in
    a bare repository.
    """

    common_dir: Path
    main_worktree: Path | None
    run: RunId
    refs: Refs
    settings: PoolSettings
    messages: Mapping[TaskId, str] = field(default_factory=dict)
    """How the commit of a task is called whose worker made none."""
    index_trees: IndexTrees | None = None
    git: GitCommand | None = None
    """Works in the main worktree, where somebody has asked it already who commits."""
    checkouts: Checkouts = field(default_factory=Checkouts)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _held: dict[int, Slot] = field(default_factory=dict)
    _returning: set[str] = field(default_factory=set)
    """Worktrees that are captured and not yet clean."""
    _ground: Ground | None = None
    _early: list[threading.Thread] = field(default_factory=list)
    """They make the first worktrees while the run begins."""
    _places: threading.Semaphore = field(init=False)
    _changed: threading.Condition = field(init=False)
    _idle: Idle = field(init=False)

    def __post_init__(self) -> None:
        self.common_dir = self.common_dir.resolve()
        self._places = threading.Semaphore(self.settings.jobs)
        self._changed = threading.Condition(self._lock)
        self._idle = Idle(self._changed)

    def begin(self, base: CommitId, number: int) -> None:
        """Begins to make worktrees for this many workers, beside what else a run begins with.

        Not where it takes a `setup` or workers are slow: nobody would notice. Where one cannot be
        made, whoever needs it is told.
        """
        settings = self.settings
        if settings.pooled and settings.setup is None and not settings.slow_workers:
            self._idle.early = min(number, self.settings.jobs, at_once())
            self._early = [
                threading.Thread(target=self._make_early, args=(base,), name="early")
                for _ in range(self._idle.early)
            ]
            for thread in self._early:
                thread.start()

    def _make_early(self, base: CommitId) -> None:
        try:
            ground = self._prepared()
            with self._changed:
                slot = self._another(ground, AttemptKey(self.run, TaskId(""), 0))
            self._made(slot, base)
            with self._changed:
                del self._held[slot.record.number]
                self._idle.put(slot)
        except (OSError, GitparError):
            pass  # whoever needs a worktree tries again, and says what is wrong
        finally:
            with self._changed:
                self._idle.early -= 1
                self._changed.notify_all()

    def _await_early(self) -> None:
        for thread in self._early:
            thread.join()

    def open(self, key: AttemptKey, base: CommitId, wish: Wish = ANYWHERE) -> Workplace:
        """Hands out a clean worktree at `base`, its HEAD on the attempt's new branch.

        The one that is wished for where it is free, else another.
        Waits while all worktrees are handed out. Raises GitFailed, OSError or
        EnvironmentFault where none can be made; nothing of it is left then.
        """
        self._places.acquire()
        try:
            slot = self._choose(key, base, wish)
        except BaseException:
            self._places.release()
            raise
        try:
            if slot.record.admin:
                slot.move_to(base)
            else:
                self._make(slot, base)
            with turn():
                return self._attach(slot, key, base)
        except BaseException:
            with self._lock:
                self._held.pop(slot.record.number, None)
            self._places.release()
            self._drop(slot)
            raise

    def capture(self, place: Workplace, *, processes_gone: bool) -> Capture:
        """Keeps everything in the worktree under the attempt's branch and keep-ref, in one transaction.

        Raises GitFailed or OSError where the machine cannot do it: the worktree is left
        as it is then, and `recover` can try again.
        """
        slot = self._held[place.slot]
        attempt = Attempt(place.key, place.branch, place.base, processes_gone)
        try:
            capture = Taking(slot, attempt, self.refs).take()
            if self.settings.keep_worktrees or not capture.reusable:
                slot.mark(State.KEPT)
        except BaseException:
            with self._lock:
                del self._held[place.slot]
            self._places.release()
            raise
        with self._lock:
            self._returning.add(str(place.path))
        return capture

    def release(self, place: Workplace, capture: Capture) -> None:
        """Makes the worktree clean for the next attempt, or retires it.

        A worktree that `capture` failed on was retired already.
        """
        with self._lock:
            slot = self._held.pop(place.slot, None)
        if slot is None:
            return
        try:
            self._hand_back(slot, capture)
        finally:
            with self._changed:
                self._returning.discard(str(place.path))
                self._changed.notify_all()
            self._places.release()

    def _hand_back(self, slot: Slot, capture: Capture) -> None:
        if self.settings.keep_worktrees or not capture.reusable:
            _retire(slot)
        elif self.settings.pooled and slot.reset(capture.result):
            with self._changed:
                self._idle.put(slot)
        else:
            self._drop(slot)

    # --- rooms (gitpar.git.rooms) --------------------------------------------------------

    def lend(self, commit: CommitId) -> Slot:
        """Hands out a clean worktree at a commit to somebody who leaves nothing to keep.

        It is one more than the settings' `jobs` where all of those are handed out.
        """
        slot = self._choose(AttemptKey(self.run, TaskId(""), 0), commit, ANYWHERE)
        self._made(slot, commit)
        return slot

    def _made(self, slot: Slot, commit: CommitId) -> None:
        """Brings a worktree that nobody's task is in to a commit."""
        try:
            if slot.record.admin:
                slot.move_to(commit)
            else:
                self._make(slot, commit)
            slot.lend()
        except BaseException:
            with self._lock:
                self._held.pop(slot.record.number, None)
            self._drop(slot)
            raise

    def lent(self, number: int) -> Slot:
        """Returns a worktree that is handed out."""
        return self._held[number]

    def held(self, place: Workplace) -> Slot:
        """Returns an attempt's worktree."""
        return self._held[place.slot]

    def take_back(self, number: int) -> None:
        """Makes a worktree that was lent clean for the next one, or takes it away."""
        with self._lock:
            slot = self._held.pop(number)
        if self.settings.pooled and slot.reset(CommitId(slot.record.base)):
            with self._changed:
                self._idle.put(slot)
        else:
            self._drop(slot)

    def tree_of(self, commit: CommitId) -> TreeId:
        """Returns the tree of a commit."""
        return self._prepared().tree_of(self._git(), commit)

    def recover(self, key: AttemptKey, base: CommitId) -> Capture | None:
        """Captures what a dead owner's attempt left, then retires its worktree.

        Returns the capture already made where there is one, and None where the
        attempt never got a worktree. May be killed anywhere and called again.
        """
        ground = self._prepared()
        site = ground.site
        records = [record for record in site.records() if (record.task, record.n) == (key.task, key.n)]
        keep = admin_files.read_ref(self.common_dir, keep_ref(key.run, key.task, key.n))
        if keep:
            capture = read_capture(site, key, keep) or rebuilt_capture(self._git(), keep)
        else:
            held = [record for record in records if record.state is State.HELD]
            if not held:
                return None
            slot = Slot(ground, held[0])
            slot.load_seeds()
            attempt = Attempt(
                key, task_ref(self.settings.prefix, key.run, key.task, key.n), base, processes_gone=True
            )
            capture = Taking(slot, attempt, self.refs).take()
        for record in records:
            slot = Slot(ground, record)
            if record.state is State.KEPT:
                continue
            if self.settings.keep_worktrees or not capture.reusable:
                _retire(slot)
            else:
                slot.remove()
        return capture

    def close(self) -> None:
        """Removes all worktrees that hold nothing; what is retired stays and is named by doctor."""
        self._await_early()
        with self._lock:
            idle = self._idle.empty()
        for slot in idle:
            slot.remove(swept=True)
        ground = self._prepared()
        clear_away(ground, self._held)
        ground.site.sweep()
        self.end()

    def told(self) -> tuple[str, ...]:
        """Says what went wrong in taking worktrees away and stopped nobody."""
        return tuple(self._ground.told) if self._ground is not None else ()

    def end(self) -> None:
        """Ends the processes that serve the pool."""
        self._await_early()
        if self._ground is not None:
            self._ground.commits.objects.close()
            self._ground.reader.close()

    # --- making -------------------------------------------------------------------------

    def _choose(self, key: AttemptKey, base: CommitId, wish: Wish) -> Slot:
        """Returns the idle slot that fits best, or a new one; it is handed out from now on."""
        ground = self._prepared()
        with self._changed:
            self._changed.wait_for(lambda: wish.path not in self._returning, _RETURNING_S)
            if self.settings.pooled and not self.settings.slow_workers:
                self._idle.await_one()
            slot = self._idle.take(key.task, base, wish) or self._another(ground, key)
            self._held[slot.record.number] = slot
            if wish.keeps:
                self._idle.kept.add(str(slot.path))
        return slot

    def _another(self, ground: Ground, key: AttemptKey) -> Slot:
        """Returns a worktree that is to be made; it is handed out from now on."""
        number = self._free_number(ground.site)
        path = ground.site.folder / str(number)
        slot = Slot(ground, Record(number, str(path), task=key.task, n=key.n))
        self._idle.making += 1
        self._held[number] = slot
        return slot

    def _make(self, slot: Slot, base: CommitId) -> None:
        began = time.monotonic()
        try:
            with self.checkouts.coming(slot) if self.settings.slow_workers else nullcontext():
                slot.make(base, self.checkouts.check_out)
        finally:
            with self._changed:
                self._idle.making -= 1
                self._idle.making_s = time.monotonic() - began
                self._changed.notify_all()

    def _free_number(self, site: Site) -> int:
        taken = {record.number for record in site.records()} | set(self._held)
        number = 1
        while number in taken or os.path.lexists(site.folder / str(number)):
            number += 1
        return number

    def _attach(self, slot: Slot, key: AttemptKey, base: CommitId) -> Workplace:
        """Makes the attempt's branch and puts the slot's HEAD on it."""
        branch = task_ref(self.settings.prefix, key.run, key.task, key.n)
        passage(Step.BRANCH_ATTACH)
        there = admin_files.read_ref(self.common_dir, branch)
        if there not in {"", base}:
            raise GitparError(
                f"`{branch}` exists already, at {there[:12]}",
                "It was not touched. To remove it: git branch -D with its name",
            )
        # one that stands at the base was made by an attempt that was killed before its worker began
        self.refs.move([RefUpdate(branch, base, there)])
        slot.hand_out(key, branch)
        passage(Step.BRANCH_ATTACHED)
        return Workplace(key, slot.record.number, slot.path, branch, base)

    def _prepared(self) -> Ground:
        """Reads once what workers might change later; clears away what a dead owner left."""
        with self._lock:
            if self._ground is None:
                found = ground_of(self.common_dir, self.main_worktree, self.run, self.settings, git=self.git)
                self._ground = replace(found, index_trees=self.index_trees, messages=self.messages)
                clear_away(self._ground, self._held)
            return self._ground

    def _git(self) -> GitCommand:
        if self.main_worktree is not None:
            return GitCommand(GitEnvironment(self.main_worktree))
        return GitCommand(GitEnvironment(self.common_dir, {"GIT_DIR": str(self.common_dir)}))

    # --- taking away --------------------------------------------------------------------

    def _drop(self, slot: Slot) -> None:
        """Removes a slot in which nothing is unkept.

        Where the machine refuses, its record says that it holds nothing and `close`
        tries again, and says why.
        """
        try:
            slot.remove()
        except OSError:
            return


def _retire(slot: Slot) -> None:
    """Leaves a worktree to the user; only one that is gone is forgotten."""
    if os.path.lexists(slot.path):
        slot.mark(State.KEPT)
    else:
        slot.remove()
