"""Debian and Ubuntu: the host's apt, a release that was fetched, or the embedded index.

Three kinds of index, one format (``resolver.catalog.store``):

- embedded in ``mappings/``: a release's evidence and packages as of the day it was built; answers offline at once;
- fetched (``distrofirst update``): the same from the archive, through a private apt root, in the user's cache;
- the host's: evidence from the newer of those two, candidates from the host's own apt, keyed by the state of apt and
  dpkg, so that it is rebuilt when anything of that changes and merely opened when nothing did.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolver.catalog import build, contents, extras, store
from resolver.catalog.indexed import IndexedCatalog
from resolver.errors import InputError, UnavailableError
from resolver.hosts import apt_root, apt_sources, releases
from resolver.hosts.apt_root import AptRoot
from resolver.model import MACHINES
from resolver.targets.common import Setting, fingerprint, mappings_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.catalog.indexed import ReadExtras
    from resolver.catalog.overrides import Override
    from resolver.hosts.apt_mirror_root import MirrorRoot
    from resolver.model import Lock, OsPackage, Release
    from resolver.ports import PackageFiles, PackageManager, PackageRemover

EMBEDDED_ARCHITECTURE = "amd64"
_ARCHITECTURES = (*MACHINES, "loong64", "mips64el", "riscv64", "s390x")
_WATCHED = (
    "/var/lib/dpkg/status",
    "/var/lib/apt/lists",
    "/etc/apt/apt.conf",
    "/etc/apt/apt.conf.d",
    "/etc/apt/preferences",
    "/etc/apt/preferences.d",
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DebianTargets:
    """Opens catalogs of Debian and Ubuntu releases; implements ``resolver.targets.FamilyTargets``."""

    setting: Setting

    def open(self, release: Release, architecture: str | None, python: str | None) -> IndexedCatalog:
        """See the protocol."""
        wanted = _architecture(architecture)
        index = self._release_index(release, wanted)
        _check_python(index, python)
        # What this host's sources say of the archive matters only if an OS package has to be looked into.
        extras_of = self._extras_reader(index, lambda: self._root(release, wanted))
        return IndexedCatalog(index, self._overrides(release), extras_of)

    def open_host(self, release: Release, architecture: str | None, python: str | None) -> IndexedCatalog:
        """See the protocol."""
        known = self._overrides(release)
        mirror = self._mirror(release)
        names: store.IndexFile | None
        if mirror is None:
            names = self._release_index(release, _architecture(None))
        else:
            # What a lock names is installed by its name: evidence, where it is at hand, is for what is told beside.
            names = self._newest(release, _architecture(None))
            mirror.update()
        path = self.setting.cache_folder / "host" / f"{_fingerprint(names, mirror.watched if mirror else ())}.idx"
        try:
            index = store.IndexFile(path)
        except UnavailableError:
            # Not built yet, or damaged: it only keeps what apt knows.
            index = self._build_host(release, names, known, path, mirror)
        if architecture not in {None, index.header.architecture}:
            raise InputError(
                f"this host is {index.header.architecture}, not {architecture}",
                context="--arch",
                hint=f"for another architecture name the release too: --target {release}",
            )
        _check_python(index, python)
        return IndexedCatalog(index, known, self._extras_reader(index, None), is_host=True)

    def update(self, release: Release, architecture: str | None, python: str | None, output: Path | None) -> Path:
        """See the protocol."""
        wanted = _architecture(architecture)
        root = self._root(release, wanted)
        root.update()
        traces = tuple(trace for path in root.contents() for trace in contents.read(path))
        known = self._overrides(release)
        named = [override.package for override in known.values() if override.package]
        state = root.dump({*(trace.package for trace in traces), *named})
        ours = {
            package: record
            for package, record in state["packages"].items()
            if record["repository"].lower().startswith(release.distribution)
        }
        claims = build.claims_from_contents(traces, ours, release.codename or "", _python(state["python"])[0])
        built = build.build(claims, ours, named)
        header = _header(release, state, root.date(), "embedded" if output else "apt", built)
        path = output / f"{release.slug}.idx" if output else self.setting.fetched(release, wanted)
        store.write(path, store.dump(header, built.claims, built.packages))
        _check_python(store.IndexFile(path), python)
        return path

    def at_hand(self, release: Release, architecture: str | None, python: str) -> Iterator[IndexedCatalog]:  # noqa: ARG002 - Debian has one Python a release
        """See the protocol."""
        for path in self._release_files(release, _architecture(architecture))[:1]:
            yield IndexedCatalog(store.IndexFile(path), self._overrides(release), lambda *_: {})

    def headers(self, release: Release) -> Iterator[store.Header]:
        """See the protocol."""
        for architecture in dict.fromkeys((_architecture(None), EMBEDDED_ARCHITECTURE)):
            found = [store.IndexFile(path).header for path in self._release_files(release, architecture)]
            if found:
                yield max(found, key=lambda header: header.date)

    def package_manager(self, catalog: IndexedCatalog) -> PackageManager:
        """See the protocol."""
        from resolver.hosts.debian import Apt  # noqa: PLC0415 - only what acts needs it

        return Apt(self.setting.runner, catalog.target, mirror=self._mirror(catalog.target.release))

    def mirror(self, locks: Sequence[Lock], folder: Path, progress: Callable[[str], None]) -> bool:
        """See the protocol."""
        from resolver.hosts import apt_mirror, mirror_folder  # noqa: PLC0415 - only here

        target = locks[0].target
        named = (package.repository.lower() for lock in locks for package in lock.os_packages)
        foreign = not all(repository.startswith(target.release.distribution) for repository in named)
        root = self._root(target.release, target.architecture, contents=False, foreign=foreign)
        part = mirror_folder.folder_of(folder, target.release, target.architecture)
        apt_mirror.gather(root, locks, part, progress)
        return True

    def _mirror(self, release: Release) -> MirrorRoot | None:
        """Give this host's apt as it sees the mirror alone; None where there is none."""
        if self.setting.mirror is None:
            return None
        from resolver.hosts.apt_mirror_root import MirrorRoot, keyrings_of  # noqa: PLC0415 - few have one

        return MirrorRoot(
            self.setting.mirror,
            self.setting.cache_folder / "apt" / "mirror",
            release=release,
            architecture=_architecture(None),
            sources=apt_root.host_sources(),
            keyrings=keyrings_of(release),
            runner=self.setting.runner,
        )

    def remover(self, release: Release, architecture: str | None) -> PackageRemover:  # noqa: ARG002 - apt is apt
        """See the protocol."""
        from resolver.hosts.apt_removal import AptRemover  # noqa: PLC0415 - only what acts needs it

        return AptRemover(self.setting.runner, _architecture(architecture))

    def files(self, release: Release, architecture: str | None) -> PackageFiles:  # noqa: ARG002 - dpkg is dpkg
        """See the protocol."""
        from resolver.hosts.package_files import DpkgFiles  # noqa: PLC0415 - only verify asks

        return DpkgFiles(self.setting.runner, _architecture(architecture))

    def _build_host(
        self,
        release: Release,
        names: store.IndexFile | None,
        known: Mapping[NormalizedName, Override],
        path: Path,
        mirror: MirrorRoot | None,
    ) -> store.IndexFile:
        """Join the release's evidence with the host's candidates; indexes of earlier states are removed."""
        claims = tuple(names.all_claims()) if names is not None else ()
        named = [override.package for override in known.values() if override.package]
        state = apt_root.dump(
            self.setting.runner,
            {*(claim.package for claim in claims), *named},
            config=mirror.config if mirror else None,
            host=mirror.sources() if mirror else None,
        )
        claims += build.claims_from_owners(state["owners"], state["packages"], claims)
        built = build.build(claims, state["packages"], named)
        date = apt_root.newest_date(mirror.lists if mirror else Path("/var/lib/apt/lists"))
        content = store.dump(_header(release, state, date, "apt", built), built.claims, built.packages)
        return self.setting.keep(path, content, instead_of="*.idx")

    def _release_index(self, release: Release, architecture: str) -> store.IndexFile:
        """Open the newest index of a release; fetch it where there is none and the network may be used."""
        if (newest := self._newest(release, architecture)) is not None:
            return newest
        if self.setting.offline:
            raise UnavailableError(
                f"there is no metadata of {release} for {architecture} at hand, and the network may not be used",
                hint=f"fetch it: distrofirst update --target {release} --arch {architecture}",
            )
        return store.IndexFile(self.update(release, architecture, None, None))

    def _newest(self, release: Release, architecture: str) -> store.IndexFile | None:
        found = [store.IndexFile(path) for path in self._release_files(release, architecture)]
        return max(found, key=lambda index: index.header.date, default=None)

    def _release_files(self, release: Release, architecture: str) -> list[Path]:
        usable = [self.setting.fetched(release, architecture)]
        if architecture == EMBEDDED_ARCHITECTURE and not self.setting.repositories:
            usable.append(mappings_folder() / f"{release.slug}.idx")
        return [path for path in usable if path.exists()]

    def _root(self, release: Release, architecture: str, *, contents: bool = True, foreign: bool = False) -> AptRoot:
        """Give a private apt root; ``foreign``: with all sources of this host, where the release is its own."""
        there = release.codename or ""
        slug = self.setting.slug(release, architecture)
        known = apt_root.host_sources()
        here = releases.codename_of_host(release.distribution)
        ours = apt_sources.retarget(known, here, there)
        if foreign and here == there:
            ours = tuple(source for source in known if source.components and not source.insecure)
        return AptRoot(
            self.setting.cache_folder / "apt" / (slug if contents else f"{slug}-packages"),
            codename=there,
            architecture=architecture,
            sources=apt_sources.named(self.setting.repositories, release) or ours,
            runner=self.setting.runner,
            contents=contents,
        )

    def _overrides(self, release: Release) -> Mapping[NormalizedName, Override]:
        return self.setting.overrides("debian", release)

    def _extras_reader(self, index: store.IndexFile, root: Callable[[], AptRoot] | None) -> ReadExtras:
        """Give the function that finds an OS package's extras: on disk, in the cache, or through apt."""

        def read(package: OsPackage, metadata_name: str, environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
            files: dict[str, str] = {}
            if root is None and package.installed:
                files = apt_root.metadata_files(Path(apt_root.SITE[0]), metadata_name)
            if not files:
                key = f"{index.header.distribution} {package.name} {package.version} {metadata_name}"
                files = self.setting.remembered(
                    f"{package.name} {package.version}", key, lambda: self._download(package, metadata_name, root)
                )
            return extras.parse(files, environment)

        return read

    def _download(self, package: OsPackage, metadata_name: str, root: Callable[[], AptRoot] | None) -> dict[str, str]:
        if root is not None:
            return root().read_metadata(package, metadata_name)
        return apt_root.read_package_metadata(
            self.setting.runner, package, metadata_name, self.setting.cache_folder / "apt" / "host", environment={}
        )


def _check_python(index: store.IndexFile, wanted: str | None) -> None:
    header = index.header
    if wanted not in {None, header.python}:
        raise InputError(
            f"{header.distribution}:{header.version} has Python {header.python} and no other",
            context="--python",
            hint="leave it out, or name a release that has it: distrofirst targets",
        )


def _architecture(wanted: str | None) -> str:
    """Check an architecture's name, or give this host's: the kernel's word is enough to choose a default."""
    machine = os.uname().machine
    by_machine = {ours: debian for debian, ours in MACHINES.items()}
    if wanted is None:
        return by_machine.get(machine, machine)
    if wanted not in _ARCHITECTURES:
        meant = by_machine.get(wanted)
        raise InputError(
            f"{wanted!r} is no architecture of Debian's",
            context="--arch",
            hint=f"did you mean {meant}?" if meant else f"one of: {', '.join(_ARCHITECTURES)}",
        )
    return wanted


def _python(version: str | None) -> tuple[str, str]:
    """Part the python3 package's version ``3.13.5-1`` into ``3.13`` and ``3.13.5``."""
    full = (version or "").partition("-")[0].partition("+")[0]
    return ".".join(full.split(".")[:2]), full


def _header(release: Release, state: Mapping[str, Any], date: str, source: str, built: build.Built) -> store.Header:
    python, full = _python(state["python"])
    if not python:
        raise UnavailableError("apt offers no python3", hint="run: apt-get update (as root)")
    return store.Header(
        distribution=release.distribution,
        version=release.version,
        codename=release.codename or "",
        architecture=state["architecture"],
        python=python,
        python_full_version=full,
        glibc=(state["libc"] or "").partition("-")[0],
        source=source,
        date=date,
        repositories=build.repositories(built.packages),
    )


def _fingerprint(names: store.IndexFile | None, more: Iterable[Path]) -> str:
    """Hash what the host's index depends on: times and sizes of apt's and dpkg's files, the evidence, the code."""
    ours = (mappings_folder() / "debian.toml", Path(apt_root.__file__).with_name("apt_dump.py"), Path(build.__file__))
    return fingerprint(
        (*map(Path, _WATCHED), *ours, *more), store.MAGIC, *((names.header.date, names.path.name) if names else ())
    )
