"""Proves a history, whoever made it: merges, squashes, replayed commits, gitpar's landings. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitpar.core.certificate import Certificate, read
from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.core.settings import Strategy
from gitpar.core.settlement import Settlement
from gitpar.core.verification import Form, Judged, Verdict
from gitpar.git.attributes import Attributes
from gitpar.git.certifying import Certifier
from gitpar.git.commits import read_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.drafting import Draft
from gitpar.git.landing import merge
from gitpar.git.notes import read_note
from gitpar.git.progress import is_of_notes, proof_problem
from gitpar.git.remerging import Claim, Remerging
from gitpar.git.standing import known_by, standing
from gitpar.git.trees import tree_of
from gitpar.ports import Landing
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a history: what `tip` contains and none of `without`; at most so many commits."""

    tip: CommitId
    without: tuple[CommitId, ...] = ()
    most: int | None = None


class Verification:
    """One look at a history in a coordinator repository. `notes` is where certificates stand, if anywhere."""

    def __init__(self, coordinator: Coordinator, notes: CommitId | None) -> None:
        self._coordinator = coordinator
        self._notes = notes
        self._repository = coordinator.pygit()
        users = coordinator.place.common / "info" / "attributes"
        self._attributes = Attributes(coordinator.attributes, users)
        self._certifier = Certifier(coordinator)

    def judged(self, stretch: Stretch) -> list[Judged]:
        """Returns a judgement of every merge, and of each commit of the branch itself, newest first.

        What has one parent and came by a merge is looked at where it was merged.
        """
        parents = self._history(stretch)
        line = set(_first_parents(stretch.tip, parents))
        found: dict[CommitId, Judged] = {}
        merges = [Claim(commit, above) for commit, above in parents.items() if len(above) > 1]
        for judged in Remerging(self._coordinator, self._attributes).judged(merges):
            found[judged.commit] = judged
        replayed: set[CommitId] = set()
        for commit, above in parents.items():
            certificate = self._certificate(commit) if commit in line else None
            if certificate is not None:
                one = self._landing(commit, certificate)
                # what policies settled git alone cannot make again: there the certificate tells more
                plain = commit in found and not certificate.settled
                found[commit] = found[commit].worse(one) if plain else one
                if found[commit].verdict is Verdict.PROVED:
                    found[commit] = one
                replayed.update(self._chain(commit, certificate.commits)[:-1])
            elif commit in replayed:
                found[commit] = Judged(commit, Form.LANDING, Verdict.PROVED, "a step of a landing")
            elif len(above) < 2 and commit in line:
                found[commit] = standing(self._repository, commit)
        return [self._titled(found[commit]) for commit in parents if commit in found]

    def merges(self, commits: Sequence[CommitId]) -> list[Judged]:
        """Returns a judgement of each of some merges, and of nothing else."""
        claims = [Claim(commit, read_commit(self._repository, commit)[1]) for commit in commits]
        return list(Remerging(self._coordinator, self._attributes).judged(claims))

    def _history(self, stretch: Stretch) -> dict[CommitId, tuple[CommitId, ...]]:
        """The commits, newest first, each with its parents."""
        limits = [f"^{commit}" for commit in stretch.without]
        most = [] if stretch.most is None else [f"--max-count={stretch.most}"]
        asked = ("rev-list", "--topo-order", "--parents", *most, stretch.tip, *limits)
        rows = (line.split() for line in self._coordinator.scratch.run(*asked).text.splitlines())
        return {CommitId(first): tuple(map(CommitId, rest)) for first, *rest in rows}

    def _certificate(self, commit: CommitId) -> Certificate | None:
        if self._notes is None:
            return None
        text = read_note(self._repository, self._notes, commit)
        return None if text is None else read(text)

    def _landing(self, commit: CommitId, certificate: Certificate) -> Judged:
        """Makes the proof of a landing again, by what its certificate declares."""
        missing = [one for one in (certificate.result, certificate.base) if one not in self._repository]
        if missing:
            why = f"what the task brought ({missing[0][:12]}) is not in the repository any more"
            return Judged(commit, Form.LANDING, Verdict.UNPROVED, why)
        if is_of_notes(certificate):
            problem = proof_problem(self._repository, commit, certificate)
            said = "notes of workers"
        else:
            problem = self._problem(commit, certificate)
            said = f"landing of `{certificate.task}`"
        if problem:
            return Judged(commit, Form.LANDING, Verdict.ALARM, problem)
        if settled := (*certificate.settled, *certificate.carried):
            means = " and ".join(dict.fromkeys(one.policy.value for one in settled))
            paths = tuple(one.path for one in settled)
            why = f"{said}, settled by {means}, all else proved"
            return Judged(commit, Form.LANDING, Verdict.UNPROVED, why, (), paths)
        return Judged(commit, Form.LANDING, Verdict.PROVED, said)

    def _problem(self, commit: CommitId, said: Certificate) -> str:
        chain = self._chain(commit, said.commits)
        tip = read_commit(self._repository, chain[0])[1][:1]
        landing = Landing(
            task=TaskId(said.task),
            title="",
            n=said.attempt,
            run=RunId(said.run),
            base=CommitId(said.base),
            result=CommitId(said.result),
            tip=tip[0] if tip else CommitId(said.tip),
            strategy=Strategy(said.strategy),
            settlement=_settlement(commit, said),
            carried=said.carried,
        )
        if (said.commit, said.tip) != (commit, landing.tip):
            return "its certificate is about another commit"
        sides = self._certifier.ground(landing)
        if isinstance(sides, str):
            return sides
        self._attributes.follow(self._repository, tree_of(self._repository, landing.tip))
        draft = Draft(tree_of(self._repository, commit), tuple(chain), Strategy(said.made), said.notes)
        merged = merge(self._coordinator, sides)
        found = self._certifier.certify(landing, draft, sides, merged)
        if isinstance(found, str):
            return found
        if not said.settled and merged.outcome.tree != draft.tree:
            return "git merges the task's result into another tree"
        same = replace(found, engines=said.engines, gates=said.gates) == said
        return "" if same else "its certificate says something else than what is there"

    def _chain(self, commit: CommitId, count: int) -> list[CommitId]:
        """A landing's commits, oldest first."""
        chain = [commit]
        while len(chain) < count and (parents := read_commit(self._repository, chain[-1])[1]):
            chain.append(parents[0])
        return chain[::-1]

    def _titled(self, judged: Judged) -> Judged:
        return judged.titled(*known_by(read_commit(self._repository, judged.commit)[2]))


def _settlement(commit: CommitId, said: Certificate) -> Settlement | None:
    """What a certificate says was settled, as it stands in the landing."""
    if not said.settled:
        return None
    # whether lines were taken back on purpose is for who reads that it was settled
    settled = said.settled
    return Settlement(n=said.attempt, tip=CommitId(said.tip), commit=commit, settled=settled, may_undo=True)


def _first_parents(tip: CommitId, parents: dict[CommitId, tuple[CommitId, ...]]) -> Sequence[CommitId]:
    line = []
    at: CommitId | None = tip
    while at is not None and at in parents:
        line.append(at)
        at = parents[at][0] if parents[at] else None
    return line
