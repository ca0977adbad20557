"""The cooldown of rule P3: nothing younger is chosen from the index. Malware is mostly found within days.

A limit is a date, a time, an age or ``off``. An age counts back from the start of this day (or of this hour, where it
is given in hours), in UTC: every run of a day sees the same index, and its plan is the same (rule R7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from resolver.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName

_AGE: Final = re.compile(
    r"(?:P(?:(?P<weeks>\d+)W|(?P<days>\d+)D|T(?P<hours>\d+)H))|(?P<number>\d+)\s*(?P<unit>week|day|hour)s?",
    re.IGNORECASE | re.ASCII,
)
_MOST_DIGITS: Final = 5
"""Of an age, in any unit: beyond the calendar nothing can be meant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """What nothing may be younger than, as somebody wrote it; neither of the two: no limit (``off``)."""

    moment: datetime | None = None
    """Aware."""
    age: timedelta | None = None

    def at(self, now: datetime) -> datetime | None:
        """Give the moment that it means in a run that began ``now`` (aware); None for no limit."""
        if self.age is None:
            return self.moment
        start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if self.age % timedelta(days=1) == timedelta(0):
            start = start.replace(hour=0)
        return start - self.age

    def __str__(self) -> str:
        """Give it as ``parse`` takes it: ``3 days``, ``12 hours``, ``2026-11-01T00:00:00+00:00``, ``off``."""
        if self.age is not None:
            hours = int(self.age.total_seconds()) // 3600
            return f"{hours} hours" if hours % 24 else f"{hours // 24} days"
        return self.moment.astimezone(UTC).isoformat() if self.moment is not None else "off"


DEFAULT: Final = Limit(age=timedelta(days=3))
OFF: Final = Limit()


@dataclass(frozen=True, kw_only=True, slots=True)
class Cooldown:
    """The limits of one run."""

    limit: datetime | None = None
    """Aware; None for no limit."""
    limits: tuple[tuple[NormalizedName, datetime | None], ...] = ()
    """Projects with a limit of their own."""
    strict: bool = True
    """Whether what has no upload time is held back; else it is taken, and told of."""
    told: str = "off"
    """``limit`` as it was asked for: an age stays one."""
    told_for: tuple[tuple[NormalizedName, str], ...] = ()
    """The same for ``limits``."""

    def of(self, project: NormalizedName) -> datetime | None:
        """Give one project's limit."""
        return dict(self.limits).get(project, self.limit)

    def key(self, project: NormalizedName) -> str:
        """Give what tells one view of a project from another: for caches."""
        limit = self.of(project)
        return "" if limit is None else f"{limit.isoformat()}{'' if self.strict else '?'}"


def of(limit: Limit, limits: Iterable[tuple[NormalizedName, Limit]], now: datetime, *, strict: bool) -> Cooldown:
    """Turn limits into those of a run that began ``now`` (aware)."""
    limits = tuple(limits)
    return Cooldown(
        limit=limit.at(now),
        limits=tuple((name, each.at(now)) for name, each in limits),
        strict=strict,
        told=str(limit),
        told_for=tuple((name, str(each)) for name, each in limits),
    )


def parse(text: str, *, context: str) -> Limit:
    """Read a limit: ``2026-11-01``, ``2026-11-01T12:00:00Z``, ``7 days``, ``2 weeks``, ``P7D``, ``off``.

    A time is in UTC unless it says otherwise. Raises InputError for anything else.
    """
    text = text.strip()
    if text.lower() == "off":
        return OFF
    found = _AGE.fullmatch(text)
    if found is not None:
        amounts = {f"{found['unit'].lower()}s": found["number"]} if found["unit"] else found.groupdict()
        given = {unit: amounts.get(unit) or "0" for unit in ("weeks", "days", "hours")}
        if all(len(digits) <= _MOST_DIGITS for digits in given.values()):
            return Limit(age=timedelta(**{unit: int(digits) for unit, digits in given.items()}))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is no date and no age",
            context=context,
            hint="write it as 2026-11-01, 2026-11-01T12:00:00Z, 7 days, 2 weeks, P7D, or off",
        ) from error
    return Limit(moment=moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def spell(limit: datetime) -> str:
    """Give a limit for people: the day alone where it is a day's start."""
    utc = limit.astimezone(UTC)
    return f"{utc:%Y-%m-%d}" if utc.time() == datetime.min.time() else f"{utc:%Y-%m-%dT%H:%MZ}"


def upload_moment(text: str | None) -> datetime | None:
    """Read a file's upload time (PEP 700), in UTC unless it says otherwise; None where there is none to be read."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
