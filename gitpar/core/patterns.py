"""What a declared file means: a path, a folder, or a pattern as shells and .gitignore write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MOST_BRANCHES = 64


def plain(declared: str) -> str:
    """Returns a declared path without what changes nothing: `./`, slashes twice or at its end."""
    parts = declared.strip().split("/")
    return "/".join(part for part in parts if part not in {"", "."}) or "."


def is_pattern(declared: str) -> bool:
    """Says whether a declared file stands for several: it has `*`, `?`, `[…]` or `{…}`."""
    return any(sign in declared for sign in "*?[") or _BRACES.search(declared) is not None


@lru_cache(maxsize=4096)
def pattern(declared: str) -> re.Pattern[str]:
    """Returns the expression that fits all paths a pattern means; `**` goes through folders, `*` does not."""
    parts = (_translated(one) for one in _branches(plain(declared)))
    return re.compile("|".join(f"(?:{part})" for part in parts))


def matches(declared: str, path: str) -> bool:
    """Says whether a pattern means a path; one without a slash means files of that name in any folder."""
    found = pattern(declared)
    anywhere = "/" not in declared and found.fullmatch(path.rpartition("/")[2])
    return found.fullmatch(path) is not None or bool(anywhere)


def _branches(text: str) -> Iterator[str]:
    """Yields what `{a,b}` stands for, up to a few dozen."""
    ahead, done = [text], 0
    while ahead and done < _MOST_BRANCHES:
        one = ahead.pop()
        found = _BRACES.search(one)
        if found is None:
            done += 1
            yield one
        else:
            ahead += [one[: found.start()] + each + one[found.end() :] for each in found[1].split(",")]


def _translated(text: str) -> str:
    out, at = [], 0
    while at < len(text):
        sign = text[at]
        if text.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif text.startswith("**", at):
            out.append(".*")
            at += 2
        elif sign == "*":
            out.append("[^/]*")
            at += 1
        elif sign == "?":
            out.append("[^/]")
            at += 1
        elif sign == "[" and (end := text.find("]", at + 2)) > 0:
            inside = text[at + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            out.append(f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]")
            at = end + 1
        else:
            out.append(re.escape(sign))
            at += 1
    # what a pattern means, everything below it is meant as well
    return "".join(out) + "(?:/.*)?"
