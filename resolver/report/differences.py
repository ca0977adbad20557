"""What moved between two plans, and why: as text and as JSON (``distrofirst/diff/1``).

A plan is what a report or a lock says of one target: each project's source, version and reason.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from resolver.model import Outcome
from resolver.report.plain import count, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA: Final = "distrofirst/diff/1"
"""Changes only when a key changes its meaning or goes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """What a plan says of one project."""

    outcome: Outcome
    version: str | None = None
    os_package: str | None = None
    """Name and EVR of the OS package that serves it; None where none does."""
    why: str | None = None
    """Why the distribution does not serve it."""

    def __str__(self) -> str:
        """``python3-flask 2.2.2-3``, ``PyPI 2.1``, ``unmet``."""
        match self.outcome:
            case Outcome.DISTRO:
                return self.os_package or f"distribution {self.version}"
            case Outcome.PYPI:
                return f"PyPI {self.version}"
            case _:
                return self.outcome.value


class Move(StrEnum):
    """How a project's place changed, in the order in which they are shown."""

    LOST = "lost"
    """Was served somewhere, and is unmet now."""
    TO_PYPI = "to-pypi"
    """From the distribution into the remainder, or met at last, and from there."""
    TO_DISTRO = "to-distro"
    VERSION = "version"
    """The same source, another version or OS package."""
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One project that is not as it was."""

    name: str
    move: Move
    before: Item | None
    after: Item | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two plans of one target, or of two that stand for each other."""

    before: str
    """The target: ``debian:12``."""
    after: str
    differences: tuple[Difference, ...]
    """By move, then by name."""
    unchanged: int


def compare(before: Mapping[str, Item], after: Mapping[str, Item]) -> tuple[tuple[Difference, ...], int]:
    """Give the differences of two plans, and how many projects have none."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        move = _move(old, new)
        if move is not None:
            found.append(Difference(name=name, move=move, before=old, after=new))
    order = list(Move)
    found.sort(key=lambda one: (order.index(one.move), one.name))
    return tuple(found), len(before.keys() | after.keys()) - len(found)


def _move(old: Item | None, new: Item | None) -> Move | None:
    if old is None or new is None:
        return Move.NEW if old is None else Move.GONE
    if old.outcome is not new.outcome:
        match new.outcome:
            case Outcome.DISTRO:
                return Move.TO_DISTRO
            case Outcome.PYPI:
                return Move.TO_PYPI
            case _:
                return Move.LOST
    return Move.VERSION if (old.version, old.os_package) != (new.version, new.os_package) else None


_TITLES: Final = {
    Move.LOST: "not met any more",
    Move.TO_PYPI: "now from PyPI",
    Move.TO_DISTRO: "now from the distribution",
    Move.VERSION: "in another version",
    Move.NEW: "new",
    Move.GONE: "gone",
}


def text(comparisons: Sequence[Comparison]) -> str:
    """Give the lines for people, target by target; text that ends with a newline."""
    lines: list[str] = []
    for comparison in comparisons:
        both = {comparison.before: None, comparison.after: None}
        lines.append(f"{' → '.join(both)}: {_summary(comparison)}")
        for move in Move:
            here = [one for one in comparison.differences if one.move is move]
            if here:
                lines += ["", f"{_TITLES[move]}:", *(f"  {_line(one)}" for one in here)]
        lines.append("")
    return "\n".join(map(printable, lines[:-1])) + "\n"


def _summary(comparison: Comparison) -> str:
    if not comparison.differences:
        return f"{count(comparison.unchanged, 'project')}, all as before"
    return f"{count(len(comparison.differences), 'project')} moved, {comparison.unchanged} as before"


def _line(one: Difference) -> str:
    """Give ``pydantic: python3-pydantic 1.10.4-1 → PyPI 2.14 (version too old: …)``."""
    places = " → ".join(str(item) for item in (one.before, one.after) if item is not None)
    # What came back has a reason that no longer holds, and what changed its version one that is known.
    told = one.after if one.move in {Move.LOST, Move.TO_PYPI, Move.NEW} else None
    told = one.before if one.move is Move.TO_DISTRO else told
    was = "was: " if one.move is Move.TO_DISTRO else ""
    return f"{one.name}: {places}{f' ({was}{told.why})' if told is not None and told.why else ''}"


def as_json(comparisons: Sequence[Comparison]) -> str:
    """Give the document; the same plans give the same bytes (rule R7), every key is always there."""
    document = {"schema": SCHEMA, "comparisons": [asdict(comparison) for comparison in comparisons]}
    return json.dumps(document, indent=2, sort_keys=True) + "\n"
