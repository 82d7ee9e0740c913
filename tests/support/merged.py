"""Makes a small repository with a busy project's history: branches cut at different commits, merged later.

Among the branches are renames, deletions, binary files, mode changes, links, an
ignored file added by force, two that collide, and two that make the same edit. The
same seed gives the same commits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.plaingit import PlainGit

_LINES = 60
_WORDS = ("alder", "birch", "cedar", "elder", "hazel", "holly", "larch", "maple", "rowan", "willow")


class MergedHistory:
    """Writes the repository into `folder`; `branches` merges follow a first commit of `files` files."""

    def __init__(self, folder: Path, environ: Mapping[str, str], *, seed: int = 1) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.git = PlainGit(folder, environ)
        self._chance = random.Random(seed)
        self._kinds: tuple[Callable[[int], None], ...] = (
            self._edit,
            self._add,
            self._rename,
            self._delete,
            self._binary,
            self._mode,
            self._link,
            self._ignored,
            self._same_edit,
            self._same_edit,
            self._collide,
            self._collide,
        )

    def write(self, *, files: int = 40, branches: int = 30) -> Path:
        """Makes all of it and returns the folder, checked out on main."""
        self.git.raw("init", "--quiet", "--initial-branch=main", "--template=")
        for n in range(files):
            path = self._path(n)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{self._words()} {line}\n" for line in range(_LINES)), encoding="utf-8")
        (self.folder / "logo.bin").write_bytes(self._chance.randbytes(3000))
        (self.folder / ".gitignore").write_text("*.log\nbuild/\n", encoding="utf-8")
        self._commit("Begin")
        self._before = files
        tips: list[str] = [self.git.text("rev-parse", "HEAD")]
        for n in range(branches):
            kind = self._kinds[n % len(self._kinds)]
            twin = kind == self._kinds[n % len(self._kinds) - 1]
            # the second of two alike is cut before the first was merged
            behind = 1 if twin else self._chance.randrange(4)
            self.git.raw("checkout", "--quiet", "-b", f"topic-{n}", tips[-1 - min(len(tips) - 1, behind)])
            kind(n)
            self._commit(f"Change {n}")
            self.git.raw("checkout", "--quiet", "main")
            self._merge(n)
            tips.append(self.git.text("rev-parse", "HEAD"))
            self.git.raw("branch", "--quiet", "-D", f"topic-{n}")
        return self.folder

    def _merge(self, n: int) -> None:
        """Merges as somebody in a hurry would: main's side wins where both changed the same lines."""
        merge = ("merge", "--quiet", "--no-ff", "--no-edit", "-m", f"Merge change {n}")
        if self.git.attempt(*merge, "--strategy-option=ours", f"topic-{n}").returncode:
            self.git.raw("merge", "--abort")
            self.git.raw(*merge, "--strategy=ours", f"topic-{n}")

    def _commit(self, message: str) -> None:
        self.git.raw("add", "--all")
        self.git.raw("commit", "--quiet", "--allow-empty", "--message", message)

    def _words(self) -> str:
        return " ".join(self._chance.choices(_WORDS, k=6))

    def _path(self, n: int) -> Path:
        return self.folder / f"src/part{n % 5}/file{n:02}.txt"

    def _pick(self, *, tail: bool = False) -> Path:
        """Any file for edits, one of the last ten for what takes it away, so that most edits still apply."""
        while True:
            low = self._before - 10 if tail else 0
            path = self._path(self._chance.randrange(low, self._before if tail else self._before - 10))
            if path.exists() or tail:
                return path

    def _change_line(self, path: Path, line: int, text: str) -> None:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        lines[line : line + 1] = [text + "\n"]
        path.write_text("".join(lines), encoding="utf-8")

    def _edit(self, n: int) -> None:
        for _ in range(3):
            self._change_line(self._pick(), self._chance.randrange(_LINES), f"edited by {n}")

    def _add(self, n: int) -> None:
        path = self.folder / f"new/topic {n}/größe.txt"
        path.parent.mkdir(parents=True)
        path.write_text(f"{self._words()}\n", encoding="utf-8")

    def _rename(self, n: int) -> None:
        path = self._pick(tail=True)
        if path.exists():
            path.rename(path.with_name(f"moved-{n}.txt"))

    def _delete(self, _n: int) -> None:
        self._pick(tail=True).unlink(missing_ok=True)

    def _binary(self, n: int) -> None:
        (self.folder / f"image{n}.bin").write_bytes(self._chance.randbytes(2000))
        if n < len(self._kinds):
            (self.folder / "logo.bin").write_bytes(self._chance.randbytes(3000))

    def _mode(self, _n: int) -> None:
        self._pick().chmod(0o755)

    def _link(self, n: int) -> None:
        (self.folder / f"link-{n}").symlink_to("src/part0/file00.txt")

    def _ignored(self, n: int) -> None:
        (self.folder / f"kept-{n}.log").write_text("ignored, and yet in the repository\n", encoding="utf-8")
        self.git.raw("add", "--force", f"kept-{n}.log")

    def _same_edit(self, _n: int) -> None:
        path = self._path(1)
        path.write_text(path.read_text(encoding="utf-8") + "the same line at the end\n", encoding="utf-8")

    def _collide(self, n: int) -> None:
        self._change_line(self._path(2), 10, f"what {n} wants here")
