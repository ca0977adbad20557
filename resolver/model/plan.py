"""What was decided, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from resolver.model.index import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from resolver.model.index import Wheel
    from resolver.model.packages import Backing, Evidence, OsCandidate, OsPackage
    from resolver.model.requirements import Origin
    from resolver.model.targets import MetadataSource, Target


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
    chain: tuple[str, ...] = ()
    """Of what was demoted: the projects that led to it, the one below its OS package first, the cause last."""
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
    policy: PinsPolicy | None = None
    """The narrowest pins policy of its own that lets the OS package in; None where none does (rule R9)."""


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
    together: tuple[str, ...] = ()
    """The projects that would be the distribution's with the bounds of all ``gains`` loosened, sorted."""


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
    def served(self) -> int:
        """How many of the projects the distribution serves."""
        return sum(project.outcome is Outcome.DISTRO for project in self.projects)

    @property
    def os_versions(self) -> dict[str, str]:
        """Give each OS package's exact version by its name; a foreign one as apt and dpkg take it, ``name:i386``."""
        native = ("all", "noarch", self.target.architecture)
        return {
            item.name if item.architecture in native else f"{item.name}:{item.architecture}": item.version
            for item in self.os_packages
        }
