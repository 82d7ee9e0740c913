"""A worktree's admin folder, `<common git dir>/worktrees/<name>`, read and written as files.

Starts no process: what stands here is what git keeps in plain files. Never touches the
files of a worktree.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import FileIO
from itertools import count
from pathlib import Path
from secrets import token_hex

from gitpar.core.names import NO_COMMIT, CommitId, RefName
from gitpar.git.writing import write_out
from gitpar.patterns import pattern
from gitpar.values import dataclass

SAVED_INDEX = "gitpar-index"
"""The index as gitpar handed it out, beside git's own: the worker's may hide work behind flags."""

INHERITED = ("config.worktree", "info/sparse-checkout")
"""What `git worktree add` brings along from the main worktree and a reset must give back."""

_KEPT_AT_RESET = {"commondir", "gitdir", "locked", "HEAD", SAVED_INDEX}
_NOT_SCANNED = {"index", "gitdir", "commondir", "locked", "config.worktree", "FETCH_HEAD", SAVED_INDEX}
_SCANNED_BYTES = 4_000_000
_CHECKSUM_BYTES = 20
_MOST_LEFT, _LEFT_BYTES = 128, 64_000
_left = count()
_ID = pattern(rb"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
_STATES = (
    ("rebase-merge", "a rebase was left in progress"),
    ("rebase-apply/applying", "a `git am` was left in progress"),
    ("rebase-apply", "a rebase was left in progress"),
    ("MERGE_HEAD", "a merge was left in progress"),
    ("CHERRY_PICK_HEAD", "a cherry-pick was left in progress"),
    ("REVERT_HEAD", "a revert was left in progress"),
    ("BISECT_LOG", "a bisect was left in progress"),
    ("sequencer", "a cherry-pick or revert of several commits was left in progress"),
)


@dataclass(frozen=True, slots=True)
class Head:
    """Where HEAD stands. `ref` is empty when detached, `commit` when unborn or broken."""

    ref: str
    commit: CommitId


def write_atomically(path: Path, content: bytes, *, gap: bool = False) -> None:
    """Writes a file so that a reader finds the old or the new content, never a part.

    With `gap` there may be none for an instant: replacing makes ext4 write the data out first.
    """
    # a dozen an attempt: a name of tempfile's costs three times as much
    name = f"{path.parent}/.{path.name}.{token_hex(4)}"
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        write_out(descriptor, content, durably=False)
        if gap:
            with suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108 - likewise
        os.rename(name, path)  # noqa: PTH104 - likewise
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_bytes(path: Path | str | bytes) -> bytes:
    """Returns a file's content, empty where there is no such file."""
    # thirty an attempt: half of what `Path.read_bytes` costs
    try:
        with FileIO(path) as file:
            return file.readall()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""


def admin_folders(common: Path) -> Iterator[tuple[Path, Path | None]]:
    """Yields every admin folder of the repository with the worktree it names, None where it names none."""
    try:
        folders = sorted((common / "worktrees").iterdir())
    except FileNotFoundError:
        return
    for folder in folders:
        text = os.fsdecode(read_bytes(folder / "gitdir")).strip()
        # newer git may write it relative to the admin folder
        yield folder, Path(os.path.normpath(folder / text)).parent if text else None


def find_admin(common: Path, worktree: Path) -> Path | None:
    """Returns the admin folder that names a worktree."""
    wanted = os.path.realpath(worktree.parent)
    for folder, place in admin_folders(common):
        if place is not None and place.name == worktree.name and os.path.realpath(place.parent) == wanted:
            return folder
    return None


def read_ref(common: Path, ref: str) -> CommitId:
    """Returns what a shared ref holds, loose or packed; NO_COMMIT where there is none.

    Source: `files` ref storage, gitrepository-layout(5). Other storages are refused
    when a run starts.
    """
    if not ref.startswith("refs/"):
        return NO_COMMIT
    loose = read_bytes(f"{common}/{ref}").strip()
    if _ID.fullmatch(loose):
        return CommitId(loose.decode())
    line = b" " + os.fsencode(ref) + b"\n"
    packed = read_bytes(f"{common}/packed-refs")
    at = packed.find(line)
    return CommitId(packed[at - 40 : at].decode()) if at >= 40 else NO_COMMIT


def drop_broken(ref: str) -> None:
    """Removes a ref's file without content, which a power cut left: git would not move such a ref."""
    with suppress(FileNotFoundError, NotADirectoryError):
        found = os.lstat(ref)
        if stat.S_ISREG(found.st_mode) and not found.st_size:
            os.unlink(ref)  # noqa: PTH108 - a str


def read_head(common: Path, admin: Path) -> Head:
    """Returns where the worktree's HEAD stands."""
    text = os.fsdecode(read_bytes(f"{admin}/HEAD")).strip()
    if text.startswith("ref:"):
        ref = text.removeprefix("ref:").strip()
        own = admin if ref.startswith(("refs/bisect/", "refs/worktree/", "refs/rewritten/")) else common
        return Head(ref, read_ref(own, ref))
    return Head("", CommitId(text) if re.fullmatch(r"[0-9a-f]{40}", text) else NO_COMMIT)


def attach(admin: Path, ref: RefName) -> None:
    """Puts HEAD on a branch while nobody is at work there, and makes a log of it in any case."""
    write_atomically(admin / "HEAD", f"ref: {ref}\n".encode(), gap=True)
    with suppress(FileExistsError):
        os.mkdir(f"{admin}/logs")  # noqa: PTH102 - once an attempt
    os.close(os.open(f"{admin}/logs/HEAD", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666))


def detach(admin: Path, commit: CommitId) -> None:
    """Puts HEAD on a commit while nobody is at work there."""
    write_atomically(admin / "HEAD", f"{commit}\n".encode(), gap=True)


def last_logged(admin: Path) -> CommitId:
    """Returns the newest commit that HEAD's log names, NO_COMMIT where it names none."""
    for line in reversed(read_bytes(f"{admin}/logs/HEAD").splitlines()):
        fields = line.split(b" ", 2)
        if len(fields) > 1 and _ID.fullmatch(fields[1]) and fields[1].strip(b"0"):
            return CommitId(fields[1].decode())
    return NO_COMMIT


def named_objects(admin: Path) -> dict[str, str]:
    """Returns every object id that the admin folder's files name, with the file that names it first.

    Logs, ORIG_HEAD, MERGE_HEAD, rebase and sequencer state, bisect and per-worktree refs
    all hold full ids in plain text, so one rule finds what any of them keeps alive.
    """
    found: dict[str, str] = {}
    for path in _state_files(admin):
        for name in _ID.findall(read_bytes(path)):
            if name.strip(b"0"):
                found.setdefault(name.decode(), os.path.relpath(path, admin))
    return found


def fetched_objects(admin: Path) -> set[str]:
    """Returns the ids in FETCH_HEAD, which mostly are other people's and under refs already."""
    return {name.decode() for name in _ID.findall(read_bytes(f"{admin}/FETCH_HEAD"))}


def unfinished(admin: Path) -> str:
    """Says which operation the worker left in progress; empty where none."""
    return next((text for name, text in _STATES if os.path.exists(f"{admin}/{name}")), "")  # noqa: PTH110


def state_files(admin: Path) -> list[Path]:
    """Lists the files in which an operation in progress keeps what it still has to do."""
    there = {entry.name for entry in _scanned(admin)}
    folders = [admin / name for name in ("rebase-merge", "rebase-apply", "sequencer") if name in there]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    names = ("MERGE_MSG", "SQUASH_MSG", "BISECT_LOG")
    return files + [path for name in names if name in there and (path := admin / name).is_file()]


def _state_files(folder: Path | str, *, at_top: bool = True) -> Iterator[str]:
    for entry in _scanned(folder):
        if entry.is_dir(follow_symlinks=False):
            if not (at_top and entry.name == "modules"):
                yield from _state_files(entry.path, at_top=False)
        elif at_top and (entry.name in _NOT_SCANNED or entry.name.startswith("sharedindex.")):
            continue
        elif entry.is_file() and entry.stat().st_size <= _SCANNED_BYTES:
            yield entry.path


def _scanned(folder: Path | str) -> list[os.DirEntry[str]]:
    """Lists a folder, which a worker's program that is not gone may have removed."""
    try:
        return list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def inherited(admin: Path) -> dict[str, bytes]:
    """Returns what a new worktree got from the main one, to be given back at every reset."""
    return {name: content for name in INHERITED if (content := read_bytes(admin / name))}


def clear(admin: Path, given: Mapping[str, bytes]) -> None:
    """Removes every trace of a worker: operations in progress, per-worktree refs, config, logs.

    HEAD stays until it is written anew, because a folder without one is no worktree.
    """
    for entry in os.scandir(admin):
        if entry.name in _KEPT_AT_RESET:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)  # noqa: PTH108 - a str
    for name, content in given.items():
        (admin / name).parent.mkdir(exist_ok=True)
        (admin / name).write_bytes(content)


