"""Makes repositories out of the streams in fixtures/repos."""

from __future__ import annotations

from pathlib import Path

from tests.support.sealed import ROOT, git

REPOS = ROOT / "fixtures" / "repos"
PLANS = ROOT / "fixtures" / "plans"


def build(name: str, into: Path, *, checkout: bool = True) -> Path:
    """Makes the repository `name` in the folder `into`, on branch main, and returns that folder.

    Object ids are constants: the streams carry their dates and names. `checkout=False`
    leaves the work tree empty, for paths that this file system cannot hold.
    """
    into.mkdir(parents=True, exist_ok=True)
    git(into, "init", "--quiet", "--template=", "--initial-branch=main", ".")
    git(into, "fast-import", "--quiet", stdin=(REPOS / f"{name}.fast-import").read_bytes())
    if checkout:
        git(into, "reset", "--quiet", "--hard", "main")
    return into


def build_with_submodule(folder: Path) -> Path:
    """Makes `folder/shop`, whose submodule comes from `folder/parts` beside it; returns the former."""
    build("submodule.parts", folder / "parts")
    shop = build("submodule", folder / "shop")
    # git forbids the file protocol for submodules unless asked: CVE-2022-39253
    git(shop, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    return shop
