"""gitpar's `dataclass` against the standard library's, of which it must be told apart by speed alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from gitpar.values import dataclass as late

Decorator = Callable[..., Callable[[type], type]]
_OFTEN = 120
"""How many calls are enough for a method to be compiled."""

OPTIONS: list[dict[str, bool]] = [
    {},
    {"slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
]


def classes(decorator: Any, options: dict[str, bool]) -> tuple[Any, Any]:
    """Returns a class of every kind of field, and one derived from it."""

    class Base:
        """One value."""

        a: int
        b: tuple[int, ...] = ()
        c: list[int] = field(default_factory=list, compare=False)
        d: str = field(default="x", repr=False)
        e: int = field(init=False, default=7)

    class Derived:
        pass

    base = decorator(**options)(Base)
    derived = decorator(**options)(type("Derived", (base,), {"__annotations__": {"f": "int"}, "f": 1}))
    return base, derived


def seen(action: Callable[[], Any]) -> Any:
    """Returns what an action returns, or the kind of its exception."""
    try:
        return action()
    except (TypeError, AttributeError) as error:
        return type(error)


def facts(base: Any, derived: Any) -> list[Any]:
    """Returns what can be seen of two classes."""
    return [
        seen(lambda: repr(base(a=1, b=(2,)))),
        seen(lambda: repr(derived(a=1, f=3))),
        seen(lambda: base(1, (2,)) == base(1, (2,), [5])),
        seen(lambda: base(a=1) == base(a=1, c=[5])),
        seen(lambda: base(a=1) != base(a=2)),
        seen(lambda: base(a=1) == derived(a=1)),
        seen(lambda: hash(base(a=1)) == hash(base(a=1, c=[4]))),
        seen(base),
        seen(lambda: base(a=1, e=3)),
        seen(lambda: base(a=1).c is not base(a=1).c),
        seen(lambda: dataclasses.replace(derived(a=1, f=4), a=2).f),
        seen(lambda: dataclasses.asdict(derived(a=1))),
        seen(lambda: setattr(base(a=1), "a", 2)),
        seen(lambda: delattr(base(a=1), "a")),
        seen(lambda: vars(base(a=1))),
        base.__match_args__,
        derived.__match_args__,
        [one.name for one in dataclasses.fields(derived)],
        base.__doc__,
    ]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_class_behaves_as_one_of_the_standard_library(options: dict[str, bool]) -> None:
    ours, theirs = facts(*classes(late, options)), facts(*classes(dataclasses.dataclass, options))

    assert ours == theirs
    often, _ = made = classes(late, options)
    for _ in range(_OFTEN):
        often(a=1)
    assert facts(*made) == theirs
    assert ours[0].endswith("Base(a=1, b=(2,), c=[], e=7)")


def test_a_method_of_the_class_itself_stays() -> None:
    class Told:
        """Says itself what it is."""

        a: int

        def __repr__(self) -> str:
            return f"told {self.a}"

        def __post_init__(self) -> None:
            self.a += 1

    made: Any = late(slots=True)(Told)

    assert repr(made(1)) == "told 2"
    assert made(1) == made(1)


def test_the_method_of_a_wrong_call_is_named() -> None:
    base, _ = classes(late, {"frozen": True, "slots": True})

    with pytest.raises(TypeError, match=r"Base\.__init__\(\) missing 1 required positional argument: 'a'"):
        base()


def test_a_class_that_is_looked_at_before_it_is_used_loses_nothing() -> None:
    base, derived = classes(late, {"frozen": True, "slots": True})

    assert [one.name for one in dataclasses.fields(derived)] == ["a", "b", "c", "d", "e", "f"]
    assert derived(1) == derived(a=1, b=(), c=[9], d="x", f=1)
    assert base(1).c is not base(1).c


def test_what_follows_the_mark_is_given_by_name_only() -> None:
    decorators: list[Any] = [late(slots=True), dataclasses.dataclass(slots=True)]

    class Marked:
        """Two values."""

        a: int
        _: dataclasses.KW_ONLY
        b: int = 2

    for made in [decorate(Marked) for decorate in decorators]:
        with pytest.raises(TypeError):
            made(1, 3)
        assert repr(made(1, b=3)).endswith("Marked(a=1, b=3)")
        assert made.__slots__ == ("a", "b")


def test_a_call_is_refused_that_gives_a_value_twice_or_one_nobody_knows() -> None:
    base, _ = classes(late, {"frozen": True, "slots": True})

    for calls in range(2):
        with pytest.raises(TypeError, match=r"multiple values for argument 'a'"):
            base(1, a=2)
        with pytest.raises(TypeError, match=r"unexpected keyword argument 'e'"):
            base(1, e=calls)
        with pytest.raises(TypeError, match=r"from 2 to 5 positional arguments but 7 were given"):
            base(1, (), [], "", 5, 6)
