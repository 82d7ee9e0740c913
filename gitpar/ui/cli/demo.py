"""`gitpar demo`: a real run on a repository made for it, for those who see gitpar for the first time.

Builds the repository `bookshop` from its stream, starts the very `gitpar run` a user
would type, and shows the branches it left. Touches nothing outside its own folder.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitpar.errors import EnvironmentFault, ExitCode, UsageError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, pass_invocation, shared, wants_color

if TYPE_CHECKING:
    from gitpar.git.command import GitCommand

STREAM = "repos/bookshop.fast-import"
PLAN = "plans/bookshop.json"
_LEVELS = "gitpar/*/level/*"
_SHIPPED = Path(__file__).parents[2] / "_demo"
_CHECKOUT = Path(__file__).parents[3] / "fixtures"


@click.command(epilog=EXIT_CODES)
@click.option(
    "--keep",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Work in this folder, new or empty.  [default: a temporary one]",
)
@shared
@pass_invocation
def command(call: Invocation, folder: Path | None) -> int:
    """Run a plan of three waves in a small repository made for it.

    Ten tasks edit a little Python project: two change the same file and merge, two
    change the same line and are put in order, one fails at its first attempt.
    The folder is left for you to look around in.
    """
    folder = empty_folder(call.directory / folder if folder else None)
    repository = prepare(folder)
    # both conflicts and merges of a wave are to be seen, so nobody waits for a predicted one
    arguments = ["run", f"../{Path(PLAN).name}", "--on-predicted", "warn", *_passed_on(call)]
    click.echo(f"$ cd {shlex.quote(str(repository))}\n$ gitpar {shlex.join(arguments)}")
    # the person sees the real program, with its live display, on the same terminal
    done = subprocess.run([sys.executable, "-P", "-m", "gitpar", *arguments], cwd=repository, check=False)
    if done.returncode in {ExitCode.OK, ExitCode.NEEDS_PERSON}:
        drawn = graph(repository, colored=wants_color(sys.stdout, call.color))
        click.echo(f"\nThe level branches:\n\n{drawn}", color=True)
    click.echo(farewell(folder, repository))
    return done.returncode


def _passed_on(call: Invocation) -> list[str]:
    """Returns the options of this call that the run should have as well."""
    verbosity = ["--quiet"] if call.verbosity < 0 else ["--verbose"] * call.verbosity
    return [*verbosity, *(["--no-color"] if call.color is False else [])]


def empty_folder(wanted: Path | None) -> Path:
    """Returns the folder to work in, made and empty; raises UsageError where it has something in it."""
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="gitpar-demo-")).resolve()
    wanted.mkdir(parents=True, exist_ok=True)
    if any(wanted.iterdir()):
        raise UsageError(
            f"`{wanted}` is not empty; nothing in it was touched",
            "Name a folder that does not exist yet: gitpar demo --keep DIR",
        )
    return wanted.resolve()


def prepare(folder: Path) -> Path:
    """Puts the repository and the plan into `folder` and returns the repository, checked out on main."""
    repository = folder / "bookshop"
    repository.mkdir()
    git = _git(repository)
    # the user's template may bring hooks, which a demo should not run
    git.run("init", "--quiet", "--template=", "--initial-branch=main", ".")
    git.run("fast-import", "--quiet", stdin=_material(STREAM).read_bytes())
    git.run("reset", "--quiet", "--hard", "main")
    if git.run("config", "user.email", ok=(0, 1)).status == 1:
        git.run("config", "user.name", "gitpar demo")
        git.run("config", "user.email", "demo@localhost")
    shutil.copyfile(_material(PLAN), folder / Path(PLAN).name)
    return repository


def graph(repository: Path, *, colored: bool) -> str:
    """Draws the level branches down to the commit they were cut from, as git does."""
    drawn = _git(repository).run(
        "log",
        "--graph",
        "--oneline",
        "--decorate",
        f"--decorate-refs=refs/heads/{_LEVELS}",
        "--decorate-refs=refs/heads/main",
        f"--color={'always' if colored else 'never'}",
        f"--branches={_LEVELS}",
        "--not",
        "main^@",
    )
    return drawn.text


def farewell(folder: Path, repository: Path) -> str:
    """Says where everything is and what to type next."""
    program = _program()
    rows = [(f"cd {shlex.quote(str(repository))}", "")]
    if last := _last_level(repository):
        rows += [
            (f"{program} status", "what became of each task"),
            (f"{program} logs list-copies", "what its workers printed"),
            (f"git diff main {last}", "everything that landed"),
            (f"git merge --ff-only {last}", "take it"),
            (f"{program} clean", "remove what the run no longer needs"),
        ]
    rows.append((f"rm -rf {shlex.quote(str(folder))}", "remove the demo"))
    width = max(len(command) for command, _ in rows)
    lines = [f"  {command:<{width}}  {why}".rstrip() for command, why in rows]
    return "\n".join(["", f"The demo is in {folder}. To look around, type:", "", *lines])


def _last_level(repository: Path) -> str:
    levels = _git(repository).run(
        "for-each-ref", "--sort=version:refname", "--format=%(refname:short)", f"refs/heads/{_LEVELS}"
    )
    return next(reversed(levels.text.splitlines()), "")


def _program() -> str:
    """Returns what to type to get this very gitpar."""
    if shutil.which("gitpar"):
        return "gitpar"
    started = Path(sys.argv[0]).absolute()
    return (
        shlex.quote(str(started)) if started.name == "gitpar" else f"{shlex.quote(sys.executable)} -m gitpar"
    )


def _material(name: str) -> Path:
    """Finds a file of the demo: beside the package in a checkout, inside it where it was installed."""
    for path in (_SHIPPED / Path(name).name, _CHECKOUT / name):
        if path.is_file():
            return path
    raise EnvironmentFault(
        f"this installation of gitpar lacks the demo's `{Path(name).name}`",
        "Install it again: python -m pip install --force-reinstall gitpar",
    )


def _git(cwd: Path) -> GitCommand:
    from gitpar.git.command import GitCommand  # noqa: PLC0415 - GitPython is not for `gitpar --help`
    from gitpar.git.environment import GitEnvironment  # noqa: PLC0415 - likewise

    return GitCommand(GitEnvironment(cwd))
