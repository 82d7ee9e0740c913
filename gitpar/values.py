"""`dataclass`, as in the standard library but made at first use: the home of that name in gitpar.

The standard decorator looks at every field and writes and compiles up to seven methods a
class, which for the 290 value classes that a run loads was most of what its imports took;
more than half of those classes are never made an object of. Here a class gets its slots at
once, and all else when it is first asked for. Equality, hash and text go over the fields
and are never compiled; `__init__` is where many objects are made. Frozen classes refuse
changes, as there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

_PLAIN_CALLS = 60
"""As many objects can be made, field by field, in the time in which one `__init__` is compiled."""

_KW_ONLY = ("KW_ONLY", "dataclasses.KW_ONLY")
"""The annotation that marks what follows; the name before it is no field. No ClassVar is known here."""

_MISSING = dataclasses.MISSING
_FIELD = dataclasses._FIELD  # type: ignore[attr-defined] # noqa: SLF001 - what tells fields from marks
_assign = object.__setattr__
"""How a frozen object gets its values, too."""

_Method = Callable[..., Any]
_Fields = tuple[dataclasses.Field[Any], ...]


def _dataclass(*, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> Callable[[type], type]:
    """Makes a class a data class; the options mean what they mean in the standard library."""

    def made(plain: type) -> type:
        if not slots:
            return dataclasses.dataclass(plain, frozen=frozen, kw_only=kw_only)
        body = dict(vars(plain))
        late = _Late(plain, kw_only=kw_only)
        # a class with slots is made anew, and must not have the defaults as attributes
        for name in (*late.names, "__dict__", "__weakref__"):
            body.pop(name, None)
        taken = {name for base in plain.__mro__[1:] for name in getattr(base, "__slots__", ())}
        body["__slots__"] = tuple(name for name in late.names if name not in taken)
        body["__qualname__"] = plain.__qualname__
        if frozen:
            body["__setattr__"] = body["__delattr__"] = _refuse
        elif body.get("__hash__", _MISSING) is _MISSING:
            body["__hash__"] = None
        for name, make in _MAKERS.items():
            if name not in body:
                body[name] = _AtFirst(late, name, make)
        body["__late__"] = late
        late.home = type(plain)(plain.__name__, plain.__bases__, body)
        return late.home

    return made


class _Late:
    """What is known of a class when it is defined, to make the rest of it from.

    `home` is the class that stands for the `plain` one, as soon as there is one.
    """

    __slots__ = ("_fields", "given", "home", "kinds", "kw_only", "names")

    def __init__(self, plain: type, *, kw_only: bool) -> None:
        self.home = plain
        self.kw_only = kw_only
        self.kinds = vars(plain).get("__annotations__", {})
        self.names = [name for name, kind in self.kinds.items() if kind not in _KW_ONLY]
        self.given = {name: vars(plain)[name] for name in self.names if name in vars(plain)}
        self._fields: _Fields | None = None

    @property
    def fields(self) -> _Fields:
        """The fields of the class, after those of the classes that it is derived from."""
        if self._fields is None:
            bases = [vars(base) for base in reversed(self.home.__mro__) if "__late__" in vars(base)]
            self._fields = tuple({one.name: one for base in bases for one in base["__late__"].own()}.values())
        return self._fields

    def own(self) -> Iterator[dataclasses.Field[Any]]:
        """Goes over the fields that the class itself has, as `dataclasses.fields` knows them."""
        kw_only = self.kw_only
        for name, kind in self.kinds.items():
            if kind in _KW_ONLY:
                kw_only = True
                continue
            given = self.given.get(name, _MISSING)
            one = given if isinstance(given, dataclasses.Field) else dataclasses.field(default=given)
            one.name, one.type = name, kind
            one._field_type = _FIELD  # type: ignore[union-attr] # noqa: SLF001 - `fields` looks for it
            if one.kw_only is _MISSING:
                one.kw_only = kw_only
            yield one


class _AtFirst:
    """An attribute or method of a class that is made when it is first looked at, and then stays."""

    __slots__ = ("late", "make", "name")

    def __init__(self, late: _Late, name: str, make: Callable[[_Late], object]) -> None:
        self.late = late
        self.name = name
        self.make = make

    def __get__(self, one: object, kind: type) -> Any:
        setattr(self.late.home, self.name, self.make(self.late))
        return getattr(kind if one is None else one, self.name)


def _equal(late: _Late) -> _Method:
    values = _values_of([one.name for one in late.fields if one.compare])

    def __eq__(self: object, other: object) -> Any:  # noqa: N807 - it becomes one
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(late: _Late) -> _Method:
    values = _values_of([one.name for one in late.fields if (one.compare if one.hash is None else one.hash)])

    def __hash__(self: object) -> int:  # noqa: N807 - it becomes one
        return hash(values(self))

    return __hash__


def _values_of(names: list[str]) -> Callable[[object], object]:
    """Returns what gives the values of some fields of an object."""
    return attrgetter(*names) if names else lambda _: ()


def _text(late: _Late) -> _Method:
    names = [one.name for one in late.fields if one.repr]

    @recursive_repr()
    def __repr__(self: object) -> str:  # noqa: N807 - it becomes one
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({told})"

    return __repr__


def _start(late: _Late) -> _Method:
    """Returns an `__init__` that goes over the fields, and has one compiled when it is called often.

    Calls that are wrong are left to the compiled one, which says what is wrong with them.
    """
    fields, home, calls = late.fields, late.home, 0
    given = {one.name for one in fields if one.init}
    places = [one.name for one in fields if one.init and not one.kw_only]
    defaults = {one.name: one.default for one in fields if one.default is not _MISSING}
    factories = {one.name: one.default_factory for one in fields if one.default_factory is not _MISSING}
    needed = len(given | defaults.keys() | factories.keys())
    then = getattr(home, "__post_init__", None)

    def __init__(self: object, *arguments: object, **named: object) -> None:  # noqa: N807 - it becomes one
        nonlocal calls
        calls += 1
        asked = dict(zip(places, arguments, strict=False)) | named if arguments else named
        values = defaults | asked
        for name, make in factories.items():
            if name not in asked:
                values[name] = make()
        wrong = len(asked) < len(arguments) + len(named) or len(values) < needed or not named.keys() <= given
        if wrong or calls > _PLAIN_CALLS:
            home.__init__ = quick = _compiled(fields, home)  # type: ignore[misc] # does the same
            quick(self, *arguments, **named)
            return
        for name, value in values.items():
            _assign(self, name, value)
        if then is not None:
            then(self)

    return __init__


def _compiled(fields: _Fields, home: type) -> _Method:
    """Writes the `__init__` of a class line by line, as the standard library does, and compiles it."""
    known: dict[str, object] = {"_assign": _assign, "_absent": _MISSING}
    lines: list[str] = []
    places: list[str] = ["self"]
    named: list[str] = []
    for one in fields:
        default, value = "", one.name
        if one.default_factory is not _MISSING:
            known[f"_make_{one.name}"] = one.default_factory
            default, value = "_absent", f"_make_{one.name}() if {one.name} is _absent else {one.name}"
        elif one.default is not _MISSING:
            known[f"_default_{one.name}"] = one.default
            default = f"_default_{one.name}"
        elif not one.init:
            continue
        if one.init:
            (named if one.kw_only else places).append(f"{one.name}={default}" if default else one.name)
        else:
            lines.append(f"{one.name} = {default}")
        lines.append(f"_assign(self, {one.name!r}, {value})")
    if hasattr(home, "__post_init__"):
        lines.append("self.__post_init__()")
    accepted = ", ".join([*places, "*", *named] if named else places)
    exec("\n    ".join([f"def __init__({accepted}):", *lines, "return"]), known)  # noqa: S102 - as there
    made: Any = known["__init__"]
    made.__qualname__ = f"{home.__qualname__}.__init__"
    made.__module__ = home.__module__
    return made  # type: ignore[no-any-return]


def _refuse(self: object, name: str, *_value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot change `{name}` of a frozen {type(self).__name__}")


_MAKERS: Mapping[str, Callable[[_Late], object]] = {
    "__init__": _start,
    "__repr__": _text,
    "__eq__": _equal,
    "__hash__": _hash,
    "__match_args__": lambda late: tuple(one.name for one in late.fields if one.init and not one.kw_only),
    "__dataclass_fields__": lambda late: {one.name: one for one in late.fields},
}

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass
