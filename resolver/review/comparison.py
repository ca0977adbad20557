"""What changed between two wheels of a project, and between two locks. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from resolver.model import Outcome
from resolver.model.review import Delta, WheelDifference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.utils import NormalizedName

    from resolver.model import Lock
    from resolver.model.review import WheelContents

_FINGERPRINT = re.compile(r"-[0-9a-f]{8}(?=\.)")
"""What auditwheel puts into a library's name, other for every build: ``libgomp-a34b3233.so.1.0.0``."""


def compare(former: WheelContents, latter: WheelContents) -> WheelDifference:
    """Hold the contents of two wheels of one project against each other."""
    return WheelDifference(
        files=_files(former.files, latter.files),
        native=_delta(map(_plain, former.native), map(_plain, latter.native)),
        names=_delta(former.names, latter.names),
        entry_points=_delta(former.entry_points, latter.entry_points),
        requires=_delta(former.requires, latter.requires),
        people=_people(former.people, latter.people),
        sizes=(former.size, latter.size),
    )


def gone(former: Lock, latter: Lock) -> tuple[tuple[NormalizedName, str], ...]:
    """Give the projects from PyPI that the latter has from nowhere, with their version."""
    still = {project.name for project in latter.projects}
    return tuple((wheel.project, str(wheel.version)) for wheel in former.wheels if wheel.project not in still)


def served(former: Lock, latter: Lock) -> tuple[tuple[NormalizedName, str], ...]:
    """Give the projects from PyPI that the latter has from the distribution, with the OS package and its version."""
    packages = {package.name: package.version for package in latter.os_packages}
    before = {wheel.project for wheel in former.wheels}
    return tuple(
        (project.name, f"{project.os_package} {packages[str(project.os_package)]}")
        for project in latter.projects
        if project.outcome is Outcome.DISTRO and project.name in before
    )


def _files(former: Mapping[str, str], latter: Mapping[str, str]) -> Delta:
    both = former.keys() & latter.keys()
    return Delta(
        added=tuple(sorted(latter.keys() - both)),
        removed=tuple(sorted(former.keys() - both)),
        changed=tuple(sorted(path for path in both if former[path] != latter[path])),
    )


def _delta(former: Iterable[str], latter: Iterable[str]) -> Delta:
    before, after = set(former), set(latter)
    return Delta(added=tuple(sorted(after - before)), removed=tuple(sorted(before - after)))


def _people(former: tuple[str, ...], latter: tuple[str, ...]) -> Delta:
    """Compare people: one is another only if neither name nor address was there, for honest people change either.

    A wheel that names nobody says nothing. Many did when their projects moved to pyproject.toml.
    """
    if not former or not latter:
        return Delta()
    before, after = _told(former), _told(latter)
    return Delta(
        added=tuple(one for one in latter if not _told((one,)) & before),
        removed=tuple(one for one in former if not _told((one,)) & after),
    )


def _told(people: Iterable[str]) -> set[str]:
    """Give names and addresses."""
    return {told.casefold() for one in people for told in _parts(one) if told}


def _parts(person: str) -> tuple[str, str]:
    """Part ``Name <address>``, of which either may stand alone."""
    name, both, address = person.rpartition(" <")
    if both:
        return name, address.removesuffix(">")
    return ("", person) if "@" in person else (person, "")


def _plain(path: str) -> str:
    return _FINGERPRINT.sub("", path)
