"""Finds the agent of a profile: those that are shipped, then those of other packages by entry point.

A package offers an agent by an entry point of the group `gitpar.agents`: a name and
something that makes a agent_port.Agent of an AgentProfile and a prompt template (or None).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gitpar.agent_port import Agent
from gitpar.core.agents import AgentProfile
from gitpar.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "gitpar.agents"
_SHIPPED = {
    "claude": "Claude",
    "codex": "Codex",
    "gemini": "Gemini",
    "opencode": "Opencode",
    "qwen": "Qwen",
    "aider": "Aider",
}
Made = Callable[[AgentProfile, str | None], Agent]


def kinds() -> list[str]:
    """Names every kind of agent there is here, those of other packages last."""
    return [*_SHIPPED, *sorted({point.name for point in _offered()} - set(_SHIPPED))]


def make(profile: AgentProfile, template: str | None) -> Agent:
    """Makes the agent of a profile; raises UsageError for a kind that nobody offers."""
    if profile.kind in _SHIPPED:
        module = importlib.import_module(f"gitpar.agents.{profile.kind}")
        shipped: Made = getattr(module, _SHIPPED[profile.kind])
        return shipped(profile, template)
    found = [point for point in _offered() if point.name == profile.kind]
    if not found:
        known = ", ".join(kinds())
        raise UsageError(
            f"agent `{profile.name}` is of the kind `{profile.kind}`, which is not known",
            f"Known are {known} and command",
            "A package may offer more by an entry point of the group `gitpar.agents`",
        )
    try:
        other: Made = found[0].load()
    except Exception as error:  # whatever a foreign module raises when it is imported
        raise EnvironmentFault(
            f"agent `{profile.name}` cannot be loaded from `{found[0].value}`: {error}",
            "Mend or remove the package that offers it",
        ) from error
    return other(profile, template)


def _offered() -> Iterable[EntryPoint]:
    """Returns the entry points of other packages."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - 20 ms, for agents that are not shipped

    return entry_points(group=GROUP)
