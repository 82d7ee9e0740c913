"""Sees what a worker changed outside its worktree: settings, hooks, refs, the user's checkout.

Looked at before the first worker and after each; what runs code (config, hooks, attributes)
is put back, and what stood there instead is kept. Everything else is named, with what to
type. Somebody else may have been at work too, so nobody is accused and no file of the
checkout is touched.
"""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from gitpar.git.admin import write_atomically
from gitpar.git.repository import RepositoryPlace
from gitpar.values import dataclass

_FILES = (
    "config",
    "config.worktree",
    "info/exclude",
    "info/attributes",
    "info/grafts",
    "info/sparse-checkout",
    "objects/info/alternates",
    "shallow",
)
_LEFT = ("shallow",)
"""Told only: who fetches changes it, and without it what was fetched so cannot be read."""
_FOLDERS = ("hooks",)
_LARGEST_BYTES = 1_000_000
_OWN = (
    *("refs/gitpar", "refs/notes/gitpar", "refs/worktree", "refs/bisect", "refs/rewritten"),
    *("refs/stash", "refs/remotes"),
)
"""gitpar's own, those of each worktree, the stash (a capture sees to it), and what fetching brings."""
_NAMED = 5
_FOLLOWING = ("branch.",)
_FOLLOWED = ("remote", "merge", "rebase", "description")

Sign = tuple[int, int, int, int]
"""Mode, size, time of change and number of a file: another sign means a look at the content."""


@dataclass(frozen=True, slots=True)
class _Kept:
    sign: Sign
    mode: int
    content: bytes


class Tampering:
    """The state of a repository outside of a run's own worktrees and refs. Any thread may look."""

    def __init__(self, place: RepositoryPlace, prefix: str, folder: Path) -> None:
        """Takes the first look. `folder` is where changed settings and hooks are kept."""
        self._place = place
        self._folder = folder
        self._own = (*_OWN, f"refs/heads/{prefix}")
        self._inside = tuple(f"{own}/" for own in self._own)
        self._lock = threading.Lock()
        self._packed_sign: Sign | None = None
        self._packed: dict[str, str] = {}
        self._settings = dict(self._read_settings())
        self._refs = self._read_refs()
        self._index: Sign | None = None
        self._tracked: list[str] = []
        self._checkout = self._read_checkout()
        self._others = self._read_others()

    def look(self, *, checkout: bool) -> tuple[str, ...]:
        """Says what changed since the last look, a sentence each; `checkout`: among the user's files too."""
        found: list[str] = []
        with self._lock:
            try:
                found += self._look_at_settings()
                found += self._look_at_refs()
                if checkout:
                    found += self._look_at_checkout()
            except OSError as error:
                found.append(f"what else is outside its worktree could not be seen or put back: {error}")
        return tuple(found)

    # --- config, hooks, info -------------------------------------------------------------

    def _signs(self) -> dict[str, Sign]:
        """The signs of the files that are there, by name in the common git directory."""
        common = str(self._place.common)
        names = [*_FILES]
        for folder in _FOLDERS:
            try:
                names += [f"{folder}/{name}" for name in os.listdir(f"{common}/{folder}")]  # noqa: PTH208
            except (FileNotFoundError, NotADirectoryError):
                continue
        return {name: sign for name in names if (sign := _sign(f"{common}/{name}")) is not None}

    def _read_settings(self) -> Iterator[tuple[str, _Kept]]:
        for name, sign in self._signs().items():
            if stat.S_ISREG(sign[0]) and sign[1] <= _LARGEST_BYTES:
                content = (self._place.common / name).read_bytes()
                yield name, _Kept(sign, stat.S_IMODE(sign[0]), content)

    def _look_at_settings(self) -> Iterator[str]:
        there = self._signs()
        for name in sorted(there.keys() | self._settings.keys()):
            kept, sign = self._settings.get(name), there.get(name)
            if kept is not None and sign is not None and kept.sign == sign:
                continue
            path = self._place.common / name
            if name in _LEFT:
                yield from self._left(name, kept)
            elif kept is None:
                yield f"`.git/{name}` was made: moved to `{self._away(path)}`"
            elif sign is None:
                yield f"`.git/{name}` was removed: put back"
                self._put_back(path, kept)
            elif path.name == "config" and (keys := harmless(kept.content, path.read_bytes())):
                yield f"`.git/{name}` was changed and left as it is: {', '.join(keys[:_NAMED])}"
                self._settings[name] = _Kept(sign, kept.mode, path.read_bytes())
            elif not _same(path, kept):
                away = self._away(path)
                yield f"`.git/{name}` was changed: put back, what it was is in `{away}`"
                self._put_back(path, kept)
            else:
                self._settings[name] = _Kept(sign, kept.mode, kept.content)

    def _left(self, name: str, kept: _Kept | None) -> Iterator[str]:
        """Tells of a change to a file that is not put back."""
        self._settings = dict(self._read_settings())
        now = self._settings.get(name)
        if kept is None or now is None or kept.content != now.content:
            verb = "made" if kept is None else "removed" if now is None else "changed"
            yield f"`.git/{name}` was {verb}, so git sees another history; it is left as it is"

    def _away(self, path: Path) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = str(path.relative_to(self._place.common)).replace("/", "-")
        n = 1
        while (target := self._folder / f"{name}.{n}").exists():
            n += 1
        shutil.move(path, target)
        return target

    def _put_back(self, path: Path, kept: _Kept) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, kept.content)
        path.chmod(kept.mode)
        sign = _sign(path)
        if sign is not None:
            name = path.relative_to(self._place.common).as_posix()
            self._settings[name] = _Kept(sign, kept.mode, kept.content)

    # --- refs ----------------------------------------------------------------------------

    def _read_refs(self) -> dict[str, str]:
        packed = f"{self._place.common}/packed-refs"
        if (sign := _sign(packed)) != self._packed_sign:
            self._packed_sign = sign
            self._packed = dict(_packed(Path(packed)))
        found = dict(self._packed)
        found.update(self._loose(f"{self._place.common}/refs", "refs"))
        found = {ref: value for ref, value in found.items() if not self._is_own(ref)}
        try:
            found["HEAD"] = _text(f"{self._place.common}/HEAD")
        except OSError:
            found["HEAD"] = ""
        return found

    def _is_own(self, ref: str) -> bool:
        return ref in self._own or ref.startswith(self._inside)

    def _loose(self, folder: str, name: str) -> Iterator[tuple[str, str]]:
        if self._is_own(name):
            return
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            ref = f"{name}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from self._loose(entry.path, ref)
            elif not entry.name.endswith(".lock"):
                try:
                    yield ref, _text(entry.path)
                except OSError:
                    continue  # removed meanwhile

    def _look_at_refs(self) -> Iterator[str]:
        before, now = self._refs, self._read_refs()
        self._refs = now
        for ref in sorted(before.keys() | now.keys()):
            old, new = before.get(ref), now.get(ref)
            if old == new:
                continue
            if old is None:
                yield f"`{ref}` was made (to remove it: git update-ref -d {ref})"
            elif ref == "HEAD":
                yield f"HEAD of the main worktree was moved from `{old}` to `{new}`"
            else:
                verb = "removed" if new is None else f"moved to {new[:12]}"
                yield f"`{ref}` was {verb} (to have it back: git update-ref {ref} {old})"

    # --- the user's checkout -------------------------------------------------------------

    def _read_checkout(self) -> dict[str, Sign | None]:
        """The signs of all tracked files, and the times of their folders under `folder/`."""
        root = self._place.root
        if root is None:
            return {}
        index = _sign(self._place.git_dir / "index")
        if index != self._index:
            self._index = index
            self._tracked = self._place.command.run("ls-files", "-z").fields
        folders = {name.rpartition("/")[0] for name in self._tracked}
        return {
            **{f"{folder}/": _sign(f"{root}/{folder}") for folder in folders},
            **{name: _sign(f"{root}/{name}") for name in self._tracked},
        }

    def _read_others(self) -> set[str]:
        """Files that git neither tracks nor ignores."""
        if self._place.root is None:
            return set()
        return set(self._place.command.run("ls-files", "-z", "--others", "--exclude-standard").fields)

    def _look_at_checkout(self) -> Iterator[str]:
        before, now = self._checkout, self._read_checkout()
        self._checkout = now
        changed = [name for name in before if before[name] != now.get(name)]
        files = [name for name in changed if not name.endswith("/")]
        if len(changed) > len(files):
            others = self._read_others()
            files += sorted(others - self._others - set(self._tracked))
            self._others = others
        if files:
            shown = ", ".join(f"`{name}`" for name in files[:_NAMED])
            more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
            yield f"changed in the main worktree, by it or by somebody else: {shown}{more}"


