"""What one repository gets of a plan over several: its tasks, its settings, and where it starts."""

from __future__ import annotations

from dataclasses import replace

from gitpar.config import Settings
from gitpar.core.asked import Sisters
from gitpar.core.graph import TaskGraph
from gitpar.values import dataclass
from gitpar.wiring.repositories import part_of

_OF_ALL = (
    *("jobs", "jobs_first", "jobs_most", "max_cost_usd", "max_tokens", "max_time_s"),
    *(
        "wave_max_cost_usd",
        "wave_max_tokens",
        "wave_max_time_s",
        "barrier",
        "barrier_wait_s",
        "publish",
        "streams",
        "schedule",
    ),
)
"""Settings of the run, which one repository alone cannot differ in: the first one's count."""


@dataclass(frozen=True, slots=True)
class Share:
    """A repository's part of a plan. `settings_of_first` are None for the first itself."""

    sisters: Sisters
    base: str | None
    remote: str | None
    settings_of_first: Settings | None

    @property
    def first(self) -> bool:
        """Whether it is the repository that gitpar was started in."""
        return self.settings_of_first is None

    def settings(self, own: Settings) -> Settings:
        """Returns the settings for its run: its own, the first one's for what concerns all and who works."""
        first = self.settings_of_first
        if first is None:
            return own
        of_all = {name: getattr(first.run, name) for name in _OF_ALL}
        run = replace(
            own.run,
            **of_all,
            write_back=False,  # the plan is written to once, by the first
            agent_command=own.run.agent_command or first.run.agent_command,
            remote=self.remote or own.run.remote,
        )
        return beside(replace(own, run=run), first)

    def part_of(self, graph: TaskGraph) -> TaskGraph:
        """Returns its tasks alone, on the levels that they have in the whole plan."""
        return part_of(graph, self.sisters.own)


def beside(own: Settings, first: Settings) -> Settings:
    """Returns a repository's settings with what no journal holds of who works, of the first one's."""
    return replace(
        own,
        agent=own.agent or first.agent,
        profiles={**first.profiles, **own.profiles},
        stream_settings=first.stream_settings,
    )
