"""Keeps what a worker left: one result commit for its branch, one keep commit over everything.

Promise: no byte a worker wrote is lost. The result holds the worktree's files on top of
HEAD. The keep commit has the result as first parent, then commits that nothing else
holds, then (named in its message) one commit without parents whose tree holds what does
not belong into a result: `ignored/`, `staged/`, `nested/`, `submodules/`, `git-state/`.
Where there is nothing but the result, the keep-ref points to the result itself.

Reads the worktree and its admin folder, changes neither; moves the refs at the very end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from gitpar.core.names import NO_COMMIT, CommitId, RefName, TreeId, encode_id, keep_ref, short
from gitpar.errors import RefMoved, UsageError
from gitpar.faults import Step, passage
from gitpar.git import admin as admin_files
from gitpar.git import leftovers
from gitpar.git.admin import SAVED_INDEX, Head
from gitpar.git.command import GitCommand
from gitpar.git.environment import GitEnvironment
from gitpar.git.flushing import flush, flush_objects
from gitpar.git.index_trees import same_entries
from gitpar.git.keeping import TreeOfFiles
from gitpar.git.leftovers import History
from gitpar.git.site import Site
from gitpar.git.slots import STAGED_INDEX, Slot
from gitpar.git.staging import Staging, listing
from gitpar.git.trees import NO_ENTRY
from gitpar.ports import AttemptKey, Capture, Refs, RefUpdate
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt whose worktree is to be captured."""

    key: AttemptKey
    branch: RefName
    base: CommitId
    processes_gone: bool


class Taking:
    """The capture of one attempt, step by step; used once."""

    def __init__(self, slot: Slot, attempt: Attempt, refs: Refs) -> None:
        self._slot = slot
        self._attempt = attempt
        self._refs = refs
        self._commits = slot.ground.commits
        self._git = slot.git
        self._common = slot.ground.site.common
        self._notes: list[str] = []
        self._problem = ""
        self._reusable = attempt.processes_gone

    def take(self) -> Capture:
        """Captures the attempt and moves its branch and keep-ref in one transaction.

        Raises GitFailed or OSError where the machine cannot do it; nothing moved then.
        """
        if not self._attempt.processes_gone:
            self._notes.append("a process of the worker could not be ended: its worktree is not used again")
        self._drop_locks()
        self._mend_admin()
        standing = self._slot.standing()
        # git is started in the worktree; where that is gone, beside it
        git = self._git if standing else self._git.at(self._beside())
        head = self._head(git)
        hidden_ids = self._named(git)
        history = History()
        if hidden_ids or head.commit != self._attempt.base:
            history = leftovers.history(git, {head.commit, *hidden_ids}, self._attempt.base)
        head_tree = self._head_tree(git, head, history)
        self._judge(head, history)
        passage(Step.CAPTURE_INDEX)
        rest = TreeOfFiles(git, self._slot.own)
        extra: list[str] = []
        tree = head_tree
        if standing:
            staging = Staging(self._slot, git, rest)
            tree = staging.stage(head.commit)
            extra = staging.tips
            self._staged(git, rest, staging, {tree, head_tree})
            self._notes += staging.notes
            self._problem = self._problem or staging.problem
            self._reusable = self._reusable and staging.reusable
        else:
            self._problem = "its worktree is gone: what was not committed cannot be seen"
            self._reusable = False
        for path in admin_files.state_files(self._slot.admin):
            if admin_files.unfinished(self._slot.admin):
                rest.add_file(f"git-state/{path.relative_to(self._slot.admin).as_posix()}", path)
        passage(Step.CAPTURE_COMMIT)
        result = self._result(head.commit, tree, head_tree)
        hidden = self._hidden(history, head.commit, hidden_ids)
        capture = self._keep((result, tree), [*hidden, *extra], rest)
        no_commits = head.commit == self._attempt.base and not (hidden or extra)
        self._flush(git, capture, tree if no_commits else None)
        capture = self._move(capture)
        passage(Step.CAPTURED)
        return capture

    def _drop_locks(self) -> None:
        """Removes the locks of gitpar's own indexes that a kill left: nobody else uses them."""
        with suppress(FileNotFoundError):
            for found in os.scandir(self._slot.own):
                if found.name.endswith(".lock"):
                    os.unlink(found.path)  # noqa: PTH108 - once an attempt

    # --- where HEAD stands --------------------------------------------------------------

    def _mend_admin(self) -> None:
        """Makes the admin folder again where a worker removed it or what git needs of it.

        A power cut leaves files without content, and the index that was saved may be one.
        """
        admin, branch = self._slot.admin, self._attempt.branch
        if self._slot.ages is None and not admin_files.is_whole(admin / SAVED_INDEX):
            (admin / SAVED_INDEX).unlink(missing_ok=True)
        if all(admin_files.read_bytes(f"{admin}/{name}") for name in ("HEAD", "commondir", "gitdir")):
            return
        if not admin_files.read_bytes(admin / "HEAD"):
            self._notes.append("git's metadata of the worktree had been removed and was made again")
        at = f"ref: {branch}" if admin_files.read_ref(self._common, branch) else self._attempt.base
        admin_files.restore(admin, self._slot.path, self._slot.ground.site.reason, at)

    def _head(self, git: GitCommand) -> Head:
        """Returns where HEAD stands, recovered from its log where the branch is gone."""
        branch = self._attempt.branch
        head = admin_files.read_head(self._common, self._slot.admin)
        tip = admin_files.read_ref(self._common, branch)
        if head.commit == NO_COMMIT or not self._exists(git, head.commit):
            found = admin_files.last_logged(self._slot.admin) or tip
            commit = found if found and self._exists(git, found) else self._attempt.base
            what = "its branch was deleted" if head.ref == branch else "HEAD was left without a commit"
            self._notes.append(f"{what}: recovered at {commit[:12]}")
            return Head(head.ref, commit)
        if head.ref == branch:
            return head
        if tip == NO_COMMIT:
            self._notes.append("its branch was deleted: made again")
        where = f"on `{short(RefName(head.ref))}`" if head.ref else f"detached at {head.commit[:12]}"
        self._notes.append(f"HEAD was left {where}: the commits there are the result")
        return head

    def _head_tree(self, git: GitCommand, head: Head, history: History) -> TreeId:
        if head.commit == self._attempt.base:
            return self._base_tree(git)
        found = history.trees.get(head.commit)
        return TreeId(found or git.run("rev-parse", "--verify", f"{head.commit}^{{tree}}").text)

    def _judge(self, head: Head, history: History) -> None:
        """Says what of HEAD's state forbids that the result lands."""
        if operation := admin_files.unfinished(self._slot.admin):
            self._problem = operation
        elif not history.contains(head.commit, self._attempt.base):
            where = f"`{short(RefName(head.ref))}`" if head.ref else "HEAD"
            self._problem = (
                f"{where} at {head.commit[:12]} does not contain the base {self._attempt.base[:12]}:"
                " history below the attempt's own commits was rewritten or left"
            )

    # --- what nothing else holds --------------------------------------------------------

    def _named(self, git: GitCommand) -> dict[str, str]:
        """Returns the ids that may lead to commits off HEAD, with what names each."""
        site, key = self._slot.ground.site, self._attempt.key
        admin, branch = self._slot.admin, self._attempt.branch
        prefix = f"{self._slot.ground.settings.prefix}/{key.run}/task/"
        ids = leftovers.branch_log(self._common, branch)
        ids |= admin_files.named_objects(admin)
        if tip := admin_files.read_ref(self._common, branch):
            ids[tip] = "its branch"
        ids |= leftovers.new_stashes(site.common, self._slot.record.stash, short(branch), prefix)
        ids |= dict.fromkeys(leftovers.only_fetched(git, admin, set(ids)), "FETCH_HEAD")
        ids.pop(self._attempt.base, None)
        if self._slot.ages is None:
            ids = {each: what for each, what in ids.items() if self._is_there(git, each)}
        return ids

    def _exists(self, git: GitCommand, commit: str) -> bool:
        """Says whether a commit can be kept."""
        if commit == self._attempt.base:
            return True
        there = git.run("cat-file", "-e", f"{commit}^{{commit}}", ok=(0, 1, 128)).status == 0
        return there and self._is_there(git, commit)

    def _is_there(self, git: GitCommand, name: str) -> bool:
        """Says whether all is there that a commit or tree leads to: asked where an attempt is recovered."""
        return self._slot.ages is not None or leftovers.is_connected(git, name, self._attempt.base)

    def _hidden(self, history: History, head: CommitId, ids: dict[str, str]) -> list[str]:
        """Returns the newest commits that HEAD does not lead to, and notes where each was found."""
        off = history.reach(ids) - history.reach([head])
        heads = history.heads(off)
        if heads:
            found = ", ".join(f"{commit[:12]} ({ids[commit]})" for commit in heads[:3])
            more = f" and {len(heads) - 3} more" if len(heads) > 3 else ""
            self._notes.append(f"commits outside the result are kept: {found}{more}")
        return heads

    def _staged(self, git: GitCommand, rest: TreeOfFiles, staging: Staging, seen: set[TreeId]) -> None:
        """Keeps what only the worker's index holds."""
        index = self._slot.admin / "index"
        content = admin_files.read_bytes(index)
        seen_before = (self._slot.admin / SAVED_INDEX, self._slot.own / STAGED_INDEX)
        if any(same_entries(content, admin_files.read_bytes(one)) for one in seen_before):
            return
        if staging.holds_all_of(content) or not index.exists():
            return
        known = {*seen, self._base_tree(git)}
        trees = self._slot.ground.index_trees
        if trees is not None and trees.look(index) in known:
            return
        copy = self._slot.own / "worker-index"
        admin_files.save_index(index, copy)
        at_copy = git.at(git.environment.at(self._slot.path, GIT_INDEX_FILE=str(copy)))
        written = at_copy.run("write-tree", ok=(0, 128))
        if written.status == 0 and self._is_there(git, written.text):
            if written.text not in known:
                rest.add_tree("staged", written.text)
                self._notes.append("what was staged and differs from the files is kept")
        else:
            listed = at_copy.run("ls-files", "-s", "-z", ok=(0, 128))
            if listed.status != 0:
                self._notes.append("its index could not be read")
            elif entries := _present(git, listed.fields):
                rest.add_tree("staged", _unmerged_tree(git, self._slot.own, entries))
        copy.unlink(missing_ok=True)

    def _flush(self, git: GitCommand, capture: Capture, tree: TreeId | None) -> None:
        """Has the disk take what git wrote of the result; no more than a tree where there is one."""
        store, trees = self._common / "objects", self._slot.ground.index_trees
        found = self._slot.differences
        if found is not None and tree is not None and not self._index_changed():
            # the trees are there: no git but gitpar's was at work
            flush_objects(store, [new[1] for _, new in found.changed.values() if new != NO_ENTRY])
        elif trees is not None and tree is not None and capture.keep == capture.result:
            flush_objects(store, trees.new_objects(self._base_tree(git), tree))
        else:
            flush(git, store, (capture.result, capture.keep), self._attempt.base)

    def _index_changed(self) -> bool:
        """Says whether the worker's git has written its index, and so perhaps objects."""
        admin = self._slot.admin
        now, handed_out = (_looks(f"{admin}/{name}") for name in ("index", SAVED_INDEX))
        return now != handed_out

    def _base_tree(self, git: GitCommand) -> TreeId:
        return self._slot.ground.tree_of(git, self._attempt.base)

    # --- writing ------------------------------------------------------------------------

    def _result(self, head: CommitId, tree: TreeId, head_tree: TreeId) -> CommitId:
        if tree == head_tree:
            return head
        own = self._slot.ground.messages.get(self._attempt.key.task)
        if own is None or head != self._attempt.base:
            return self._commits.write(tree, [head], self._message("work left uncommitted"))
        return self._commits.write(tree, [head], f"{own.rstrip()}\n\n{self._trailers}")

    def _keep(self, result: tuple[CommitId, TreeId], parents: Sequence[str], rest: TreeOfFiles) -> Capture:
        commit, tree = result
        keep, text = commit, ""
        if not rest.empty:
            what = self._message(
                "what is not part of the result: ignored, staged, nested, submodules, git's state"
            )
            parentless = self._commits.write(rest.write(), [], what)
            parents = [*parents, parentless]
            text += f"Rest: {parentless}\n"
        if self._problem:
            text += f"Problem: {self._problem}\n"
        if parents or self._problem:
            message = self._message("everything the attempt left", f"Result: {commit}\n{text}\n")
            others = [parent for parent in dict.fromkeys(parents) if parent != commit]
            keep = self._commits.write(tree, [commit, *others], message)
        return Capture(commit, keep, self._problem, tuple(self._notes), self._reusable)

    def _message(self, subject: str, body: str = "") -> str:
        return f"{self._attempt.key.task}: {subject}\n\n{body}{self._trailers}"

    @property
    def _trailers(self) -> str:
        key = self._attempt.key
        return f"Gitpar-Run: {key.run}\nGitpar-Task: {key.task}\nGitpar-Attempt: {key.n}\n"

    def _move(self, capture: Capture) -> Capture:
        key, branch = self._attempt.key, self._attempt.branch
        write_capture(self._slot.ground.site, key, capture)
        if self._attempt.processes_gone:
            # left by a git that was killed; nobody is there to give it back
            with suppress(FileNotFoundError):
                os.unlink(f"{self._common}/{branch}.lock")  # noqa: PTH108 - once an attempt
            admin_files.drop_broken(f"{self._common}/{branch}")
        kept = RefUpdate(keep_ref(key.run, key.task, key.n), capture.keep, NO_COMMIT)
        admin_files.leave_for_later(f"{self._common}/{branch}", self._slot.own)
        passage(Step.CAPTURE_REFS)
        for _ in range(2):
            old = admin_files.read_ref(self._common, branch)
            try:
                self._refs.move([RefUpdate(branch, capture.result, old), kept])
            except (RefMoved, UsageError):
                # a process that is not gone may move the branch, a branch below its name may block it
                continue
            return capture
        blocked = f"its branch `{short(branch)}` cannot be written: the result is under the keep-ref only"
        capture = replace(capture, notes=(*capture.notes, blocked))
        write_capture(self._slot.ground.site, key, capture)
        self._refs.move([kept])
        return capture

    def _beside(self) -> GitEnvironment:
        variables = {**self._git.environment.variables, "GIT_WORK_TREE": str(self._common)}
        return GitEnvironment(self._common, variables, self._git.environment.settings)


