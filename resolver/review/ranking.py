"""Which projects deserve a look first: grounds, what each weighs, and the order. Pure.

A project's weight is the sum of its grounds'. The scale: 100, whatever else is true of it, do not install it; 40, an
attack may look like this; 20 to 30, nobody else is known to have looked; 10 and less, there is more to look at, or it
matters more. The order is by weight, then by name, so it is total, and the same on every run of a day (rule R7): ages
are in whole days, in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from resolver.cooldown import upload_moment
from resolver.model.review import Ground, ReviewItem, WeighedGround

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from resolver.model import Listing, Wheel
    from resolver.model.review import Owners, WheelContents, WheelDifference

WEIGHTS: Final = {
    Ground.UNFIT: 100,
    Ground.QUARANTINED: 100,
    Ground.WITHDRAWN: 100,
    Ground.REPLACED: 100,
    Ground.LOOKALIKE: 40,
    Ground.MAINTAINER_CHANGE: 40,
    Ground.NEW_NATIVE_CODE: 35,
    Ground.UNKNOWN: 30,
    Ground.EXCEPTION: 30,
    Ground.NEW_NAME: 25,
    Ground.NEW: 20,
    Ground.BUILT: 20,
    Ground.DIRECT_URL: 20,
    Ground.YOUNG_PROJECT: 20,
    Ground.YANKED: 20,
    Ground.YOUNG: 15,
    Ground.FEW_RELEASES: 15,
    Ground.NEW_DEPENDENCY: 15,
    Ground.NEW_ENTRY_POINT: 15,
    Ground.NATIVE_CODE: 10,
    Ground.MOVED: 10,
    Ground.DEPRECATED: 10,
    Ground.ARCHIVED: 10,
    Ground.PARTLY_KNOWN: 5,
    Ground.NO_ATTESTATION: 5,
    Ground.CHANGED: 5,
}
FIRST: Final = 50
"""From this weight on a project is one to look at first."""
YOUNG: Final = 30
"""Days since its upload in which most that is wrong with a release comes to light."""
YOUNG_PROJECT: Final = 365
"""Days since a project's first release."""
OTHER_OWNERS: Final = 90
"""Days since the first day that others than before may upload a project."""
FEW: Final = 5
"""Fewer releases than these are few."""

_GROUNDS: Final = list(Ground)
_STATES: Final = {
    "quarantined": Ground.QUARANTINED,
    "deprecated": Ground.DEPRECATED,
    "archived": Ground.ARCHIVED,
}
ALARMS: Final = frozenset({Ground.UNFIT, Ground.QUARANTINED, Ground.WITHDRAWN, Ground.YANKED})
"""What brings a project onto the list although its wheel is the one of the lock in use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of one project. None: nobody was asked, or nobody could tell (rule T2)."""

    wheel: Wheel
    requested_by: tuple[str, ...] = ()
    told: tuple[tuple[Ground, str], ...] = ()
    """The grounds that need no judgement here, with their details."""
    known_in: tuple[str, ...] = ()
    """The releases that serve the project, in whatever version."""
    asked: tuple[str, ...] = ()
    """The releases that were asked."""
    listing: Listing | None = None
    """None for a wheel by URL: what the index has under this name need not be the same project."""
    built: bool = False
    """Whether the wheel was built here, of an sdist or a commit."""
    attested: bool | None = None
    """Whether the index has an attestation of the file, and it was verified."""
    contents: WheelContents | None = None
    owners: Owners | None = None
    path: Path | None = None
    former: str | None = None
    former_path: Path | None = None
    difference: WheelDifference | None = None
    unchecked: tuple[str, ...] = ()


def weigh(facts: Facts, today: date) -> ReviewItem:
    """Find every ground for a look; ``today`` is in UTC."""
    found = [
        *facts.told,
        *_of_distributions(facts),
        *_of_the_index(facts, today),
        *_of_contents(facts),
        *_of_owners(facts, today),
    ]
    if facts.built:
        found.append((Ground.BUILT, "its wheel was built here, and its source's own code ran for it"))
    if facts.attested is False:
        found.append((Ground.NO_ATTESTATION, "the index has no attestation of it"))
    details: dict[Ground, list[str]] = {}
    for ground, detail in found:
        details.setdefault(ground, []).append(detail)
    grounds = [
        WeighedGround(ground=ground, detail="; ".join(several), weight=WEIGHTS[ground])
        for ground, several in details.items()
    ]
    return ReviewItem(
        project=facts.wheel.project,
        version=str(facts.wheel.version),
        filename=facts.wheel.filename,
        path=facts.path,
        requested_by=facts.requested_by,
        grounds=tuple(sorted(grounds, key=lambda one: (-one.weight, _GROUNDS.index(one.ground)))),
        first=sum(one.weight for one in grounds) >= FIRST,
        former=facts.former,
        former_path=facts.former_path,
        difference=facts.difference,
        unchecked=(*facts.unchecked, *_unchecked(facts, today)),
    )


def order(items: Iterable[ReviewItem]) -> tuple[ReviewItem, ...]:
    """Put the heaviest first, and those of one weight by name."""
    return tuple(sorted(items, key=lambda item: (-item.weight, item.project)))


def _of_distributions(facts: Facts) -> Iterator[tuple[Ground, str]]:
    """Least known first: what a distribution has in any version, a maintainer has looked at."""
    if not facts.known_in and facts.asked:
        yield Ground.UNKNOWN, f"in none of {', '.join(facts.asked)}"
    elif len(facts.known_in) < len(facts.asked):
        yield Ground.PARTLY_KNOWN, f"{', '.join(facts.known_in)}, of {len(facts.asked)} releases"


def _of_the_index(facts: Facts, today: date) -> Iterator[tuple[Ground, str]]:
    uploaded = _day(facts.wheel)
    if uploaded is not None and (today - uploaded).days < YOUNG:
        yield Ground.YOUNG, f"uploaded {_ago(uploaded, today)}"
    listing = facts.listing
    if listing is None:
        return
    if listing.status in _STATES:
        why = f": {listing.status_reason}" if listing.status_reason else ""
        yield _STATES[listing.status], f"the index calls it {listing.status}{why}"
    if listing.status == "quarantined":
        return  # the index lists nothing of it, which says nothing about its releases
    same = [wheel for wheel in listing.wheels if wheel.version == facts.wheel.version]
    if not same and all(one.version != facts.wheel.version for one in listing.rejected):
        yield Ground.WITHDRAWN, f"the index no longer lists {facts.wheel.version}"
    yanked = next((wheel.yanked for wheel in same if wheel.sha256 == facts.wheel.sha256), None)
    if yanked is not None:
        yield Ground.YANKED, yanked or "without a reason"
    releases = len(listing.wheels) + len(listing.rejected)
    if releases < FEW:
        number = f"{releases} release{'' if releases == 1 else 's'}"
        yield Ground.FEW_RELEASES, f"the index has {number} of it"
    first = _oldest(facts, listing)
    if first is not None and (today - first).days < YOUNG_PROJECT and _tells_all(listing):
        yield Ground.YOUNG_PROJECT, f"first release {_ago(first, today)}"


def _of_contents(facts: Facts) -> Iterator[tuple[Ground, str]]:
    changed = facts.difference
    if changed is not None and changed.native.added:
        yield Ground.NEW_NATIVE_CODE, _some(changed.native.added)
    elif facts.contents is not None and facts.contents.native:
        yield Ground.NATIVE_CODE, _some(facts.contents.native)
    if changed is None:
        return
    if changed.names.added:
        yield Ground.NEW_NAME, ", ".join(changed.names.added)
    if added := [line for line in changed.entry_points.added if _names(line) not in map(_names, _before(facts))]:
        yield Ground.NEW_ENTRY_POINT, ", ".join(added)
    before = set(map(_required, changed.requires.removed))
    if needed := sorted({_required(line) for line in changed.requires.added} - before):
        yield Ground.NEW_DEPENDENCY, ", ".join(needed)
    if changed.people.added:
        instead = f", and no longer {', '.join(changed.people.removed)}" if changed.people.removed else ""
        yield Ground.MAINTAINER_CHANGE, f"its metadata now names {', '.join(changed.people.added)}{instead}"


def _of_owners(facts: Facts, today: date) -> Iterator[tuple[Ground, str]]:
    owners = facts.owners
    if owners is None or owners.before is None or (today - owners.since).days >= OTHER_OWNERS:
        return
    more = sorted(set(owners.now) - set(owners.before))
    fewer = sorted(set(owners.before) - set(owners.now))
    lists = [f"{', '.join(names)} {what}" for names, what in ((more, "may upload"), (fewer, "may no longer")) if names]
    yield Ground.MAINTAINER_CHANGE, f"since {owners.since} {', and '.join(lists)}"


def _unchecked(facts: Facts, today: date) -> Iterator[str]:
    if _day(facts.wheel) is None:
        yield "its age: nobody tells when it was uploaded"
    if facts.listing is None:
        yield "its releases: it comes from a URL"
    elif facts.listing.status != "quarantined" and not _tells_all(facts.listing):
        first = _oldest(facts, facts.listing)
        if first is None or (today - first).days < YOUNG_PROJECT:
            yield "the project's age: the index does not tell it of every release"
    if not facts.asked:
        yield "whether a distribution knows it: no metadata is at hand"
    if facts.contents is None:
        yield "its content"
    if facts.attested is None:
        yield "attestations"
    if facts.owners is None:
        yield "who may upload it: nobody tells"
    elif facts.owners.before is None and facts.owners.since == today:
        yield "whether others may upload it now: today is the first time that they are seen"


def _before(facts: Facts) -> tuple[str, ...]:
    return facts.difference.entry_points.removed if facts.difference is not None else ()


def _names(entry_point: str) -> str:
    """Give group and name: one that only leads elsewhere is not a new one."""
    return entry_point.partition(" = ")[0]


def _required(line: str) -> str:
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return line


def _day(wheel: Wheel) -> date | None:
    moment = upload_moment(wheel.upload_time)
    return moment.astimezone(UTC).date() if moment is not None else None


def _oldest(facts: Facts, listing: Listing) -> date | None:
    """Give the day of the oldest release that is known: the project is at least that old."""
    days = map(_day, (facts.wheel, *listing.wheels))
    return min((day for day in days if day is not None), default=None)


def _tells_all(listing: Listing) -> bool:
    """Whether there can be no older release: a listing has no times of those that do not fit the target.

    Those that are held back by the cooldown alone are no older ones.
    """
    return all(_day(wheel) for wheel in listing.wheels) and all(one.is_young for one in listing.rejected)


def _ago(day: date, today: date) -> str:
    days = (today - day).days
    return f"{day}, {days} day{'' if days == 1 else 's'} ago"


def _some(paths: tuple[str, ...]) -> str:
    return f"{paths[0]}, and {len(paths) - 1} more" if len(paths) > 1 else paths[0]
