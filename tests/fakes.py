"""Hand-written stand-ins for the ports of ``resolver.ports``. The contract suites hold them to the real ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.cooldown import Cooldown
from resolver.errors import CommandError, UnavailableError
from resolver.model import (
    Build,
    Command,
    Commit,
    Listing,
    PackageChange,
    Rejection,
    Sdist,
    Transaction,
    Unchecked,
    Wheel,
    WheelMetadata,
)
from resolver.model.acting import HOLD
from resolver.pypi.wheels import held_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.errors import DistrofirstError
    from resolver.model import Buildable, Completed, Lock, OsPackage
    from resolver.model.audit import Fix, Known


UPLOADED = "2026-01-01T00:00:00Z"


class FakeIndex:
    """An Index over a universe in memory, as a scenario file writes it.

    ``{project: {version: {requires: [...], requires_python: "…", sdist_only: bool, yanked: "why",
    provides_extra: [...], uploaded: "2026-01-01T00:00:00Z"}}}``, every key of the innermost level optional; no upload
    time where ``uploaded`` is empty. ``status`` maps a project to what the index says of it, with the reason.
    """

    def __init__(
        self,
        universe: Mapping[str, Mapping[str, Mapping[str, Any]]],
        *,
        python: str = "3.13",
        status: Mapping[str, tuple[str, str | None]] | None = None,
        cooldown: Cooldown | None = None,
    ) -> None:
        self._universe = {canonicalize_name(name): versions for name, versions in universe.items()}
        self._python = python
        self._status = status or {}
        self._cooldown = cooldown or Cooldown()
        self.listed: list[str] = []
        """The projects whose listing was asked for, in order; not those that were prefetched."""
        self.read: list[str] = []
        """The wheels whose metadata was asked for, in order."""
        self.ahead: list[str] = []
        """What was prefetched, in order: projects, and wheels for their metadata."""

    def listing(self, project: NormalizedName) -> Listing:
        self.listed.append(project)
        versions = self._universe.get(project)
        if versions is None:
            return Listing(project=project, wheels=(), exists=False)
        status, reason = self._status.get(project, ("active", None))
        limit, strict = self._cooldown.of(project), self._cooldown.strict
        wheels: list[Wheel] = []
        rejected: list[Rejection] = []
        sdists: list[Sdist] = []
        for spelled in sorted(versions, key=Version, reverse=True):
            about = versions[spelled]
            requires_python = about.get("requires_python")
            if about.get("sdist_only"):
                rejected.append(Rejection(version=Version(spelled), why="only an sdist"))
                sdists.append(self._sdist(project, spelled, about))
            elif requires_python and not SpecifierSet(requires_python).contains(self._python, prereleases=True):
                rejected.append(Rejection(version=Version(spelled), why=f"requires Python {requires_python}"))
            elif limit and (why := held_back(about.get("uploaded", UPLOADED), limit, strict=strict)):
                rejected.append(Rejection(version=Version(spelled), why=why, is_young="yanked" not in about))
            else:
                wheels.append(self._wheel(project, spelled, about))
        if status == "quarantined":
            wheels, rejected, sdists = [], [], []
        return Listing(
            project=project,
            wheels=tuple(wheels),
            rejected=tuple(rejected),
            sdists=tuple(sdists),
            status=status,
            status_reason=reason,
            age_unknown=limit is not None and not strict,
        )

    def at(self, project: NormalizedName, url: str, sha256: str) -> Listing:
        """Any version of the universe is at ``https://files.example/PROJECT-VERSION-py3-none-any.whl``."""
        spelled = url.partition("#")[0].rpartition("/")[2].split("-")[1]
        wheel = self._wheel(project, spelled, self._universe[project][spelled])
        return Listing(project=project, wheels=(replace(wheel, url=url.partition("#")[0], sha256=sha256),))

    def metadata(self, wheel: Wheel) -> WheelMetadata:
        self.read.append(wheel.filename)
        for spelled, about in self._universe.get(wheel.project, {}).items():
            if Version(spelled) == wheel.version:
                return WheelMetadata(
                    requires_dist=tuple(about.get("requires", ())),
                    provides_extra=tuple(sorted(canonicalize_name(extra) for extra in about.get("provides_extra", ()))),
                    requires_python=about.get("requires_python"),
                )
        raise UnavailableError("the index lists this wheel but does not have it", context=wheel.url)

    def prefetch(self, projects: Iterable[NormalizedName]) -> None:
        """Everything is here already."""
        self.ahead += projects

    def prefetch_metadata(self, wheels: Iterable[Wheel]) -> None:
        """The same."""
        self.ahead += [wheel.filename for wheel in wheels]

    def _sdist(self, project: NormalizedName, spelled: str, about: Mapping[str, Any]) -> Sdist:
        filename = f"{project.replace('-', '_')}-{spelled}.tar.gz"
        return Sdist(
            project=project,
            version=Version(spelled),
            filename=filename,
            url=f"https://files.example/{filename}",
            sha256=hashlib.sha256(filename.encode()).hexdigest(),
            size=1000,
            requires_python=about.get("requires_python"),
            upload_time="2026-01-01T00:00:00Z",
            yanked=about.get("yanked"),
        )

    def _wheel(self, project: NormalizedName, spelled: str, about: Mapping[str, Any]) -> Wheel:
        filename = f"{project.replace('-', '_')}-{spelled}-py3-none-any.whl"
        return Wheel(
            project=project,
            version=Version(spelled),
            filename=filename,
            url=f"https://files.example/{filename}",
            sha256=hashlib.sha256(filename.encode()).hexdigest(),
            size=1000,
            requires_python=about.get("requires_python"),
            upload_time=about.get("uploaded", UPLOADED) or None,
            yanked=about.get("yanked"),
            core_metadata="",
        )


class FakeBuilder:
    """A Builder that makes of an sdist what a FakeIndex's universe says of its version."""

    def __init__(self, index: FakeIndex) -> None:
        self._index = index
        self.built: list[str] = []
        """The sdists that were built, in order."""

    def build(self, source: Buildable) -> Wheel:
        self.built.append(str(source))
        if isinstance(source, Commit):
            wheel = self._index.listing(source.project).wheels[0]
            return replace(wheel, url=str(source), built=Build(source=replace(source, tree="7" * 64)))
        sdist = source
        filename = f"{sdist.project.replace('-', '_')}-{sdist.version}-py3-none-any.whl"
        return Wheel(
            project=sdist.project,
            version=sdist.version,
            filename=filename,
            url=sdist.url,
            sha256=hashlib.sha256(f"built {filename}".encode()).hexdigest(),
            size=sdist.size,
            requires_python=sdist.requires_python,
            upload_time=sdist.upload_time,
            built=Build(source=sdist),
        )

    def metadata(self, wheel: Wheel) -> WheelMetadata:
        return self._index.metadata(wheel)


class FakeRunner:
    """A Runner that answers from a table instead of running anything, and remembers what it was asked."""

    def __init__(self, answers: Mapping[tuple[str, ...], Completed]) -> None:
        """Take what to answer by the first words of a command; the longest match counts. Others do not exist."""
        self._answers = answers
        self.commands: list[Command] = []

    def run(self, command: Command) -> Completed:
        self.commands.append(command)
        matches = [words for words in self._answers if command.argv[: len(words)] == words]
        if not matches:
            raise CommandError(f"{command.argv[0]} is not there", context=" ".join(command.argv))
        return self._answers[max(matches, key=len)]

    def stream(self, command: Command) -> Completed:
        return self.run(command)


class FakeWheels:
    """A WheelSource that has every wheel in one folder, and remembers which locks it was asked for."""

    def __init__(self, folder: Path = Path("/wheels"), *, error: DistrofirstError | None = None) -> None:
        """Take where the wheels are said to lie, or what to raise instead."""
        self._folder = folder
        self._error = error
        self.asked: list[Lock] = []

    def obtain(self, lock: Lock) -> Mapping[NormalizedName, Path]:
        self.asked.append(lock)
        if self._error is not None:
            raise self._error
        return {wheel.project: self._folder / wheel.filename for wheel in lock.wheels}


class FakePackageManager:
    """A PackageManager whose system is a table that OS packages are added to."""

    def __init__(
        self, *, archive: Mapping[str, str], installed: Mapping[str, str], site_directories: tuple[str, ...] = ()
    ) -> None:
        """Take the versions in the archive and those installed, by name."""
        self._archive = archive
        self.state = dict(installed)
        self._site_directories = site_directories
        self.performed: list[Transaction] = []
        self.simulated = 0

    @property
    def interpreter(self) -> str:
        return "/usr/bin/python3"

    @property
    def site_directories(self) -> tuple[str, ...]:
        return self._site_directories

    def installed(self, names: Iterable[str]) -> Mapping[str, str]:
        return {name: self.state[name] for name in names if name in self.state}

    def plan(self, lock: Lock, *, simulate: bool = True) -> Transaction:
        missing = {name: version for name, version in lock.os_versions.items() if self.state.get(name) != version}
        self.simulated += simulate and bool(missing)
        if gone := [name for name, version in missing.items() if self._archive.get(name) != version]:
            raise CommandError(f"the archive does not have {', '.join(gone)}")
        if not missing:
            return Transaction()
        words = tuple(f"{name}={version}" for name, version in sorted(missing.items()))
        return Transaction(
            commands=(Command(argv=("install-os-packages", *words), privileged=True),),
            changes=tuple(
                PackageChange(name=name, before=self.state.get(name), after=version)
                for name, version in sorted(missing.items())
            ),
        )

    def perform(self, transaction: Transaction) -> None:
        self.performed.append(transaction)
        for command in transaction.commands:
            self.state |= dict(word.split("=", 1) for word in command.argv[1:])


class FakePackageRemover:
    """A PackageRemover of a system that is a table: each installed OS package with those that it needs."""

    def __init__(self, needs: Mapping[str, Sequence[str]]) -> None:
        """Take the installed OS packages with what each needs."""
        self.needs = dict(needs)
        self.simulated = 0
        self.held: set[str] = set()

    def installed(self, names: Iterable[str]) -> Mapping[str, str]:
        return {name: "1.0-1" for name in names if name in self.needs}

    def interrupted(self) -> tuple[Command, ...]:
        return ()

    def would_go(self, names: Iterable[str]) -> frozenset[str]:
        self.simulated += 1
        gone = set(names)
        while more := {name for name, needs in self.needs.items() if gone & set(needs)} - gone:
            gone |= more
        return frozenset(gone | {HOLD} if gone & self.held else gone)

    def removal(self, names: Iterable[str]) -> Command:
        return Command(argv=("remove-os-packages", *sorted(names)), privileged=True)

    def remove(self, command: Command) -> None:
        self.needs = {name: needs for name, needs in self.needs.items() if name not in command.argv[1:]}


class FakeOsAdvisories:
    """OsAdvisories from tables; what they do not have is not checked. Versions are ordered as text."""

    def __init__(
        self,
        known: Mapping[str, Known | Unchecked] | None = None,
        *,
        sources: Mapping[str, tuple[str, str]] | None = None,
        fixes: Mapping[str, tuple[Fix, ...]] | None = None,
    ) -> None:
        """Take each table by the OS package's name."""
        self._known = known or {}
        self._sources = sources or {}
        self._fixes = fixes or {}

    def known(self, packages: Sequence[OsPackage]) -> Mapping[str, Known | Unchecked]:
        return {one.name: self._known.get(one.name, Unchecked(why="nobody knows")) for one in packages}

    def sources(self, packages: Sequence[OsPackage]) -> Mapping[str, tuple[str, str]]:
        return {one.name: self._sources[one.name] for one in packages if one.name in self._sources}

    def rank(self, groups: Sequence[Sequence[str]]) -> list[list[int]]:
        return [[sorted(set(group)).index(version) for version in group] for group in groups]

    def fixes(self, package: OsPackage, cves: frozenset[str]) -> tuple[Fix, ...] | Unchecked:
        if package.name not in self._fixes:
            return Unchecked(why="no changelog")
        return tuple(fix for fix in self._fixes[package.name] if fix.cve in cves)
