"""Where a forge is asked, and the forge at such an address."""

from __future__ import annotations

from dataclasses import field

from gitpar.core.forges import ForgeKind
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class ForgeAddress:
    """Where to ask: the root of the interface and the repository's name there.

    `permit` is the header that carries the token, never shown; `token_from` says where
    that came from.
    """

    kind: ForgeKind
    api: str
    repository: str
    permit: tuple[str, str] | None = field(default=None, repr=False)
    token_from: str = ""
