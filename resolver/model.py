"""The values that travel through distrofirst, from requirement to plan. No behaviour that reads or writes.

The way of the data (README, "How it works") in types::

    RequirementSet ──┐
    Catalog → OsCandidate ├─ resolve ─▶ Resolution(Decision…) ─▶ lock, report, install, verify
    Index → Wheel ───┘

Names of projects are normalized once (PEP 503), where they enter, and are ``NormalizedName`` from then on.
Everything is frozen, keyword-only and slotted; tuples are sorted wherever order carries no meaning (rule R7).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName
    from packaging.version import Version


class Outcome(StrEnum):
    """Where a project comes from, or why from nowhere (cli.md, Report JSON)."""

    DISTRO = "distro"
    PYPI = "pypi"
    UNMET = "unmet"
    """Nothing that may be used satisfies the requirement."""
    INAPPLICABLE = "inapplicable"
    """The requirement's marker is false for the target."""
    UNRESOLVED = "unresolved"
    """``--direct`` only: the distribution does not serve it, and nobody asked further."""


class Reason(StrEnum):
    """Why the distribution does not serve a project (cli.md, Report JSON)."""

    NOT_PACKAGED = "not-packaged"
    VERSION_TOO_OLD = "version-too-old"
    VERSION_TOO_NEW = "version-too-new"
    VERSION_EXCLUDED = "version-excluded"
    OTHER_PYTHON = "other-python"
    EXTRA_MISSING = "extra-missing"
    AMBIGUOUS = "ambiguous"
    NO_EVIDENCE = "no-evidence"
    """An OS package of the conventional name exists, but nothing shows which project it carries (rule I2)."""
    DEMOTED = "demoted"
    DIRECT_URL = "direct-url"
    HASH_REQUIRED = "hash-required"
    UNTRUSTED_REPOSITORY = "untrusted-repository"
    EXCLUDED_BY_POLICY = "excluded-by-policy"
    NOT_ON_INDEX = "not-on-index"
    NO_WHEEL = "no-wheel"
    MARKER_FALSE = "marker-false"


class Evidence(StrEnum):
    """What shows that an OS package carries a project (rule I1)."""

    CONTENTS = "contents"
    PROVIDES = "provides"
    OVERRIDE = "override"
    INSTALLED = "installed"


class PinsPolicy(StrEnum):
    """What an exact pin means to the distribution's candidate (rule R9)."""

    EXACT = "exact"
    MINIMUM = "minimum"
    COMPATIBLE = "compatible"
    PREFER = "prefer"


class Preference(StrEnum):
    """How the remainder's versions are chosen (``--prefer``)."""

    FEWEST = "fewest"
    """The newest release that keeps the most projects with the distribution."""
    NEWEST = "newest"


class Likeness(StrEnum):
    """In what a name is like another one (``resolver.pypi.lookalikes``)."""

    SWAP = "swap"
    HOMOGLYPH = "homoglyph"
    EDIT = "edit"
    ORDER = "order"
    AFFIX = "affix"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookalike:
    """A name that may be a mistake, or an attack: it is not known, and looks like one that is."""

    name: NormalizedName
    likely: NormalizedName
    """The name that was probably meant."""
    likeness: Likeness
    packaged: bool
    """Whether a distribution has ``likely``; else it is on the user's list of popular names."""


class Worry(StrEnum):
    """What deserves a look although, or because, the index offers it (``Concern``)."""

    LOOKALIKE = "lookalike"
    """Its name looks like one that is known (``Lookalike``)."""
    YANKED = "yanked"
    """Taken although its authors withdrew it: it is pinned (PEP 592)."""
    ARCHIVED = "archived"
    """No more releases are to be expected (PEP 792)."""
    DEPRECATED = "deprecated"
    """Its authors advise against it (PEP 792)."""
    QUARANTINED = "quarantined"
    """Refused: the index holds it to be unsafe (PEP 792)."""
    TOO_YOUNG = "too-young"
    """Refused: all that would do is younger than the cooldown (rule P3)."""
    PASSED_OVER = "passed-over"
    """A newer release would do, and is younger than the cooldown."""
    AGE_UNKNOWN = "age-unknown"
    """Taken without knowing its age: the index does not tell."""
    INCOMPLETE = "incomplete"
    """It is built of less than its repository refers to: submodules and Git LFS are not fetched."""
    PUBLISHER = "publisher"
    """The lock that is there already has it attested by somebody else, or now nobody vouches for it (PEP 740)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Concern:
    """One thing about a project of the remainder that people should know before they install it."""

    worry: Worry
    text: str
    """A sentence that names the project."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a requirement or an option stands."""

    file: str
    """The path as the user would name it; ``<stdin>`` for standard input, ``<command line>`` for an argument."""
    line: int
    """1-based; the first line of a continued line."""

    def __str__(self) -> str:
        """``requirements.txt:3``, the form editors understand."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One PEP 508 line (or URL, or path) with its origin."""

    name: NormalizedName | None
    """None where a URL or path does not tell the project's name."""
    extras: tuple[str, ...] = ()
    """Normalized (PEP 685), sorted."""
    specifier: SpecifierSet
    marker: Marker | None = None
    url: str | None = None
    """Where the project is to be taken from: a URL, a VCS URL, or a ``file:`` URL for a path."""
    editable: bool = False
    constraint: bool = False
    """From a ``-c`` file: limits a version, asks for nothing."""
    hashes: tuple[str, ...] = ()
    """``sha256:…`` as given, sorted."""
    origin: Origin
    text: str
    """The requirement as written, continuation lines joined, options and comment removed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileOption:
    """One option line of a requirements file that chooses where files come from."""

    name: str
    """The long option: ``--index-url``, ``--extra-index-url``, ``--find-links``, ``--no-index``, ``--pre`` …"""
    value: str | None
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignedIndex:
    """An index that the user names for single projects, which are then looked up nowhere else (rule P1)."""

    url: str
    """As written; may hold a login."""
    projects: tuple[str, ...]
    """Names, and beginnings of names with ``*`` at their end (``our-*``), normalized."""
    where: str = field(compare=False)
    """``distrofirst.toml: index[0]``; says nothing of what it is."""

    def claims(self, project: str) -> int:
        """Tell how closely it claims a project: 0 not at all, 1 by a beginning, 2 by its name."""
        if project in self.projects:
            return 2
        return int(any(one.endswith("*") and project.startswith(one[:-1]) for one in self.projects))


def assigned_to(project: str, indexes: tuple[AssignedIndex, ...]) -> AssignedIndex | None:
    """Give the index that a project is assigned to; a name comes before the beginning of one."""
    best = max(indexes, key=lambda index: index.claims(project), default=None)
    return best if best is not None and best.claims(project) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Where the remainder of a plan was looked for, and how old it had to be."""

    index: str | None = None
    """The default index, without a login; None where it was not asked."""
    indexes: tuple[AssignedIndex, ...] = ()
    """Those that projects of the remainder are assigned to, without logins."""
    uploaded_before: str = "off"
    """The cooldown as it was asked for: an age, a time, ``off`` (rule P3). An age stays one, so that no day gets in."""
    uploaded_before_for: tuple[tuple[NormalizedName, str], ...] = ()
    """The limits of single projects of the remainder, sorted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequirementSet:
    """Everything that the inputs ask for."""

    requirements: tuple[Requirement, ...]
    """In the order of the files, each line once; ``constraint`` is False for all."""
    constraints: tuple[Requirement, ...] = ()
    options: tuple[FileOption, ...] = ()
    inputs: tuple[str, ...] = ()
    """The inputs as the user named them."""
    warnings: tuple[str, ...] = ()
    """What the files say without effect, as pip passes over it in silence: ``requirements.txt:3: ignored …``."""
    files: tuple[tuple[str, str], ...] = ()
    """Every file that was read, included ones too: its name as it is shown, and its sha256; each once, by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A distribution release."""

    distribution: str
    """os-release's ID: ``debian``, ``ubuntu``, ``fedora`` …"""
    version: str
    """os-release's VERSION_ID: ``13``, ``24.04``; ``sid`` for Debian's unstable."""
    codename: str | None = None
    """``trixie``, ``noble``: the suite's name in the archive."""

    def __str__(self) -> str:
        """``debian:13``, as ``--target`` takes it."""
        return f"{self.distribution}:{self.version}"

    @property
    def slug(self) -> str:
        """``debian-13``: the release in a file name."""
        return f"{self.distribution}-{self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedRepository:
    """An apt or rpm-md repository that the user names, for releases whose mirrors the host does not know."""

    url: str
    key: Path | None = None
    """What it is signed with; None: nothing of the user's vouches for it."""
    release: Release | None = None
    """The one release that it is for; None: whichever is asked about."""


