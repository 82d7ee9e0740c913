"""`dataclass`, as in the standard library but made at first use: the home of that name in gitpar.

The standard decorator writes and compiles up to seven methods a class. For the 240 value
classes that a run loads, that was more than half of the time its imports took, and most
of them are never made an object of. Here a class gets its fields at once and each method
when it is first called. Frozen classes refuse changes, as there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

_LATE = ("__init__", "__repr__", "__eq__", "__hash__")
_ASPECTS = ("default", "default_factory", "init", "repr", "hash", "compare", "metadata", "kw_only")


def _dataclass(*, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> Callable[[type], type]:
    """Makes a class a data class; the options mean what they mean in the standard library."""

    def made(plain: type) -> type:
        late = [name for name in _LATE if name not in vars(plain)]
        known: Any = dataclasses.dataclass(
            plain, init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
        )
        for name in late:
            setattr(known, name, _made_at_first_call(known, name, slots=slots, frozen=frozen))
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