def _looks(index: str) -> tuple[int, int]:
    """Returns the time and size of an index, which a copy of it has as well."""
    try:
        found = os.stat(index)  # noqa: PTH116 - a str
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _present(git: GitCommand, entries: Sequence[str]) -> list[str]:
    """Returns those of an index's entries whose objects are there: a power cut may have taken some."""
    asked = "".join(f"{entry.split(' ', 2)[1]}\n" for entry in entries).encode()
    lines = git.run("cat-file", "--batch-check=%(objectname)", "--buffer", stdin=asked).text.splitlines()
    return [entry for entry, line in zip(entries, lines, strict=True) if " " not in line]


def _unmerged_tree(git: GitCommand, scratch: Path, entries: Sequence[str]) -> TreeId:
    """Writes an index with conflicts as a tree, each side under a name of its own."""
    lines = []
    for entry in entries:
        mode, name, rest = entry.split(" ", 2)
        stage, _, path = rest.partition("\t")
        lines.append(f"{mode} {name}\t{path}" if stage == "0" else f"{mode} {name}\t{path}.stage-{stage}")
    index = scratch / "unmerged-index"
    index.unlink(missing_ok=True)
    at_index = git.at(git.environment.at(git.environment.cwd, GIT_INDEX_FILE=str(index)))
    at_index.run("update-index", "-z", "--index-info", stdin=listing(lines))
    tree = TreeId(at_index.run("write-tree").text)
    index.unlink()
    return tree


