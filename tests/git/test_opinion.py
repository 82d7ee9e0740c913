"""The second opinion on files that both sides changed."""

from __future__ import annotations

import json

import pytest

from gitpar.git.analysis import GitRepository
from gitpar.ports import Proof
from tests.support.repo import Repo, landing, lines


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"\xe9t\xe9\n",
        b"fill\n" * 2_000 + b"\0 far down\n",
        b"ends\r\n",
        "f\u00fcr\n".encode(),
        b"no end",
    ],
    ids=["plain", "latin-1", "late NUL", "CRLF", "UTF-8", "no newline"],
)
def test_files_that_both_changed_have_a_second_opinion_whatever_is_in_them(
    repo: Repo, repository: GitRepository, odd: bytes
) -> None:
    """libgit2 hands single files over as text; where it cannot, it is asked in another way."""
    base = repo.commit("base", {"f": lines().encode() + odd, "mode": lines()})
    (repo.root / "mode").chmod(0o755)
    tip = repo.commit("tip", {"f": lines((1, "tip")).encode() + odd})
    result = repo.branch(base, "work", {"f": lines((9, "work")).encode() + odd, "mode": lines((9, "work"))})
    proof = repository.prove(landing(base, result, tip))
    assert isinstance(proof, Proof)
    assert json.loads(proof.certificate)["second"] == "files"
    repo.git("branch", "landed", proof.commit)
    repo.git("checkout", "-qf", "landed")
    assert (repo.root / "f").read_bytes() == lines((1, "tip"), (9, "work")).encode() + odd
    assert (repo.root / "mode").stat().st_mode & 0o100
    assert (repo.root / "mode").read_text() == lines((9, "work"))
