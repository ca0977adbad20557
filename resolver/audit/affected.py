"""Whether a version is in what an OSV advisory says is affected. Pure; whoever calls knows how versions are ordered.

The evaluation is OSV's own (https://ossf.github.io/osv-schema/, Evaluation), with a third answer where it cannot be
carried out: an advisory that names commits only, or bounds that are no versions, says neither yes nor no (rule T2).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Order = Callable[[str, str], int]
    """Negative, zero or positive, as the first is older than, equal to or newer than the second.

    Raises ValueError for what is no version."""

BEGINNING = "0"
"""As ``introduced``: before every version."""
NO_LIMIT = "*"
_TURN = {"fixed": 0, "last_affected": 0, "introduced": 1}
"""Of two events at one version that contradict each other, the one that says affected comes last, and counts."""


class Affected(Enum):
    """The three answers."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """One range of an advisory."""

    comparable: bool
    """Whether its events are versions of the ecosystem, not commits."""
    events: tuple[tuple[str, str], ...]
    """``introduced``, ``fixed``, ``last_affected`` or ``limit``, and the version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What one advisory says is affected of one project or OS package."""

    versions: frozenset[str] = frozenset()
    ranges: tuple[Range, ...] = ()

    @property
    def mentioned(self) -> frozenset[str]:
        """Every version that has to be compared."""
        events = (version for one in self.ranges if one.comparable for _, version in one.events)
        return self.versions | {version for version in events if version not in {BEGINNING, NO_LIMIT}}

    @property
    def fixed(self) -> frozenset[str]:
        """The versions that fix it, as the ranges tell."""
        return frozenset(
            version for one in self.ranges if one.comparable for kind, version in one.events if kind == "fixed"
        )

    def holds(self, version: str, order: Order) -> Affected:
        """Tell whether a version is affected."""
        if version in self.versions or any(_equal(version, one, order) for one in self.versions):
            return Affected.YES
        unclear = not self.versions and not self.ranges
        for one in self.ranges:
            if not one.comparable:
                # Commits say nothing of a release, unless the releases are listed beside them.
                unclear |= not self.versions and not any(other.comparable for other in self.ranges)
                continue
            try:
                if _in_range(version, one.events, order):
                    return Affected.YES
            except ValueError:
                unclear = True
        return Affected.UNCLEAR if unclear else Affected.NO


def _equal(version: str, other: str, order: Order) -> bool:
    try:
        return order(version, other) == 0
    except ValueError:
        return False


def _in_range(version: str, events: Iterable[tuple[str, str]], order: Order) -> bool:
    """Walk through the events from the oldest on. Raises ValueError where one cannot be compared."""
    from functools import cmp_to_key  # noqa: PLC0415 - only audits need it

    def compare(one: tuple[str, str], other: tuple[str, str]) -> int:
        return _order(one[1], other[1], order) or _TURN[one[0]] - _TURN[other[0]]

    listed = list(events)
    limits = [limit for kind, limit in listed if kind == "limit"]
    if limits and not any(limit == NO_LIMIT or order(version, limit) < 0 for limit in limits):
        return False
    steps = sorted((event for event in listed if event[0] != "limit"), key=cmp_to_key(compare))
    inside = False
    for kind, bound in steps:
        place = _order(version, bound, order)
        if kind == "introduced" and place >= 0:
            inside = True
        elif (kind == "fixed" and place >= 0) or (kind == "last_affected" and place > 0):
            inside = False
    return inside


def _order(one: str, other: str, order: Order) -> int:
    if BEGINNING in {one, other}:
        return (one != BEGINNING) - (other != BEGINNING)
    return order(one, other)
