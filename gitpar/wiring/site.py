"""A repository with its journal: what every command but `plan` begins with."""

from __future__ import annotations

from pathlib import Path

from gitpar.core.apply import fold
from gitpar.core.names import RunId
from gitpar.core.run import Run
from gitpar.errors import UsageError
from gitpar.git.repository import RepositoryPlace, discover
from gitpar.journal.sqlite import SqliteJournal
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """Where gitpar was started."""

    place: RepositoryPlace

    @classmethod
    def at(cls, directory: Path) -> Site:
        """Finds the repository of a folder; raises EnvironmentFault where there is none."""
        return cls(discover(directory))

    @property
    def journal_path(self) -> Path:
        """The one journal of the repository, the same from every worktree."""
        return self.place.common / "gitpar" / "journal.db"

    def journal(self) -> SqliteJournal:
        """Opens the journal to read; the caller closes it."""
        return SqliteJournal.read(self.journal_path)

    def folded(self, run: RunId) -> Run:
        """Replays one run."""
        journal = self.journal()
        try:
            return fold(list(journal.events(run)))
        finally:
            journal.close()

    def run_ids(self) -> list[RunId]:
        """All recorded runs, oldest first."""
        journal = self.journal()
        try:
            return list(journal.runs())
        finally:
            journal.close()

    def chosen(self, named: str | None) -> Run:
        """Replays the run that is meant: the named one, else the newest unfinished, else the newest.

        A name may be cut short. Raises UsageError where no run was ever recorded, or
        the name fits none or several.
        """
        ids = self.run_ids()
        if not ids:
            raise UsageError(
                f"no run was ever recorded in `{self.place.main}`", "Start one with: gitpar run PLAN"
            )
        if named is not None:
            fitting = [run for run in ids if run == named] or [run for run in ids if run.startswith(named)]
            if len(fitting) != 1:
                what = "several runs begin so" if fitting else "there is no such run"
                known = ", ".join(reversed(fitting or ids[-8:]))
                raise UsageError(f"`{named}`: {what}", f"Runs, newest first: {known}")
            return self.folded(fitting[0])
        newest = self.folded(ids[-1])
        if newest.end is not None and newest.end.value != "interrupted":
            for run_id in reversed(ids[:-1]):
                older = self.folded(run_id)
                if older.end is None or older.end.value == "interrupted":
                    return older
        return newest
