"""Fedora, Enterprise Linux and SUSE: the host's repositories, or some that the user names.

Evidence comes from rpm-md itself, so an index (``resolver.catalog.store``) is of one Python of a release, and either

- the host's: what its package manager would install, keyed by the state of its metadata and configuration;
- fetched: of the repositories that ``--repo`` names, in the user's cache; those on this machine's disk are looked at
  again whenever they change.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from resolver.catalog import extras, rpm, rpm_md, store
from resolver.catalog.build import repositories as repositories_of
from resolver.catalog.contents import split_metadata_name
from resolver.catalog.indexed import IndexedCatalog
from resolver.errors import CommandError, InputError, UnavailableError
from resolver.hosts import releases, rpm_database, rpm_fetch, rpm_tools
from resolver.hosts.releases import Family
from resolver.model import MACHINES, Absence, Command, RpmRepository
from resolver.targets.common import Setting, fingerprint, mappings_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.catalog.indexed import ReadExtras
    from resolver.catalog.overrides import Override
    from resolver.catalog.unpacking import Unpack
    from resolver.model import OsPackage, Release, RpmOffer
    from resolver.ports import Http, PackageManager

_OLDEST = (3, 9)
"""A main interpreter below this is passed over where the release has a newer stack (Leap 15's and SLE 15's 3.6)."""
_PIECE = 1 << 18
_WANTED = ("glibc", "python3")
"""What is looked for in the metadata besides what concerns Python: the C library decides which wheels run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _World:
    """Everything that an index is made from."""

    release: Release
    architecture: str
    repositories: Sequence[RpmRepository]
    offers: Callable[[Iterable[str]], Sequence[RpmOffer]] | None = None
    """Asks the package manager (``ports.RpmMetadata.offers``); None where there is none to ask."""
    glibc: str = ""
    """Where it is known better than from the metadata."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RpmTargets:
    """Opens catalogs of rpm-md releases; implements ``resolver.targets.FamilyTargets``."""

    setting: Setting

    def open(self, release: Release, architecture: str | None, python: str | None) -> IndexedCatalog:
        """See the protocol."""
        wanted = _architecture(architecture)
        path = self.setting.fetched(release, wanted, python or "")
        if not path.exists() or self._is_outdated(path):
            self._fetch(release, wanted, python, path)
        return self._catalog(release, store.IndexFile(path), is_host=False)

    def open_host(self, release: Release, architecture: str | None, python: str | None) -> IndexedCatalog:
        """See the protocol."""
        return self._catalog(release, self._host_index(release, architecture, python), is_host=True)

    def update(self, release: Release, architecture: str | None, python: str | None, output: Path | None) -> Path:
        """See the protocol."""
        if output is not None:
            raise InputError("embedded indexes are of Debian's releases alone", context="--output", hint="leave it out")
        if not self.setting.repositories and self._is_host(release):
            rpm_tools.metadata_of_host(self.setting.runner, ()).refresh()
            return self._host_index(release, architecture, python).path
        wanted = _architecture(architecture)
        path = self.setting.fetched(release, wanted, python or "")
        self._fetch(release, wanted, python, path)
        return path

    def at_hand(self, release: Release, architecture: str | None, python: str) -> Iterator[IndexedCatalog]:  # noqa: ARG002 - another release has another Python
        """See the protocol."""
        path = self.setting.fetched(release, _architecture(architecture))
        if path.exists():
            yield self._catalog(release, store.IndexFile(path), is_host=False)

    def headers(self, release: Release) -> Iterator[store.Header]:
        """See the protocol."""
        first = self.setting.fetched(release, _architecture(None))
        for path in sorted(first.parent.glob(f"{first.stem}*.idx")):
            if path == first or path.stem.startswith(f"{first.stem}-python"):
                yield store.IndexFile(path).header

    def package_manager(self, catalog: IndexedCatalog) -> PackageManager:
        """See the protocol."""
        pip = catalog.lookup(canonicalize_name("pip"))
        package = None if isinstance(pip, Absence) else pip.package.name
        return rpm_tools.package_manager_of_host(self.setting.runner, catalog.target, package)

    # --- the steps ---

    def _state(self, release: Release) -> str:
        """Hash what the host's index depends on: the tools' configuration and metadata, the overrides, the code."""
        ours = (mappings_folder() / f"{releases.family_of(release)}.toml", Path(rpm.__file__), Path(__file__))
        return fingerprint((*rpm_tools.watched(), *ours), store.MAGIC, str(release))

    def _host_index(self, release: Release, architecture: str | None, python: str | None) -> store.IndexFile:
        here = _architecture(None)
        if architecture not in {None, here}:
            raise InputError(
                f"this host is {here}, not {architecture}",
                context="--arch",
                hint=f"for another architecture name the release too: --target {release}",
            )
        which = python or "main"
        folder = self.setting.cache_folder / "host"
        try:
            return store.IndexFile(folder / f"{which}-{self._state(release)}.idx")
        except UnavailableError:
            return self._build_host(release, here, python, folder, which)

    def _build_host(
        self, release: Release, architecture: str, python: str | None, folder: Path, which: str
    ) -> store.IndexFile:
        """Read the host's metadata and ask its package manager; indexes of earlier states are removed."""
        metadata = rpm_tools.metadata_of_host(self.setting.runner, self._named(release))
        world = _World(
            release=release,
            architecture=architecture,
            repositories=metadata.repositories(),
            offers=metadata.offers,
            glibc=(os.confstr("CS_GNU_LIBC_VERSION") or "").rpartition(" ")[2],
        )
        content = self._build(world, python)
        # Asking may have fetched: the state is the one that the index was made from.
        return self.setting.keep(folder / f"{which}-{self._state(release)}.idx", content, instead_of=f"{which}-*.idx")

    def _named(self, release: Release) -> tuple[str, ...]:
        """Name the packages that overrides know, for some of them have no metadata."""
        return tuple(override.package for override in self._overrides(release).values() if override.package)

    def _is_host(self, release: Release) -> bool:
        try:
            return releases.of_host() == release
        except InputError:
            return False

    def _is_outdated(self, path: Path) -> bool:
        """Tell whether a named repository on this machine's disk has changed since its index was made."""
        made = path.stat().st_mtime_ns
        folders = [rpm_fetch.local_path(url) for url in self.setting.repositories]
        files = [folder / rpm_fetch.REPOMD for folder in folders if folder is not None]
        return any(not file.exists() or file.stat().st_mtime_ns > made for file in files)

    def _fetch(self, release: Release, architecture: str, python: str | None, path: Path) -> None:
        """Make a release's index from the named repositories."""
        if not self.setting.repositories:
            raise UnavailableError(
                f"there is no metadata of {release} at hand, and this host knows no mirror of it",
                hint=f"name a repository of it: --target {release} --repo URL --repo-key FILE",
            )
        from resolver.io.http import HttpClient, HttpOptions  # noqa: PLC0415 - a repository on disk needs no network

        key = self.setting.repository_key
        if key is None:
            self.setting.warn("without --repo-key nothing vouches for what the repositories say")
        with HttpClient(self.setting.cache, HttpOptions(offline=self.setting.offline)) as http:
            repositories = [
                self._repository(url, position, path.with_suffix(f".{position}"), http)
                for position, url in enumerate(self.setting.repositories)
            ]
        world = _World(release=release, architecture=architecture, repositories=repositories)
        store.write(path, self._build(world, python))

    def _repository(self, url: str, position: int, folder: Path, http: Http) -> RpmRepository:
        """Fetch one repository that the user names; by that it is allowed, signed or not (rule T1)."""
        there = rpm_fetch.fetch(url, folder, http)
        if self.setting.repository_key is not None:
            rpm_fetch.verify(there, self.setting.repository_key, self.setting.runner)
        repomd = there / rpm_fetch.REPOMD
        primary = rpm_md.parse_repomd(repomd.read_bytes(), url).primary
        _fetch_file(url, there, primary.href, primary.checksum, http)
        return RpmRepository(id=f"repo-{position}", name=url, metadata=there)

    def _build(self, world: _World, python: str | None) -> bytes:
        """Make an index: read all metadata, choose the interpreter, ask what may be installed, join the two."""
        builds, date = _read(world.repositories, self._unpack_zstd)
        counted = rpm.pythons(builds)
        chosen = self._interpreter(world.release, builds, python, counted)
        offers = world.offers([chosen.python]) if world.offers is not None else None
        offered = rpm.offered(builds, world.architecture, self._ranks, offers)
        prefix = _prefix(releases.family_of(world.release), chosen)
        built = rpm.make(offered, chosen, prefix, self._named(world.release))
        libc = offered.get("glibc")
        header = store.Header(
            distribution=world.release.distribution,
            version=world.release.version,
            codename="",
            architecture=world.architecture,
            python=chosen.python,
            python_full_version=chosen.full_version,
            glibc=world.glibc or (libc[0].package.version if libc else releases.glibc(world.release) or ""),
            source="rpm-md",
            date=date,
            repositories=repositories_of(built.packages),
            prefix=prefix,
        )
        return store.dump(header, built.claims, built.packages)

    def _interpreter(
        self, release: Release, builds: Sequence[rpm.Build], wanted: str | None, counted: Mapping[str, int]
    ) -> rpm.Interpreter:
        """Choose the Python to plan for; say so where it is not the release's own (design, openSUSE/SLE)."""
        if not counted:
            raise UnavailableError(
                f"the metadata of {release} shows no Python project: no package provides pythonX.Ydist(name)",
                hint="is this a repository of the distribution, with its provides?",
            )
        if wanted is not None and wanted not in counted:
            raise InputError(
                f"{release} has no packages for Python {wanted}",
                context="--python",
                hint=f"it has: {', '.join(sorted(counted, key=_number))}",
            )
        found = rpm.interpreter(builds, wanted, releases.main_python(release))
        if found is None:
            most = max(counted, key=lambda python: (counted[python], _number(python)))
            self.setting.warn(
                f"the metadata does not tell the main Python of {release}; planning for {most}, which has the most"
                " packages"
            )
            return rpm.Interpreter(python=most, full_version="", is_main=True)
        if (wanted is None and found.python not in counted) or (wanted is None and _number(found.python) < _OLDEST):
            newer = [python for python in counted if _number(python) >= _OLDEST]
            if newer:
                best = max(newer, key=lambda python: (counted[python], _number(python)))
                self.setting.warn(
                    f"planning for Python {best}: the main Python of {release} is {found.python}, for which it has"
                    f" {counted.get(found.python, 0)} packages ({counted[best]} for {best}); --python chooses another"
                )
                return rpm.interpreter(builds, best, found.python) or found
        return found

    def _unpack_zstd(self, path: Path) -> Iterator[bytes]:
        """Unpack a .zst file by the program zstd: for a Python that has no module for it."""
        with tempfile.TemporaryDirectory() as scratch:
            unpacked = Path(scratch, "unpacked")
            argv = ("zstd", "--decompress", "--quiet", "-o", str(unpacked), "--", str(path))
            try:
                done = self.setting.runner.run(Command(argv=argv, purpose="unpack metadata"))
            except CommandError as error:
                raise UnavailableError(
                    "nothing here can unpack Zstandard",
                    context=str(path),
                    hint="install the OS package zstd or python3-zstandard",
                ) from error
            if done.returncode != 0:
                raise UnavailableError(f"cannot be unpacked: {done.stderr.strip()}", context=str(path))
            with unpacked.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece

    def _ranks(self, groups: Sequence[Sequence[str]]) -> Sequence[Sequence[int]]:
        return rpm_database.rank_evrs(self.setting.runner, groups)

    def _overrides(self, release: Release) -> Mapping[NormalizedName, Override]:
        return self.setting.overrides(releases.family_of(release).value, release)

    def _catalog(self, release: Release, index: store.IndexFile, *, is_host: bool) -> IndexedCatalog:
        reader = self._extras_reader(release, index, is_host=is_host)
        return IndexedCatalog(index, self._overrides(release), reader, is_host=is_host)

    def _extras_reader(self, release: Release, index: store.IndexFile, *, is_host: bool) -> ReadExtras:
        """Give the function that finds an OS package's extras: on disk, in the cache, or in the downloaded .rpm."""

        def read(package: OsPackage, metadata_name: str, environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
            project = canonicalize_name(split_metadata_name(metadata_name)[0])

            def fetch() -> dict[str, str]:
                return self._metadata_files(release, index, package, project, is_host=is_host)

            key = f"{release} {index.header.architecture} {package.name} {package.version} {project}"
            return extras.parse(self.setting.remembered(f"{package.name} {package.version}", key, fetch), environment)

        return read

    def _metadata_files(
        self, release: Release, index: store.IndexFile, package: OsPackage, project: NormalizedName, *, is_host: bool
    ) -> dict[str, str]:
        if not is_host:
            return self._read_named(release, index, package, project)
        with tempfile.TemporaryDirectory() as scratch:
            file = rpm_tools.metadata_of_host(self.setting.runner, ()).download(package, Path(scratch))
            return rpm_database.read_metadata(self.setting.runner, file, project)

    def _read_named(
        self, release: Release, index: store.IndexFile, package: OsPackage, project: NormalizedName
    ) -> dict[str, str]:
        """Look into a package of a named repository; where it lies, and its hash, only the metadata tells."""
        from resolver.io.http import HttpClient, HttpOptions  # noqa: PLC0415 - a repository on disk needs no network

        with HttpClient(self.setting.cache, HttpOptions()) as http, tempfile.TemporaryDirectory() as scratch:
            for position, url in enumerate(self.setting.repositories):
                there = rpm_fetch.local_path(url) or index.path.with_suffix(f".{position}")
                for one in _read([RpmRepository(id="", name=url, metadata=there)], self._unpack_zstd)[0]:
                    if (one.package.name, one.package.evr, one.package.arch) == (
                        package.name,
                        package.version,
                        package.architecture,
                    ):
                        file = _fetch_file(url, Path(scratch), one.package.location, one.package.checksum, http)
                        return rpm_database.read_metadata(self.setting.runner, file, project)
        raise UnavailableError(
            f"{package.name} {package.version} is in none of the named repositories any more",
            hint=f"run: distrofirst update --target {release} --repo …",
        )


def _fetch_file(url: str, folder: Path, href: str, checksum: rpm_md.Checksum, http: Http) -> Path:
    return rpm_fetch.fetch_file(url, folder, href, http, algorithm=checksum.algorithm, digest=checksum.digest)


def _read(repositories: Sequence[RpmRepository], zstd: Unpack) -> tuple[list[rpm.Build], str]:
    """Read what matters of every repository, and the newest date of all. Raises UnavailableError (rule I6)."""
    builds: list[rpm.Build] = []
    dates = []
    if not repositories:
        raise UnavailableError(
            "no repository has metadata here", hint="let the package manager fetch it: distrofirst update"
        )
    for repository in repositories:
        if repository.metadata is None:
            raise UnavailableError(
                "there is no metadata of this repository, so what it has is unknown",
                context=repository.id,
                hint="fetch it with `dnf makecache` or `zypper refresh`, or disable the repository",
            )
        path = repository.metadata / rpm_fetch.REPOMD
        try:
            repomd = rpm_md.parse_repomd(path.read_bytes(), str(path))
        except OSError as error:
            raise UnavailableError(
                f"the metadata cannot be read: {error.strerror}", context=str(path), hint="run: distrofirst update"
            ) from error
        dates.append(repomd.date)
        found = rpm_md.read_primary(
            repository.metadata / repomd.primary.href, repomd.primary, wanted=_WANTED, zstd=zstd
        )
        builds.extend(rpm.Build(package=package, repository=repository) for package in found)
    return builds, max(dates)


def _prefix(family: Family, interpreter: rpm.Interpreter) -> str:
    """Give what comes before a project's name where a package is named after it."""
    if family is Family.SUSE:
        # SLE's own 3.6 is the one that bears no number.
        return "python3-" if interpreter.python == "3.6" else f"python{interpreter.python.replace('.', '')}-"
    return "python3-" if interpreter.is_main else f"python{interpreter.python}-"


def _architecture(wanted: str | None) -> str:
    """Give an architecture as rpm names it: as uname does; the default is this host's."""
    if wanted in MACHINES:
        raise InputError(
            f"{wanted!r} is Debian's name of an architecture",
            context="--arch",
            hint=f"did you mean {MACHINES[wanted]}?",
        )
    return wanted or os.uname().machine


def _number(python: str) -> tuple[int, ...]:
    return tuple(map(int, python.split(".")))
