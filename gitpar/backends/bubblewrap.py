"""What a worker may see and change of this machine, as arguments of bubblewrap (`bwrap`), on Linux.

Everything is read-only but the worktree, what a commit writes in the repository, the
attempt's own folder and what the settings add. `/tmp`, `/var/tmp` and `/run` are the
worker's own and empty (sockets live there), well-known places of secrets are hidden, and
it has no rights of root. Makes the folders that a commit needs; starts bwrap only to try it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from gitpar.core.names import RefName
from gitpar.values import dataclass

INSTALL = "install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap; Fedora: dnf install bubblewrap)"
_PATIENCE_S = 10.0
_ALONE = ("--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL")
_OWN = ("/tmp", "/var/tmp", "/run")  # noqa: S108 - not used: hidden
_SECRETS = (
    *(
        "~/.ssh",
        "~/.gnupg",
        "~/.aws",
        "~/.azure",
        "~/.kube",
        "~/.docker",
        "~/.netrc",
        "~/.npmrc",
        "~/.pypirc",
    ),
    *(
        "~/.git-credentials",
        "~/.config/git/credentials",
        "~/.config/gh",
        "~/.config/glab-cli",
        "~/.config/hub",
    ),
    *("~/.config/gcloud", "~/.config/op", "~/.password-store", "~/.local/share/keyrings", "~/.vault-token"),
    *("~/.config/gitpar", "~/.cargo/credentials.toml", "~/.gem/credentials", "~/.terraform.d"),
    *("~/.mozilla", "~/.config/google-chrome", "~/.config/chromium", "~/.bash_history", "~/.zsh_history"),
)
"""Hidden where they are there, unless the settings name them."""
_READ_ONLY_OBJECTS = ("info", "pack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Where one worker is at work, and what it may do beside that. All paths are absolute."""

    worktree: Path
    admin: Path
    """What git keeps of the worktree."""
    common: Path
    """The common git directory."""
    branch: RefName | None
    """What it may move; None for who is on no branch, as gates are."""
    attempt: Path
    """The attempt's own folder: prompt, result, notes, scratch."""
    home: Path
    shown: tuple[Path, ...] = ()
    """Seen although they may lie in a place that is hidden, such as the main worktree."""
    writable: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    """Inside of what is writable."""
    named: tuple[Path, ...] = ()
    """Secrets that are not hidden."""
    network: bool = True


def trouble(*, network: bool = True) -> str:
    """Says why workers cannot be put into a sandbox here; empty where they can."""
    if sys.platform != "linux":
        return "there is no bubblewrap but on Linux"
    program = shutil.which("bwrap")
    if program is None:
        return f"`bwrap` is not on PATH; to have it: {INSTALL}"
    try:
        done = subprocess.run(
            [program, *_frame(network=network), "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`{program}` cannot be run: {error}"
    if done.returncode == 0:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return (
        f"`{program}` does not work here ({said[-1] if said else f'status {done.returncode}'}); "
        "it needs user namespaces: see the settings kernel.unprivileged_userns_clone, "
        "user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns, or the container's rules"
    )


def prepare(bounds: Bounds) -> None:
    """Makes the folders that must be there before they can be made writable."""
    for folder in _of_branch(bounds):
        folder.mkdir(parents=True, exist_ok=True)


def command(bounds: Bounds) -> tuple[str, ...]:
    """Returns the program and arguments before the worker's own command."""
    words = [shutil.which("bwrap") or "/usr/bin/bwrap", *_frame(network=bounds.network)]
    for path in sorted(_reappearing(bounds)):
        words += ["--ro-bind-try", str(path), str(path)]
    words += _hiding(bounds)
    for path in (
        bounds.worktree,
        bounds.common / "objects",
        bounds.admin,
        *_of_branch(bounds),
        bounds.attempt,
    ):
        words += ["--bind", str(path), str(path)]
    for path in (bounds.common / "lfs", *bounds.writable):
        words += ["--bind-try", str(path), str(path)]
    inside = [bounds.common / "objects" / name for name in _READ_ONLY_OBJECTS]
    for path in (*inside, *bounds.read_only):
        words += ["--ro-bind-try", str(path), str(path)]
    return (*words, "--chdir", str(bounds.worktree), "--")


def _frame(*, network: bool) -> Iterator[str]:
    """What every sandbox begins with."""
    yield from _ALONE
    if not network:
        yield "--unshare-net"
    yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
    for folder in _OWN:
        if os.path.isdir(folder) and not os.path.islink(folder):  # noqa: PTH112, PTH114 - a fixed text
            yield from ("--tmpfs", folder)


def _of_branch(bounds: Bounds) -> tuple[Path, ...]:
    """The folders of the attempt's branch and of its log: those of all attempts at the task."""
    if bounds.branch is None:
        return ()
    ref = Path(bounds.branch).parent
    return bounds.common / ref, bounds.common / "logs" / ref


def _reappearing(bounds: Bounds) -> Iterator[Path]:
    """What lies in a place that is the worker's own, and is seen all the same."""
    names = Path(os.path.realpath("/etc/resolv.conf")).parent  # a file of /run on many machines
    for path in (*bounds.shown, bounds.home, bounds.common, names, *bounds.named):
        if any(_below(path, Path(folder)) for folder in (*_OWN, "/dev")):
            yield path


def _hiding(bounds: Bounds) -> Iterator[str]:
    for text in _SECRETS:
        path = bounds.home / text.removeprefix("~/")
        if any(_below(path, each) for each in (*bounds.named, *bounds.writable)):
            continue
        if path.is_dir():
            yield from ("--tmpfs", str(path.resolve()))
        elif path.exists():
            yield from ("--ro-bind", os.devnull, str(path.resolve()))
        for each in bounds.named:
            if _below(each, path):
                yield from ("--ro-bind-try", str(each), str(each))


def _below(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents
