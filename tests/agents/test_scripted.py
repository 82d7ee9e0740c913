"""The worker without a mind, run as a worker is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def work(folder: Path, prompt: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gitpar.agents.scripted"],
        cwd=folder,
        env={"PYTHONPATH": ":".join(sys.path), "GITPAR_PROGRESS": str(folder / "progress"), **variables},
        input=prompt,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_does_the_lines_of_a_prompt_in_order(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    prompt = """# A title
    Ignored. To do: nothing.
    do: write a/b.txt "one two" three
      - do: append a/b.txt 'four'
    do: replace a/b.txt two 2
    do: delete old
    do: sleep 0
    do: progress 50 half
    """
    done = work(tmp_path, prompt)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "write a/b.txt one two three"
    assert (tmp_path / "a/b.txt").read_text() == "one 2 three\nfour\n"
    assert (tmp_path / "progress").read_text() == "50 half\n"
    assert not (tmp_path / "old").exists()


def test_it_fails_as_told(tmp_path: Path) -> None:
    assert work(tmp_path, "do: exit 3\ndo: write never x").returncode == 3
    assert not (tmp_path / "never").exists()
    first = work(tmp_path, "do: fail-once no network", GITPAR_ATTEMPT="1")
    assert (first.returncode, first.stderr) == (1, "no network\n")
    assert work(tmp_path, "do: fail-once no network", GITPAR_ATTEMPT="2").returncode == 0
    (tmp_path / "a").write_text("x")
    assert work(tmp_path, "do: replace a y z").stderr == "`y` is not in `a`\n"


def test_a_line_it_cannot_do_stops_it_before_anything_is_done(tmp_path: Path) -> None:
    done = work(tmp_path, "do: write made x\ndo: dance")
    assert done.returncode == 1
    assert done.stderr == (
        "Error: `do: dance` is nothing that can be done\n"
        "Hint: Actions: write, append, replace, delete, sleep, progress, fail-once, exit\n"
    )
    assert not (tmp_path / "made").exists()
    assert "cannot be read: No closing quotation" in work(tmp_path, 'do: write "a').stderr
    assert "is nothing that can be done" in work(tmp_path, "do: replace a b").stderr
