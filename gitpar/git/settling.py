"""Settles conflicts that git's plain merge leaves, as far as files can be settled by themselves.

Nothing of the user's runs here but the one merger that a setting names. What is settled is
proved by other code (gitpar.git.settled) before it may land.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.core.conflicts import ConflictKind
from gitpar.core.names import CommitId, TreeId
from gitpar.core.patterns import matches
from gitpar.core.settlement import Means, SettledPath, Settlement, belongs
from gitpar.core.union import union_problem
from gitpar.git.carrying import stand_in
from gitpar.git.command import GitFailed
from gitpar.git.commits import CommitText, identity, publish, stamp, write_commit
from gitpar.git.landing import Lander, named, new_objects
from gitpar.git.mergetree import MergeOutcome, SingleMerge, Stages
from gitpar.git.settled import FILES, content, has_markers, is_text, lines_taken_back, same_text
from gitpar.git.trees import NO_ENTRY, Entry, compose, difference, entry_at, tree_of
from gitpar.ports import Landing, Refusal
from gitpar.settling_port import Drivers, Found, How

if TYPE_CHECKING:
    from gitpar.git.attributes import Attributes
    from gitpar.git.coordinator import Coordinator
    from gitpar.git.foresight import Merged
    from gitpar.git.objects import ObjectWriter
    from gitpar.git.remembered import Remembered

_NONE = Drivers(rerere=False)
_BY_LINES = (ConflictKind.CONTENT, ConflictKind.ADD_ADD)
"""Conflicts that are about lines, and not about which files there are."""
_NAMED = 5
_SIDES = ("base", "ours", "theirs")


class Settling:
    """Fulfils settling_port.Settler. Belongs to the thread that lands."""

    def __init__(
        self,
        coordinator: Coordinator,
        attributes: Attributes,
        store: ObjectWriter,
        *,
        lander: Lander,
        remembered: Remembered,
    ) -> None:
        self._coordinator = coordinator
        self._attributes = attributes
        self._store = store
        self._lander = lander
        self._remembered = remembered

    def settle(self, landing: Landing, drivers: Drivers | None, how: How) -> Found:
        """Settles what drivers can; the rest is refused, or with `how.leave` laid out in a commit."""
        tip, landing = landing.tip, self._laid(landing, carry=how.carry)
        merged = self._lander.merged(landing)
        if isinstance(merged, str):
            return Found(Refusal(reason=merged))
        outcome = merged.outcome
        if not outcome.tree:
            return Found(Refusal(tuple(named(one, landing) for one in outcome.conflicts)))
        work = _Work(self._coordinator, landing, outcome, drivers or _NONE)
        work.settle_alike()
        if work.drivers.rerere:
            work.settle_as_before(self._remembered)
        self._merge_again(work)
        made_anew = [path for path in work.drivers.regenerate if path in work.touched or path in merged.level]
        left = [path for path in work.touched if path not in work.settled and path not in made_anew]
        if left and not how.leave:
            why = f"drivers settle all but {_some(left)}" if work.settled or made_anew else ""
            return Found(Refusal(tuple(named(one, landing) for one in outcome.conflicts), why), work.notes)
        changes = {path: entry for path, (_, entry) in work.settled.items()}
        changes |= {path: _either(outcome, merged, path) for path in made_anew}
        settlement = Settlement(
            n=landing.n,
            tip=tip,
            commit=CommitId(""),
            settled=tuple(SettledPath(path, means) for path, (means, _) in sorted(work.settled.items())),
            left=tuple(sorted(left)),
            regenerate=tuple(made_anew),
            may_undo=how.may_undo,
        )
        tree = compose(self._coordinator.pygit(), outcome.tree, changes)
        return Found(self._stored(landing, settlement, tree), work.notes)

    def take(
        self, landing: Landing, settlement: Settlement, repaired: CommitId, *, carry: bool = False
    ) -> Found:
        """Takes what an attempt has made of the rest of a settlement; refuses all else that it did."""
        landing = self._laid(landing, carry=carry)
        repository = self._coordinator.pygit()
        merged = self._lander.merged(landing)
        if isinstance(merged, str):
            return Found(Refusal(reason=merged))
        before = tree_of(repository, settlement.commit)
        changed = difference(repository, before, tree_of(repository, repaired)).files
        names, means = (
            (settlement.left, Means.AGENT) if settlement.left else (settlement.regenerate, Means.REGENERATE)
        )
        outside = sorted(path for path in changed if not belongs(path, names))
        notes: tuple[str, ...] = ()
        if outside and means is Means.AGENT:
            return Found(Refusal(reason=f"its agent changed {_some(outside)}, which is not in conflict"))
        if outside:
            notes = (f"what made {_some(names)} anew also changed {_some(outside)}: left out",)
        taken = {path: new for path, (_, new) in changed.items() if belongs(path, names)}
        tree = compose(repository, before, taken)
        settled = (*settlement.settled, *(SettledPath(path, means) for path in names))
        after = dataclasses.replace(
            settlement,
            settled=settled,
            left=(),
            regenerate=settlement.regenerate if means is Means.AGENT else (),
        )
        found = self._stored(landing, after, tree)
        if means is Means.AGENT and (problem := self._unrepaired(merged, landing, found, names)):
            return Found(Refusal(reason=problem))
        if means is Means.AGENT:
            conflicts = {path: stages for path, stages in merged.outcome.stages.items() if path in names}
            self._remembered.remember(repository, tree, conflicts)
        return Found(found, notes)

    def lay_beside(
        self, settlement: Settlement, landing: Landing, folder: Path, *, carry: bool = False
    ) -> Sequence[str]:
        """Writes base, ours and theirs of the files left into folders of these names."""
        landing = self._laid(landing, carry=carry)
        repository = self._coordinator.pygit()
        merged = self._lander.merged(landing)
        if isinstance(merged, str):
            return settlement.left
        for path in settlement.left:
            for name, version in zip(_SIDES, merged.outcome.stages.get(path, ()), strict=False):
                if version[0] in FILES:
                    target = folder / name / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content(repository, version))
        return settlement.left

    def _laid(self, landing: Landing, *, carry: bool) -> Landing:
        """The landing itself; of one that is carried over, that on the commit which stands for its tip."""
        return stand_in(self._coordinator.pygit(), landing) if carry else landing

    # --- making ---------------------------------------------------------------------------

    def _merge_again(self, work: _Work) -> None:
        """Has git merge once more, with a driver for each file that one may settle."""
        lines = work.attribute_lines()
        if not lines:
            return
        repository = self._coordinator.pygit()
        text = self._attributes.text(repository, tree_of(repository, work.landing.tip))
        self._attributes.write(text + "".join(lines))
        git = self._coordinator.scratch
        if work.merger:
            settings = (*git.environment.settings, (f"merge.{_EXTERNAL}.driver", work.merger))
            git = git.at(dataclasses.replace(git.environment, settings=settings))
        try:
            with SingleMerge(git, work.landing.tip, work.landing.result) as merge:
                work.take(merge.outcome(work.drivers.timeout_s))
        except GitFailed as failed:
            if not work.merger:
                raise
            work.notes += (f"the merger came to nothing: {failed.stderr}",)
        finally:
            self._attributes.follow(repository, tree_of(repository, work.landing.tip))

    def _stored(self, landing: Landing, settlement: Settlement, tree: TreeId) -> Settlement:
        """Writes durably the commit that holds a settlement, on the tip."""
        repository = self._coordinator.pygit()
        now = stamp(identity(self._coordinator.place.command))
        subject = f"Settle the conflicts of {landing.task}".replace("\n", " ")
        text = CommitText(now, now, f"{subject}\n".encode(errors="surrogateescape"))
        commit = write_commit(repository, tree, [settlement.tip], text)
        before = tree_of(repository, settlement.tip)
        publish(repository, self._store, (*new_objects(self._coordinator, before, tree), commit))
        return dataclasses.replace(settlement, commit=commit)

    def _unrepaired(self, merged: Merged, landing: Landing, found: Settlement, names: Iterable[str]) -> str:
        """Says what an agent did not settle, or settled by taking back what others did."""
        repository = self._coordinator.pygit()
        tree = tree_of(repository, found.commit)
        for path in names:
            entry = entry_at(repository, tree, path)
            stages = merged.outcome.stages.get(path, (NO_ENTRY,) * 3)
            if entry[0] in FILES and has_markers(repository, entry, stages):
                return f"its agent left conflict markers in `{path}`"
            if path.endswith((f"~{landing.tip}", f"~{landing.result}")) and entry != NO_ENTRY:
                return f"its agent left `{path}`, the name of a version in conflict"
        if found.may_undo:
            return ""
        sides = self._lander.sides(landing)
        lines = [] if isinstance(sides, str) else lines_taken_back(self._coordinator, sides, found)
        gone = [line for line in lines if belongs(line.rpartition(":")[0], tuple(names))]
        return f"its agent takes away what had landed ({', '.join(gone[:_NAMED])})" if gone else ""


_EXTERNAL = "gitpar-external"


class _Work:
    """What becomes of the files of one merge, one after the other."""

    def __init__(
        self, coordinator: Coordinator, landing: Landing, outcome: MergeOutcome, drivers: Drivers
    ) -> None:
        self._repository = coordinator.pygit()
        self.landing = landing
        self.outcome = outcome
        self.drivers = drivers
        self.touched = sorted(outcome.touched)
        self.settled: dict[str, tuple[Means, Entry]] = {}
        self.notes: tuple[str, ...] = ()
        self._asked: dict[str, Means] = {}
        self.merger = ""

    def settle_alike(self) -> None:
        """Settles what both sides hold, line ends aside, as the level has it."""
        for path, stages in self._by_lines():
            base, ours, theirs = (content(self._repository, version) for version in stages)
            was, level, task = (b"\r\n" in version for version in (base, ours, theirs))
            # line ends that the task changed are its work
            if same_text(ours, theirs) and (stages[0] == NO_ENTRY or task in (was, level)):
                self.settled[path] = (Means.IDENTICAL, stages[1])

    def settle_as_before(self, remembered: Remembered) -> None:
        """Settles what was settled before in the run, by the same three versions."""
        for path, stages in self._by_lines():
            if path in self.settled or any(matches(one, path) for one in self.drivers.union):
                continue
            if (entry := remembered.recall(self._repository, stages)) is not None:
                self.settled[path] = (Means.RERERE, entry)

    def attribute_lines(self) -> list[str]:
        """Returns lines of attributes that have git settle what drivers may."""
        self.merger = self._found_merger()
        for path, _ in self._by_lines():
            if path in self.settled:
                continue
            if any(matches(declared, path) for declared in self.drivers.union):
                self._asked[path] = Means.UNION
            elif self.merger:
                self._asked[path] = Means.EXTERNAL
        driver = {Means.UNION: "union", Means.EXTERNAL: _EXTERNAL}
        return [f"{_pattern(path)} merge={driver[means]}\n" for path, means in self._asked.items()]

    def take(self, again: MergeOutcome) -> None:
        """Takes the files that git has merged by their drivers, where the drivers kept what they must."""
        for path, means in self._asked.items():
            if path in again.touched:
                continue
            entry = entry_at(self._repository, again.tree, path)
            if means is Means.UNION and (problem := self._no_union(path, entry)):
                self.notes += (f"`{path}` is not settled by union: {problem}",)
                continue
            if means is Means.EXTERNAL and has_markers(self._repository, entry, self.outcome.stages[path]):
                self.notes += (f"`{path}` still has conflict markers after the merger",)
                continue
            self.settled[path] = (means, entry)

    def _no_union(self, path: str, entry: Entry) -> str:
        versions = (*self.outcome.stages[path], entry)
        return union_problem(*(content(self._repository, version) for version in versions))

    def _by_lines(self) -> list[tuple[str, Stages]]:
        """The text files that both sides have in one mode and that git refuses for their lines only."""
        kinds: dict[str, set[ConflictKind]] = {}
        for conflict in self.outcome.conflicts:
            kinds.setdefault(conflict.path, set()).add(conflict.kind)
        return [
            (path, stages)
            for path, stages in self.outcome.stages.items()
            if kinds.get(path, set()) <= set(_BY_LINES)
            and path not in self.drivers.regenerate
            and stages[1][0] == stages[2][0]
            and stages[1][0] in FILES
            and all(is_text(content(self._repository, version)) for version in stages)
        ]

    def _found_merger(self) -> str:
        """The command of the merger that is allowed, empty where it is not there."""
        command = self.drivers.external
        if command is None:
            return ""
        words = shlex.split(command)
        if shutil.which(words[0]) is None:
            self.notes += (f"`{words[0]}` is not there, so it merges nothing",)
            return ""
        return _KNOWN.get(command, command)


_KNOWN: Mapping[str, str] = {"mergiraf": "mergiraf merge --git %O %A %B -p %P -l %L"}
"""Mergers by name, as git calls them. Source: the documentation of mergiraf, "Usage in a merge driver"."""


def _either(outcome: MergeOutcome, merged: Merged, path: str) -> Entry:
    """What stands for a file until it is made anew: the level's version, else the task's."""
    if path in outcome.stages:
        _, ours, theirs = outcome.stages[path]
    else:
        ours, theirs = merged.level[path], merged.task[path][1]
    return ours if ours != NO_ENTRY else theirs


def _pattern(path: str) -> str:
    """A path as a pattern of attributes that means nothing else. Source: gitattributes(5)."""
    literal = re.sub(r"([*?\[\]\\])", r"\\\1", path)
    escaped = literal.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"/{escaped}"'


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(f"`{path}`" for path in paths[:_NAMED]) + more
