"""Publishing a run: which branches are pushed, which requests are made, changed and merged.

Pure: `due` looks at what the run has, what the remote and the forge have, and returns the
one step that is due. What is as it should be needs no step, so publishing again, after a
kill or after more has landed, is the same loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from gitpar.core.events import RunEnd
from gitpar.core.forges import BranchPush, ChangeRequest, Draft, Layer, RequestState
from gitpar.core.names import NO_COMMIT, CommitId, landed_ref, level_ref, short
from gitpar.core.settings import PublishAs
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.core.publication import Publication
    from gitpar.core.run import Level, Run

_OPENS = (PublishAs.PR_PER_LEVEL, PublishAs.PR_PER_TASK)
_BEGIN, _END = "<!-- gitpar: what stands below is written by gitpar -->", "<!-- gitpar: end -->"


@dataclass(frozen=True, slots=True)
class Words:
    """Title and body of a request, as made from the run."""

    title: str
    body: str


@dataclass(slots=True)
class Seen:
    """What remote and forge were last seen to have, and what they refused while publishing."""

    branches: dict[str, CommitId]
    """The remote's branches by short name."""
    forward: bool = True
    """Whether the branch that is to be moved lies behind what is pushed to it."""
    requests: dict[str, list[ChangeRequest]] = field(default_factory=dict)
    """By head, whatever became of them."""
    push_refused: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    """Why a head's request could not be made or changed."""
    unmerged: dict[str, str] = field(default_factory=dict)
    """Why a head's request was not merged."""
    notes: str | None = None
    """What came of pushing the notes: None where that was not tried, empty where they are there."""


@dataclass(frozen=True, slots=True)
class PushBranches:
    """Push all or none, each only where it still stands as expected."""

    pushes: tuple[BranchPush, ...]


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Make a request, or change the one with that number."""

    draft: Draft
    number: int | None


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """Merge a request at exactly this commit."""

    head: str
    number: int
    commit: CommitId


@dataclass(frozen=True, slots=True)
class PushNotes:
    """Push the notes that hold the certificates, forward only."""


Step = PushBranches | WriteRequest | MergeRequest | PushNotes


def layers(run: Run, mode: PublishAs, target: str) -> tuple[Layer, ...]:
    """Returns what is to be published, lowest first; what brought nothing is left out."""
    prefix = run.settings.prefix
    match mode:
        case PublishAs.INTO:
            return (Layer(target, run.tip, len(run.levels)),) if run.tip != run.base else ()
        case PublishAs.PR_PER_TASK:
            return tuple(layer for level in run.levels for layer in _of_tasks(run, level))
        case PublishAs.BRANCH | PublishAs.PR_PER_LEVEL:
            return tuple(
                Layer(
                    short(level_ref(prefix, run.id, level.number)),
                    level.tip,
                    level.number,
                    merged=level.merged is not None,
                )
                for level in run.levels
                if level.tip is not None and level.tip != level.base
            )


def _of_tasks(run: Run, level: Level) -> list[Layer]:
    """Returns a layer a landed task; the notes of the level's workers are part of the last one."""
    prefix = run.settings.prefix
    found = [
        Layer(short(landed_ref(prefix, run.id, task)), commit, level.number, task)
        for task in level.landed
        if (commit := run.tasks[task].commit) is not None
    ]
    if level.tip is None or level.tip == (found[-1].commit if found else level.base):
        return found
    if not found:
        return [Layer(short(level_ref(prefix, run.id, level.number)), level.tip, level.number)]
    return [*found[:-1], replace(found[-1], commit=level.tip)]


def opens_requests(mode: PublishAs) -> bool:
    """Says whether a forge is needed."""
    return mode in _OPENS


def due(run: Run, publication: Publication, seen: Seen, words: Mapping[str, Words]) -> Step | None:
    """Returns the next step, None where nothing is left to do or nothing more can be done."""
    if seen.push_refused or any(_strangers(run, publication, seen)) or _held_back(run, publication, seen):
        return None
    if pushes := tuple(_pushes(publication, seen)):
        return PushBranches(pushes)
    if publication.notes and publication.layers and seen.notes is None:
        return PushNotes()
    if publication.mode not in _OPENS:
        return None
    for layer in publication.layers:
        if (step := _write(publication, seen, layer, words[layer.head])) is not None:
            return step
    return _merge(run, publication, seen)


def _merged(seen: Seen, layer: Layer) -> bool:
    return layer.merged or any(
        r.state is RequestState.MERGED and r.commit == layer.commit for r in seen.requests.get(layer.head, ())
    )


def _pushes(publication: Publication, seen: Seen) -> Iterator[BranchPush]:
    for layer in publication.layers:
        there = seen.branches.get(layer.head, NO_COMMIT)
        if there != layer.commit and not _merged(seen, layer):
            yield BranchPush(layer.head, layer.commit, there)


def _strangers(run: Run, publication: Publication, seen: Seen) -> Iterator[str]:
    """Yields a sentence for each branch that somebody else has moved."""
    if publication.mode is PublishAs.INTO:
        return
    for push in _pushes(publication, seen):
        if push.expected != NO_COMMIT and push.expected not in run.pushed.get(push.head, ()):
            yield (
                f"`{push.head}` stands at {push.expected[:12]} on `{publication.remote}`, "
                f"which this run has not pushed: nothing was overwritten"
            )


def _held_back(run: Run, publication: Publication, seen: Seen) -> str:
    """Says why a branch of the user's is not moved, or nothing."""
    if publication.mode is not PublishAs.INTO or not any(_pushes(publication, seen)):
        return ""
    name = f"`{publication.target}` of `{publication.remote}` was not moved"
    if run.end is not RunEnd.DONE:
        return f"{name}: not everything landed"
    if not seen.forward:
        return f"{name}: it has gone elsewhere, so it cannot be moved forward"
    return ""


def current(requests: Sequence[ChangeRequest], layer: Layer) -> ChangeRequest | None:
    """Returns the request that stands for a layer: an open one, else the newest that still means it.

    One that was merged at another commit does not: what came since needs another.
    """
    opened = [request for request in requests if request.state is RequestState.OPEN]
    if opened:
        return min(opened, key=lambda request: request.number)
    ended = [
        r
        for r in requests
        if r.state is RequestState.CLOSED
        or r.commit == layer.commit
        or (layer.merged and r.state is RequestState.MERGED)
    ]
    return max(ended, key=lambda request: request.number, default=None)


def base_of(publication: Publication, seen: Seen, layer: Layer) -> str:
    """Returns what a layer's request goes into: the next lower layer that is not merged, else the target."""
    base = publication.target
    for lower in publication.layers:
        if lower.head == layer.head:
            break
        if not _merged(seen, lower):
            base = lower.head
    return base


def _write(publication: Publication, seen: Seen, layer: Layer, words: Words) -> WriteRequest | None:
    if layer.head in seen.refused or layer.merged:
        return None
    found = current(seen.requests.get(layer.head, ()), layer)
    base = base_of(publication, seen, layer)
    if found is None:
        return WriteRequest(Draft(layer.head, base, words.title, marked(words.body)), None)
    if found.state is not RequestState.OPEN:
        return None
    body = put_into(found.body, words.body)
    if found.base == base and _same(body, found.body):
        return None
    return WriteRequest(Draft(layer.head, base, found.title, body), found.number)


def _merge(run: Run, publication: Publication, seen: Seen) -> MergeRequest | None:
    """The lowest request that is not merged, where requests are merged by gitpar and all work is done."""
    if publication.mode is not PublishAs.PR_PER_TASK or run.end is not RunEnd.DONE or seen.unmerged:
        return None
    for layer in publication.layers:
        if _merged(seen, layer):
            continue
        found = current(seen.requests.get(layer.head, ()), layer)
        if found is None or found.state is not RequestState.OPEN or layer.head in seen.refused:
            return None
        return MergeRequest(layer.head, found.number, layer.commit)
    return None


def problems(run: Run, publication: Publication, seen: Seen) -> tuple[str, ...]:
    """Returns what a person must see to once nothing is due any more, a sentence each."""
    told = [*_strangers(run, publication, seen)]
    if held := _held_back(run, publication, seen):
        told.append(held)
    if seen.push_refused:
        told.append(f"`{publication.remote}` refused the push, so nothing moved there: {seen.push_refused}")
    if seen.notes:
        told.append(f"the certificates were not pushed: {seen.notes}")
    told += seen.refused.values()
    if publication.mode in _OPENS and not told:
        for layer in publication.layers:
            found = current(seen.requests.get(layer.head, ()), layer)
            if found is not None and found.state is RequestState.CLOSED:
                told.append(
                    f"request {found.number} from `{layer.head}` was closed by somebody: it stays closed"
                )
    told += [f"the request from `{head}` was not merged: {why}" for head, why in seen.unmerged.items()]
    return tuple(told)


# --- a dry run ----------------------------------------------------------------------------


def planned(run: Run, publication: Publication, seen: Seen, words: Mapping[str, Words]) -> list[Step]:
    """Returns every step that publishing would take if none is refused; `seen` is not changed."""
    imagined = replace(seen, branches=dict(seen.branches), requests=dict(seen.requests))
    steps: list[Step] = []
    while (step := due(run, publication, imagined, words)) is not None:
        steps.append(step)
        _imagine(imagined, publication, step)
    return steps


def _imagine(seen: Seen, publication: Publication, step: Step) -> None:
    match step:
        case PushBranches(pushes):
            seen.branches |= {push.head: push.commit for push in pushes}
        case WriteRequest(draft, number):
            commit = next(layer.commit for layer in publication.layers if layer.head == draft.head)
            known = [r for r in seen.requests.get(draft.head, ()) if r.number != number]
            made = ChangeRequest(
                number or 0,
                draft.head,
                draft.base,
                commit,
                RequestState.OPEN,
                draft.title,
                draft.body,
                "",
            )
            seen.requests[draft.head] = [*known, made]
        case MergeRequest(head, number):
            seen.requests[head] = [
                replace(r, state=RequestState.MERGED) if r.number == number else r
                for r in seen.requests[head]
            ]
        case PushNotes():
            seen.notes = ""


# --- bodies -------------------------------------------------------------------------------


def marked(body: str) -> str:
    """Returns a body between marks, so that it can be told from what people write around it."""
    return f"{_BEGIN}\n{body.strip()}\n{_END}"


def put_into(there: str, body: str) -> str:
    """Returns a request's text with gitpar's part made new; what people wrote around it stays."""
    text = there.replace("\r\n", "\n")
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if begin and end:
        return f"{before}{marked(body)}{after}"
    return f"{text.rstrip()}\n\n{marked(body)}".lstrip()


def _same(a: str, b: str) -> bool:
    """Forges change line ends and cut blanks at the end."""
    return a.replace("\r\n", "\n").strip() == b.replace("\r\n", "\n").strip()
