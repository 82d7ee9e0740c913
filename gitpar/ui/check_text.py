"""Every sentence of `gitpar check`, in whatever format it goes out. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from gitpar.core.builds import Breakage, BuildConflict, Place
from gitpar.core.check import Checked, Found, Severity
from gitpar.core.comparison import Together
from gitpar.core.conflicts import ConflictKind, Tier
from gitpar.core.names import TaskId
from gitpar.ui.plain import clean, counted, lines, listed, named


def verdict(checked: Checked) -> str:
    """Says in one sentence whether the change merges."""
    refused = against(checked, Tier.CONFLICT)
    head, target = named(checked.head), named(checked.target)
    if checked.target in refused:
        return f"{head} does not merge into {target}"
    others = [name for name in refused if name != checked.target]
    if others:
        return f"{head} merges into {target} and conflicts with {listed(others)}"
    compared = len(checked.compared.changes) - 2
    beside = f" and with {counted(compared, 'other branch')}" if compared == 1 else ""
    if compared > 1:
        beside = f" and with {compared} other branches"
    return f"{head} merges into {target}{beside}"


def outcome(checked: Checked) -> str:
    """Says whether the check failed, and by which rule."""
    errors = sum(1 for found in checked.found if checked.severity(found) is Severity.ERROR)
    if errors:
        return f"failed: {counted(errors, 'finding')} of --fail-on {checked.fail_on.value}"
    return f"passed (--fail-on {checked.fail_on.value})"


def against(checked: Checked, tier: Tier) -> list[TaskId]:
    """Returns the changes that the head meets in a tier, each once."""
    return list(dict.fromkeys(found.against for found in checked.found if found.tier is tier))


def where(found: Found) -> str:
    """Names the place in the head's version."""
    if found.lines is None:
        return named(found.path)
    if found.lines.count == 0:
        return f"{named(found.path)} before line {found.lines.start}"
    word = "line" if found.lines.count == 1 else "lines"
    return f"{named(found.path)} {word} {lines(found.lines)}"


def title(found: Found) -> str:
    """Names what was found in two or three words."""
    if found.build is not None:
        return "build conflict"
    if found.kind is ConflictKind.CASE_COLLISION:
        return found.kind.value
    match found.tier:
        case Tier.CONFLICT:
            return f"conflict ({found.kind.value})" if found.kind else "conflict"
        case Tier.TOUCHING:
            return "touching changes"
        case _:
            return "same file"


def sentence(found: Found) -> str:
    """Says what was found at the head's place, which is not named."""
    if found.build is not None:
        return build_sentence(found.build, found)
    other = named(found.against)
    if found.kind is ConflictKind.CASE_COLLISION:
        return f"{other} makes a name that differs from this one by case only"
    match found.tier:
        case Tier.CONFLICT:
            return f"{other} changed this as well, and git refuses to merge the two"
        case Tier.TOUCHING:
            return f"{other} changed what touches this; git merges the two"
        case _:
            return f"{other} changed this file as well; the changes lie apart"


def build_sentence(build: BuildConflict, found: Found) -> str:
    """Says what is broken, with the other place."""
    other, name = named(found.against), named(build.name)
    away = _place(found.elsewhere) if found.elsewhere else ""
    if build.definer == found.against:
        return f"{other} {done(build)} ({away}), which is used here{_why(build)}"
    return f"{name} is {_passive(build)} here, and {other} begins to use it ({away}){_why(build)}"


def build_line(build: BuildConflict) -> str:
    """Says of two changes what one breaks for the other, with both places."""
    return (
        f"{named(build.definer)} {done(build)} ({_place(build.defined)}), "
        f"which {named(build.user)} uses ({_place(build.used)}){_why(build)}"
    )


def done(build: BuildConflict) -> str:
    """Says what became of a definition."""
    name = named(build.name)
    match build.breakage:
        case Breakage.REMOVED:
            return f"removed {name}"
        case Breakage.RENAMED:
            return f"renamed {name} to {named(build.now)}"
        case Breakage.MOVED:
            return f"moved {name} to {named(build.now)}"
        case Breakage.SIGNATURE:
            return f"gave {name} another signature"


def together_line(checked: Checked, each: Together) -> str:
    """Says that several changes conflict although every two of them merge."""
    names = [name for name in (each.id, *each.others) if name not in (checked.head, checked.target)]
    return f"{named(checked.head)} merges with each of {listed(names)}, and not with all of them"


def notes(checked: Checked) -> Sequence[str]:
    """What else is worth knowing."""
    return [clean(note) for note in checked.compared.notes]


def _passive(build: BuildConflict) -> str:
    match build.breakage:
        case Breakage.REMOVED:
            return "removed"
        case Breakage.RENAMED:
            return f"renamed to {named(build.now)}"
        case Breakage.MOVED:
            return f"moved to {named(build.now)}"
        case Breakage.SIGNATURE:
            return "given another signature"


def _why(build: BuildConflict) -> str:
    return f": the call {clean(build.reason)}" if build.reason.startswith("gets") else _reason(build)


def _reason(build: BuildConflict) -> str:
    return f": it {clean(build.reason)}" if build.reason else ""


def _place(at: Place) -> str:
    return f"{named(at.path)} line {at.line}"
