"""What `gitpar undo` and `gitpar history` say."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gitpar.core.names import short
from gitpar.ui.plain import clean, counted

if TYPE_CHECKING:
    from gitpar.core.moves import RefMove
    from gitpar.wiring.request import OperationView, UndoReport


def undo_json(done: UndoReport) -> dict[str, Any]:
    """Returns what `gitpar undo --json` prints."""
    return {
        "run": done.run,
        "operation": done.operation or None,
        "of": done.of,
        "moved": [asdict(move) for move in done.moved],
        "left": [{"ref": ref, "why": why} for ref, why in done.left],
        **({"repositories": _of_each(done)} if done.repositories else {}),
    }


def _of_each(done: UndoReport) -> list[dict[str, Any]]:
    return [{"name": name, **undo_json(one)} for name, one in done.repositories]


def history_json(found: Sequence[OperationView]) -> dict[str, Any]:
    """Returns what `gitpar history --json` prints."""
    return {"operations": [asdict(view) for view in found]}


def undo_lines(done: UndoReport) -> Iterator[str]:
    """Yields what was put back, what was not, and how to take that back."""
    if done.repositories:
        for name, one in done.repositories:
            yield f"{clean(name)}:"
            yield from (line for line in undo_lines(one) if not line.startswith("To take that back"))
        if done.operation:
            yield f"To take that back: gitpar undo {done.operation}"
        return
    for move in done.moved:
        yield f"  {_moved(move)}"
    for ref, why in done.left:
        yield f"  {clean(short_name(ref))} was left: {clean(why)}"
    if not done.operation:
        yield f"nothing of {done.of} was taken back"
        return
    yield f"{done.of} was undone: {counted(len(done.moved), 'ref')} put back"
    yield f"To take that back: gitpar undo {done.operation}"


def history_lines(found: Sequence[OperationView]) -> Iterator[str]:
    """Yields a line an operation, and one below it for each ref it moved."""
    if not found:
        yield "nothing was ever run here"
    for view in found:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(view.at))
        what = f"undo of {view.of}" if view.of else "run"
        yield f"{view.operation:<8} {at}  {what}, {view.state}"
        if view.state == "unfinished":
            yield f"         it was interrupted; to finish it: gitpar undo {view.run}"
        for move in view.moves:
            yield f"         {_moved(move)}"


def short_name(ref: str) -> str:
    """Returns a ref as people type it."""
    return ref.removeprefix("refs/heads/")


def _moved(move: RefMove) -> str:
    name = clean(short(move.ref))
    if not move.new:
        return f"{name} is gone, from {move.old[:12]}"
    return f"{name} is at {move.new[:12]}" + (f", from {move.old[:12]}" if move.old else "")
