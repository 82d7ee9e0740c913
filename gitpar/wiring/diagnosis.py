"""`gitpar doctor`: looks whether everything is here that a run needs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from gitpar.backends import bubblewrap
from gitpar.backends.probing import version_of
from gitpar.config import load_settings
from gitpar.core.names import RefName
from gitpar.errors import GitparError
from gitpar.git.checkout import uncommitted
from gitpar.git.commits import DEFAULT_IDENTITY, identity
from gitpar.git.refs import GitRefs
from gitpar.git.removal import leftovers
from gitpar.journal.lease import is_alive
from gitpar.profiles import BUILT_IN, chosen
from gitpar.wiring.assemble import pool_settings
from gitpar.wiring.crew import crew_of, doubts
from gitpar.wiring.request import Finding
from gitpar.wiring.site import Site

_LITTLE_BYTES = 1_000_000_000
_OLDEST_PYTHON = (3, 11)


def diagnose(directory: Path) -> list[Finding]:
    """Looks at machine, repository, settings and what is left of earlier runs; changes nothing."""
    findings = [_python()]
    try:
        site = Site.at(directory)
    except GitparError as error:
        return [*findings, _from_error("repository", error)]
    findings.append(Finding(True, "git", ".".join(map(str, site.place.git_version))))
    for look in (_repository, _settings, _agents, _sandbox, _worktrees, _runs):
        try:
            findings += look(site)
        except (GitparError, OSError) as error:
            findings.append(_from_error(look.__name__.strip("_"), error))
    return findings


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(sys.version_info >= _OLDEST_PYTHON, "python", version, "gitpar needs Python 3.11 or newer")


def _from_error(title: str, error: GitparError | OSError) -> Finding:
    hints = error.hints if isinstance(error, GitparError) else ()
    return Finding(False, title, str(error), "; ".join(hints))


def _repository(site: Site) -> Iterator[Finding]:
    yield Finding(True, "repository", str(site.place.main))
    who = identity(site.place.command)
    known = who != DEFAULT_IDENTITY
    hint = "" if known else "git config user.name NAME && git config user.email MAIL"
    yield Finding(True if known else None, "identity", f"commits are by {who}", hint)
    if site.place.shallow:
        yield Finding(None, "history", "this is a shallow clone", "To have it whole: git fetch --unshallow")
    if site.place.partial:
        yield Finding(None, "history", "this is a partial clone: git fetches what is missing")
    with uncommitted(site.place) as changes:
        changed = changes()
    if changed:
        yield Finding(None, "checkout", f"uncommitted changes in {changed}: they are not part of a run")


def _settings(site: Site) -> Iterator[Finding]:
    settings, warnings = load_settings(site.place.main, {}, os.environ)
    for warning in warnings:
        yield Finding(None, "settings", warning)
    prefix = settings.run.prefix
    refs = GitRefs(site.place)
    try:
        blocked = RefName(f"refs/heads/{prefix}") in refs.read(f"refs/heads/{prefix}")
    finally:
        refs.close()
    yield Finding(
        not blocked,
        "branch names",
        f"a branch called `{prefix}` is in the way" if blocked else f"`{prefix}/…` is free",
        f"git branch -m {prefix} {prefix}-old" if blocked else "",
    )


def _agents(site: Site) -> Iterator[Finding]:
    """Looks for the programs of the agents that the settings name, and says which others there are."""
    settings, _ = load_settings(site.place.main, {}, os.environ)
    crew = crew_of(settings, site.place.main)
    _, by_task, of_run = chosen(settings.agent)
    named = dict.fromkeys((*settings.profiles, *by_task.values(), *([of_run] if of_run else [])))
    for name in named:
        program = crew(name).program
        if program is None:
            continue
        version = version_of(program.name, {**os.environ, **dict(crew.profile(name).env)})
        if version is None:
            yield Finding(False, f"agent {name}", f"`{program.name}` is not on PATH", program.install)
            continue
        doubt = doubts(program, version)
        shown = f"{program.name} {'.'.join(map(str, version))}".strip()
        yield Finding(None if doubt else True, f"agent {name}", doubt or shown, program.install)
    there = [name for name in BUILT_IN if name not in named and shutil.which(name)]
    if there:
        yield Finding(None, "agents", f"also on PATH: {', '.join(there)}")


def _sandbox(site: Site) -> Iterator[Finding]:
    """Tries whether workers can be put into a sandbox; that is wrong only where the settings ask for it."""
    settings, _ = load_settings(site.place.main, {}, os.environ)
    trouble = bubblewrap.trouble(network=settings.run.network)
    asked = {settings.run.sandbox.value, *(one.sandbox for one in settings.profiles.values())}
    detail = trouble or f"bubblewrap works; workers use it: {'yes' if asked & {'bwrap', 'auto'} else 'no'}"
    ok = not trouble or (False if "bwrap" in asked else None)
    yield Finding(ok, "sandbox", detail, "To have one: --sandbox bwrap" if ok is True else "")


def _worktrees(site: Site) -> Iterator[Finding]:
    settings, _ = load_settings(site.place.main, {}, os.environ)
    pool, moved = pool_settings(site, settings)
    there = next(p for p in (pool.root, *pool.root.parents) if p.exists())
    writable = os.access(there, os.W_OK)
    detail = moved or str(pool.root)
    yield Finding(writable, "worktrees", detail, "" if writable else f"{there} cannot be written to")
    free = shutil.disk_usage(there).free
    yield Finding(free > _LITTLE_BYTES, "disk", f"{free / 1e9:.1f} GB free", "Make room before a run")
    yield Finding(
        True if sys.platform == "linux" else None,
        "processes",
        "orphans of workers are adopted and ended"
        if sys.platform == "linux"
        else "workers' processes are found by their parents and their mark",
    )


def _runs(site: Site) -> Iterator[Finding]:
    """Names runs that were left in the middle, and what clean would remove."""
    settings, _ = load_settings(site.place.main, {}, os.environ)
    pool, _ = pool_settings(site, settings)
    journal = site.journal()
    try:
        ids = list(journal.runs())
        alive = {run for run in ids if (row := journal.owner_of(run)) is not None and is_alive(row)}
    finally:
        journal.close()
    yield Finding(True, "journal", f"runs recorded: {len(ids)}" if ids else "no run yet")
    for run_id in ids:
        run = site.folded(run_id)
        if run_id in alive:
            yield Finding(None, f"run {run_id}", "is being worked on", f"gitpar logs -f {run_id}")
        elif run.end is None or run.end.value == "interrupted":
            yield Finding(None, f"run {run_id}", "was left in the middle", f"gitpar resume {run_id}")
        elif left := leftovers(site.place.common, run_id, pool.root):
            yield Finding(None, f"run {run_id}", f"{len(left)} things are left", f"gitpar clean {run_id}")
