"""`gitpar check`: the pre-merge check of one change, in CI or before a push."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitpar.errors import EnvironmentFault, ExitCode, UsageError
from gitpar.ui.cli.options import Invocation, pass_invocation, shared, with_json

if TYPE_CHECKING:
    from gitpar.core.check import Checked
    from gitpar.wiring import CheckRequest

_EXIT_CODES = """\b
Exit codes:
  0    nothing was found that --fail-on names
  1    something was found that --fail-on names
  2    the command line, a revision or the patch is wrong
  3    history is missing, or the machine or the forge cannot do it"""

_STDOUT = "-"
_SUMMARY = "GITHUB_STEP_SUMMARY"


@click.command(epilog=_EXIT_CODES)
@click.option(
    "--target", metavar="REV", help="What it is to be merged into.  [default: as CI says, else main]"
)
@click.option("--head", metavar="REV", help="What is to be merged.  [default: as CI says, else HEAD]")
@click.option("--patch", metavar="FILE", help="A patch to be merged instead; `-` reads standard input.")
@click.option("--base", metavar="REV", help="The commit that the patch was made from.  [default: the target]")
@click.option(
    "--others",
    metavar="GLOB",
    multiple=True,
    show_default=False,
    help="Compare with the branches of this name as well; may be given again.",
)
@click.option(
    "--others-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Compare with the revisions in a file as well, one a line.",
)
@click.option(
    "--forge",
    is_flag=False,
    flag_value="auto",
    type=click.Choice(["auto", "github", "gitlab", "gitea"]),
    help="Compare with the open pull requests as well, which the forge lists.",
)
@click.option("--fetch", is_flag=True, help="Fetch the commits of open pull requests that are not here.")
@click.option(
    "--fail-on",
    type=click.Choice(["target", "any", "likely", "none"]),
    default="target",
    help="What fails it: a conflict with the target, with any, or touching changes and build conflicts too.",
)
@click.option("--no-symbols", is_flag=True, help="Do not look for build conflicts.")
@click.option(
    "--sarif", metavar="FILE", is_flag=False, flag_value=_STDOUT, help="Write SARIF 2.1.0, to a file or here."
)
@click.option(
    "--junit", metavar="FILE", is_flag=False, flag_value=_STDOUT, help="Write JUnit, to a file or here."
)
@click.option("--github", is_flag=True, help="Print annotations for GitHub Actions, and write its summary.")
@with_json
@shared
@pass_invocation
def command(call: Invocation, /, **options: object) -> int:
    """Check before a merge whether a change merges into its target, and with what else is open.

    Every merge is made in memory; no ref, worktree or index is touched. In GitHub Actions
    and GitLab CI the change and its target are known.
    """
    here = [name for name in ("sarif", "junit") if options[name] == _STDOUT]
    here += ["json"] * call.as_json + ["github"] * bool(options["github"])
    if len(here) > 1:
        raise UsageError(
            f"--{here[0]} and --{here[1]} would both be printed", f"Give a file: --{here[0]} FILE"
        )
    checked = call.house.check(call.directory, _request(call, options))
    _write(call, checked, options)
    return ExitCode.NEEDS_PERSON if checked.failed else ExitCode.OK


def _request(call: Invocation, options: dict[str, object]) -> CheckRequest:
    from gitpar.core.settings import FailOn  # noqa: PLC0415 - not needed for --help
    from gitpar.wiring.request import CheckRequest  # noqa: PLC0415 - likewise

    def text(name: str) -> str | None:
        return None if options[name] is None else str(options[name])

    if (patch := text("patch")) is not None and options["head"] is not None:
        raise UsageError("--patch and --head both say what is to be merged", "Give one of them")
    others, file = options["others"], options["others_file"]
    return CheckRequest(
        target=text("target"),
        head=text("head"),
        patch=None if patch is None else _patch(call, patch),
        base=text("base"),
        others=tuple(map(str, others)) if isinstance(others, tuple) else (),
        others_file=call.path(file) if isinstance(file, Path) else None,
        forge=text("forge"),
        fetch=bool(options["fetch"]),
        symbols=not options["no_symbols"],
        fail_on=FailOn(str(options["fail_on"])),
    )


def _patch(call: Invocation, name: str) -> tuple[str, bytes]:
    if name == _STDOUT:
        return "standard input", sys.stdin.buffer.read()
    try:
        return name, call.path(Path(name)).read_bytes()
    except OSError as error:
        raise UsageError(
            f"the patch `{name}` cannot be read: {error.strerror}", "Give a file, or `-` for standard input"
        ) from error


def _write(call: Invocation, checked: Checked, options: dict[str, object]) -> None:
    """Writes every format that was asked for; a person reads the text where nothing else is printed."""
    from gitpar.ui import annotations, as_json, check_view, junit, sarif  # noqa: PLC0415 - not for --help

    texts: dict[str, Callable[[], str]] = {
        "sarif": lambda: as_json.dumps(sarif.sarif(checked)) + "\n",
        "junit": lambda: junit.junit(checked),
    }
    printed = call.as_json
    for name, made in texts.items():
        if options[name] == _STDOUT:
            click.echo(made(), nl=False)
            printed = True
        elif options[name] is not None:
            _save(call.path(Path(str(options[name]))), made(), "w")
    if options["github"]:
        for line in annotations.commands(checked):
            click.echo(line)
        if summary := os.environ.get(_SUMMARY):
            _save(Path(summary), annotations.summary(checked), "a")
    if call.as_json:
        call.print_json(check_view.json_of(checked))
    elif not printed:
        check_view.print_check(checked, call.console(sys.stdout))


def _save(path: Path, text: str, mode: str) -> None:
    try:
        with path.open(mode, encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        raise EnvironmentFault(
            f"`{path}` cannot be written: {error.strerror}", "Name another file"
        ) from error
