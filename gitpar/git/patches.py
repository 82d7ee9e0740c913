"""Turns a patch into a commit in scratch: unidiff says what is wrong with its text, git applies it."""

from __future__ import annotations

import io
import re

from gitpar.core.names import CommitId, TreeId
from gitpar.errors import UsageError
from gitpar.git.commits import SYNTHETIC, write_commit
from gitpar.git.coordinator import Coordinator

LONGEST_PARSED_BYTES = 8_000_000
"""Longer patches are read by git alone: unidiff takes a second for so many bytes, and half a gigabyte."""

_ANYTHING = re.compile(rb"^(?:diff --git |--- |\+\+\+ |@@ -|GIT binary patch|rename from )", re.MULTILINE)
_PREFIXED = re.compile(rb'^(?:diff --git |--- )"?a/', re.MULTILINE)
_COMBINED = re.compile(rb"^diff --(?:cc|combined) ", re.MULTILINE)


def commit_of_patch(coordinator: Coordinator, name: str, patch: bytes, base: CommitId) -> CommitId:
    """Returns a commit on top of `base` that has the patch applied; `base` itself for an empty one.

    `name` is what the patch is called in messages. Raises UsageError where it is no
    patch, is broken, or does not apply to the base.
    """
    if not patch.strip():
        return base
    _refuse_what_is_none(name, patch)
    index = coordinator.git_dir / "patch-index"
    git = coordinator.scratch
    git = git.at(git.environment.at(git.environment.cwd, GIT_INDEX_FILE=str(index)))
    git.run("read-tree", base)
    # 1: it does not apply, 128: it is broken
    apply = ("apply", "--cached", "--whitespace=nowarn")
    done = git.run(*apply, "-", stdin=patch, ok=(0, 1, 128))
    if done.status != 0 and not _PREFIXED.search(patch):
        # diff.noprefix, or another program's diff
        refused, done = done, git.run(*apply, "-p0", "-", stdin=patch, ok=(0, 1, 128))
        if done.status != 0:
            raise _refused(name, refused.stderr, base)
    elif done.status != 0:
        raise _refused(name, done.stderr, base)
    tree = TreeId(git.run("write-tree").text)
    index.unlink(missing_ok=True)
    return write_commit(coordinator.pygit(), tree, [base], SYNTHETIC)


def _refuse_what_is_none(name: str, patch: bytes) -> None:
    if not _ANYTHING.search(patch):
        raise UsageError(
            f"{name} is not a patch: it has no `diff --git`, `---` or `@@` line",
            "Make one with: git diff TARGET...HEAD",
        )
    if _COMBINED.search(patch, 0, LONGEST_PARSED_BYTES):
        raise UsageError(
            f"{name} is the combined diff of a merge, which nothing can be applied from",
            "Make one of two commits: git diff TARGET...HEAD",
        )
    if len(patch) > LONGEST_PARSED_BYTES:
        return
    from unidiff.errors import UnidiffParseError  # noqa: PLC0415 - only where a patch comes in
    from unidiff.patch import PatchSet  # noqa: PLC0415 - likewise

    try:
        PatchSet(io.StringIO(patch.decode(errors="surrogateescape"), newline="\n"))
    except UnidiffParseError as error:
        raise UsageError(
            f"{name} is broken: {error}", "A patch that was edited or cut: make it again with git diff"
        ) from error


def _refused(name: str, said: str, base: CommitId) -> UsageError:
    reasons = [line.removeprefix("error: ") for line in said.splitlines() if line.startswith("error: ")]
    why = reasons[0] if reasons else said.strip().splitlines()[-1:] or ["git gave no reason"]
    if any(
        word in said
        for word in ("corrupt patch", "unrecognized input", "No valid patches", "fragment without")
    ):
        return UsageError(f"{name} is broken: {why}", "A patch that was edited or cut: make it again")
    more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    hint = "Name the commit it was made from: --base REV"
    if "cannot apply binary patch" in said:
        hint = "Make it again with what binary files hold: git diff --binary"
    return UsageError(f"{name} does not apply to {base[:12]}: {why}{more}", hint)
