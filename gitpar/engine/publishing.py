"""Publishes a run: look, take the step that is due, journal it before and after, look again where unsure.

No decisions: those are in core.publishing. Killed anywhere, it is begun again and finds
what is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from gitpar.core import events as e
from gitpar.core.apply import apply
from gitpar.core.forges import ChangeRequest
from gitpar.core.publication import Publication
from gitpar.core.publishing import (
    MergeRequest,
    PushBranches,
    PushNotes,
    Seen,
    Step,
    Words,
    WriteRequest,
    current,
    due,
    opens_requests,
    problems,
)
from gitpar.core.run import Run
from gitpar.core.settings import PublishAs
from gitpar.errors import EnvironmentFault, ForgeRefused, ForgeUnsure, RemoteLost
from gitpar.faults import Step as FaultStep
from gitpar.faults import passage
from gitpar.ports import Clock, Forge, Journal, Remote, Watcher
from gitpar.values import dataclass

_TRIES = 4
"""How often a step is begun again after its answer was lost."""
_WRONG_NOW = frozenset({405, 409, 422})
"""A forge's refusals that are about this request; all others end the publishing."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What publishing acts on. `forge` is None where only branches are pushed."""

    remote: Remote
    forge: Forge | None
    clock: Clock
    pause: Callable[[float], None]


class Publisher:
    """Publishes one run. The caller holds its lease and has journaled PublishOpened."""

    def __init__(self, run: Run, journal: Journal, outside: Outside, watcher: Watcher) -> None:
        self._run = run
        self._journal = journal
        self._outside = outside
        self._watcher = watcher
        self._tries = _TRIES

    def publish(self, publication: Publication, words: Mapping[str, Words], *, whole: bool = True) -> None:
        """Takes every step that is due and closes the publication.

        Where not the `whole` is to be done, nothing is merged and it stays open: more is to
        be said in the requests once other repositories have theirs.
        """
        seen = look(self._outside.remote, self._outside.forge, self._run, publication)
        self._note(publication, seen)
        while (step := due(self._run, publication, seen, words)) is not None:
            if isinstance(step, MergeRequest) and not whole:
                return
            self._take(self._opening(step))
            try:
                self._do(step, seen)
                self._tries = _TRIES
            except (ForgeUnsure, RemoteLost) as lost:
                self._pause_after(lost)
                seen = self._looked_again(publication, seen)
            self._note(publication, seen)
        if not whole:
            return
        self._take(e.PublishClosed(at=self._now(), problems=problems(self._run, publication, seen)))

    # --- steps ------------------------------------------------------------------------

    def _opening(self, step: Step) -> e.Event:
        match step:
            case PushBranches(pushes):
                return e.BranchesPushing(at=self._now(), pushes=pushes)
            case WriteRequest(draft, number):
                return e.RequestWriting(at=self._now(), head=draft.head, base=draft.base, number=number)
            case MergeRequest(head, number, commit):
                return e.RequestMerging(at=self._now(), head=head, number=number, commit=commit)
            case PushNotes():
                return e.NotesPushing(at=self._now())
            case _:
                assert_never(step)

    def _do(self, step: Step, seen: Seen) -> None:
        match step:
            case PushBranches():
                self._push(step, seen)
            case WriteRequest():
                self._write(step, seen)
            case MergeRequest():
                self._merge(step, seen)
            case PushNotes():
                self._push_notes(seen)
            case _:
                assert_never(step)

    def _push(self, step: PushBranches, seen: Seen) -> None:
        passage(FaultStep.PUBLISH_PUSH)
        refused = self._outside.remote.push(step.pushes)
        passage(FaultStep.PUBLISH_PUSHED)
        self._take(e.BranchesPushed(at=self._now(), refused=refused))
        seen.push_refused = refused
        if not refused:
            seen.branches |= {push.head: push.commit for push in step.pushes}

    def _push_notes(self, seen: Seen) -> None:
        passage(FaultStep.PUBLISH_PUSH)
        seen.notes = self._outside.remote.push_notes()
        passage(FaultStep.PUBLISH_PUSHED)
        self._take(e.NotesPushed(at=self._now(), refused=seen.notes))

    def _write(self, step: WriteRequest, seen: Seen) -> None:
        """Makes or changes a request. One that is there after a refusal was made by a lost answer."""
        forge, head = self._forge, step.draft.head
        passage(FaultStep.REQUEST_WRITE)
        try:
            number = step.number
            written = forge.open(step.draft) if number is None else forge.update(number, step.draft)
        except ForgeRefused as refused:
            if refused.status not in _WRONG_NOW:
                raise
            before = len(seen.requests.get(head, ()))
            seen.requests[head] = list(forge.requests(head))
            if step.number is not None or len(seen.requests[head]) == before:
                seen.refused[head] = refused.message
            return
        passage(FaultStep.REQUEST_WRITTEN)
        _replace(seen, head, written)

    def _merge(self, step: MergeRequest, seen: Seen) -> None:
        passage(FaultStep.REQUEST_MERGE)
        refused = self._forge.merge(step.number, step.commit)
        passage(FaultStep.REQUEST_MERGED)
        if refused:
            seen.unmerged[step.head] = refused
        _replace(seen, step.head, self._forge.read(step.number))

    # --- looking ----------------------------------------------------------------------

    def _looked_again(self, publication: Publication, before: Seen) -> Seen:
        seen = look(self._outside.remote, self._outside.forge, self._run, publication)
        seen.refused, seen.unmerged, seen.notes = before.refused, before.unmerged, before.notes
        return seen

    def _note(self, publication: Publication, seen: Seen) -> None:
        """Journals what the forge has now where that is news."""
        for layer in publication.layers:
            found = current(seen.requests.get(layer.head, ()), layer)
            if found is not None and not _known(publication, layer.head, found):
                self._take(
                    e.RequestSeen(
                        at=self._now(),
                        head=layer.head,
                        number=found.number,
                        url=found.url,
                        base=found.base,
                        commit=found.commit,
                        state=found.state,
                    )
                )

    def _pause_after(self, lost: EnvironmentFault) -> None:
        self._tries -= 1
        if self._tries == 0:
            raise lost
        self._outside.pause(0.5 * 2 ** (_TRIES - self._tries - 1))

    @property
    def _forge(self) -> Forge:
        if self._outside.forge is None:
            raise ValueError("requests are published without a forge")
        return self._outside.forge

    def _now(self) -> float:
        return self._outside.clock.now()

    def _take(self, event: e.Event) -> None:
        self._journal.append([event])
        apply(self._run, event)
        self._watcher.event(event, self._run)


def _replace(seen: Seen, head: str, request: ChangeRequest) -> None:
    others = [each for each in seen.requests.get(head, ()) if each.number != request.number]
    seen.requests[head] = [*others, request]


def _known(publication: Publication, head: str, found: ChangeRequest) -> bool:
    last = publication.requests.get(head)
    return last is not None and (last.number, last.base, last.state, last.commit) == (
        found.number,
        found.base,
        found.state,
        found.commit,
    )


def look(remote: Remote, forge: Forge | None, run: Run, publication: Publication) -> Seen:
    """Returns what remote and forge have of a publication; changes nothing."""
    heads = [layer.head for layer in publication.layers]
    there = remote.look([*heads, publication.target] if publication.target else heads)
    seen = Seen(dict(there.branches))
    if publication.mode is PublishAs.INTO and publication.target in seen.branches:
        seen.forward = remote.contains(run.tip, seen.branches[publication.target])
    if forge is not None and opens_requests(publication.mode):
        seen.requests = {head: list(forge.requests(head)) for head in heads}
    return seen
