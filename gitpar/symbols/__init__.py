"""What source files define and use: Python by its own parser, other languages by tree-sitter.

The grammars come with the `symbols` extra; without it only Python is read. Text in,
values of gitpar.core.symbols out: nothing is run and no file is opened.
"""

from __future__ import annotations

from gitpar.core.symbols import FileSymbols

LONGEST_BYTES = 1_000_000
"""Larger files are made by machines and not read."""

_PYTHON = (".py", ".pyi")


def can_read(path: str) -> bool:
    """Says by its name whether a file's language is one that can be read here."""
    if path.endswith(_PYTHON):
        return True
    from gitpar.symbols.treesitter import language_of  # noqa: PLC0415 - most repositories need one of them

    return language_of(path) is not None


def read_symbols(path: str, data: bytes) -> FileSymbols | None:
    """Returns what a file defines and uses.

    None where that cannot be told: another language, a grammar that is not installed,
    a syntax error, more than LONGEST_BYTES.
    """
    if len(data) > LONGEST_BYTES:
        return None
    if path.endswith(_PYTHON):
        from gitpar.symbols.python import read_python  # noqa: PLC0415 - see above

        return read_python(path, data)
    from gitpar.symbols.treesitter import read_source  # noqa: PLC0415 - see above

    return read_source(path, data)
