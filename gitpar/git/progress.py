"""The progress file on the level branch: adds workers' notes to it, and proves that nothing else changed.

Notes are a commit of their own on top of what landed, so every landing stays exactly
what git makes of its two sides. What workers did to files that are gitpar's (the plan, the
progress file) is taken out of what lands; it stays with the attempt.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from gitpar.core.certificate import Certificate
from gitpar.core.names import CommitId
from gitpar.core.progress import Aside, ProgressLanding, marker, section
from gitpar.git.commits import CommitText, identity, publish, read_commit, stamp, with_trailers, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.earlier import named_in
from gitpar.git.objects import ObjectWriter
from gitpar.git.scratch import write
from gitpar.git.trees import FOLDER_MODE, NO_ENTRY, Entry, compose, difference, entry_at, tree_of
from gitpar.ports import Proof, Refusal

if TYPE_CHECKING:
    from pygit2 import Repository

_FILES = (0o100644, 0o100755)
_LONGEST_SUBJECT = 72
CHECKS = ("outside", "append", "once", "parents")
"""What is proved: only the progress file changed, by an addition, each note once, on the declared tip."""
KIND = "notes"
"""What a certificate of notes has for a strategy."""


class GitProgress:
    """Fulfils ports.Progress. `prove` belongs to the thread that lands, `set_aside` to any."""

    def __init__(self, coordinator: Coordinator, store: ObjectWriter) -> None:
        self._coordinator = coordinator
        self._store = store
        self._identity: str | None = None

    def prove(self, landing: ProgressLanding) -> Proof | Refusal:
        """Computes the commit that adds the notes, durably stored, and proves it."""
        repository = self._coordinator.pygit()
        tree = tree_of(repository, landing.tip)
        entry = _place(repository, tree, landing.path)
        if isinstance(entry, str):
            return Refusal(reason=entry)
        old = repository.read(entry[1])[1] if entry != NO_ENTRY else b""
        new = old + _addition(landing, old)
        mode = entry[0] if entry != NO_ENTRY else _FILES[0]
        blob = write(repository, "blob", new)
        made = compose(repository, tree, {landing.path: (mode, blob)})
        now = stamp(self._who)
        text = CommitText(now, now, with_trailers(_message(landing), {"Gitpar-Run": landing.run}))
        commit = write_commit(repository, made, [landing.tip], text)
        if problem := objection(repository, landing, commit):
            return Refusal(reason=problem)
        publish(repository, self._store, [*difference(repository, tree, made).objects, commit])
        return Proof(commit, made, _certificate(landing, commit, made).text())

    def set_aside(self, base: CommitId, result: CommitId, paths: Collection[str]) -> Aside:
        """Returns a result without its changes to some paths, and what it had added to them."""
        repository = self._coordinator.pygit()
        was, tree = tree_of(repository, base), tree_of(repository, result)
        changed = {
            path: pair for path, pair in difference(repository, was, tree).files.items() if path in paths
        }
        if not changed:
            return Aside(result)
        added = {path: _added(repository, pair) for path, pair in changed.items()}
        kept = compose(repository, tree, {path: before for path, (before, _) in changed.items()})
        if kept == was:
            return Aside(base, added)
        now = stamp(self._who)
        text = CommitText(now, now, b"Leave plan and progress file as they were\n")
        commit = write_commit(repository, kept, [result], text)
        publish(repository, self._store, (*difference(repository, tree, kept).objects, commit))
        return Aside(commit, added)

    @property
    def _who(self) -> str:
        if self._identity is None:
            self._identity = identity(self._coordinator.place.command)
        return self._identity


def objection(repository: Repository, landing: ProgressLanding, commit: CommitId) -> str:
    """Reads a commit of notes back and says what is wrong with it, or nothing."""
    path = _only_added(repository, landing.run, landing.tip, commit)
    if isinstance(path, str):
        return path
    name, new = path
    if name != landing.path:
        return f"the commit of the notes changes `{name}`, not `{landing.path}`"
    for note in landing.notes:
        if new.count(_bytes(marker(landing.run, note))) != 1:
            return f"the note of `{note.task}` would not stand in `{landing.path}` once"
    return ""


def is_of_notes(certificate: Certificate) -> bool:
    """Says whether a certificate is one of notes, and of no task's landing."""
    return certificate.strategy == KIND


def proof_problem(repository: Repository, commit: CommitId, said: Certificate) -> str:
    """Makes the proof of a commit of notes again by what its certificate declares; says what is wrong."""
    tree, parents, _ = read_commit(repository, commit)
    if (said.commit, said.tip, said.tree) != (commit, parents[0] if parents else "", tree):
        return "its certificate is about another commit"
    found = _only_added(repository, said.run, CommitId(said.tip), commit)
    return found if isinstance(found, str) else ""


def _only_added(repository: Repository, run: str, tip: CommitId, commit: CommitId) -> tuple[str, bytes] | str:
    """Returns the one file that a commit adds to, with its content, or what else the commit does."""
    tree, parents, text = read_commit(repository, commit)
    if parents != (tip,) or named_in(text.message)[0] != run:
        return "the commit of the notes does not stand on the declared tip"
    changed = difference(repository, tree_of(repository, tip), tree).files
    if len(changed) != 1:
        return f"the commit of the notes changes {len(changed)} files, not one"
    ((path, (before, after)),) = changed.items()
    if after[0] not in _FILES or before[0] not in (*_FILES, NO_ENTRY[0]):
        return f"`{path}` is no plain file"
    old = repository.read(before[1])[1] if before != NO_ENTRY else b""
    new = repository.read(after[1])[1]
    return (path, new) if new.startswith(old) else f"`{path}` would lose what stands in it"


def _place(repository: Repository, tree: str, path: str) -> Entry | str:
    """Returns the entry of the progress file, or why there cannot be one."""
    parts = path.split("/")
    for at in range(1, len(parts)):
        above = entry_at(repository, tree, "/".join(parts[:at]), folders=True)
        if above != NO_ENTRY and above[0] != FOLDER_MODE:
            return f"`{'/'.join(parts[:at])}` is no folder on the level"
    entry = entry_at(repository, tree, path, folders=True)
    if entry != NO_ENTRY and entry[0] not in _FILES:
        return f"`{path}` is no plain file on the level"
    return entry


def _addition(landing: ProgressLanding, old: bytes) -> bytes:
    new = [note for note in landing.notes if _bytes(marker(landing.run, note)) not in old]
    gap = b"" if not old else b"\n" if old.endswith(b"\n") else b"\n\n"
    return gap + b"\n".join(_bytes(section(landing.run, note)) for note in new)


def _message(landing: ProgressLanding) -> bytes:
    names = ", ".join(note.task for note in landing.notes)
    subject = f"Add the notes of {names}"
    if len(subject) > _LONGEST_SUBJECT or "\n" in subject:
        subject = f"Add the notes of {len(landing.notes)} tasks"
    return _bytes(subject)


def _certificate(landing: ProgressLanding, commit: CommitId, tree: str) -> Certificate:
    return Certificate(
        run=landing.run,
        task="",
        attempt=0,
        strategy=KIND,
        made=KIND,
        base=landing.tip,
        merge_base=landing.tip,
        tip=landing.tip,
        result=landing.tip,
        commit=commit,
        commits=1,
        tree=tree,
        second="paths",
        paths=1,
        engines=(),
        notes=tuple(f"notes of {note.task}, attempt {note.n}" for note in landing.notes),
        checks=CHECKS,
    )


def _added(repository: Repository, pair: tuple[Entry, Entry]) -> str:
    """Returns what a file has more at its end; empty where it changed otherwise."""
    before, after = pair
    if after[0] not in _FILES or (before != NO_ENTRY and before[0] not in _FILES):
        return ""
    old = repository.read(before[1])[1] if before != NO_ENTRY else b""
    new = repository.read(after[1])[1]
    return new[len(old) :].decode(errors="replace") if new.startswith(old) else ""


def _bytes(text: str) -> bytes:
    return re.sub("\0", "", text).encode(errors="surrogateescape")
