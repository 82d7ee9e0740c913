"""Wrong landings by the dozen: each takes a right draft and spoils it in one way.

They stand where a draft is made (gitpar.git.drafting.Drafts), between computing a landing
and proving it, and do what real tools have done: build on a stale tip, lose a hunk or a
mode, land the wrong branch, let a test run edit the tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId, TreeId
from gitpar.core.settings import Strategy
from gitpar.git.commits import read_commit, with_trailers, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.drafting import Draft, Drafting, Drafts, trailers_of
from gitpar.git.trees import EMPTY_TREE, NO_ENTRY, Entry, compose, entry_at, tree_of
from gitpar.ports import Landing
from tests.support.repo import Repo, lines

if TYPE_CHECKING:
    from pygit2.enums import MergeFavor

FILE, PROGRAM, LINK, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000


@dataclass(frozen=True, slots=True)
class Scene:
    """A level on which `one` and `two` have landed, and `api` is to land."""

    base: CommitId
    first: CommitId
    """The level after `one`."""
    tip: CommitId
    """The level after `two`."""
    result: CommitId
    """The work of `api`: two commits on the base."""
    other: CommitId
    """The work of `late`, which has not landed."""


def files_at_base() -> dict[str, str | bytes | None]:
    """The files that every task starts from."""
    return {
        "README": "read me\n",
        "f.txt": lines(),
        "gone.txt": "to be deleted\n",
        "lib/m.py": lines((1, "m")),
        "lib/n.py": lines((1, "n")),
        "old.txt": lines((1, "old")),
        "run.sh": "echo run\n",
    }


def work_of_api(repo: Repo, base: CommitId) -> CommitId:
    """Two commits that edit, add, delete, rename and make a file a program."""
    repo.git("checkout", "-q", "--detach", base)
    repo.write("f.txt", lines((9, "api")))
    repo.write("lib/m.py", lines((1, "m"), (5, "api")))
    (repo.root / "run.sh").chmod(0o755)
    repo.commit("first half")
    repo.git("mv", "old.txt", "new.txt")
    return repo.commit("second half", {"gone.txt": None, "dir/added.txt": "added\n", "f.txt": _done()})


def _done() -> str:
    return lines((9, "api"), (16, "api again"))


class Spoiled:
    """Fulfils Drafts: the usual draft, spoiled by whatever `by` is set to."""

    def __init__(self, coordinator: Coordinator, scene: Scene) -> None:
        self._coordinator = coordinator
        self._right: Drafts = Drafting(coordinator)
        self._scene = scene
        self.by: Mutant | None = None

    def draft(self, landing: Landing, tree: TreeId) -> Draft:
        """Makes the draft and spoils it."""
        right = self._right.draft(landing, tree)
        if self.by is None:
            return right
        wrong = self.by(Bench(self._coordinator, self._scene, landing, right))
        assert wrong != right, "a mutant that changes nothing proves nothing"
        return wrong


@dataclass(frozen=True, slots=True)
class Bench:
    """What a mutant works with."""

    coordinator: Coordinator
    scene: Scene
    landing: Landing
    right: Draft

    def entry(self, commit: CommitId, path: str) -> Entry:
        """The entry of a path in a commit."""
        repository = self.coordinator.pygit()
        return entry_at(repository, tree_of(repository, commit), path)

    def blob(self, text: str | bytes, mode: int = FILE) -> Entry:
        """An entry with this content."""
        content = text.encode() if isinstance(text, str) else text
        return mode, str(self.coordinator.pygit().create_blob(content))

    def text(self, path: str) -> str:
        """The content of a path in the right draft."""
        repository = self.coordinator.pygit()
        return repository.read(entry_at(repository, self.right.tree, path)[1])[1].decode()

    def tree_with(self, **changed: Entry) -> TreeId:
        """The right tree with some paths changed; `__` stands for a slash, `_dot_` for a dot."""
        paths = {key.replace("__", "/").replace("_dot_", "."): entry for key, entry in changed.items()}
        return compose(self.coordinator.pygit(), self.right.tree, paths)

    def with_tree(self, tree: TreeId) -> Draft:
        """The right draft, its last commit holding another tree."""
        return self.remade(tree=tree)

    def remade(
        self,
        *,
        tree: TreeId | None = None,
        parents: tuple[CommitId, ...] | None = None,
        message: bytes | None = None,
    ) -> Draft:
        """The right draft with its last commit made again with some of it changed."""
        repository = self.coordinator.pygit()
        was, before, text = read_commit(repository, self.right.chain[-1])
        text = text if message is None else replace(text, message=message)
        now = was if tree is None else tree
        commit = write_commit(repository, now, before if parents is None else parents, text)
        return replace(self.right, tree=now, chain=(*self.right.chain[:-1], commit))

    def message(self, **named: str) -> bytes:
        """The right message with other trailers."""
        trailers = {**trailers_of(self.landing), **{f"Gitpar-{key}": value for key, value in named.items()}}
        return with_trailers(b"Merge task", trailers)

    def replayed(self, *steps: tuple[int, TreeId]) -> Draft:
        """A rebase of the right one's commits (by index), each with a tree."""
        repository = self.coordinator.pygit()
        made: list[CommitId] = []
        for at, tree in steps:
            text = read_commit(repository, self.right.chain[at])[2]
            made.append(write_commit(repository, tree, [made[-1] if made else self.landing.tip], text))
        return replace(self.right, chain=tuple(made), tree=steps[-1][1])

    def tree(self, commit: CommitId) -> TreeId:
        """The tree of a commit."""
        return tree_of(self.coordinator.pygit(), commit)


Mutant = Callable[[Bench], Draft]


def _tree(**changed: Callable[[Bench], Entry]) -> Mutant:
    return lambda b: b.with_tree(b.tree_with(**{path: made(b) for path, made in changed.items()}))


def _at(which: str, path: str) -> Callable[[Bench], Entry]:
    return lambda b: b.entry(getattr(b.scene, which), path)


def _no(_b: Bench) -> Entry:
    return NO_ENTRY


def _edited(path: str, edit: Callable[[str], str]) -> Callable[[Bench], Entry]:
    return lambda b: b.blob(edit(b.text(path)))


def _wrong_base(b: Bench) -> Draft:
    """A three-way merge over the level's first landing instead of the merge base."""
    repository = b.coordinator.pygit()
    commits = (b.scene.first, b.scene.tip, b.scene.result)
    base, tip, result = (repository[b.tree(commit)] for commit in commits)
    index = repository.merge_trees(base, tip, result, favor=_theirs())  # type: ignore[arg-type]  # Trees
    return b.with_tree(TreeId(str(index.write_tree(repository))))


def _theirs() -> MergeFavor:
    from pygit2.enums import MergeFavor  # noqa: PLC0415 - only here

    return MergeFavor.THEIRS


def _swapped(text: str) -> str:
    rows = text.splitlines(keepends=True)
    return "".join([*rows[:2], rows[3], rows[2], *rows[4:]])


TREES: dict[str, Mutant] = {
    "the task's hunk lost in a shared file": _tree(f_dot_txt=_at("tip", "f.txt")),
    "one of the task's hunks lost": _tree(
        f_dot_txt=_edited("f.txt", lambda t: t.replace("api again", "line 16"))
    ),
    "what landed before lost in a shared file": _tree(f_dot_txt=_at("result", "f.txt")),
    "the task's file left as it was": _tree(lib__m_dot_py=_at("tip", "lib/m.py")),
    "a new file missing": _tree(dir__added_dot_txt=_no),
    "a deletion not made": _tree(gone_dot_txt=_at("base", "gone.txt")),
    "a mode lost": _tree(run_dot_sh=_at("base", "run.sh")),
    "a mode added": _tree(lib__m_dot_py=lambda b: (PROGRAM, b.entry(b.scene.result, "lib/m.py")[1])),
    "a rename lost": _tree(new_dot_txt=_no, old_dot_txt=_at("base", "old.txt")),
    "a rename that keeps the old file": _tree(old_dot_txt=_at("base", "old.txt")),
    "a rename to nowhere": _tree(new_dot_txt=_no),
    "a rename to another name": _tree(new_dot_txt=_no, newer_dot_txt=_at("result", "new.txt")),
    "a file of another task reverted": _tree(lib__n_dot_py=_at("base", "lib/n.py")),
    "a file of another task removed": _tree(one_dot_txt=_no),
    "a file of another task edited": _tree(two_dot_txt=lambda b: b.blob("2\n")),
    "a gate that leaves a file": _tree(coverage_dot_xml=lambda b: b.blob("<x/>\n")),
    "a gate that formats a file": _tree(README=lambda b: b.blob("Read me.\n")),
    "a gate that formats the task's file": _tree(lib__m_dot_py=_edited("lib/m.py", str.upper)),
    "an untouched file deleted": _tree(README=_no),
    "an untouched file made a program": _tree(README=lambda b: (PROGRAM, b.entry(b.scene.tip, "README")[1])),
    "a file made a link": _tree(README=lambda b: b.blob("f.txt", LINK)),
    "a folder made a file": _tree(lib__m_dot_py=_no, lib__n_dot_py=_no, lib=lambda b: b.blob("x\n")),
    "a file made a folder": _tree(README=_no, README__inner=lambda b: b.blob("x\n")),
    "a submodule added": _tree(vendor=lambda b: (SUBMODULE, b.scene.base)),
    "the end of a shared file cut": _tree(f_dot_txt=_edited("f.txt", lambda t: t[:-8])),
    "lines doubled in a shared file": _tree(f_dot_txt=_edited("f.txt", lambda t: t + t)),
    "lines swapped in a shared file": _tree(f_dot_txt=_edited("f.txt", _swapped)),
    "other line endings": _tree(f_dot_txt=_edited("f.txt", lambda t: t.replace("\n", "\r\n"))),
    "other spaces": _tree(f_dot_txt=_edited("f.txt", lambda t: t.replace(" ", "  "))),
    "no newline at the end": _tree(f_dot_txt=_edited("f.txt", lambda t: t.rstrip("\n"))),
    "conflict markers": _tree(f_dot_txt=_edited("f.txt", lambda t: f"<<<<<<< a\n{t}=======\n>>>>>>> b\n")),
    "two files exchanged": _tree(
        lib__m_dot_py=_at("tip", "lib/n.py"), lib__n_dot_py=_at("result", "lib/m.py")
    ),
    "a name in other case": _tree(README=_no, readme=_at("tip", "README")),
    "a file moved to another folder": _tree(
        dir__added_dot_txt=_no, lib__added_dot_txt=_at("result", "dir/added.txt")
    ),
    "work of a task that has not landed": _tree(late_dot_txt=_at("other", "late.txt")),
    "built on the base: the tree of the result": lambda b: b.with_tree(b.tree(b.scene.result)),
    "the task dropped: the tree of the tip": lambda b: b.with_tree(b.tree(b.scene.tip)),
    "everything dropped: the tree of the base": lambda b: b.with_tree(b.tree(b.scene.base)),
    "the level one landing before": lambda b: b.with_tree(b.tree(b.scene.first)),
    "the tree of another task": lambda b: b.with_tree(b.tree(b.scene.other)),
    "an empty tree": lambda b: b.with_tree(EMPTY_TREE),
    "merged over the wrong base": _wrong_base,
}
"""Landings whose tree is wrong; for every strategy."""

MERGES: dict[str, Mutant] = {
    "parents exchanged": lambda b: b.remade(parents=(b.scene.result, b.scene.tip)),
    "one parent only": lambda b: b.remade(parents=(b.scene.tip,)),
    "on the base": lambda b: b.remade(parents=(b.scene.base, b.scene.result)),
    "on a stale tip": lambda b: b.remade(parents=(b.scene.first, b.scene.result)),
    "the result of another task": lambda b: b.remade(parents=(b.scene.tip, b.scene.other)),
    "another task's result as well": lambda b: b.remade(parents=(b.scene.tip, b.scene.result, b.scene.other)),
    "without parents": lambda b: b.remade(parents=()),
    "a commit that does not hold the tree": lambda b: replace(
        b.remade(tree=b.tree(b.scene.tip)), tree=b.right.tree
    ),
    "no commit at all": lambda b: replace(b.right, chain=()),
    "the tip itself": lambda b: replace(b.right, chain=(b.scene.tip,)),
    "landed twice in a row": lambda b: replace(b.right, chain=(*b.right.chain, *b.right.chain)),
    "made as a squash": lambda b: replace(b.remade(parents=(b.scene.tip,)), made=Strategy.SQUASH),
    "in the name of another task": lambda b: b.remade(message=b.message(Task="two")),
    "in the name of another run": lambda b: b.remade(message=b.message(Run="r2")),
    "in the name of another attempt": lambda b: b.remade(message=b.message(Attempt="1")),
    "in nobody's name": lambda b: b.remade(message=b"Merge branch\n"),
}
"""Landings whose merge commit is wrong."""

SQUASHES: dict[str, Mutant] = {
    "a squash with two parents": MERGES["parents exchanged"],
    "a squash on the base": lambda b: b.remade(parents=(b.scene.base,)),
    "a squash on a stale tip": lambda b: b.remade(parents=(b.scene.first,)),
    "a squash in another name": MERGES["in the name of another task"],
}
"""Landings whose one commit is wrong."""


def _author(b: Bench) -> Draft:
    repository = b.coordinator.pygit()
    tree, parents, text = read_commit(repository, b.right.chain[-1])
    forged = replace(text, author=b"Eve <eve@example.org> 1 +0000")
    return replace(b.right, chain=(b.right.chain[0], write_commit(repository, tree, parents, forged)))


def _steps(b: Bench) -> tuple[TreeId, TreeId]:
    first, last = (b.tree(commit) for commit in b.right.chain)
    return first, last


REBASES: dict[str, Mutant] = {
    "commits in another order": lambda b: b.replayed((1, _steps(b)[0]), (0, _steps(b)[1])),
    "a commit dropped, its work in the next": lambda b: b.replayed((1, _steps(b)[1])),
    "a commit doubled": lambda b: b.replayed((0, _steps(b)[0]), (0, _steps(b)[0]), (1, _steps(b)[1])),
    "a step that takes others' work back for a while": lambda b: b.replayed(
        (0, b.tree_with(one_dot_txt=NO_ENTRY)), (1, _steps(b)[1])
    ),
    "the author lost": _author,
    "the message lost": lambda b: b.remade(message=b.message()),
    "replayed on the base": lambda b: replace(b.right, chain=(b.scene.result,), tree=b.tree(b.scene.result)),
    "the last commit lost": lambda b: b.replayed((0, _steps(b)[0])),
}
"""Landings whose replayed commits are wrong."""
