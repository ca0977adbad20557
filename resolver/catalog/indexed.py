"""The catalog of any family: the index, the overrides, and the rules that choose between claims (I1 to I7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from packaging.utils import canonicalize_name

from resolver.catalog import contents, versions
from resolver.model import (
    Absence,
    Evidence,
    MetadataSource,
    OsCandidate,
    OsDependency,
    OsPackage,
    Reason,
    Release,
    Target,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.catalog.overrides import Override
    from resolver.catalog.store import Claim, IndexFile, PackageRecord

    ReadExtras = Callable[[OsPackage, str, Mapping[str, str]], Mapping[str, tuple[str, ...]]]
    """From an OS package, the name of its metadata and a marker environment to its extras."""


_NOT_OWN = {"extra", "other"}
"""The kinds of claims that do not make a package a project's: see ``store.Claim``."""

_WHERE = {"contents": "Contents", "provides": "Provides", "installed": "the package database"}
"""What shows a claim, for people."""

COLLECTION = 5
"""An OS package of more projects than these, none of them its namesake, is a collection (python3-typeshed: 168)."""


class IndexedCatalog:
    """What one release offers; implements ``ports.Catalog``."""

    def __init__(
        self,
        index: IndexFile,
        overrides: Mapping[NormalizedName, Override],
        read_extras: ReadExtras,
        *,
        is_host: bool = False,
    ) -> None:
        """Answer from an opened index; ``read_extras`` may go to the network, nothing else does."""
        header = index.header
        self._index = index
        self._overrides = overrides
        self._read_extras = read_extras
        self._found: dict[NormalizedName, OsCandidate | Absence] = {}
        self._below: dict[str, tuple[OsDependency, ...]] = {}
        self._target = Target(
            release=Release(distribution=header.distribution, version=header.version, codename=header.codename or None),
            architecture=header.architecture,
            python=header.python,
            python_full_version=header.python_full_version,
            glibc=header.glibc,
            is_host=is_host,
        )

    @property
    def target(self) -> Target:
        """The target that the answers hold for."""
        return self._target

    @property
    def metadata(self) -> MetadataSource:
        """What the answers rest on."""
        return MetadataSource(source=self._index.header.source, date=self._index.header.date)

    def lookup(self, project: NormalizedName) -> OsCandidate | Absence:
        """Find the OS package that carries a project (rule I1: override, Contents, installed packages)."""
        if project not in self._found:
            self._found[project] = self._lookup(project)
        return self._found[project]

    def names(self) -> frozenset[str]:
        """Give every project that the target's OS packages are known to carry, or that an override speaks of."""
        return self._index.projects() | self._overrides.keys()

    def dependencies(self, package: str) -> tuple[OsDependency, ...]:
        """Give the direct dependencies of an OS package that carry projects, sorted by package name."""
        if package not in self._below:
            self._below[package] = self._dependencies(package)
        return self._below[package]

    def _dependencies(self, package: str) -> tuple[OsDependency, ...]:
        record = self._index.package(package)
        found = []
        for name in record.depends if record is not None else ():
            needed = self._index.package(name)
            if needed is not None and needed.projects:
                projects = tuple(map(canonicalize_name, needed.projects))
                namesake = tuple(p for p in projects if self._is_namesake(name, p))
                listed = namesake or (projects if len(projects) <= COLLECTION else ())
                found.append(OsDependency(package=name, projects=projects, primary=listed))
        return tuple(found)

    def extras(self, candidate: OsCandidate, wanted: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
        """Give the wanted extras, and maybe others; see the port.

        Those that are OS packages of their own (rule I5) ask for what those packages depend on. The candidate's own
        metadata is only read for others; a package without metadata has none.
        """
        packaged = {
            extra: tuple(
                str(project)
                for needed in self.dependencies(package.name)
                if needed.package != candidate.package.name
                for project in needed.primary
            )
            for extra, package in candidate.extra_packages
        }
        if wanted <= packaged.keys():
            return packaged
        names = [claim.metadata_name for claim in self._claims(candidate.project, candidate.package.name)]
        stated = self._read_extras(candidate.package, names[0], self._target.environment()) if names else {}
        return {**stated, **packaged}

    def package(self, name: str) -> OsPackage | None:
        """Give an OS package as the target would install it, if it matters to Python."""
        record = self._index.package(name)
        return _os_package(record) if record is not None else None

    def other_versions(self, project: NormalizedName) -> tuple[tuple[Version, str], ...]:
        """Give what the target's other repositories (backports …) have of a project: version and repository."""
        match self.lookup(project):
            case OsCandidate() as candidate:
                record = self._index.package(candidate.package.name)
                return tuple((versions.derive(version), where) for version, where in record.others) if record else ()
            case Absence():
                return ()

    def _lookup(self, project: NormalizedName) -> OsCandidate | Absence:
        override = self._overrides.get(project)
        if override is not None and override.serves is not None:
            return self._equivalent(project, override, override.serves)
        if override is not None and (package := override.package_of(self._index.header.prefix)) is not None:
            return self._named(project, override, package)
        packages = sorted({claim.package for claim in self._index.claims(project) if claim.kind not in _NOT_OWN})
        if len(packages) > 1:
            namesakes = [package for package in packages if self._is_namesake(package, project)]
            if len(namesakes) != 1:
                return Absence(
                    reason=Reason.AMBIGUOUS,
                    detail=f"{_and(packages)} each carry metadata of {project}; an override has to decide",
                )
            packages = namesakes
        if not packages:
            return self._absent(project)
        record = self._index.package(packages[0])
        if record is None:
            return self._absent(project)
        return self._candidate(project, record, self._claims(project, record.name), override)

    def _is_namesake(self, package: str, project: str) -> bool:
        """Tell whether a package is named after a project (rule I3); SUSE keeps upstream's capitals and dots."""
        prefix = self._index.header.prefix
        return package.startswith(prefix) and canonicalize_name(package.removeprefix(prefix)) == project

    def _claims(self, project: str, package: str) -> list[Claim]:
        """Give a package's usable claims to a project, those that name a version of some meaning first (rule V1)."""
        own = [c for c in self._index.claims(project) if c.package == package and c.kind not in _NOT_OWN]
        own.sort(key=_meaning)
        return own

    def _candidate(
        self, project: NormalizedName, record: PackageRecord, claims: list[Claim], override: Override | None
    ) -> OsCandidate | Absence:
        if not record.trusted:
            return Absence(
                reason=Reason.UNTRUSTED_REPOSITORY,
                detail=f"{record.name} {record.version} is offered only by {record.repository}, whose signature"
                " the system does not verify",
            )
        claim = claims[0]
        stated = contents.split_metadata_name(claim.metadata_name)[1]
        judged = versions.effective(
            stated,
            claim.os_version,
            record.version,
            distrust=override is not None and override.distrust_version,
        )
        detail = f"{_WHERE[claim.kind]}: {claim.metadata_name} in {record.name}"
        if override is not None:
            detail = f"{override.where}: {override.reason}; {detail}"
        return OsCandidate(
            project=project,
            version=judged.version,
            metadata_version=stated or None,
            version_note=judged.note,
            metadata_is_current=judged.is_current,
            package=_os_package(record),
            extra_packages=self._extra_packages(project, record),
            evidence=_evidence(claim, override),
            evidence_detail=detail,
        )

    def _extra_packages(self, project: NormalizedName, base: PackageRecord) -> tuple[tuple[str, OsPackage], ...]:
        """Give a package's extras that are OS packages of their own, of exactly its build and trusted like it."""
        found = []
        for claim in self._index.claims(project):
            record = self._index.package(claim.package) if claim.kind == "extra" else None
            if record is None or not record.trusted or record.version != base.version:
                continue
            if base.name in record.depends:
                found.append((claim.metadata_name, _os_package(record)))
        return tuple(sorted(found, key=lambda pair: pair[0]))

    def _named(self, project: NormalizedName, override: Override, package: str) -> OsCandidate | Absence:
        """Follow an override that names the OS package, with or without metadata in it."""
        record = self._index.package(package)
        if record is None:
            return Absence(
                reason=Reason.NOT_PACKAGED,
                detail=f"{override.where} names {package}, which {self._target} does not have",
            )
        if claims := self._claims(project, package):
            return self._candidate(project, record, claims, override)
        upstream = versions.upstream_part(record.version)
        return OsCandidate(
            project=project,
            version=versions.derive(record.version),
            metadata_version=None,
            version_note=f"derived from {upstream}: {package} has no Python metadata",
            package=_os_package(record),
            evidence=Evidence.OVERRIDE,
            evidence_detail=f"{override.where}: {override.reason}",
        )

    def _equivalent(self, project: NormalizedName, override: Override, serves: NormalizedName) -> OsCandidate | Absence:
        """Answer with another project's OS package that does the same job (rule I7)."""
        match self.lookup(serves):
            case OsCandidate() as other:
                return OsCandidate(
                    project=project,
                    version=other.version,
                    metadata_version=None,
                    version_note=f"the version of {serves}",
                    package=other.package,
                    evidence=Evidence.OVERRIDE,
                    evidence_detail=f"{override.where}: {override.reason}; {other.evidence_detail}",
                )
            case Absence() as absence:
                return absence
            case unreachable:
                assert_never(unreachable)

    def _absent(self, project: NormalizedName) -> Absence:
        """Say why nothing carries a project; a similar name is a suggestion and no more (rule I2)."""
        others = [claim for claim in self._index.claims(project) if claim.kind == "other"]
        if others:
            return Absence(
                reason=Reason.OTHER_PYTHON,
                detail=f"{others[0].package} carries it for another interpreter than Python {self._target.python}",
            )
        prefix = self._index.header.prefix
        record = self._index.package(f"{prefix}{project}") or self._index.package(
            f"{prefix}{project.replace('-', '.')}"
        )
        if record is None:
            return Absence(reason=Reason.NOT_PACKAGED, detail=f"no OS package of {self._target} carries it")
        if record.projects:
            return Absence(
                reason=Reason.NOT_PACKAGED,
                detail=f"no OS package of {self._target} carries it ({record.name} carries {_and(record.projects)})",
            )
        return Absence(
            reason=Reason.NO_EVIDENCE,
            detail=f"{record.name} exists, but nothing shows which project is in it",
            suggestion=record.name,
        )


def _meaning(claim: Claim) -> tuple[bool, bool]:
    """Rank a claim by its version: one of some meaning, then a placeholder, then none at all."""
    version = contents.split_metadata_name(claim.metadata_name)[1]
    return not versions.is_stated(version), not version


def _os_package(record: PackageRecord) -> OsPackage:
    return OsPackage(
        name=record.name,
        version=record.version,
        architecture=record.architecture,
        repository=record.repository,
        trusted=record.trusted,
        installed=record.installed,
    )


def _evidence(claim: Claim, override: Override | None) -> Evidence:
    if override is not None:
        return Evidence.OVERRIDE
    return Evidence(claim.kind)


def _and(names: list[str] | tuple[str, ...]) -> str:
    """Join names for a sentence, at most three of them."""
    shown = [*names[:3], f"{len(names) - 3} more"] if len(names) > 4 else list(names)  # noqa: PLR2004 - said above
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
