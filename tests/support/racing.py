"""Many tasks at once on a tiny repository: none may be lost, none run twice."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.support.bystander import left_behind, look_at
from tests.support.driving import Driver
from tests.support.plaingit import PlainGit


def race(folder: Path, environ: Mapping[str, str], *, jobs: int, tasks: int) -> list[str]:
    """Runs the tasks and names everything that is wrong afterwards.

    Every task adds a file and edits its own line of a file that all of them share.
    """
    repository, log = folder / "tiny", folder / "log"
    git = PlainGit(folder, environ)
    git.raw("init", "--quiet", "--initial-branch=main", "--template=", str(repository))
    git = git.at(repository)
    shared = [f"line {n}" for n in range(1, 2 * tasks + 1)]
    (repository / "shared.txt").write_text("\n".join(shared) + "\n", encoding="utf-8")
    git.raw("add", "--all")
    git.raw("commit", "--quiet", "--message", "Begin")
    rows = []
    for n in range(1, tasks + 1):
        edit = f"sed '{2 * n}s/$/ changed/' shared.txt > new && mv new shared.txt && echo {n} > {n}.txt"
        rows.append({"id": str(n), "command": f"echo {n} >> {shlex.quote(str(log))} && {edit}"})
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"tasks": rows}), encoding="utf-8")
    before = look_at(repository, environ)

    driver = Driver(repository, environ)
    said = driver.say("run", plan, "--jobs", str(jobs))
    cleaned = driver.clean()

    wrong = [] if said.status == 0 and cleaned.status == 0 else [f"run: {said}", f"clean: {cleaned}"]
    wrong += [f"task {name} is {state}" for name, state in said.states.items() if state != "landed"]
    started = Counter(log.read_text(encoding="utf-8").split() if log.exists() else ())
    wrong += [f"task {n} ran {started[str(n)]} times" for n in range(1, tasks + 1) if started[str(n)] != 1]
    names = set(git.lines("ls-tree", "-r", "--name-only", said.tip))
    wrong += [f"the file of task {n} is not there" for n in range(1, tasks + 1) if f"{n}.txt" not in names]
    wanted = [f"{line} changed" if n % 2 == 0 else line for n, line in enumerate(shared, start=1)]
    if git.lines("show", f"{said.tip}:shared.txt") != wanted:
        wrong.append("the shared file lacks edits")
    wrong += [f"changed: {name}" for name in before.differences(look_at(repository, environ))]
    return wrong + [f"left behind: {name}" for name in left_behind(repository)]
