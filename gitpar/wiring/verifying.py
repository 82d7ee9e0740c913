"""`gitpar verify`: which history is meant, and what can be said of it. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gitpar.core.names import CommitId, level_ref, short
from gitpar.core.run import Run, TaskState
from gitpar.core.verification import Form, Judged, Verdict, Verified
from gitpar.errors import UsageError
from gitpar.git.comparing import workbench
from gitpar.git.notes import NOTES
from gitpar.git.refs import GitRefs
from gitpar.git.verifying import Stretch, Verification
from gitpar.wiring.site import Site


def verify(directory: Path, what: str | None, most: int | None = None) -> Verified:
    """Proves a range `A..B`, a branch, or a run (the newest where nothing is named).

    Raises UsageError where the name fits nothing.
    """
    site = Site.at(directory)
    refs = GitRefs(site.place)
    try:
        run = _run(site, what)
        if run is not None:
            stretches, title = _of_run(run, refs, most), f"run {run.id}"
        else:
            stretches, title = [_stretch(refs, what or "HEAD", most)], what or "HEAD"
        certificates = refs.read(NOTES).get(NOTES)
        with workbench(site.place) as coordinator:
            verification = Verification(coordinator, certificates)
            found = [one for stretch in stretches for one in verification.judged(stretch)]
        missing = list(_missing(run, found)) if run is not None and most is None else []
        notes = tuple(_gone(run, refs)) if run is not None else ()
    finally:
        refs.close()
    return Verified(title, (*missing, *found), notes)


def _run(site: Site, what: str | None) -> Run | None:
    """The run that is meant: by its id, or the newest where nothing was named."""
    known = site.run_ids()
    if what is None:
        return site.chosen(None) if known else None
    return site.folded(next(run for run in known if run == what)) if what in known else None


def _of_run(run: Run, refs: GitRefs, most: int | None) -> list[Stretch]:
    """The run's history; level by level where what lies between them was merged by others."""
    if all(level.merged is None for level in run.levels):
        return [Stretch(_end(run, refs), (run.base,), most)]
    levels = [level for level in reversed(run.levels) if level.tip is not None and level.tip != level.base]
    return [Stretch(level.tip, (level.base,), most) for level in levels if level.tip and level.base]


def _stretch(refs: GitRefs, what: str, most: int | None) -> Stretch:
    if "..." in what:
        raise UsageError(
            f"`{what}` has three dots: what both sides have is no history of one branch",
            f"Name the commits that one has and the other has not: {what.replace('...', '..')}",
        )
    start, dots, end = what.partition("..")
    if not dots:
        return Stretch(refs.resolve(what), (), most)
    return Stretch(refs.resolve(end or "HEAD"), (refs.resolve(start or "HEAD"),), most)


def _missing(run: Run, found: list[Judged]) -> Iterator[Judged]:
    """Yields an alarm for each task that the journal calls landed and the history does not have."""
    there = {judged.commit: judged for judged in found}
    for task in run.tasks.values():
        if task.state is not TaskState.LANDED or task.commit is None:
            continue
        judged = there.get(task.commit)
        if judged is None:
            why = f"`{task.task.id}` landed here, and the last level does not contain it"
            yield Judged(task.commit, Form.LANDING, Verdict.ALARM, why, subject=task.task.title)
        elif judged.form is not Form.LANDING and judged.verdict is Verdict.PROVED:
            why = f"`{task.task.id}` has no certificate"
            yield Judged(task.commit, Form.LANDING, Verdict.UNPROVED, why, subject=task.task.title)


def _end(run: Run, refs: GitRefs) -> CommitId:
    """Where the run's last level stands now; where it is gone, where the run left it."""
    levels = [level for level in run.levels if level.tip is not None]
    if not levels:
        return run.base
    ref = level_ref(run.settings.prefix, run.id, levels[-1].number)
    return refs.read(ref).get(ref, run.tip)


def _gone(run: Run, refs: GitRefs) -> Iterator[str]:
    """Says that the last level's branch is gone."""
    levels = [level for level in run.levels if level.tip is not None]
    ref = level_ref(run.settings.prefix, run.id, levels[-1].number) if levels else None
    if ref is not None and ref not in refs.read(ref):
        yield f"`{short(ref)}` is gone: what was verified is where the run left it, {run.tip[:12]}"
