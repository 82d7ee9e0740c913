"""Makes a repository of many branches that get in each other's way in every manner git knows.

They leave a trunk, or each other, at different commits. The same seed gives the same
commits.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.support.repo import Repo, lines

_FILES = 14
_LINES = 21


class Branchy:
    """Writes trunk and branches into a repository; `tips` are the branches' commits."""

    def __init__(self, repo: Repo, seed: int) -> None:
        self._repo = repo
        self._chance = random.Random(seed)
        self._kinds: tuple[Callable[[], object], ...] = (
            self._edit,
            self._edit,
            self._edit,
            self._add,
            self._delete,
            self._rename,
            self._rename_and_edit,
            self._move_folder,
            self._binary,
            self._clash,
            self._mode,
            self._link,
            self._odd,
            self._submodule,
            self._attributes,
        )

    def write(self, *, trunk: int = 5, branches: int = 24) -> list[str]:
        """Makes all of it; returns the branches' commits, checked out on main."""
        for number in range(_FILES):
            self._repo.write(self._path(number), self._text(number))
        self._repo.write("logo", b"\0" + self._chance.randbytes(300))
        starts = [self._repo.commit("base")]
        for _ in range(trunk):
            self._edit()
            starts.append(self._repo.commit("trunk"))
        tips: list[str] = []
        for number in range(branches):
            start = self._chance.choice([*starts, *starts, *tips[-3:]])
            self._repo.git("checkout", "-q", "--detach", start)
            for _ in range(self._chance.randint(1, 3)):
                self._chance.choice(self._kinds)()
            self._repo.git("add", "-A")
            self._repo.git("commit", "-q", "--allow-empty", "-m", f"branch {number}")
            tips.append(self._repo.git("rev-parse", "HEAD"))
            self._repo.git("branch", f"b{number}")
            self._repo.git("reset", "-q", "--hard")
            self._repo.git("clean", "-qffdx")
        self._repo.git("checkout", "-q", "main")
        return tips

    def _path(self, number: int) -> str:
        return f"d{number % 3}/sub/f{number}.txt" if number % 2 else f"d{number % 3}/f{number}.txt"

    def _text(self, number: int, *changed: tuple[int, str]) -> str:
        return lines(*changed, (_LINES, f"the end of {number}"), count=_LINES)

    def _tracked(self) -> list[str]:
        found = self._repo.git("ls-files", "-z").split("\0")
        here = [p for p in found if p.endswith(".txt") and (self._repo.root / p).is_file()]
        return [p for p in here if not (self._repo.root / p).is_symlink()]

    def _edit(self) -> None:
        for path in self._chance.sample(self._tracked(), 2):
            self._edit_one(path)

    def _edit_one(self, path: str) -> None:
        text = (self._repo.root / path).read_text().splitlines(keepends=True)
        at = self._chance.randrange(len(text))
        text[at : at + self._chance.randint(0, 2)] = [f"edit {self._chance.randint(1, 3)}\n"]
        self._repo.write(path, "".join(text))

    def _add(self) -> None:
        folder = self._chance.choice(("d0", "d1/sub", "d2", "moved0", "e"))
        self._repo.write(f"{folder}/new{self._chance.randint(1, 2)}", f"{self._chance.randint(1, 2)}\n" * 3)

    def _delete(self) -> None:
        (self._repo.root / self._chance.choice(self._tracked())).unlink()

    def _rename(self) -> str:
        old = self._repo.root / self._chance.choice(self._tracked())
        new = f"e/r{self._chance.randint(1, 4)}.txt"
        (self._repo.root / "e").mkdir(exist_ok=True)
        old.replace(self._repo.root / new)
        return new

    def _rename_and_edit(self) -> None:
        self._edit_one(self._rename())

    def _move_folder(self) -> None:
        folder = f"d{self._chance.randint(0, 2)}"
        if (self._repo.root / folder).is_dir() and not (self._repo.root / f"moved{folder[1]}").exists():
            (self._repo.root / folder).rename(self._repo.root / f"moved{folder[1]}")

    def _binary(self) -> None:
        self._repo.write("logo", b"\0" + self._chance.randbytes(300))

    def _clash(self) -> None:
        path = self._chance.choice(("x", "x/y", "x/y/z"))
        if not any((self._repo.root / part).exists() for part in ("x", "x/y", "x/y/z")):
            self._repo.write(path, "x\n")

    def _mode(self) -> None:
        (self._repo.root / self._chance.choice(self._tracked())).chmod(0o755)

    def _link(self) -> None:
        path = self._repo.root / self._chance.choice(self._tracked())
        path.unlink()
        path.symlink_to(self._chance.choice(("logo", "d0")))

    def _odd(self) -> None:
        name = self._chance.choice(('a "b"\n\tc', "größe", "\udcff bytes", "-dash", "glob*[x]"))
        self._repo.write(f"odd/{name}", f"{self._chance.randint(1, 9)}\n")

    def _submodule(self) -> None:
        which = str(self._chance.randint(1, 3)) * 40
        self._repo.git("update-index", "--add", "--cacheinfo", f"160000,{which},vendor")
        (self._repo.root / "vendor").mkdir(exist_ok=True)

    def _attributes(self) -> None:
        path = f"d{self._chance.randint(0, 2)}/.gitattributes"
        if (self._repo.root / path).parent.is_dir():
            self._repo.write(path, self._chance.choice(("*.txt -text\n", "# nothing\n")))
