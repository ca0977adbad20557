"""The use case ``review`` in its steps: who is asked about each project of the remainder, and what has changed in it.

What cannot be had is said of the project and ends nothing (rule T2); a file that is not the one that a lock names does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from resolver.errors import CommandError, UnavailableError
from resolver.model import Absence, Attested, Reason, Unattested
from resolver.model.review import Ground, Review
from resolver.pypi.contents import read_contents
from resolver.pypi.faults import in_words
from resolver.resolve.concerns import looks_like
from resolver.review import comparison, ranking
from resolver.review.ranking import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from packaging.utils import NormalizedName

    from resolver.model import Lock, LockedProject, Wheel
    from resolver.model.review import Owners, WheelContents
    from resolver.ports import Catalog, Index
    from resolver.pypi.faults import WheelFinding
    from resolver.pypi.owners import OwnersSeen
    from resolver.pypi.wheelhouse import Seen, Wheelhouse
    from resolver.resolve.concerns import Resembles

_KNOWN_ALL_THE_SAME = frozenset({Reason.OTHER_PYTHON, Reason.AMBIGUOUS})
"""Absences of a project that somebody has packaged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What a review asks with."""

    wheelhouse: Wheelhouse
    index: Index
    owners: OwnersSeen
    catalogs: Sequence[Catalog]
    """Of the releases that are asked whether they know a project."""
    resembles: Resembles
    today: date
    """In UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Former:
    """The lock in use."""

    lock: Lock
    shown: str
    """Its path, as the user named it."""


def carry_out(lock: Lock, former: Former | None, means: Means) -> Review:
    """Rank a lock's remainder, held against the lock in use.

    Raises PolicyError for a file that is not the one that its lock names, UnavailableError where the index or a wheel
    of ``lock`` cannot be had.
    """
    projects = {project.name: project for project in lock.projects}
    means.index.prefetch(wheel.project for wheel in lock.wheels if not _is_by_url(projects[wheel.project]))
    seen = means.wheelhouse.look(lock)
    before = {wheel.project: wheel for wheel in former.lock.wheels} if former is not None else {}
    changed = [wheel for wheel in lock.wheels if wheel.project in before and not _is_same(wheel, before)]
    earlier = means.wheelhouse.former(before[wheel.project] for wheel in changed)
    items, unchanged = [], []
    for wheel in lock.wheels:
        project = projects[wheel.project]
        facts = _facts(project, wheel, seen[wheel.project], means)
        same = wheel.project in before and _is_same(wheel, before)
        if same and not ranking.ALARMS & {one.ground for one in ranking.weigh(facts, means.today).grounds}:
            unchanged.append(wheel.project)
            continue
        facts = replace(facts, contents=_contents(facts.path, project, lock), owners=_owners(project, means))
        if former is not None:
            facts = _compared(facts, project, former, before.get(wheel.project), earlier.get(wheel.project))
        items.append(ranking.weigh(facts, means.today))
    return Review(
        target=str(lock.target),
        since=former.shown if former is not None else None,
        projects=len(lock.projects),
        remainder=len(lock.wheels),
        items=ranking.order(items),
        unchanged=tuple(unchanged),
        gone=comparison.gone(former.lock, lock) if former is not None else (),
        served=comparison.served(former.lock, lock) if former is not None else (),
        asked=_releases(means.catalogs),
    )


def _is_by_url(project: LockedProject) -> bool:
    return project.reason is Reason.DIRECT_URL


def _is_same(wheel: Wheel, before: Mapping[NormalizedName, Wheel]) -> bool:
    return before[wheel.project].sha256 == wheel.sha256


def _facts(project: LockedProject, wheel: Wheel, seen: Seen, means: Means) -> Facts:
    """Ask everybody about one project, and leave out what is in its wheel."""
    told: list[tuple[Ground, str]] = []
    if seen.path is None:
        told.append((Ground.WITHDRAWN, f"the server no longer has {wheel.filename}"))
    told += _found(Ground.UNFIT, seen.refused)
    told += _found(Ground.EXCEPTION, seen.allowed)
    by_url = _is_by_url(project)
    if by_url:
        told.append((Ground.DIRECT_URL, wheel.url))
    elif (like := means.resembles(wheel.project)) is not None:
        told.append((Ground.LOOKALIKE, looks_like(like)))
    return Facts(
        wheel=wheel,
        requested_by=project.requested_by,
        told=tuple(told),
        known_in=_releases(one for one in means.catalogs if _knows(one, wheel.project)),
        asked=_releases(means.catalogs),
        listing=None if by_url else means.index.listing(wheel.project),
        built=wheel.built is not None,
        attested={Attested: True, Unattested: False}.get(type(wheel.attestation)),
        path=seen.path,
    )


def _releases(catalogs: Iterable[Catalog]) -> tuple[str, ...]:
    return tuple(sorted({str(catalog.target) for catalog in catalogs}))


def _found(ground: Ground, findings: Sequence[WheelFinding]) -> list[tuple[Ground, str]]:
    return [(ground, line) for line in in_words(findings)]


def _knows(catalog: Catalog, project: NormalizedName) -> bool:
    """Whether a maintainer of the release has looked at the project, in whatever version."""
    answer = catalog.lookup(project)
    return not isinstance(answer, Absence) or answer.reason in _KNOWN_ALL_THE_SAME


def _owners(project: LockedProject, means: Means) -> Owners | None:
    return None if _is_by_url(project) else means.owners.of(project.name)


def _compared(
    facts: Facts, project: LockedProject, former: Former, before: Wheel | None, earlier: Path | UnavailableError | None
) -> Facts:
    """Add what the lock in use had of the project, and what has changed since."""
    wheel = facts.wheel
    if before is None:
        served = next((one for one in former.lock.projects if one.name == wheel.project), None)
        if served is None:
            told = (Ground.NEW, f"{former.shown} does not have it")
        else:
            told = (Ground.MOVED, f"was {served.os_package} {former.lock.os_versions.get(str(served.os_package), '')}")
        return replace(facts, told=(*facts.told, told), former=served.version if served is not None else None)
    facts = replace(facts, former=str(before.version))
    if earlier is None:
        return facts  # the same wheel
    if before.filename == wheel.filename:
        told = (Ground.REPLACED, f"{former.shown} has another file of this name")
    elif before.version == wheel.version:
        told = (Ground.CHANGED, f"another file of this version: before, {before.filename}")
    else:
        told = (Ground.CHANGED, f"before, {before.version}")
    facts = replace(facts, told=(*facts.told, told))
    if isinstance(earlier, UnavailableError):
        why = f"what changed: {before.filename} cannot be had: {earlier.message}"
        return replace(facts, unchecked=(*facts.unchecked, why))
    old = _contents(earlier, project, former.lock)
    difference = comparison.compare(old, facts.contents) if old is not None and facts.contents is not None else None
    unread = () if difference is not None else ("what changed: one of the two wheels cannot be read",)
    return replace(facts, former_path=earlier, difference=difference, unchecked=(*facts.unchecked, *unread))


def _contents(path: Path | None, project: LockedProject, lock: Lock) -> WheelContents | None:
    if path is None:
        return None
    try:
        with path.open("rb") as stream:
            return read_contents(stream, project.name, lock.target.environment(), project.extras)
    except OSError as error:
        raise CommandError(f"cannot be read: {error.strerror or error}", context=str(path)) from error
