"""Fedora, Enterprise Linux and SUSE: the host's repositories, or some that the user names.

Evidence comes from rpm-md itself, so an index (``resolver.catalog.store``) is of one Python of a release, and either

- the host's: what its package manager would install, keyed by the state of its metadata and configuration;
- fetched: of the repositories that ``--repo`` names, in the user's cache; made anew when one of them that lies on this
  machine's disk changes, else by ``distrofirst update``.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from resolver.catalog import extras, store
from resolver.catalog.contents import split_metadata_name
from resolver.catalog.indexed import IndexedCatalog
from resolver.errors import InputError, UnavailableError
from resolver.hosts import releases, rpm_database, rpm_fetch, rpm_tools
from resolver.hosts.mirror_folder import MANIFEST, folder_of
from resolver.model import MACHINES, Absence, RpmRepository, Target
from resolver.targets.common import Setting, fingerprint, mappings_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.catalog.indexed import ReadExtras
    from resolver.catalog.overrides import Override
    from resolver.catalog.rpm_md import Checksum
    from resolver.hosts.rpm_mirror_root import RpmMirrorRoot
    from resolver.model import Lock, NamedRepository, OsPackage, Release
    from resolver.ports import Http, PackageFiles, PackageManager, PackageRemover, RpmMetadata
    from resolver.targets.rpm_mirror import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class RpmTargets:
    """Opens catalogs of rpm-md releases; implements ``resolver.targets.FamilyTargets``."""

    setting: Setting

    def open(self, release: Release, architecture: str | None, python: str | None) -> IndexedCatalog:
        """See the protocol."""
        path = self._path(release, _architecture(architecture), python)
        try:
            index = store.IndexFile(path)
        except UnavailableError:
            index = self._fetch(release, _architecture(architecture), python)
        if any(one.key is None for one in self.setting.repositories):
            self.setting.warn(f"without --repo-key nothing vouches for what the repositories of {release} say")
        return self._catalog(release, index, is_host=False)

    def open_host(self, release: Release, architecture: str | None, python: str | None) -> IndexedCatalog:
        """See the protocol."""
        return self._catalog(release, self._host_index(release, architecture, python), is_host=True)

    def update(self, release: Release, architecture: str | None, python: str | None, output: Path | None) -> Path:
        """See the protocol."""
        if output is not None:
            raise InputError("embedded indexes are of Debian's releases alone", context="--output", hint="leave it out")
        if not self.setting.repositories and _is_host(release):
            rpm_tools.metadata_of_host(self.setting.runner).refresh()
            return self._host_index(release, architecture, python).path
        return self._fetch(release, _architecture(architecture), python).path

    def at_hand(self, release: Release, architecture: str | None, python: str) -> Iterator[IndexedCatalog]:  # noqa: ARG002 - another release has another Python
        """See the protocol."""
        path = self._path(release, _architecture(architecture), None)
        if self.setting.repositories and path.exists():
            yield self._catalog(release, store.IndexFile(path), is_host=False)

    def headers(self, release: Release) -> Iterator[store.Header]:
        """See the protocol; what answers for another release depends on the repositories of a question."""
        path = self._host_path(release, None, None) if _is_host(release) else None
        if path is not None and path.exists():
            yield store.IndexFile(path).header

    def package_manager(self, catalog: IndexedCatalog) -> PackageManager:
        """See the protocol."""
        pip = catalog.lookup(canonicalize_name("pip"))
        package = None if isinstance(pip, Absence) else pip.package.name
        mirror = self._mirror(catalog.target.release)
        return rpm_tools.package_manager_of_host(self.setting.runner, catalog.target, package, mirror=mirror)

    def remover(self, release: Release, architecture: str | None) -> PackageRemover:
        """See the protocol."""
        # Which of several Pythons does not matter to what is removed by its name.
        target = Target(release=release, architecture=_architecture(architecture), python="3")
        return rpm_tools.package_manager_of_host(self.setting.runner, target)

    def files(self, release: Release, architecture: str | None) -> PackageFiles:  # noqa: ARG002 - rpm is rpm
        """See the protocol."""
        from resolver.hosts.package_files import RpmFiles  # noqa: PLC0415 - only verify asks

        reinstall = rpm_tools.reinstalling(self.setting.runner)
        return RpmFiles(self.setting.runner, _architecture(architecture), reinstall=reinstall)

    def mirror(self, locks: Sequence[Lock], folder: Path, progress: Callable[[str], None]) -> bool:
        """See the protocol."""
        target = locks[0].target
        part = folder_of(folder, target.release, target.architecture)
        if self.setting.repositories:
            from resolver.io.http import HttpClient, HttpOptions  # noqa: PLC0415 - only here

            with HttpClient(self.setting.cache, HttpOptions()) as http:
                self._gather(self._named_sources(target, http), locks, part, progress)
            return True
        if _is_host(target.release) and target.architecture == _architecture(None):
            self._gather(self._own_sources(), locks, part, progress)
            return True
        return False

    def _gather(
        self, sources: Sequence[Source], locks: Sequence[Lock], part: Path, progress: Callable[[str], None]
    ) -> None:
        from resolver.targets.rpm_mirror import gather  # noqa: PLC0415 - only here

        gather(sources, locks, part, runner=self.setting.runner, progress=progress)

    def _named_sources(self, target: Target, http: Http) -> list[Source]:
        from resolver.targets.rpm_mirror import NamedSource  # noqa: PLC0415 - only here

        found: list[Source] = []
        for position, one in enumerate(self.setting.repositories):
            folder = self._folder(target.release, target.architecture, position)
            repository = self._repository(one, position, folder, http)
            assert repository.metadata is not None  # noqa: S101 - it has just been fetched
            found.append(NamedSource(id=repository.id, url=one.url, metadata=repository.metadata, http=http))
        return found

    def _own_sources(self) -> list[Source]:
        from resolver.targets.rpm_mirror import OwnSource  # noqa: PLC0415 - only here

        tool = rpm_tools.metadata_of_host(self.setting.runner)
        return [
            OwnSource(id=one.id, metadata=one.metadata, tool=tool)
            for one in tool.repositories()
            if one.trusted and one.metadata is not None
        ]

    def _mirror(self, release: Release) -> RpmMirrorRoot | None:
        """Give the mirror that this host takes its OS packages from; None where there is none, or none has any."""
        if self.setting.mirror is None:
            return None
        if not (folder_of(self.setting.mirror, release, _architecture(None)) / MANIFEST).exists():
            return None
        from resolver.hosts.rpm_mirror_root import RpmMirrorRoot  # noqa: PLC0415 - few have one

        return RpmMirrorRoot(
            self.setting.mirror,
            self.setting.cache_folder / "rpm-mirror",
            release=release,
            architecture=_architecture(None),
        )

    # --- the host's repositories ---

    def _host_index(self, release: Release, architecture: str | None, python: str | None) -> store.IndexFile:
        here = _architecture(None)
        if architecture not in {None, here}:
            raise InputError(
                f"this host is {here}, not {architecture}",
                context="--arch",
                hint=f"for another architecture name the release too: --target {release}",
            )
        mirror = self._mirror(release)
        if mirror is not None:
            # Before anything is asked of the package manager, and once: who installs has opened the catalog.
            runner = self.setting.runner
            is_zypper = rpm_tools.tool_of_host(runner) is rpm_tools.RpmTool.ZYPPER
            mirror.prepare(rpm_tools.keys_of_host(runner), metadata_is_signed=is_zypper)
        try:
            return store.IndexFile(self._host_path(release, python, mirror))
        except UnavailableError:
            return self._build_host(release, here, python, mirror)

    def _host_path(self, release: Release, python: str | None, mirror: RpmMirrorRoot | None) -> Path:
        """Name the index by what it depends on: the tools' configuration and metadata, the overrides, the code."""
        theirs = (*rpm_tools.watched(), *(mirror.watched if mirror is not None else ()))
        state = fingerprint((*theirs, *_ours(release)), store.MAGIC, str(release))
        return self.setting.cache_folder / "host" / f"{python or 'main'}-{state}.idx"

    def _build_host(
        self, release: Release, architecture: str, python: str | None, mirror: RpmMirrorRoot | None
    ) -> store.IndexFile:
        """Read the host's metadata and ask its package manager; indexes of earlier states are removed."""
        from resolver.targets.rpm_index import World, build  # noqa: PLC0415 - a warm run only opens an index

        def asked(named: tuple[str, ...] = ()) -> RpmMetadata:
            return rpm_tools.metadata_of_host(self.setting.runner, named, offline=self.setting.offline, mirror=mirror)

        world = World(
            release=release,
            architecture=architecture,
            repositories=asked().repositories(),
            named=lambda prefix: self._named(release, prefix),
            offers=lambda pythons, named: asked(named).offers(pythons),
            glibc=(os.confstr("CS_GNU_LIBC_VERSION") or "").rpartition(" ")[2],
        )
        content = build(world, python, self.setting.runner)
        # Asking may have fetched: only now does the state that names the index stand still.
        path = self._host_path(release, python, mirror)
        return self.setting.keep(path, content, instead_of=f"{python or 'main'}-*.idx")

    # --- repositories that the user names ---

    def _path(self, release: Release, architecture: str, python: str | None) -> Path:
        """Name an index by the repositories, and by the state of those that lie on this machine's disk."""
        path = self.setting.fetched(release, architecture, python or "")
        folders = [rpm_fetch.local_path(one.url) for one in self.setting.repositories]
        local = [folder / rpm_fetch.REPOMD for folder in folders if folder is not None]
        state = fingerprint((*local, *_ours(release)), store.MAGIC)
        return path.with_name(f"{path.stem}-{state}.idx")

    def _fetch(self, release: Release, architecture: str, python: str | None) -> store.IndexFile:
        """Make a release's index from the named repositories."""
        if not self.setting.repositories:
            raise UnavailableError(
                f"there is no metadata of {release} at hand, and this host knows no mirror of it",
                hint=f"name a repository of it: --target {release} --repo URL --repo-key FILE",
            )
        from resolver.io.http import HttpClient, HttpOptions  # noqa: PLC0415 - a warm run only opens an index
        from resolver.targets.rpm_index import World, build  # noqa: PLC0415 - the same

        with HttpClient(self.setting.cache, HttpOptions(offline=self.setting.offline)) as http:
            repositories = [
                self._repository(one, position, self._folder(release, architecture, position), http)
                for position, one in enumerate(self.setting.repositories)
            ]
        world = World(
            release=release,
            architecture=architecture,
            repositories=repositories,
            named=lambda prefix: self._named(release, prefix),
        )
        path = self._path(release, architecture, python)
        stem = self.setting.fetched(release, architecture, python or "").stem
        # A state has 16 letters: another Python's index, whose name only begins alike, stays.
        return self.setting.keep(
            path, build(world, python, self.setting.runner), instead_of=f"{stem}-{'[0-9a-f]' * 16}.idx"
        )

    def _folder(self, release: Release, architecture: str, position: int) -> Path:
        return self.setting.cache_folder / "rpm-md" / f"{self.setting.slug(release, architecture)}.{position}"

    def _repository(self, named: NamedRepository, position: int, folder: Path, http: Http) -> RpmRepository:
        """Fetch one repository that the user names; by that it is allowed, signed or not (rule T1)."""
        from resolver.catalog import rpm_md  # noqa: PLC0415 - a warm run only opens an index

        url = named.url
        there = rpm_fetch.fetch(url, folder, http)
        if named.key is not None:
            rpm_fetch.verify(there, named.key, self.setting.runner)
        primary = rpm_md.parse_repomd((there / rpm_fetch.REPOMD).read_bytes(), url).primary
        _fetch_file(url, there, primary.href, primary.checksum, http)
        return RpmRepository(id=f"repo-{position}", name=url, metadata=there)

    # --- what both need ---

    def _named(self, release: Release, prefix: str) -> tuple[str, ...]:
        """Name the packages that overrides know, for some of them have no metadata."""
        found = (override.package_of(prefix) for override in self._overrides(release).values())
        return tuple(package for package in found if package is not None)

    def _overrides(self, release: Release) -> Mapping[NormalizedName, Override]:
        return self.setting.overrides(releases.family_of(release).value, release)

    def _catalog(self, release: Release, index: store.IndexFile, *, is_host: bool) -> IndexedCatalog:
        if index.header.note:
            self.setting.warn(index.header.note)
        reader = self._extras_reader(release, index, is_host=is_host)
        return IndexedCatalog(index, self._overrides(release), reader, is_host=is_host)

    def _extras_reader(self, release: Release, index: store.IndexFile, *, is_host: bool) -> ReadExtras:
        """Give the function that finds an OS package's extras: on disk, in the cache, or in the downloaded .rpm."""
        architecture = index.header.architecture

        def read(package: OsPackage, metadata_name: str, environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
            project = canonicalize_name(split_metadata_name(metadata_name)[0])

            def fetch() -> dict[str, str]:
                if is_host:
                    return self._read_offered(package, project)
                return self._read_named(release, architecture, package, project)

            files = self._read_installed(package, project, index.header) if is_host else {}
            if not files:
                # What a named repository says of a build is never taken for what the host's own has in it.
                key = f"{self.setting.slug(release, architecture)} {package.name} {package.version} {project}"
                files = self.setting.remembered(f"{package.name} {package.version}", key, fetch)
            return extras.parse(files, environment)

        return read

    def _read_installed(self, package: OsPackage, project: NormalizedName, header: store.Header) -> dict[str, str]:
        there = rpm_database.installed_builds(self.setting.runner, [package.name], header.architecture)
        if there.get(package.name) != package.version:
            return {}
        return rpm_database.installed_metadata(header.python, project)

    def _read_offered(self, package: OsPackage, project: NormalizedName) -> dict[str, str]:
        """Look into a package of the host's repositories, which its package manager downloads and verifies."""
        with tempfile.TemporaryDirectory() as scratch:
            file = rpm_tools.metadata_of_host(self.setting.runner).download(package, Path(scratch))
            return rpm_database.read_metadata(self.setting.runner, file, project)

    def _read_named(
        self, release: Release, architecture: str, package: OsPackage, project: NormalizedName
    ) -> dict[str, str]:
        """Look into a package of a named repository; where it lies, and its hash, only the metadata tells."""
        from resolver.io.http import HttpClient, HttpOptions  # noqa: PLC0415 - only where an extra is asked for
        from resolver.targets.rpm_index import read  # noqa: PLC0415 - the same

        wanted = (package.name, package.version, package.architecture)
        with HttpClient(self.setting.cache, HttpOptions()) as http, tempfile.TemporaryDirectory() as scratch:
            for position, url in enumerate(one.url for one in self.setting.repositories):
                there = rpm_fetch.local_path(url) or self._folder(release, architecture, position)
                for one in read([RpmRepository(id=url, name=url, metadata=there)], self.setting.runner)[0]:
                    found = one.package
                    if (found.name, found.evr, found.arch) == wanted:
                        file = _fetch_file(url, Path(scratch), found.location, found.checksum, http)
                        return rpm_database.read_metadata(self.setting.runner, file, project)
        raise UnavailableError(
            f"{package.name} {package.version} is in none of the named repositories any more",
            hint=f"run: distrofirst update --target {release} --repo …",
        )


def _fetch_file(url: str, folder: Path, href: str, checksum: Checksum, http: Http) -> Path:
    return rpm_fetch.fetch_file(url, folder, href, http, algorithm=checksum.algorithm, digest=checksum.digest)


def _ours(release: Release) -> tuple[Path, ...]:
    """Give what of distrofirst itself an index depends on: the overrides and the code."""
    return (
        mappings_folder() / f"{releases.family_of(release)}.toml",
        Path(__file__).with_name("rpm_index.py"),
        Path(store.__file__).with_name("rpm.py"),
    )


def _is_host(release: Release) -> bool:
    try:
        return releases.of_host() == release
    except InputError:
        return False


def _architecture(wanted: str | None) -> str:
    """Give an architecture as rpm names it: as uname does; the default is this host's."""
    if wanted in MACHINES:
        raise InputError(
            f"{wanted!r} is Debian's name of an architecture",
            context="--arch",
            hint=f"did you mean {MACHINES[wanted]}?",
        )
    return wanted or os.uname().machine
