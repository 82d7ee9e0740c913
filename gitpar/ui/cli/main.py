"""The program: finds the command, and turns every way it can fail into words and an exit code.

Commands are loaded when they are called, so that `gitpar --version` costs next to nothing.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence

import click

from gitpar import __version__
from gitpar.errors import EnvironmentFault, ExitCode, GitparError, PlanError, UsageError
from gitpar.ui.cli.options import EXIT_CODES, Invocation, shared, wants_color
from gitpar.ui.plain import clean
from gitpar.ui.streams import silence

COMMANDS = {
    "run": "Work on a plan: run its tasks at once and land what they bring.",
    "plan": "Show a plan: waves, dependencies, critical path.",
    "prompt": "Show what the worker of a task is told.",
    "conflicts": "Show which changes get in each other's way.",
    "check": "Check before a merge whether a change merges, and with what else is open.",
    "status": "Show where a run stands.",
    "logs": "Show what workers printed.",
    "notes": "Show what workers wrote for each other.",
    "resume": "Go on with a run that was interrupted.",
    "publish": "Push what a run landed and make pull requests of it.",
    "report": "Show what became of a run, with all conflicts.",
    "clean": "Remove what a run no longer needs.",
    "undo": "Put back what a run moved, or what an undo did.",
    "history": "List runs and undos, with the branches that each moved.",
    "verify": "Prove what has landed: a range, a branch or a run.",
    "init": "Write settings and a first plan from what the repository has.",
    "doctor": "Check git, the repository and the machine.",
    "demo": "Make a small repository and run a plan in it.",
}
"""Every command, in the order of the help; each lives in the module of its name, as `command`."""

DEBUG = "GITPAR_DEBUG"
COMPLETE = "_GITPAR_COMPLETE"
"""Set by a shell that wants completions, which click writes."""

_OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)


class _Commands(click.Group):
    """Loads a command when it is called; until then only its line of help is known."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names every command, in the order of the help, without loading any."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Loads a command; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"gitpar.ui.cli.{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command that is typed; raises UsageError with the nearest name where there is none."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib  # noqa: PLC0415 - for who mistypes

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else "All commands: gitpar --help"
            raise UsageError(f"there is no command `{name}`", hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Writes the commands' lines of the help, which click would load every command for."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Commands,
    epilog=EXIT_CODES,
    no_args_is_help=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@shared
@click.version_option(__version__, message="gitpar %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run a plan of tasks at once in one Git repository.

    Each task gets a worktree of its own; conflicts are found before they hurt, and
    only proved results land.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None, call: Invocation | None = None) -> int:
    """Runs the program and returns its exit code. `call` lets tests hand in a house of their own."""
    args = list(sys.argv[1:] if arguments is None else arguments)
    call = call or Invocation()
    try:
        return _called(args, call)
    except (GitparError, click.ClickException) as failed:
        told = _usage(failed) if isinstance(failed, click.ClickException) else failed
        return _failed(told, call, args)
    except (KeyboardInterrupt, click.Abort):
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, SystemExit) as ended:
        if not _reader_left(ended):
            raise
        silence(sys.stdout)
        return ExitCode.OK
    except Exception as bug:  # noqa: BLE001 - the last place where a bug can be told in words
        if isinstance(bug, OSError) and bug.errno in _OF_THE_MACHINE:
            return _failed(_refused(bug), call, args)
        return _bug(bug, call, args)


def _called(args: list[str], call: Invocation) -> int:
    """Finds the command and calls it; errors come out as they are, which `cli.main` would not let them."""
    if COMPLETE in os.environ:
        cli.main(args=args, prog_name="gitpar", obj=call)
    try:
        with cli.make_context("gitpar", args, obj=call) as ctx:
            status = cli.invoke(ctx)
    except click.exceptions.Exit as ended:
        status = ended.exit_code
    sys.stdout.flush()
    return int(status or 0)


def _reader_left(ended: BaseException) -> bool:
    """Says whether whoever read our output has gone, which rich tells by SystemExit."""
    return isinstance(ended, BrokenPipeError) or isinstance(ended.__context__, BrokenPipeError)


def _usage(wrong: click.ClickException) -> UsageError:
    """Says in gitpar's words what click found wrong with the command line."""
    hints = []
    if isinstance(wrong, click.NoSuchOption) and wrong.possibilities:
        hints.append(f"Did you mean `{min(wrong.possibilities)}`?")
    if isinstance(wrong, click.UsageError) and wrong.ctx is not None:
        hints.append(f"How it is used: {wrong.ctx.command_path} --help")
    message = wrong.format_message().split(" Did you mean")[0].rstrip(".")
    return UsageError(message[:1].lower() + message[1:], *hints)


def _refused(error: OSError) -> GitparError:
    """Says what the machine would not do, and that nothing is lost by it."""
    where = f"`{error.filename}`" if error.filename else "the output or a file"
    return EnvironmentFault(
        f"{where} could not be written: {error.strerror}",
        "What a run has done so far is kept: make room, then `gitpar resume` goes on with it",
    )


def _failed(failed: GitparError, call: Invocation, args: Sequence[str]) -> int:
    """Prints an error and its hints on stderr, with --json on stdout as well, unless that has its answer."""
    if _wants_json(args) and not call.answered:
        from gitpar.ui import as_json  # noqa: PLC0415 - only where it is needed

        try:
            click.echo(as_json.dumps(as_json.error(failed)))
        except OSError:  # what could not be written may be this very stream; stderr has it too
            silence(sys.stdout)
    messages = [str(p) for p in failed.problems] if isinstance(failed, PlanError) else [failed.message]
    for message in messages:
        _say("Error:", message, "red", args)
    nothing_began = ("Nothing was started",) if isinstance(failed, PlanError) else ()
    for hint in failed.hints or nothing_began:
        _say("Hint:", hint, "cyan", args)
    return failed.exit_code


def _bug(bug: Exception, call: Invocation, args: Sequence[str]) -> int:
    """Says that gitpar itself is wrong, that nothing is lost, and how to go on."""
    if call.verbosity > 0 or os.environ.get(DEBUG):
        import traceback  # noqa: PLC0415 - for who asks for it

        traceback.print_exception(bug)
    what = GitparError(
        f"this is a bug of gitpar ({type(bug).__name__}: {bug})",
        "The journal is safe: what a run has done so far is kept, and `gitpar resume` goes on with it",
        f"To see where it happened, try again with {DEBUG}=1",
    )
    what.exit_code = ExitCode.ENVIRONMENT
    return _failed(what, call, args)


def _say(word: str, message: str, color: str, args: Sequence[str]) -> None:
    first, *rest = message.split("\n")
    lines = [clean(first), *(f"{' ' * len(word)} {clean(line)}" for line in rest)]
    asked = False if "--no-color" in args else None
    shown = click.style(word, fg=color, bold=True) if wants_color(sys.stderr, asked) else word
    click.echo(f"{shown} " + "\n".join(lines), err=True, color=True)


def _wants_json(args: Sequence[str]) -> bool:
    """Says whether --json was typed. Asked of the words: it holds also where they could not be read."""
    before = args[: args.index("--")] if "--" in args else args
    return "--json" in before
