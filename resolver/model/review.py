"""What is left to review of the remainder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from packaging.utils import NormalizedName


class Ground(StrEnum):
    """Why a project of the remainder deserves a look; what each weighs stands in ``resolver.review.ranking``."""

    UNFIT = "unfit"
    """Its wheel must not be installed (rule P4)."""
    QUARANTINED = "quarantined"
    """The index holds it to be unsafe (PEP 792)."""
    WITHDRAWN = "withdrawn"
    """The index no longer has this release, or this file."""
    REPLACED = "replaced"
    """The lock in use has a file of this very name with another content."""
    LOOKALIKE = "lookalike"
    MAINTAINER_CHANGE = "maintainer-change"
    """Its metadata names other people than the former wheel's did, or other people may upload it."""
    UNKNOWN = "unknown-to-distributions"
    PARTLY_KNOWN = "known-to-some-distributions"
    NEW = "new"
    """The lock in use does not have it."""
    MOVED = "moved-from-distribution"
    """In the lock in use the distribution serves it."""
    EXCEPTION = "allowed-exception"
    """Its inspection found what the configuration allows."""
    BUILT = "built-from-sdist"
    DIRECT_URL = "direct-url"
    NATIVE_CODE = "native-code"
    NEW_NATIVE_CODE = "new-native-code"
    NEW_NAME = "new-top-level-name"
    NEW_DEPENDENCY = "new-dependency"
    NEW_ENTRY_POINT = "new-entry-point"
    YOUNG = "young"
    YOUNG_PROJECT = "young-project"
    FEW_RELEASES = "few-releases"
    NO_ATTESTATION = "no-attestation"
    YANKED = "yanked"
    DEPRECATED = "deprecated"
    ARCHIVED = "archived"
    CHANGED = "changed"
    """The lock in use has another version, or another file of this one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelContents:
    """What is in a wheel, as far as a review compares it."""

    files: Mapping[str, str]
    """The sha256 of each file by the place that it goes to: ``demo/cli.py``, ``scripts:demo``. What only describes the
    others (METADATA, RECORD, WHEEL, entry_points.txt) is left out."""
    native: tuple[str, ...] = ()
    """Those of ``files`` that are compiled code (ELF), sorted."""
    names: tuple[str, ...] = ()
    """What can be imported, sorted."""
    entry_points: tuple[str, ...] = ()
    """``console_scripts: demo = demo.cli:main``, sorted."""
    requires: tuple[str, ...] = ()
    """The lines of Requires-Dist that apply to the target, sorted."""
    people: tuple[str, ...] = ()
    """Authors and maintainers, ``A. Person <a@b.example>`` or what there is of it, sorted."""
    size: int
    """The wheel's own, in bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owners:
    """Who may upload one project, as its index says."""

    now: tuple[str, ...]
    """``Owner: somebody``, sorted."""
    since: date
    """The day on which that was seen for the first time."""
    before: tuple[str, ...] | None
    """Who could before; None where nothing else was ever seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """What a later list has and a former one has not, and the reverse; each sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Of files: those whose content differs."""

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelDifference:
    """What changed between two wheels of one project."""

    files: Delta
    native: Delta
    names: Delta
    entry_points: Delta
    requires: Delta
    people: Delta
    sizes: tuple[int, int]
    """Before and after, in bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WeighedGround:
    """One ground that holds for a project."""

    ground: Ground
    detail: str
    """A few words that say what was found, and where it helps, where that is known from."""
    weight: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewItem:
    """One project of the remainder that is to be looked at."""

    project: NormalizedName
    version: str
    filename: str
    path: Path | None
    """Where its wheel is to be looked into; None where it cannot be had."""
    requested_by: tuple[str, ...] = ()
    grounds: tuple[WeighedGround, ...]
    """The heaviest first."""
    first: bool
    """Whether it is one to look at first."""
    former: str | None = None
    """Its version in the lock in use; None where that does not have it, or where there is none."""
    former_path: Path | None = None
    difference: WheelDifference | None = None
    """What changed since the former wheel; None where there is none, or none that could be read."""
    unchecked: tuple[str, ...] = ()
    """What nobody could tell (rule T2)."""

    @property
    def weight(self) -> int:
        """What its grounds weigh together."""
        return sum(ground.weight for ground in self.grounds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What is left to review: the heaviest first, then by name."""

    target: str
    """``debian:12``"""
    since: str | None
    """The lock in use, as the user named it; None where there is none."""
    projects: int
    """How many the plan has, those of the distribution included."""
    remainder: int
    """How many of them come from PyPI."""
    items: tuple[ReviewItem, ...]
    unchanged: tuple[NormalizedName, ...] = ()
    """Projects of the remainder whose wheel is the one of the lock in use, and of which nothing alarming is known."""
    gone: tuple[tuple[NormalizedName, str], ...] = ()
    """Projects from PyPI that the plan no longer needs, with the version that the lock in use has; sorted."""
    served: tuple[tuple[NormalizedName, str], ...] = ()
    """Projects that the lock in use takes from PyPI and the plan from the distribution, with its OS package; sorted."""
    asked: tuple[str, ...] = ()
    """The releases that were asked whether they know a project."""