def write_capture(site: Site, key: AttemptKey, capture: Capture) -> None:
    """Writes a capture down before its refs move, so that whoever finds the refs finds its words too.

    One with nothing to say is told by its keep-ref alone.
    """
    path = _capture_path(site, key)
    if capture == Capture(capture.result, capture.result):
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - once an attempt
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    admin_files.write_atomically(path, json.dumps(asdict(capture)).encode())


def read_capture(site: Site, key: AttemptKey, keep: CommitId) -> Capture | None:
    """Returns the capture that was written down for a keep commit."""
    content = admin_files.read_bytes(_capture_path(site, key))
    values = json.loads(content) if content else {}
    if values.get("keep") != keep:
        return None
    return Capture(**{**values, "notes": tuple(values["notes"])})


def rebuilt_capture(git: GitCommand, keep: CommitId) -> Capture:
    """Returns a capture as far as its keep commit tells it."""
    message = git.run("cat-file", "commit", keep).text.partition("\n\n")[2]
    said = dict(line.partition(": ")[::2] for line in message.splitlines())
    if not message.partition("\n")[0].endswith(": everything the attempt left"):
        return Capture(keep, keep)
    return Capture(CommitId(said["Result"]), keep, said.get("Problem", ""), reusable=False)


def _capture_path(site: Site, key: AttemptKey) -> Path:
    return site.own / "captures" / f"{encode_id(key.task)}.{key.n}.json"
