"""What a distribution offers: OS packages, the projects that they carry, and who stands behind them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.model.plan import Reason


class Evidence(StrEnum):
    """What shows that an OS package carries a project (rule I1)."""

    CONTENTS = "contents"
    PROVIDES = "provides"
    OVERRIDE = "override"
    INSTALLED = "installed"


@dataclass(frozen=True, kw_only=True, slots=True)
class OsPackage:
    """A .deb or .rpm that the target's package manager would install."""

    name: str
    version: str
    """The EVR, whole: ``1:2.32.3+dfsg-5``."""
    architecture: str
    """The package's own: ``all``, ``amd64``; ``noarch``, ``x86_64``."""
    repository: str
    """Who stands behind it: ``Debian trixie/main``, for people; stable for one repository."""
    trusted: bool = True
    """Whether the system verifies the repository's signature (rule T1)."""
    installed: bool = False
    """Whether exactly this version is installed on the host, as far as the catalog looks (rpm's does not)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RpmRepository:
    """One rpm-md repository as the host is configured to use it: the effective settings, defaults included."""

    id: str
    """dnf's repository id, zypp's alias."""
    name: str
    """For people."""
    priority: int = 99
    """The lower number wins, whatever the versions (dnf.conf(5), zypper(8))."""
    trusted: bool = True
    """Whether the system verifies a signature before it installs from there (rule T1)."""
    distrust: str | None = None
    """The setting that makes it untrusted, as it would be written: ``gpgcheck=0``."""
    metadata: Path | None = None
    """The folder that holds ``repodata/``; None where the metadata was never fetched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RpmOffer:
    """One build of an OS package that the package manager would consider: not excluded, not filtered by a module."""

    name: str
    evr: str
    """As dnf spells it, without an epoch of zero: ``2.32.3-5.fc43``, ``1:1.0-2``."""
    architecture: str
    repository: str
    """The repository's id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RpmNotice:
    """One security advisory of a repository's updateinfo."""

    id: str
    """``FEDORA-2026-0123456789``, ``RHSA-2026:1234``."""
    cves: tuple[str, ...]
    """Sorted."""
    severity: str = ""
    builds: tuple[tuple[str, str, str], ...] = ()
    """The builds that bring the fix: name, architecture, EVR without an epoch of zero."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OsCandidate:
    """What a target offers for one project."""

    project: NormalizedName
    version: Version
    """The version that specifiers are judged by (rule V1)."""
    metadata_version: str | None
    """As the metadata spells it; None where the OS package has no Python metadata (override)."""
    version_note: str | None = None
    """Why ``version`` is not ``metadata_version`` (placeholder, derived from a newer candidate: V1, V2)."""
    metadata_is_current: bool = True
    """False where ``metadata_version`` was read from another build than this candidate (V2): no use to ``verify``."""
    package: OsPackage
    extra_packages: tuple[tuple[str, OsPackage], ...] = ()
    """The project's extras that are OS packages of their own (rule I5), by the extra's name, sorted."""
    evidence: Evidence
    evidence_detail: str
    """The chain in words: the path in Contents, the override's file and reason."""

    def packages(self, extras: Iterable[str]) -> tuple[OsPackage, ...]:
        """Give what is installed for the project with these extras: its own OS package first (rule I5)."""
        wanted = set(extras)
        return (self.package, *(package for extra, package in self.extra_packages if extra in wanted))


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """Why a catalog has no candidate for a project: an answer, unlike missing metadata (rule I6)."""

    reason: Reason
    detail: str
    suggestion: str | None = None
    """An OS package of a similar name, unverified, never installed (rule I2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OsDependency:
    """One OS package that another needs, looked through to those that carry projects."""

    package: str
    projects: tuple[NormalizedName, ...]
    """All projects that ``package`` carries, sorted."""
    primary: tuple[NormalizedName, ...]
    """Those of ``projects`` to list as dependencies: the package's namesake where it carries several. None for a
    collection: which of them is needed nobody can tell, and to count them all would make coverage look better."""


class Support(StrEnum):
    """Whether somebody fixes an OS package's vulnerabilities (rule T2)."""

    SUPPORTED = "supported"
    LIMITED = "limited"
    """In part, by somebody else, or for trusted content only: the detail tells."""
    ENDED = "ended"
    """Not any more, or it never was."""
    NOT_CHECKED = "not-checked"
    """Nobody who would know was asked; never to be shown as supported."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backing:
    """Who stands behind an OS package."""

    origin: str
    """``Debian``; of an RPM its repository, for people."""
    component: str | None
    """``main``, ``contrib``, ``universe`` …; None where there are none."""
    support: Support
    detail: str | None
    """Why not, or how far."""