def leave_for_later(file: str | Path, folder: Path) -> None:
    """Gives a small file that is about to be replaced a second name in a folder that is deleted behind.

    A disk that discards what is freed can take a millisecond for each, one after the other.
    Large files, and more than some dozens a folder, are freed when they are replaced.
    """
    with suppress(OSError):
        if os.stat(file).st_size <= _LEFT_BYTES:  # noqa: PTH116 - twice an attempt
            os.link(file, f"{folder}/spent-{next(_left) % _MOST_LEFT}")


def link_index(source: Path, target: Path) -> None:
    """Gives an index a second name. git replaces an index as a whole, so neither reaches the other.

    Copies it where the file system has no second names.
    """
    leave_for_later(target, target.parent)
    with suppress(FileNotFoundError):
        os.unlink(target)  # noqa: PTH108 - once an attempt
    try:
        os.link(source, target)
    except OSError:
        save_index(source, target)


def is_whole(index: Path) -> bool:
    """Says whether an index is what git wrote, which can be told to write no sum.

    Source: gitformat-index(5).
    """
    data = read_bytes(index)
    said = data[-_CHECKSUM_BYTES:]
    found = hashlib.sha1(data[:-_CHECKSUM_BYTES], usedforsecurity=False).digest()
    return data[:4] == b"DIRC" and (not any(said) or said == found)


def entry_count(index: bytes) -> int:
    """Returns how many entries an index has, 0 where there is none. Source: gitformat-index(5)."""
    return int.from_bytes(index[8:12], "big")


def save_index(source: Path, target: Path) -> None:
    """Copies an index with its time: git compares files with that time to find edits of the same instant."""
    temporary = f"{target}.new"
    with FileIO(source) as file:
        found, content = os.fstat(file.fileno()), file.readall()
    with suppress(FileNotFoundError):
        os.unlink(temporary)  # noqa: PTH108 - twice an attempt
    mode = stat.S_IMODE(found.st_mode)
    with FileIO(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
        while content:
            content = content[file.write(content) :]
    os.utime(temporary, ns=(found.st_atime_ns, found.st_mtime_ns))
    with suppress(FileNotFoundError):
        os.unlink(target)  # noqa: PTH108 - replacing makes ext4 write the data out first, several ms
    os.rename(temporary, target)  # noqa: PTH104 - likewise


def add(common: Path, worktree: Path, draft: Path, *, reason: str, base: str) -> Path | None:
    """Makes a locked worktree without files at a commit, as `git worktree add` does in ten times the time.

    Unlike there its metadata is there whole or not at all: it is put together in `draft`, on the
    same file system. Returns its folder; None where git has more to do, as where a group
    shares the repository, or the main worktree has settings of its own.
    Source: gitrepository-layout(5).
    """
    if common.stat().st_mode & stat.S_ISGID or any((common / name).exists() for name in INHERITED):
        return None
    worktree.mkdir(parents=True, exist_ok=True)
    if any(worktree.iterdir()):
        return None  # git says what is wrong with that
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    texts = {"locked": reason, "commondir": "../..\n", "gitdir": f"{worktree}/.git\n", "HEAD": f"{base}\n"}
    for name, text in texts.items():
        (draft / name).write_bytes(os.fsencode(text))
    (common / "worktrees").mkdir(exist_ok=True)
    for number in count():
        admin = common / "worktrees" / f"{worktree.name}{number or ''}"
        try:
            if not os.path.lexists(admin):
                draft.rename(admin)
                break
        except (FileExistsError, NotADirectoryError):
            continue  # made by somebody else this moment
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
    (worktree / ".git").write_bytes(b"gitdir: " + os.fsencode(admin) + b"\n")
    return admin


def restore(admin: Path, worktree: Path, reason: str, head: str) -> None:
    """Makes a vanished admin folder again, with HEAD as given (`ref: …` or an id)."""
    admin.mkdir(parents=True, exist_ok=True)
    write_atomically(admin / "commondir", b"../..\n")
    write_atomically(admin / "gitdir", os.fsencode(worktree / ".git") + b"\n")
    write_atomically(admin / "locked", reason.encode())
    if not read_bytes(admin / "HEAD"):
        write_atomically(admin / "HEAD", f"{head}\n".encode())
