"""Build conflicts in real repositories: what one side broke and the other began to use, and what is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from gitpar.core.builds import BuildConflict
from gitpar.core.names import TaskId
from gitpar.git.builds import BuildLook
from gitpar.git.changes import read_change_sets
from gitpar.git.comparing import workbench
from gitpar.symbols import can_read, read_symbols
from tests.support.repo import Repo

Files = Mapping[str, str | bytes | None]

SHOP = {
    "shop/__init__.py": "from shop.prices import total\n",
    "shop/prices.py": (
        "import os\n\n\nRATE = 2\n\n\ndef total(items, rate=1):\n    found = sum(items)\n"
        "    return found * rate\n"
        "\n\ndef spare(a):\n    return [a]\n"
    ),
    "shop/books.py": (
        "class Book:\n    def __init__(self, title):\n        self.title = title\n\n"
        "    def shelf_mark(self, long):\n        return self.title[:3]\n\n"
        "    def close(self):\n        return self.shelf_mark(long=True)\n"
    ),
    "shop/sales.py": "from shop.books import Book\n\n\ndef sell(book):\n    return book.title\n",
    "other/prices.py": "def total(x):\n    return x\n",
    "uses.py": "import io\n\n\ndef read(name):\n    stream = io.open(name)\n    stream.close()\n",
}


@dataclass(frozen=True)
class Case:
    """What A and B did to the shop, and what is to be said."""

    name: str
    a: Files
    b: Files
    said: tuple[str, ...] = ()
    base: Files = field(default_factory=lambda: SHOP)


def put(path: str, *replaced: tuple[str, str]) -> Files:
    text = SHOP[path]
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return {path: text}


GONE = ("def total(items, rate=1):\n    found = sum(items)\n    return found * rate\n", "")
SOLD = "B uses it (shop/sales.py:5)"
NO_OTHER = {"shop/__init__.py": ""}
CASES = [
    Case(
        "a function is removed and another file begins to import it",
        {**put("shop/prices.py", GONE), **NO_OTHER},
        {"new.py": "from shop.prices import total\n\nprint(total([1]))\n"},
        ("A removed total (shop/prices.py:7), B uses it (new.py:1)",),
    ),
    Case(
        "a package stops to hand a name on",
        NO_OTHER,
        {"new.py": "import shop\n\nprint(shop.total([1]))\n"},
        ("A removed total (shop/__init__.py:1), B uses it (new.py:3)",),
    ),
    Case(
        "a function is renamed",
        {
            **put("shop/prices.py", ("def total", "def whole")),
            "shop/__init__.py": "from shop.prices import whole\n",
        },
        {"new.py": "from shop import prices\n\n\ndef f():\n    return prices.total([])\n"},
        ("A renamed total to whole (shop/prices.py:7), B uses it (new.py:5)",),
    ),
    Case(
        "a function moves to another module",
        {
            **put("shop/prices.py", GONE),
            "shop/sums.py": "def total(items, rate=1):\n    return 1\n",
            **NO_OTHER,
        },
        {"deep/er/new.py": "from shop.prices import total as t\n\nt([])\n"},
        ("A moved total to shop/sums.py (shop/prices.py:7), B uses it (deep/er/new.py:1)",),
    ),
    Case(
        "it moves and its old module hands it on",
        {
            **put("shop/prices.py", GONE, ("import os\n", "import os\nfrom shop.sums import total\n")),
            "shop/sums.py": "def total(items, rate=1):\n    return 1\n",
        },
        {"new.py": "from shop.prices import total\n"},
    ),
    Case(
        "a parameter is added that the new call does not give",
        put("shop/prices.py", ("items, rate=1", "items, currency, rate=1")),
        {"new.py": "from shop.prices import total\n\nprint(total([1]))\n"},
        ("A gave total another signature (shop/prices.py:7), B uses it (new.py:3): wants `currency`",),
    ),
    Case(
        "a parameter is added that has a default",
        put("shop/prices.py", ("items, rate=1", "items, rate=1, currency='EUR'")),
        {"new.py": "from shop.prices import total\n\nprint(total([1]), total([1], 2), total(*x))\n"},
    ),
    Case(
        "a parameter is renamed and given by name",
        put("shop/prices.py", ("rate", "factor")),
        {"new.py": "import shop.prices as p\n\np.total([1], rate=2)\n"},
        ("A gave total another signature (shop/prices.py:7), B uses it (new.py:3): has no parameter `rate`",),
    ),
    Case(
        "a function of the same name elsewhere",
        {**put("shop/prices.py", GONE), **NO_OTHER},
        {
            "new.py": "from other.prices import total\n\ntotal(1)\n",
            "local.py": "def f(total):\n    return total\n",
        },
    ),
    Case(
        "a use that stood there before",
        {**put("shop/prices.py", ("def spare(a):\n    return [a]\n", ""))},
        put("uses.py", ("stream.close()", "stream.close()\n    return 1")),
    ),
    Case(
        "an import nobody seemed to need",
        put("shop/prices.py", ("import os\n", "")),
        put("shop/prices.py", ("return [a]", "return [a, os.sep]")),
        ("A removed os (shop/prices.py:1), B uses it (shop/prices.py:13)",),
    ),
    Case(
        "a method is renamed everywhere, and called on something nobody knows",
        put("shop/books.py", ("shelf_mark", "mark")),
        put("shop/sales.py", ("book.title", "book.title + book.shelf_mark(1)")),
        ("A renamed Book.shelf_mark to Book.mark (shop/books.py:5), B uses it (shop/sales.py:5)",),
    ),
    Case(
        "a method of a common name",
        put("shop/books.py", ("    def close(self):\n        return self.shelf_mark(long=True)\n", "")),
        {"new.py": "def f(stream):\n    stream.close()\n"},
    ),
    Case(
        "methods of somebody's own that have the same names",
        {"shop/books.py": "", "shop/sales.py": "def sell(book):\n    return 1\n"},
        {"new.py": SHOP["shop/books.py"] + "\n\nBook('x').shelf_mark(1)\n"},
    ),
    Case(
        "a method is given another signature",
        put("shop/books.py", ("self, long", "self, long, *, width"), ("long=True", "long=True, width=3")),
        put("shop/sales.py", ("book.title", "book.shelf_mark(True)")),
        (f"A gave Book.shelf_mark another signature (shop/books.py:5), {SOLD}: wants `width`",),
    ),
    Case(
        "what makes an object",
        put("shop/books.py", ("self, title", "self, title, author")),
        put("shop/sales.py", ("book.title", "Book('Emma').title")),
        ("A gave Book another signature (shop/books.py:1), B uses it (shop/sales.py:5): wants `author`",),
    ),
    Case(
        "a class is gone, its members say nothing more",
        {"shop/books.py": "", "shop/sales.py": "def sell(book):\n    return 1\n"},
        {"new.py": "from shop.books import Book\n\nBook('x').shelf_mark(1)\n"},
        ("A removed Book (shop/books.py:1), B uses it (new.py:1)",),
    ),
    Case(
        "a module is renamed",
        {
            "shop/books.py": None,
            "shop/works.py": SHOP["shop/books.py"],
            **put("shop/sales.py", ("books", "works")),
        },
        {"new.py": "import shop.books\n"},
        ("A moved books to shop/works.py (shop/books.py:1), B uses it (new.py:1)",),
    ),
    Case(
        "within a module that is renamed",
        {
            "shop/books.py": None,
            "shop/works.py": SHOP["shop/books.py"],
            **put("shop/sales.py", ("books", "works")),
        },
        put("shop/books.py", ("return self.title[:3]", "return Book(self.title)")),
    ),
    Case(
        "both removed it",
        {**put("shop/prices.py", GONE), **NO_OTHER},
        {**put("shop/prices.py", GONE), "new.py": "from shop.prices import total\n"},
    ),
    Case(
        "a constant",
        put("shop/prices.py", ("RATE = 2", "")),
        {"new.py": "from .shop import prices\n\nprint(prices.RATE)\n"},
        ("A removed RATE (shop/prices.py:4), B uses it (new.py:3)",),
    ),
    Case(
        "a file that is no Python any more, links, and other languages",
        {"shop/prices.py": "def (:\n", "a.txt": "total"},
        {"new.py": "from shop.prices import total\n", "b.txt": "total"},
    ),
]


def told(found: BuildConflict) -> str:
    what = {
        "removed": f"removed {found.name}",
        "renamed": f"renamed {found.name} to {found.now}",
        "moved": f"moved {found.name} to {found.now}",
        "signature": f"gave {found.name} another signature",
    }[found.breakage.value]
    why = f": {found.reason}" if found.reason else ""
    return (
        f"{found.definer} {what} ({found.defined.path}:{found.defined.line}), "
        f"{found.user} uses it ({found.used.path}:{found.used.line}){why}"
    )


def conflicts(repo: Repo, case: Case) -> list[str]:
    start = repo.commit("base", case.base)
    tips = [(TaskId(name), repo.branch(start, name, files)) for name, files in (("A", case.a), ("B", case.b))]
    with workbench(repo.place) as coordinator:
        sets = read_change_sets(coordinator.scratch, [(start, tip) for _, tip in tips])
        named = [(name, change_set) for (name, _), change_set in zip(tips, sets, strict=True)]
        return [told(each) for each in BuildLook(coordinator, can_read, read_symbols).conflicts(named)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_python(repo: Repo, case: Case) -> None:
    assert tuple(conflicts(repo, case)) == case.said


def test_a_path_with_a_newline_and_one_that_is_no_text(repo: Repo) -> None:
    odd = "a\nb\udce9.py"
    base = {odd: "class A:\n    def quite_odd(self):\n        pass\n", "c.py": "x = 1\n"}
    case = Case("odd", {odd: "class A:\n    pass\n"}, {"c.py": "def f(x):\n    x.quite_odd()\n"}, base=base)
    assert conflicts(repo, case) == [f"A removed A.quite_odd ({odd}:2), B uses it (c.py:2)"]


WANTS_TWO = "wants 2 arguments, 1 given"
TOTAL = "func Total(a int) int {\n\treturn a\n}\n"
MARK = 'func (b *Book) Mark() string {\n\treturn ""\n}\n'
TWICE = "  int twice(int a) {\n    return a;\n  }\n  int twice(long a) {\n    return 1;\n  }\n}\n"
OTHERS = [
    Case(
        "typescript",
        {
            "src/a.ts": "export function add(a: number, b: number) {\n  return a;\n}\n",
            "src/b.ts": "import { add } from './a';\nadd(1, 2);\n",
        },
        {"src/sub/c.ts": "import { add, LIMIT } from '../a';\nadd(1);\nadd(1, 2);\n"},
        (
            "A removed LIMIT (src/a.ts:4), B uses it (src/sub/c.ts:1)",
            f"A gave add another signature (src/a.ts:1), B uses it (src/sub/c.ts:2): {WANTS_TWO}",
        ),
        {
            "src/a.ts": "export function add(a: number, b?: number) {\n  return a;\n}\n"
            "export const LIMIT = 3;\n",
            "src/b.ts": "import { add } from './a';\nadd(1);\n",
        },
    ),
    Case(
        "javascript",
        {"src/a.js": "export function plus(a) {\n  return a;\n}\n", "src/b.js": ""},
        {"src/c.js": "import * as sums from './a.js';\nconst f = (add) => add;\nsums.add(1);\n"},
        ("A renamed add to plus (src/a.js:1), B uses it (src/c.js:3)",),
        {
            "src/a.js": "export function add(a) {\n  return a;\n}\n",
            "src/b.js": "const { add } = require('./a');\n",
        },
    ),
    Case(
        "go",
        {
            "p/a.go": "package p\n\nfunc Total(a, b int) int {\n\treturn a\n}\n\ntype Book struct{}\n",
            "p/b.go": "package p\n\nfunc f() int {\n\treturn Total(1, 2)\n}\n",
        },
        {
            "q/c.go": 'package q\n\nimport "x/p"\n\nfunc g(b p.Book) int {\n'
            "\tb.Mark()\n\treturn p.Total(1)\n}\n"
        },
        (
            "A removed Book.Mark (p/a.go:9), B uses it (q/c.go:6)",
            f"A gave Total another signature (p/a.go:3), B uses it (q/c.go:7): {WANTS_TWO}",
        ),
        {
            "p/a.go": f"package p\n\n{TOTAL}\ntype Book struct{{}}\n\n{MARK}",
            "p/b.go": "package p\n\nfunc f() int {\n\treturn Total(1)\n}\n",
        },
    ),
    Case(
        "go, moved within its package",
        {"p/a.go": "package p\n", "p/b.go": f"package p\n\n{TOTAL}"},
        {"p/c.go": "package p\n\nfunc g() int {\n\treturn Total(1)\n}\n"},
        (),
        {"p/a.go": f"package p\n\n{TOTAL}", "p/b.go": "package p\n"},
    ),
    Case(
        "rust",
        {
            "src/a.rs": "pub struct Book;\n\nimpl Book {\n    pub fn mark(&self, n: u32, m: u32) -> u32 {\n"
            "        n\n    }\n}\n",
            "src/b.rs": "",
        },
        {"src/c.rs": "fn g(b: crate::a::Book) -> u32 {\n    b.mark(1) + crate::a::total(1)\n}\n"},
        (
            f"A gave Book.mark another signature (src/a.rs:4), B uses it (src/c.rs:2): {WANTS_TWO}",
            "A removed total (src/a.rs:1), B uses it (src/c.rs:2)",
        ),
        {
            "src/a.rs": "pub fn total(a: u32) -> u32 {\n    a\n}\n\npub struct Book;\n\nimpl Book {\n"
            "    pub fn mark(&self, n: u32) -> u32 {\n        n\n    }\n}\n",
            "src/b.rs": "use crate::a::total;\n",
        },
    ),
    Case(
        "java",
        {
            "Book.java": "class Book {\n  Book(String title, String author) {}\n  String sign(int a) {\n"
            '    return "";\n  }\n' + TWICE.replace("int a", "int a, int b")
        },
        {
            "Shop.java": "class Shop {\n  void f(Book b) {\n    b.mark(1);\n    b.twice(1);\n"
            '    new Book("");\n  }\n}\n'
        },
        (
            "A renamed Book.mark to Book.sign (Book.java:3), B uses it (Shop.java:3)",
            f"A gave Book another signature (Book.java:1), B uses it (Shop.java:5): {WANTS_TWO}",
        ),
        {
            "Book.java": "class Book {\n  Book(String title) {}\n  String mark(int a) {\n"
            '    return "";\n  }\n' + TWICE
        },
    ),
]


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case.name)
def test_other_languages(repo: Repo, case: Case) -> None:
    if not can_read(next(iter(case.base))):
        pytest.skip("the grammar is not installed: pip install 'gitpar[symbols]'")
    assert tuple(conflicts(repo, case)) == case.said
