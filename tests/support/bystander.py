"""What a run must leave as it was: the user's checkout, index, HEAD, stash, refs, settings and `git fsck`."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.plaingit import PlainGit

_OWN_REFS = ("refs/heads/gitpar/", "refs/gitpar/", "refs/notes/gitpar")
_OF_THE_USER = (
    "HEAD",
    "ORIG_HEAD",
    "MERGE_HEAD",
    "index",
    "config",
    "packed-refs",
    "logs/HEAD",
    "logs/refs/stash",
    "description",
    "info/exclude",
    "info/attributes",
    "info/sparse-checkout",
    "objects/info/alternates",
)


@dataclass(frozen=True, slots=True)
class Bystander:
    """Digests by name; two of them are compared after a run."""

    facts: Mapping[str, str]

    def differences(self, later: Bystander) -> list[str]:
        """Names everything that is not as it was, was lost or came to it."""
        names = sorted({*self.facts, *later.facts})
        return [name for name in names if self.facts.get(name) != later.facts.get(name)]


def look_at(repository: Path, environ: Mapping[str, str], *, dangling: bool = True) -> Bystander:
    """Reads everything of the user's; `dangling=False` leaves loose ends of killed runs out of fsck."""
    git = PlainGit(repository, {**environ, "GIT_OPTIONAL_LOCKS": "0"})
    git_dir = Path(git.text("rev-parse", "--path-format=absolute", "--git-common-dir"))
    facts: dict[str, str] = {}
    facts.update(_checkout(repository))
    facts.update({f".git/{name}": _digest(git_dir / name) for name in _OF_THE_USER})
    facts.update({f".git/hooks/{path.name}": _digest(path) for path in (git_dir / "hooks").glob("*")})
    for line in git.lines("for-each-ref", "--format=%(refname) %(objectname) %(symref)"):
        name, rest = line.split(" ", 1)
        if not name.startswith(_OWN_REFS):
            facts[name] = rest
    facts.update(
        {f"worktree {line}": "listed" for line in git.lines("worktree", "list", "--porcelain") if line}
    )
    facts.update({f"fsck {line}": "printed" for line in _fsck(git, dangling=dangling)})
    return Bystander(facts)


def left_behind(repository: Path) -> list[str]:
    """Names what `gitpar clean` should have taken away: worktrees, locks, scratch folders."""
    git_dir = repository / ".git"
    found = [*git_dir.glob("worktrees/*"), *git_dir.rglob("*.lock")]
    found += [path for path in (git_dir / "gitpar").glob("runs/*/*") if path.name in {"git", "scratch"}]
    beside = repository.parent / f"{repository.name}.worktrees"
    if beside.exists():
        found += [beside, *beside.rglob("*")]
    return [str(path.relative_to(repository.parent)) for path in found]


def _checkout(repository: Path) -> Iterator[tuple[str, str]]:
    for folder, folders, files in os.walk(repository):
        if ".git" in folders:
            folders.remove(".git")
        for name in files:
            path = Path(folder, name)
            about = path.lstat()
            yield str(path.relative_to(repository)), f"{about.st_mode:o} {about.st_mtime_ns} {_digest(path)}"


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if not path.exists():
        return "absent"
    if not stat.S_ISREG(path.stat().st_mode):
        return "not a file"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _fsck(git: PlainGit, *, dangling: bool) -> list[str]:
    flag = "--dangling" if dangling else "--no-dangling"
    done = git.attempt("fsck", "--full", "--no-progress", flag)
    return [*(done.stdout + done.stderr).decode(errors="replace").splitlines(), f"status {done.returncode}"]
