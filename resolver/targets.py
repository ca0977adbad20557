"""From a target's name to its catalog: the host's apt, a release that was fetched, or the embedded index.

Three kinds of index, one format (``resolver.catalog.store``):

- embedded in ``mappings/``: a release's evidence and packages as of the day it was built; answers offline at once;
- fetched (``distrofirst update``): the same from the archive, through a private apt root, in the user's cache;
- the host's: evidence from the newer of those two, candidates from the host's own apt, keyed by the state of apt and
  dpkg, so that it is rebuilt when anything of that changes and merely opened when nothing did.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolver.catalog import build, contents, extras, overrides, store
from resolver.catalog.indexed import IndexedCatalog
from resolver.errors import InputError, UnavailableError
from resolver.hosts import apt_root, apt_sources, releases
from resolver.hosts.apt_root import AptRoot
from resolver.model import MACHINES, OsPackage, Release, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from packaging.utils import NormalizedName

    from resolver.catalog.indexed import ReadExtras
    from resolver.catalog.overrides import Override
    from resolver.ports import Cache, Runner

HOST = "host"
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


def mappings_folder() -> Path:
    """Find ``mappings/``: beside the package in a checkout, inside it where it was installed."""
    here = Path(__file__).resolve().parent
    return next((folder for folder in (here / "mappings", here.parent / "mappings") if folder.is_dir()), here)


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """Opens catalogs. ``cache_folder`` is ours alone; ``warn`` is told where it cannot be used."""

    runner: Runner
    cache: Cache
    cache_folder: Path
    warn: Callable[[str], None]
    offline: bool = False
    repositories: tuple[str, ...] = ()
    """Archives to take a release from instead of the mirrors that the host knows (``--repo``)."""
    repository_key: Path | None = None
    """What they are signed with."""

    def open(self, name: str, *, architecture: str | None = None) -> IndexedCatalog:
        """Open the catalog of ``host`` or of a release such as ``debian:13``.

        Raises InputError for an unknown name, UnavailableError where there is no metadata (rule I6).
        """
        wanted = _architecture(architecture)
        if name == HOST:
            if self.repositories:
                raise InputError(
                    "the host's own apt sources say where it installs from",
                    context="--repo",
                    hint="name a release with --target, or add the repository to /etc/apt/sources.list.d",
                )
            return self._open_host(architecture)
        release = releases.parse(name)
        index = self._release_index(release, wanted)
        # What this host's sources say of the archive matters only if an OS package has to be looked into.
        extras_of = self._extras_reader(index, lambda: self._root(release, wanted))
        return IndexedCatalog(index, self._overrides(release), extras_of)

    def update(self, name: str, *, architecture: str | None = None, output: Path | None = None) -> Path:
        """Fetch a release's metadata and write its index, into the cache or as an embedded one into ``output``."""
        release = releases.of_host() if name == HOST else releases.parse(name)
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
        path = output / f"{release.slug}.idx" if output else self._fetched(release, wanted)
        store.write(path, store.dump(header, built.claims, built.packages))
        return path

    def siblings(self, target: Target) -> list[IndexedCatalog]:
        """Open the other releases of a target's distribution that can be asked at once, the following ones first."""
        release = target.release
        others = [other for other in releases.known_releases() if other.distribution == release.distribution]
        place = next((i for i, other in enumerate(others) if other.version == release.version), 0)
        return [
            IndexedCatalog(store.IndexFile(path), self._overrides(other), lambda *_: {})
            for other in (*others[place + 1 :], *reversed(others[:place]))
            for path in self._release_files(other, target.architecture)[:1]
        ]

    def known(self) -> Iterator[tuple[Release, store.Header]]:
        """Give the releases that can be asked without fetching anything, with what their index says of itself."""
        for release in releases.known_releases():
            for architecture in dict.fromkeys((_architecture(None), EMBEDDED_ARCHITECTURE)):
                headers = [store.IndexFile(path).header for path in self._release_files(release, architecture)]
                if headers:
                    yield release, max(headers, key=lambda header: header.date)

    def unknown(self) -> tuple[str, ...]:
        """Name the releases whose metadata has to be fetched before they can be asked."""
        known = {release for release, _ in self.known()}
        return tuple(str(release) for release in releases.known_releases() if release not in known)

    def _open_host(self, architecture: str | None) -> IndexedCatalog:
        release = releases.of_host()
        known = self._overrides(release)
        names = self._release_index(release, _architecture(None))
        path = self.cache_folder / "host" / f"{_fingerprint(names)}.idx"
        try:
            index = store.IndexFile(path)
        except UnavailableError:
            # Not built yet, or damaged: it only keeps what apt knows.
            index = self._build_host(release, names, known, path)
        if architecture not in {None, index.header.architecture}:
            raise InputError(
                f"this host is {index.header.architecture}, not {architecture}",
                context="--arch",
                hint=f"for another architecture name the release too: --target {release}",
            )
        return IndexedCatalog(index, known, self._extras_reader(index, None), is_host=True)

    def _build_host(
        self, release: Release, names: store.IndexFile, known: Mapping[NormalizedName, Override], path: Path
    ) -> store.IndexFile:
        """Join the release's evidence with the host's candidates; indexes of earlier states are removed."""
        claims = tuple(names.all_claims())
        named = [override.package for override in known.values() if override.package]
        state = apt_root.dump(self.runner, {*(claim.package for claim in claims), *named})
        claims += build.claims_from_owners(state["owners"], state["packages"], claims)
        built = build.build(claims, state["packages"], named)
        date = apt_root.newest_date(Path("/var/lib/apt/lists"))
        content = store.dump(_header(release, state, date, "apt", built), built.claims, built.packages)
        try:
            store.write(path, content)
        except UnavailableError as error:
            return self._open_unkept(path.name, content, error)
        for old in path.parent.glob("*.idx"):
            if old != path:
                old.unlink(missing_ok=True)
        return store.IndexFile(path)

    def _open_unkept(self, name: str, content: bytes, error: UnavailableError) -> store.IndexFile:
        """Open an index that the cache has no place for; the next run has to build it again."""
        import tempfile  # noqa: PLC0415 - only where the cache cannot be written

        self.warn(f"going on without a cache: {error}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            store.write(path, content)
            return store.IndexFile(path)  # stays mapped when its file is gone

    def _release_index(self, release: Release, architecture: str) -> store.IndexFile:
        """Open the newest index of a release; fetch it where there is none and the network may be used."""
        found = [store.IndexFile(path) for path in self._release_files(release, architecture)]
        if found:
            return max(found, key=lambda index: index.header.date)
        if self.offline:
            raise UnavailableError(
                f"there is no metadata of {release} for {architecture} at hand, and the network may not be used",
                hint=f"fetch it: distrofirst update --target {release} --arch {architecture}",
            )
        return store.IndexFile(self.update(str(release), architecture=architecture))

    def _release_files(self, release: Release, architecture: str) -> list[Path]:
        usable = [self._fetched(release, architecture)]
        if architecture == EMBEDDED_ARCHITECTURE and not self.repositories:
            usable.append(mappings_folder() / f"{release.slug}.idx")
        return [path for path in usable if path.exists()]

    def _fetched(self, release: Release, architecture: str) -> Path:
        return self.cache_folder / "index" / f"{self._slug(release, architecture)}.idx"

    def _slug(self, release: Release, architecture: str) -> str:
        """Name a release as seen through certain archives: what came from one is never taken for another's."""
        slug = f"{release.slug}-{architecture}"
        if not self.repositories:
            return slug
        return f"{slug}-{hashlib.sha256(repr((self.repositories, self.repository_key)).encode()).hexdigest()[:16]}"

    def _root(self, release: Release, architecture: str) -> AptRoot:
        there = release.codename or ""
        return AptRoot(
            self.cache_folder / "apt" / self._slug(release, architecture),
            codename=there,
            architecture=architecture,
            sources=apt_sources.named(self.repositories, self.repository_key, release)
            or apt_sources.retarget(apt_root.host_sources(), releases.codename_of_host(release.distribution), there),
            runner=self.runner,
        )

    def _overrides(self, release: Release) -> Mapping[NormalizedName, Override]:
        return overrides.load(mappings_folder() / "debian.toml", str(release))

    def _extras_reader(self, index: store.IndexFile, root: Callable[[], AptRoot] | None) -> ReadExtras:
        """Give the function that finds an OS package's extras: on disk, in the cache, or through apt."""

        def read(package: OsPackage, metadata_name: str, environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
            files: dict[str, str] | None = None
            if root is None and package.installed:
                files = apt_root.metadata_files(Path(apt_root.SITE[0]), metadata_name)
            key = f"{index.header.distribution} {package.name} {package.version} {metadata_name}"
            if not files:
                kept = self.cache.read_json("os-metadata", key)
                files = {str(name): str(text) for name, text in kept.items()} if isinstance(kept, dict) else None
            if files is None:
                files = self._download_metadata(package, metadata_name, root)
                self.cache.write_json("os-metadata", key, files)
            return extras.parse(files, environment)

        return read

    def _download_metadata(
        self, package: OsPackage, metadata_name: str, root: Callable[[], AptRoot] | None
    ) -> dict[str, str]:
        if self.offline:
            raise UnavailableError(
                f"the extras of {package.name} {package.version} were never looked up",
                context="--offline",
                hint="run once without --offline",
            )
        if root is not None:
            return root().read_metadata(package, metadata_name)
        return apt_root.read_package_metadata(
            self.runner, package, metadata_name, self.cache_folder / "apt" / "host", environment={}
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


def _fingerprint(names: store.IndexFile) -> str:
    """Hash what the host's index depends on: times and sizes of apt's and dpkg's files, the evidence, the code."""
    parts: list[object] = [store.MAGIC, names.header.date, names.path.name]
    ours = (mappings_folder() / "debian.toml", Path(apt_root.__file__).with_name("apt_dump.py"), Path(build.__file__))
    for watched in (*_WATCHED, *map(str, ours)):
        path = Path(watched)
        inside = sorted(path.iterdir()) if path.is_dir() else []
        for entry in (path, *inside):
            try:
                facts = entry.stat()
            except OSError:
                continue
            parts.append((str(entry), facts.st_mtime_ns, facts.st_size))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
