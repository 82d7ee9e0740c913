"""A walk finds what git does not show, and says when a worktree holds nothing but files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitpar.git.walking import Walk, walk


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
