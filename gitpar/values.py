"""`dataclass`, as in the standard library but made at first use: the home of that name in gitpar.

The standard decorator writes and compiles up to seven methods a class. For the 240 value
classes that a run loads, that was more than half of the time its imports took, and most
of them are never made an object of. Here a class gets its fields at once and each method
when it is first called; `__init__` even later, since most of those that are called at
all are called a few times. Frozen classes refuse changes, as there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

_LATE = ("__init__", "__repr__", "__eq__", "__hash__")
_PLAIN_CALLS = 100
"""As many objects can be made, field by field, in the time in which one `__init__` is compiled."""

_Field = tuple[str, object, Any, bool]
"""Of a field: name, default, default factory, whether it is given."""

_ASPECTS = ("default", "default_factory", "init", "repr", "hash", "compare", "metadata", "kw_only")


def _dataclass(*, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> Callable[[type], type]:
    """Makes a class a data class; the options mean what they mean in the standard library."""

    def made(plain: type) -> type:
        late = [name for name in _LATE if name not in vars(plain)]
        known: Any = dataclasses.dataclass(
            plain, init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
        )
        for name in late:
            made_later = _initialised_plainly if name == "__init__" else _made_at_first_call
            setattr(known, name, made_later(known, name, slots=slots, frozen=frozen))
        if frozen:
            known.__setattr__ = known.__delattr__ = _refuse
        elif "__hash__" in late:
            known.__hash__ = None
        return known  # type: ignore[no-any-return]

    return made


def _made_at_first_call(cls: type, name: str, **options: bool) -> Callable[..., Any]:
    def method(self: object, *arguments: object, **named: object) -> Any:
        setattr(cls, name, _method(cls, name, options))
        return getattr(cls, name)(self, *arguments, **named)

    return method


def _initialised_plainly(cls: type, name: str, *, slots: bool, frozen: bool) -> Callable[..., Any]:
    """Returns an `__init__` that goes over the fields, and has one compiled when it is called often.

    Calls that are wrong are left to the compiled one, which says what is wrong with them.
    """
    fields: list[_Field] = []
    names: set[str] = set()
    places: list[str] = []
    calls = 0

    def method(self: object, *arguments: object, **named: object) -> Any:
        nonlocal calls, fields, names, places
        if not calls:
            known = dataclasses.fields(cls)
            fields = [(one.name, one.default, one.default_factory, one.init) for one in known]
            names = {one.name for one in known if one.init}
            places = [one.name for one in known if one.init and not one.kw_only]
        calls += 1
        values = dict(zip(places, arguments, strict=False)) | named
        wrong = len(values) < len(arguments) + len(named) or not named.keys() <= names
        if wrong or calls > _PLAIN_CALLS or not _filled(values, fields, slots=slots):
            setattr(cls, name, _method(cls, name, {"slots": slots, "frozen": frozen}))
            return getattr(cls, name)(self, *arguments, **named)
        for field, value in values.items():
            object.__setattr__(self, field, value)
        if hasattr(cls, "__post_init__"):
            self.__post_init__()  # type: ignore[attr-defined] # it is there
        return None

    return method


def _filled(values: dict[str, object], fields: Sequence[_Field], *, slots: bool) -> bool:
    """Adds what has a default to the values of a call of `__init__`; False where something is missing."""
    for name, default, factory, init in fields:
        if name in values:
            continue
        if factory is not dataclasses.MISSING:
            values[name] = factory()
        elif default is dataclasses.MISSING:
            if init:
                return False
        elif init or slots:
            values[name] = default
    return True


def _method(cls: Any, name: str, options: Any) -> Callable[..., Any]:
    """Has the standard library make one method, in a class with the same fields and nothing else."""
    fields = [
        (one.name, object, dataclasses.field(**{what: getattr(one, what) for what in _ASPECTS}))
        for one in dataclasses.fields(cls)
    ]
    same: Any = dataclasses.make_dataclass(
        cls.__qualname__.rpartition(".")[2],
        fields,
        namespace={one: vars(cls)[one] for one in ("__doc__", "__post_init__") if one in vars(cls)},
        init=name == "__init__",
        repr=name == "__repr__",
        eq=name in ("__eq__", "__hash__"),
        **options,
    )
    return vars(same)[name]  # type: ignore[no-any-return]


def _refuse(self: object, name: str, *_value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot change `{name}` of a frozen {type(self).__name__}")


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass
