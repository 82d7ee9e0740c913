"""A walk finds what git does not show, and says when a worktree holds nothing but files."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitpar.git.walking import Folders, Walk, walk


def _worktree(folder: Path) -> Path:
    (folder / "src" / "deep").mkdir(parents=True)
    (folder / ".git").write_text("gitdir: elsewhere\n")
    (folder / "a").write_text("a")
    (folder / "src" / "deep" / "b\n\udce9").write_text("b")
    (folder / "src" / "link").symlink_to("deep")
    return folder


def test_files_and_links_are_counted_and_links_not_followed(tmp_path: Path) -> None:
    found = walk(_worktree(tmp_path))
    assert found == Walk(odd=(tmp_path / ".git",), files=3, plain=True, readable=True)


def test_an_empty_folder_is_not_plain(tmp_path: Path) -> None:
    (_worktree(tmp_path) / "empty").mkdir()
    assert not walk(tmp_path).plain


def test_a_pruned_folder_is_not_looked_into_and_not_plain(tmp_path: Path) -> None:
    inside = _worktree(tmp_path) / "node_modules" / "one"
    (inside / ".git").mkdir(parents=True)
    found = walk(tmp_path, {"node_modules"})
    assert (found.odd, found.files, found.plain) == ((tmp_path / ".git",), 3, False)
    assert inside / ".git" in walk(tmp_path).odd


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_repository_inside_is_found_and_not_looked_into(tmp_path: Path, kind: str) -> None:
    inside = _worktree(tmp_path) / "src" / ".git"
    if kind == "file":
        inside.write_text("gitdir: elsewhere\n")
    elif kind == "link":
        inside.symlink_to("deep")
    else:
        (inside / "objects").mkdir(parents=True)
        (inside / "HEAD").write_text("ref: refs/heads/main\n")
    found = walk(tmp_path)
    assert (found.odd, found.files, found.plain) == ((tmp_path / ".git", inside), 3, False)


def test_a_pipe_is_found(tmp_path: Path) -> None:
    os.mkfifo(_worktree(tmp_path) / "src" / "pipe")
    found = walk(tmp_path)
    assert (found.odd, found.plain) == ((tmp_path / ".git", tmp_path / "src" / "pipe"), False)


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    found = walk(tmp_path / "gone")
    assert (found.files, found.plain, found.readable) == (0, False, False)


def _remembered(root: Path) -> Folders:
    """Returns what a walk found, once that is old enough to be relied on."""
    folders = Folders()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        walk(root, (), folders)
        found = dict(folders.known)
        folders.begin(_link(root))
        if folders.known == found:
            break
    return folders


def _link(root: Path) -> Path:
    """Makes a link beside a worktree, as is done when that is handed out."""
    link = root.with_name("links") / "link"
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(root)
    return link


def _swap(root: Path) -> None:
    (root / "src").rename(root / "other")
    (root / "deeper").rename(root / "src")
    (root / "other").rename(root / "deeper")


def _pipe_for_a_file(root: Path) -> None:
    (root / "deeper/down/c").unlink()
    os.mkfifo(root / "deeper/down/c")


def _link_for_a_folder(root: Path) -> None:
    shutil.rmtree(root / "src/deep")
    (root / "src/deep").symlink_to("nowhere")


def _times_set_back(root: Path) -> None:
    (root / "src/deep/new").touch()
    os.utime(root / "src/deep", (1, 1))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file": lambda root: (root / "src/deep/new").touch(),
    "a file gone": lambda root: (root / "src/deep/one").unlink(),
    "a folder": lambda root: (root / "src/deep/empty").mkdir(),
    "a folder gone": lambda root: shutil.rmtree(root / "src/deep"),
    "a repository": lambda root: (root / "deeper/down/.git").mkdir(),
    "a pipe for a file": _pipe_for_a_file,
    "folders swapped": _swap,
    "a folder moved into another": lambda root: (root / "deeper").rename(root / "src/deeper"),
    "a link for a folder": _link_for_a_folder,
    "times set back": _times_set_back,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_since_is_found(tmp_path: Path, change: Callable[[Path], object]) -> None:
    root = tmp_path / "worktree"
    for name in ("src/deep/one", "src/deep/two", "deeper/down/c", "src/b", "a"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    folders = _remembered(root)
    assert set(folders.known) == {str(root / name) for name in ("src", "src/deep", "deeper", "deeper/down")}
    change(root)
    assert walk(root, (), folders) == walk(root)
    assert walk(root, (), folders) == walk(root)  # and by what the one before remembered


def test_folders_that_did_not_change_are_not_looked_into(tmp_path: Path) -> None:
    folders = _remembered(_worktree(tmp_path / "worktree"))
    before = dict(folders.known)
    walk(tmp_path / "worktree", (), folders)
    assert all(folders.known[path] is before[path] for path in before)


def test_what_changed_just_now_is_not_relied_on(tmp_path: Path) -> None:
    root = _worktree(tmp_path / "worktree")
    folders = _remembered(root)
    (root / "src" / "late").touch()
    walk(root, (), folders)
    folders.begin(_link(root))
    assert set(folders.known) == {str(root / "src" / "deep")}


def test_what_an_attempt_changed_is_not_relied_on_in_the_next(tmp_path: Path) -> None:
    """Where a clock goes in seconds, a folder may be reset in the one in which it was changed and walked."""
    root = _worktree(tmp_path / "worktree")
    folders = _remembered(root)
    (root / "src" / "late").touch()
    walk(root, (), folders)
    _wait_a_step(root)
    folders.begin(_link(root))
    assert set(folders.known) == {str(root / "src" / "deep")}
    walk(root, (), folders)
    folders.begin(_link(root))
    assert set(folders.known) == {str(root / "src"), str(root / "src" / "deep")}


def _wait_a_step(root: Path) -> None:
    """Waits until the file system's clock is longer ahead than one of its steps."""
    began_ns = _link(root).lstat().st_ctime_ns
    while _link(root).lstat().st_ctime_ns < began_ns + 60_000_000:
        pass


def test_nothing_is_relied_on_where_folders_do_not_tell(tmp_path: Path) -> None:
    root = _worktree(tmp_path / "worktree")
    folders = _remembered(root)
    link = _link(root)
    made_ns = link.parent.lstat().st_ctime_ns
    while link.lstat().st_ctime_ns < made_ns + 60_000_000:  # its folder knows nothing of that
        os.utime(link, follow_symlinks=False)
    folders.begin(link)
    assert folders.known == {}
