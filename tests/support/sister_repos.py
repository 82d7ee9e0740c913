"""Repositories beside each other, and a plan over them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.cli import gitpar
from tests.support.plans import Facts, states
from tests.support.sealed import git

Task = dict[str, Any]


class Workshop:
    """Repositories `api`, `web` and so on beside each other; plans are kept in the first of them."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.names = names
        self.log = folder / "log"
        self.plan = folder / names[0] / "plan.json"
        for name in names:
            make(folder / name)

    def __getitem__(self, name: str) -> Path:
        return self.folder / name

    def task(self, name: str, *depends_on: str, repo: str | None = None, **more: Any) -> Task:
        """A task that writes a file of its name, and its name to the log each time it is worked on."""
        command = f"echo {name} >> {self.log} && echo {name} > {name}.txt"
        found: Task = {"id": name, "command": command, "depends_on": depends_on, **more}
        return found if repo is None else {**found, "repo": repo}

    def write(self, *tasks: Task, **settings: Any) -> Path:
        """Writes the plan."""
        self.plan.write_text(json.dumps({**settings, "tasks": tasks}, indent=1), encoding="utf-8")
        return self.plan

    def worked(self) -> Counter[str]:
        """How often each task was worked on."""
        return Counter(self.log.read_text(encoding="utf-8").split() if self.log.exists() else ())

    def trees(self) -> dict[str, dict[str, str]]:
        """The tree of every level branch, by repository and level."""
        return {name: levels(self[name]) for name in self.names}

    def files(self, name: str, revision: str) -> set[str]:
        """What a revision holds beside what was there."""
        listed = git(self[name], "ls-tree", "-r", "--name-only", revision).split()
        return set(listed) - {"README.md", ".progress.md"}


def make(folder: Path) -> Path:
    """Makes a repository on main with one commit."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--template=")
    (folder / "README.md").write_text("# A repository\n", encoding="utf-8")
    git(folder, "add", "README.md")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


def levels(repo: Path) -> dict[str, str]:
    """The tree of every level branch of a repository, by level; of one run only."""
    refs = git(repo, "for-each-ref", "--format=%(refname) %(tree)", "refs/heads/gitpar/*/level/*")
    return {line.split()[0].rpartition("/")[2]: line.split()[1] for line in refs.splitlines()}


def by_repo(run: Facts) -> dict[str, Facts]:
    """What a run's facts say of each repository."""
    return {one["name"]: one for one in run["repositories"]}


LANDED = ("a1", "w1", "l1", "a2", "w2", "w3", "b1", "b2")


def three(folder: Path) -> Workshop:
    """Three repositories and a plan of three waves: two results conflict, one task fails, one is blocked."""
    shop = Workshop(folder, "api", "web", "lib")
    line = "sed 's/$/ {name}/' README.md > new; mv new README.md"
    shop.write(
        shop.task("a1"),
        shop.task("w1", repo="../web"),
        shop.task("l1", repo="../lib"),
        shop.task("b1", repo="../lib", command=line.format(name="b1")),
        shop.task("b2", repo="../lib", command=line.format(name="b2")),
        shop.task("a2", "w1", "l1"),
        shop.task("w2", "a1", repo="../web"),
        shop.task("x", "a1", command="exit 3", retries=0),
        shop.task("lost", "x", repo="../lib"),
        shop.task("w3", "a2", repo="../web"),
    )
    return shop


def kill(shop: Workshop, *faults: str, schedule: str = "waves") -> str:
    """Runs the plan of `three`, killed once by each fault; says what is wrong with what came of it."""
    begin = ("run", shop.plan, "--schedule", schedule)
    words: tuple[str | Path, ...] = begin
    for fault in faults:
        gitpar(*words, cwd=shop["api"], env={"GITPAR_FAULT": fault})
        words = ("resume",) if gitpar("status", cwd=shop["api"]).status == 0 else begin
    done = gitpar(*words, "--json", cwd=shop["api"])
    wanted = {**dict.fromkeys(LANDED, "landed"), "x": "failed", "lost": "blocked"}
    if done.status != 1 or states(json.loads(done.stdout)) != wanted:
        return f"{faults}: ended with {done.status}\n{done.stdout}\n{done.stderr}"
    tips = {name: one["levels"][-1]["commit"] for name, one in by_repo(json.loads(done.stdout)).items()}
    files = {name: shop.files(name, tip) for name, tip in tips.items()}
    if files != {"api": {"a1.txt", "a2.txt"}, "web": {"w1.txt", "w2.txt", "w3.txt"}, "lib": {"l1.txt"}}:
        return f"{faults}: {files}"
    readme = git(shop["lib"], "show", f"{tips['lib']}:README.md")
    # where tasks start before their level, what is there first lands first
    lines = ("# A repository b1 b2", "# A repository b2 b1")[: 2 if schedule == "dag" else 1]
    if readme.strip() not in lines:
        return f"{faults}: {readme}"
    often = {task: times for task, times in shop.worked().items() if times > 1 + len(faults)}
    return f"{faults}: worked on too often: {often}" if often else ""
