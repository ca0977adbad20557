"""What an index offers: wheels, what they are built of, who vouches for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.model.plan import Concern


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
class Unchecked:
    """Why there is no answer."""

    why: str
    next_step: str | None = None


Attestation = Attested | Unattested | Unchecked
"""What is known of a file's attestations. One that does not verify is none of these but a PolicyError."""


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
