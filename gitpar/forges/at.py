"""The forge at an address."""

from __future__ import annotations

from gitpar.core.forges import ForgeKind
from gitpar.forges.address import ForgeAddress
from gitpar.forges.gitea import Gitea
from gitpar.forges.github import GitHub
from gitpar.forges.gitlab import GitLab
from gitpar.forges.rest import Patience, Rest
from gitpar.ports import Forge


def forge_at(address: ForgeAddress, patience: Patience | None = None) -> Forge:
    """Returns the forge; nothing is asked of it yet."""
    rest = Rest(address, patience)
    match address.kind:
        case ForgeKind.GITHUB:
            return GitHub(rest)
        case ForgeKind.GITLAB:
            return GitLab(rest)
        case ForgeKind.GITEA:
            return Gitea(rest)