def harmless(old: bytes, new: bytes) -> list[str]:
    """Names the keys that differ between two configurations, where all only say what a branch follows.

    Empty where anything else differs: a setting may run code, or send git elsewhere. A
    `git push -u` or `git checkout --track` must not be undone, whoever did it.
    """
    changed = sorted(set(_settings(old)) ^ set(_settings(new)))
    if all(section.startswith(_FOLLOWING) and key in _FOLLOWED for section, key, _ in changed):
        return list(dict.fromkeys(f"{section}.{key}" for section, key, _ in changed))
    return []


def _settings(content: bytes) -> Iterator[tuple[str, str, str]]:
    """Yields section, key and value of every line; what cannot be told apart counts as a key of its own."""
    section = ""
    for line in content.decode(errors="replace").splitlines():
        text = line.strip()
        if text.startswith("["):
            section = text.strip("[]").replace(' "', ".").rstrip('"')
        elif text and not text.startswith(("#", ";")):
            key, _, value = text.partition("=")
            yield section, key.strip().lower(), value.strip()


def _sign(path: Path | str) -> Sign | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_mode, found.st_size, found.st_mtime_ns, found.st_ino


def _text(path: str) -> str:
    """Returns what a small file says; several of them are read after each attempt."""
    with FileIO(path) as file:
        return file.readall().decode(errors="replace").strip()


def _same(path: Path, kept: _Kept) -> bool:
    """Says whether a file that was written again holds the same."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size != len(kept.content):
        return False
    return stat.S_IMODE(found.st_mode) == kept.mode and path.read_bytes() == kept.content


def _packed(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        value, _, ref = line.partition(" ")
        if ref.startswith("refs/"):
            yield ref, value