MACHINES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "armel": "armv6l",
    "armhf": "armv7l",
    "i386": "i686",
    "ppc64el": "ppc64le",
}
"""What uname calls Debian's architectures, where the two differ."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a plan is made for."""

    release: Release
    architecture: str
    """The distribution's own word: ``amd64``, ``arm64``; ``x86_64`` on RPM systems."""
    python: str
    """``3.13``"""
    python_full_version: str = ""
    """``3.13.5``; empty where only ``python`` is known."""
    glibc: str = ""
    """``2.41``: which manylinux wheels run there (PEP 600)."""
    is_host: bool = False
    """Whether the plan can be carried out on this machine."""

    def __str__(self) -> str:
        """Give the release alone, as reports show it."""
        return str(self.release)

    def environment(self, extra: str = "") -> dict[str, str]:
        """Give the marker variables of the target's interpreter (PEP 508), whatever machine this is (rule R4)."""
        return {
            "extra": extra,
            "implementation_name": "cpython",
            "implementation_version": self.python_full_version or f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": MACHINES.get(self.architecture, self.architecture),
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.python_full_version or f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class MetadataSource:
    """What a catalog's answers rest on."""

    source: str
    """``apt``, ``embedded``, ``rpm-md``."""
    date: str
    """RFC 3339 in UTC: the newest date that the repositories' own metadata carries."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Sdist:
    """One source distribution on the index, of a version without a fitting wheel."""

    project: NormalizedName
    version: Version
    filename: str
    url: str
    sha256: str
    size: int | None
    requires_python: str | None
    upload_time: str | None
    """RFC 3339 in UTC, as PEP 700 gives it."""
    yanked: str | None = None
    """The reason (maybe empty) where the file is yanked, else None (PEP 592)."""

    def __str__(self) -> str:
        """``odfpy-1.4.1.tar.gz``."""
        return self.filename


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """One commit of a git repository that a requirement names (rule R5)."""

    project: NormalizedName
    url: str
    """As git takes it: ``https://forge.example/x.git``."""
    commit: str
    """40 hexadecimal digits (SHA-1) or 64 (SHA-256), lower case."""
    subdirectory: str = ""
    """Where in the tree the project is; ``a/b``."""
    tree: str | None = None
    """The sha256 of all files of the tree, with their paths and modes (``resolver.pypi.fetching``); None while nobody
    has looked."""

    def __str__(self) -> str:
        """``git+https://forge.example/x.git@0123…#subdirectory=a/b``."""
        from urllib.parse import quote  # noqa: PLC0415 - commits are rare

        below = f"#subdirectory={quote(self.subdirectory)}" if self.subdirectory else ""
        return f"git+{self.url}@{self.commit}{below}"


Buildable = Sdist | Commit
"""What a wheel may be built of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """What a wheel was built of (rules P2, R5)."""

    source: Buildable
    requires: tuple[Wheel, ...] = ()
    """Everything that was in the build environment, sorted by name: wheels of the index, by their hashes."""
    concerns: tuple[Concern, ...] = ()
    """What people should know of those; a lock holds none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Publisher:
    """Who published a file, as a verified attestation shows it (PEP 740: a Trusted Publisher)."""

    kind: str
    """``GitHub``, ``GitLab``, ``Google`` …"""
    claims: tuple[tuple[str, str], ...]
    """The index's other words for it, sorted: ``repository``, ``workflow``, ``environment`` … (PEP 751 keeps them)."""

    def __str__(self) -> str:
        """``GitHub example/project (release.yml)``: what the signer's certificate shows, so without an environment."""
        claims = dict(self.claims)
        whose = [claims[key] for key in ("repository", "email", "project_id") if key in claims][:1]
        how = [claims[key] for key in ("workflow", "workflow_filepath", "pipeline_definition_id") if key in claims][:1]
        return " ".join((self.kind, *whose, *(f"({one})" for one in how)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Attested:
    """All attestations of a file that the index serves were verified, and name exactly this file."""

    publishers: tuple[Publisher, ...]
    """Sorted; at least one."""
    predicates: tuple[str, ...]
    """The kinds of statement that were verified, sorted: ``https://index.example/attestations/publish/v1``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unattested:
    """The index was asked, and offers no attestation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """One wheel on the index, or one that was built of an sdist from there, or of a commit."""

    project: NormalizedName
    version: Version
    filename: str
    url: str
    sha256: str
    size: int | None
    requires_python: str | None
    upload_time: str | None
    """RFC 3339 in UTC, as PEP 700 gives it."""
    yanked: str | None = None
    """The reason (maybe empty) where the file is yanked, else None (PEP 592)."""
    core_metadata: str | None = None
    """sha256 of the PEP 658 file; empty where the index has one without naming its hash; None where it has none."""
    built: Build | None = None
    """What it was built of; ``url`` and ``size`` are the source's then, name and hash the wheel's own."""
    provenance: str | None = None
    """The URL of its attestations; empty where the index names one of no use; None where it offers none (PEP 740)."""
    attestation: Attested | Unattested | Unchecked | None = None
    """What was found of them; None where nobody looked: reports do not."""


def with_what_builds(wheels: Iterable[Wheel]) -> tuple[Wheel, ...]:
    """Give wheels, and those that build them: all that a plan has of an index."""
    found = tuple(wheels)
    return (*found, *(one for wheel in found if wheel.built is not None for one in wheel.built.requires))


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelMetadata:
    """What resolution needs of a wheel's METADATA."""

    requires_dist: tuple[str, ...]
    """Requires-Dist as written (PEP 508)."""
    provides_extra: tuple[str, ...]
    """Normalized (PEP 685), sorted."""
    requires_python: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection:
    """One version on the index that the target cannot use."""

    version: Version
    why: str
    """``only an sdist``, ``requires Python <3.12``."""
    is_young: bool = False
    """Whether it would do but for the cooldown (rule P3)."""
    is_young_sdist: bool = False
    """Whether it would do but for the cooldown where it may be built of its sdist."""

    def __str__(self) -> str:
        """``2.0: only an sdist``."""
        return f"{self.version}: {self.why}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """What the index has of one project, for one target."""

    project: NormalizedName
    wheels: tuple[Wheel, ...]
    """One wheel a version, the best for the target, newest version first; yanked ones kept, pre-releases too."""
    rejected: tuple[Rejection, ...] = ()
    """The versions without a fitting wheel, newest first."""
    sdists: tuple[Sdist, ...] = ()
    """Of those, the ones that have a source distribution the target's Python may use, newest first (rule P2)."""
    exists: bool = True
    """False where the index does not know the project at all."""
    status: str = "active"
    """What the index says of the project as a whole: ``archived``, ``deprecated``, ``quarantined`` (PEP 792)."""
    status_reason: str | None = None
    age_unknown: bool = False
    """Whether a cooldown holds, and lets wheels pass that have no upload time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """A whole document, from the network or from the cache."""

    url: str
    """Where it came from in the end, redirects followed: the base of its relative links."""
    content_type: str
    """Lower case, without parameters; empty where the server gave none."""
    body: bytes
    """With any Content-Encoding undone."""
    sha256: str
    """Of ``body``, in hexadecimal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpPart:
    """A range of a document."""

    start: int
    """Where ``data`` begins in the document, in bytes."""
    data: bytes
    total: int
    """The size of the whole document in bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpNotFound:
    """The server's word that there is no such document (404 or 410): an answer, unlike a failure."""

    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What was decided of one project, and why (rule R8)."""

    name: NormalizedName | str
    """The project; the requirement's text where a URL or path names none."""
    outcome: Outcome
    version: str | None = None
    extras: tuple[str, ...] = ()
    requested_by: tuple[str, ...] = ()
    """``requirements.txt:3`` or a project's name; in the order of files, then by name."""
    specifier: str = ""
    os: OsCandidate | None = None
    """The distribution's candidate: chosen where the outcome is ``distro``, else the one that was set aside."""
    wheel: Wheel | None = None
    loosened: str | None = None
    """The pin that the policy set aside."""
    reason: Reason | None = None
    detail: str | None = None
    next_step: str | None = None
    """What would close the gap."""
    trail: tuple[str, ...] = ()
    """Each look-up and rejection in order, in words, for ``explain``."""
    depends: tuple[NormalizedName, ...] = ()
    """The projects that it needs, sorted."""
    direct: bool = False
    """Whether an input asks for it, rather than another project."""
    concerns: tuple[Concern, ...] = ()
    """What people should know before they install it, in the order of ``Worry``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gain:
    """What loosening the bounds of one listed project would buy."""

    project: str
    moved: tuple[str, ...]
    """The projects that would be the distribution's again, sorted; itself among them, where it is."""
    package: str | None
    """The OS package and its EVR that the bounds keep out."""
    bounds: tuple[tuple[Origin, str, str], ...] = ()
    """Where each bound stands, what it is (``>=2``), and the least loose one that lets the OS package in."""
    hashed: bool = False
    """Whether ``--hash`` is part of what keeps it out."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """The plan of one target: one decision a project, sorted by name."""

    target: Target
    metadata: MetadataSource
    decisions: tuple[Decision, ...]
    requirements: int
    """How many requirements the inputs hold, inapplicable ones included."""
    pins: PinsPolicy
    coverage_by_pins: Mapping[str, float] = field(default_factory=dict)
    """Of the listed requirements, per policy, 0 to 1."""
    warnings: tuple[str, ...] = ()
    backing: Mapping[str, Backing] = field(default_factory=dict)
    """Who stands behind the OS packages of its decisions, by their names; empty where nobody was asked."""
    gains: tuple[Gain, ...] = ()
    """What loosening bounds would buy, the most first; empty where nobody asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unconsulted:
    """A target that could not be asked: its answer is unknown, and never "not covered" (rule I6)."""

    target: str
    """As it was asked for: ``fedora:43``, ``host``."""
    why: str
    next_step: str | None
    exit_code: int
    """That of the error it would have been alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command to run, exactly as ``--dry-run`` prints it."""

    argv: tuple[str, ...]
    privileged: bool = False
    """Needs root: run as it is by root, else through sudo (rule X3)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Set on top of a clean environment."""
    stdin: str | None = None
    purpose: str = ""
    """In words that follow "to": ``make the environment``; for progress and errors."""

    def shell_line(self) -> str:
        """Give the command as one line for a POSIX shell, to be run by whoever has the rights that it needs."""
        settings = (f"{name}={value}" for name, value in sorted(self.environment.items()))
        line = shlex.join([*(("env", *settings) if self.environment else ()), *self.argv])
        return line if self.stdin is None else f"printf %s {shlex.quote(self.stdin)} | {line}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """What a command did."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedProject:
    """One project of a lock: what ``verify`` holds an environment against."""

    name: NormalizedName
    outcome: Outcome
    """``distro`` or ``pypi``."""
    version: str
    metadata_version: str | None
    """What importlib.metadata must say; None where the OS package has no Python metadata."""
    extras: tuple[str, ...] = ()
    os_package: str | None = None
    extra_packages: tuple[str, ...] = ()
    """The OS packages that are the chosen extras, sorted."""
    evidence: Evidence | None = None
    requested_by: tuple[str, ...] = ()
    depends: tuple[NormalizedName, ...] = ()
    loosened: str | None = None
    reason: Reason | None = None
    detail: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """A plan that can be carried out: everything exact, nothing left to decide (PEP 751)."""

    target: Target
    metadata: MetadataSource
    pins: PinsPolicy
    os_packages: tuple[OsPackage, ...]
    """What apt, dnf or zypper installs in one transaction; sorted by name."""
    wheels: tuple[Wheel, ...]
    """The remainder, sorted by name."""
    projects: tuple[LockedProject, ...]
    """Sorted by name."""
    inputs: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    """The requirements as written, for the reader of the lock."""
    sources: Sources = field(default_factory=Sources)

    @property
    def os_versions(self) -> dict[str, str]:
        """Give each OS package's exact version by its name; a foreign one as apt and dpkg take it, ``name:i386``."""
        native = ("all", "noarch", self.target.architecture)
        return {
            item.name if item.architecture in native else f"{item.name}:{item.architecture}": item.version
            for item in self.os_packages
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """What the package manager is about to do for a lock, checked by its own simulation (rule X1)."""

    commands: tuple[Command, ...] = ()
    """Empty where every OS package is there already; else one command."""
    added: tuple[str, ...] = ()
    """The OS packages that were not installed before, those that only others need included; sorted."""
    changed: tuple[str, ...] = ()
    """The installed OS packages that get another version, sorted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlteredFile:
    """A file of an installed OS package that is not what it came with."""

    package: str
    path: str
    missing: bool
    """Gone; else changed."""


class Drift(StrEnum):
    """In which way an environment is not what its lock says."""

    OS_PACKAGE = "os-package"
    """An OS package has another version."""
    OS_MISSING = "os-missing"
    """An OS package was removed."""
    OS_FILE = "os-file"
    """A file of an OS package is gone, or is not the one that it came with."""
    MISSING = "missing"
    VERSION = "version"
    PLACE = "place"
    """Another copy comes first on the interpreter's path, or the project comes from the wrong source."""
    FILE = "file"
    """A file of the remainder is gone, or is not the one that was in the wheel."""
    ORIGIN = "origin"
    """Installed from another file than the locked wheel."""
    EXTRA = "extra"
    """In the venv, and not in the lock: a project, or a module of none."""
    STARTUP = "startup"
    """In the venv, no project's, and run whenever its interpreter starts."""
    INTERPRETER = "interpreter"
    """The environment's interpreter is another Python, or gone: the release was upgraded."""
    LEAK = "leak"
    """The interpreter sees user site or /usr/local."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One difference between an environment and its lock."""

    project: str
    """The project, or the OS package or folder that the finding is about."""
    kind: Drift
    found: str
    expected: str
    remedy: str
    since: str | None = None
    """When it became so, as far as that is known: a time of day, in words."""

    def __str__(self) -> str:
        """Give one line."""
        return f"{self.project}: found {self.found}, expected {self.expected}"


class Verdict(StrEnum):
    """What is known of an item's vulnerabilities, in the order in which reports show them (rule T2)."""

    VULNERABLE = "vulnerable"
    NOT_CHECKED = "not-checked"
    """Nobody who would know was asked, or the answer says too little. Never to be shown as clean."""
    CLEAN = "clean"
    """Somebody who would know was asked, and names nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Advisory:
    """One known vulnerability, by whoever tells of it."""

    id: str
    aliases: tuple[str, ...] = ()
    """The same vulnerability's other names, sorted: ``CVE-2023-32681``, ``PYSEC-2023-74``."""
    fixed: tuple[str, ...] = ()
    """The versions that fix it, in the spelling of whoever tells, sorted; empty where none is known."""
    note: str = ""
    """What else is told, in a few words: ``medium urgency``."""

    @property
    def cves(self) -> frozenset[str]:
        """The CVE ids among its names."""
        return frozenset(name for name in (self.id, *self.aliases) if name.startswith("CVE-"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """An answer to the question which advisories affect one version."""

    advisories: tuple[Advisory, ...] = ()
    source: str
    """Who says so: ``debsecan``, ``updateinfo of updates``, the database's folder."""
    complete: bool = True
    """Whether vulnerabilities without a fix would be named too: an updateinfo tells of updates alone."""
    unclear: tuple[Advisory, ...] = ()
    """Advisories that are about this project or OS package, and do not tell whether this version is affected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unchecked:
    """Why there is no answer."""

    why: str
    next_step: str | None = None


Attestation = Attested | Unattested | Unchecked
"""What is known of a file's attestations. One that does not verify is none of these but a PolicyError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """Evidence that an OS package contains the fix of a vulnerability that its upstream version has."""

    cve: str
    version: str
    """The OS version that brought it."""
    source: str
    """Where that is said: ``changelog``, an advisory's id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """An OS package to be audited, with what it carries."""

    package: OsPackage
    projects: tuple[tuple[NormalizedName, str], ...] = ()
    """Name and upstream version of the projects that it serves, sorted; an empty version where it is not known."""
    unchecked: Unchecked | None = None
    """Why nothing is to be asked about it: it is not installed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditItem:
    """What is known of one project of the remainder, or of one OS package."""

    name: str
    version: str
    is_os_package: bool
    projects: tuple[str, ...] = ()
    """``requests 2.28.1``: what an OS package carries."""
    verdict: Verdict
    advisories: tuple[Advisory, ...] = ()
    """Those that affect it; of what is not checked, those that nobody can rule out."""
    evidence: tuple[Fix, ...] = ()
    """The fixes that an OS package has of vulnerabilities of its upstream version."""
    sources: tuple[str, ...] = ()
    """Who was asked and answered, sorted."""
    detail: str | None = None
    """Why it is not checked."""
    next_step: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """The whole answer: items by verdict, then the remainder before OS packages, then by name."""

    target: str
    """``debian:12``"""
    items: tuple[AuditItem, ...]

    def count(self, verdict: Verdict) -> int:
        """Count the items of one verdict."""
        return sum(item.verdict is verdict for item in self.items)


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
