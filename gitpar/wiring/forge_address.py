"""Where the forge of a repository is asked: from CI's variables, else from the remote's address."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

from gitpar.errors import UsageError
from gitpar.forges.open_changes import ForgeAddress, ForgeKind

_SCP = re.compile(r"^(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>[^/].*)$")
_TOKENS = {
    ForgeKind.GITHUB: (("GITHUB_TOKEN", "Authorization"), ("GH_TOKEN", "Authorization")),
    ForgeKind.GITLAB: (("GITLAB_TOKEN", "PRIVATE-TOKEN"), ("CI_JOB_TOKEN", "JOB-TOKEN")),
}
"""The variables that may hold a token, the first that is set counts, each with the header it goes into."""


def forge_address(kind: str, environ: Mapping[str, str], remote_url: str) -> ForgeAddress:
    """Returns the address of a forge; `kind` is "auto" or one of ForgeKind.

    Raises UsageError where it cannot be told.
    """
    host, path = _split(remote_url)
    found = _kind(kind, environ, host)
    if found is ForgeKind.GITHUB:
        own = "https://api.github.com" if host in ("", "github.com") else f"https://{host}/api/v3"
        api, repository = environ.get("GITHUB_API_URL", own), environ.get("GITHUB_REPOSITORY", path)
    else:
        api = environ.get("CI_API_V4_URL", f"https://{host or 'gitlab.com'}/api/v4")
        repository = environ.get("CI_PROJECT_ID", path)
    if not repository:
        raise UsageError(
            "it is not clear which repository to ask the forge for: there is no remote `origin`",
            "Name the branches instead: --others GLOB",
        )
    for variable, header in _TOKENS[found]:
        if token := environ.get(variable):
            value = f"Bearer {token}" if header == "Authorization" else token
            return ForgeAddress(found, api.rstrip("/"), repository, (header, value), variable)
    return ForgeAddress(found, api.rstrip("/"), repository)


def _kind(kind: str, environ: Mapping[str, str], host: str) -> ForgeKind:
    if kind != "auto":
        return ForgeKind(kind)
    if environ.get("GITHUB_ACTIONS") == "true" or "github" in host:
        return ForgeKind.GITHUB
    if environ.get("GITLAB_CI") == "true" or "gitlab" in host:
        return ForgeKind.GITLAB
    where = f"`{host}`" if host else "this repository, which has no remote `origin`"
    raise UsageError(
        f"it is not clear which kind of forge {where} belongs to", "Say it: --forge github, or --forge gitlab"
    )


def _split(url: str) -> tuple[str, str]:
    """The host and the repository's path of a remote's address, empty for a folder."""
    if "://" in url:
        parts = urllib.parse.urlsplit(url)
        host, path = parts.hostname or "", parts.path
    elif found := _SCP.match(url):
        host, path = found["host"], found["path"]
    else:
        return "", ""
    return host, path.strip("/").removesuffix(".git")
