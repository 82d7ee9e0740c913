"""Where the forge of a repository is asked: from CI's variables, else from the remote's address."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

from gitpar.core.forges import ForgeKind
from gitpar.errors import UsageError
from gitpar.forges.address import ForgeAddress
from gitpar.forges.token import gh_token

_SCP = re.compile(r"^(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>[^/].*)$")
_TOKENS = {
    ForgeKind.GITHUB: (("GITHUB_TOKEN", "Authorization"), ("GH_TOKEN", "Authorization")),
    ForgeKind.GITLAB: (("GITLAB_TOKEN", "PRIVATE-TOKEN"), ("CI_JOB_TOKEN", "JOB-TOKEN")),
    ForgeKind.GITEA: (
        ("GITEA_TOKEN", "Authorization"),
        ("FORGEJO_TOKEN", "Authorization"),
        ("GITHUB_TOKEN", "Authorization"),  # what Gitea's own CI calls it
    ),
}
"""The variables that may hold a token, the first that is set counts, each with the header it goes into."""

_CI = (
    ("GITEA_ACTIONS", ForgeKind.GITEA),
    ("FORGEJO_ACTIONS", ForgeKind.GITEA),
    ("GITHUB_ACTIONS", ForgeKind.GITHUB),
    ("GITLAB_CI", ForgeKind.GITLAB),
)
_OF_CI = frozenset(
    {"GITHUB_API_URL", "GITHUB_REPOSITORY", "CI_API_V4_URL", "CI_PROJECT_ID", *(name for name, _ in _CI)}
)
_SCHEMES = {ForgeKind.GITHUB: "Bearer ", ForgeKind.GITEA: "token "}
_KNOWN = (
    (ForgeKind.GITHUB, ("github",)),
    (ForgeKind.GITLAB, ("gitlab",)),
    (ForgeKind.GITEA, ("gitea", "forgejo", "codeberg.org")),
)
"""What the name of a host that runs a forge usually has in it."""


def forge_address(kind: str, environ: Mapping[str, str], remote_url: str, *, ci: bool = True) -> ForgeAddress:
    """Returns the address of a forge; `kind` is "auto" or one of ForgeKind.

    Without `ci` what CI's variables say is about another repository: where the remote has
    an address, that counts. Raises UsageError where it cannot be told.
    """
    host, path = _split(remote_url)
    if host and not ci:
        environ = {name: value for name, value in environ.items() if name not in _OF_CI}
    found = _kind(kind, environ, host)
    match found:
        case ForgeKind.GITHUB:
            own = "https://api.github.com" if host in ("", "github.com") else f"https://{host}/api/v3"
            api, repository = environ.get("GITHUB_API_URL", own), environ.get("GITHUB_REPOSITORY", path)
        case ForgeKind.GITLAB:
            api = environ.get("CI_API_V4_URL", f"https://{host or 'gitlab.com'}/api/v4")
            repository = environ.get("CI_PROJECT_ID", path)
        case ForgeKind.GITEA:
            api = environ.get("GITHUB_API_URL", f"https://{host or 'codeberg.org'}/api/v1")
            repository = environ.get("GITHUB_REPOSITORY", path)
    if not repository:
        raise UsageError(
            "it is not clear which repository of the forge is meant: the remote's address names none",
            "Give the remote the forge's address: git remote set-url NAME URL",
        )
    api = api.rstrip("/")
    token, header, source = _token(found, environ, host)
    if not token:
        return ForgeAddress(found, api, repository)
    scheme = _SCHEMES.get(found, "") if header == "Authorization" else ""
    return ForgeAddress(found, api, repository, (header, scheme + token), source)


def _token(kind: ForgeKind, environ: Mapping[str, str], host: str) -> tuple[str, str, str]:
    """Returns token, header and where it came from; a `gh` that is logged in is asked last."""
    for variable, header in _TOKENS[kind]:
        if token := environ.get(variable):
            return token, header, variable
    if kind is ForgeKind.GITHUB and (token := gh_token(host or "github.com", environ)):
        return token, "Authorization", "`gh auth token`"
    return "", "", ""


def _kind(kind: str, environ: Mapping[str, str], host: str) -> ForgeKind:
    if kind != "auto":
        return ForgeKind(kind)
    # Gitea's CI sets GitHub's variables as well
    for variable, of_ci in _CI:
        if environ.get(variable) == "true":
            return of_ci
    for known, parts in _KNOWN:
        if any(part in host for part in parts):
            return known
    where = f"`{host}`" if host else "this repository, whose remote names no host,"
    raise UsageError(
        f"it is not clear which kind of forge {where} belongs to",
        "Say it: --forge github, --forge gitlab or --forge gitea",
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
