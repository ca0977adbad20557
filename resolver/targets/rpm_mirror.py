"""Makes what a mirror has for RPM hosts: rpm-md repositories as they are signed, and of their packages those in need.

::

    fedora-43-x86_64/mirror.json          {"repositories": [ID…], "packages": [[NAME, EVR, ARCHITECTURE, PATH]…]}
    fedora-43-x86_64/ID/repodata/…        repomd.xml with its signature, and the files that it lists
    fedora-43-x86_64/ID/Packages/…

What is needed, libsolv works out for a host that has nothing (``hosts.libsolv``). ``hosts.rpm_mirror_root`` is where
the folder is used.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from resolver.catalog import rpm_md
from resolver.catalog.unpacking import unpack
from resolver.errors import CommandError, PolicyError
from resolver.hosts import libsolv, rpm_fetch
from resolver.hosts.mirror_folder import cannot_write, write_manifest
from resolver.model import OsPackage
from resolver.targets.rpm_index import unpack_zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from resolver.catalog.rpm_md import MetadataFile
    from resolver.hosts.libsolv import NeededRpm, Unpacked
    from resolver.model import Lock
    from resolver.ports import Http, RpmMetadata, Runner

_LEFT_OUT = ("other", "_db")
"""Of what repomd.xml lists, by the beginning or the end of its type: change logs, and databases for yum."""


class Source(Protocol):
    """One repository to take from."""

    @property
    def id(self) -> str:
        """What the package manager will call it."""
        ...

    @property
    def metadata(self) -> Path:
        """The folder that holds ``repodata/repomd.xml``."""
        ...

    def listed(self, file: MetadataFile, scratch: Path) -> Path | None:
        """Have a file that repomd.xml lists, verified, maybe below ``scratch``; None where it is not needed."""
        ...

    def package(self, needed: NeededRpm, scratch: Path) -> Path:
        """Have one .rpm, likewise."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedSource:
    """A repository that the user names, fetched by ourselves."""

    id: str
    url: str
    metadata: Path
    http: Http

    def listed(self, file: MetadataFile, scratch: Path) -> Path | None:
        """See the protocol."""
        return self._fetched(file.href, scratch, file.checksum.algorithm, file.checksum.digest)

    def package(self, needed: NeededRpm, scratch: Path) -> Path:
        """See the protocol."""
        return self._fetched(needed.location, scratch, needed.algorithm, needed.digest)

    def _fetched(self, href: str, scratch: Path, algorithm: str, digest: str) -> Path:
        return rpm_fetch.fetch_file(self.url, scratch, href, self.http, algorithm=algorithm, digest=digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnSource:
    """One of this host's own: its package manager fetches, by whatever way and with whatever rights it is given."""

    id: str
    metadata: Path
    tool: RpmMetadata

    def listed(self, file: MetadataFile, scratch: Path) -> Path | None:  # noqa: ARG002 - it lies there already
        """See the protocol; what this host's package manager has no use for, others of its kind have none for."""
        path = self.metadata / file.href
        return path if rpm_fetch.digest_of(path, file.checksum.algorithm) == file.checksum.digest else None

    def package(self, needed: NeededRpm, scratch: Path) -> Path:
        """See the protocol."""
        package = OsPackage(
            name=needed.name, version=needed.evr, architecture=needed.architecture, repository=needed.repository
        )
        return self.tool.download(package, scratch)


def gather(
    sources: Sequence[Source],
    locks: Sequence[Lock],
    folder: Path,
    *,
    runner: Runner,
    progress: Callable[[str], None],
) -> None:
    """Bring what an installation of each of these locks needs, of one release and architecture, into ``folder``.

    What is there and right is not fetched again. Raises CommandError where the repositories no longer have what a lock
    names, UnavailableError without network or libsolv, PolicyError for a file that is not the one that is listed.
    """
    aside = folder / ".unfinished"
    try:
        # Nothing tells which half of its files a killed run has left whole.
        if aside.exists():
            shutil.rmtree(aside)
        aside.mkdir(parents=True)
        files = {
            source.id: rpm_md.parse_files((source.metadata / rpm_fetch.REPOMD).read_bytes(), source.id)
            for source in sources
        }
        needed = _needed(sources, files, locks, aside, runner)
        chosen = [source for source in sources if any(one.repository == source.id for one in needed)]
        _bring_packages({source.id: source for source in chosen}, needed, folder, aside, progress)
        for source in chosen:
            _bring_metadata(source, files[source.id], folder / source.id, aside)
        shutil.rmtree(aside)
    except OSError as error:
        raise cannot_write(error, folder) from error
    packages = [[one.name, one.evr, one.architecture, f"{one.repository}/{one.location}"] for one in needed]
    write_manifest(folder, repositories=[source.id for source in chosen], packages=packages)


def _needed(
    sources: Sequence[Source],
    files: dict[str, tuple[MetadataFile, ...]],
    locks: Sequence[Lock],
    aside: Path,
    runner: Runner,
) -> tuple[NeededRpm, ...]:
    """Ask libsolv for each lock; the names of all files, which are many, only where it does not get by without."""
    asked = [_Question(lock) for lock in locks]
    repositories = [_unpacked(source, files[source.id], ("primary",), aside, runner) for source in sources]
    try:
        found = [one.answer(repositories, runner) for one in asked]
    except CommandError:
        more = [_unpacked(source, files[source.id], ("primary", "filelists"), aside, runner) for source in sources]
        if not any(one.filelists for one in more):
            raise
        found = [one.answer(more, runner) for one in asked]
    return tuple(sorted({one for answer in found for one in answer}, key=lambda one: (one.repository, one.location)))


class _Question:
    """What an installation of one lock asks for."""

    def __init__(self, lock: Lock) -> None:
        self._architecture = lock.target.architecture
        self._builds = {(one.name, one.version, one.architecture) for one in lock.os_packages}
        python = lock.target.python
        self._capabilities = {f"/usr/bin/python{python}", *([f"python{python}dist(pip)"] if lock.wheels else [])}

    def answer(self, repositories: Iterable[Unpacked], runner: Runner) -> tuple[NeededRpm, ...]:
        return libsolv.closure(
            runner, repositories, self._architecture, builds=self._builds, capabilities=self._capabilities
        )


def _unpacked(
    source: Source, files: Iterable[MetadataFile], types: Iterable[str], aside: Path, runner: Runner
) -> Unpacked:
    """Have some of a repository's metadata as XML."""
    paths: dict[str, Path] = {}
    for file in files:
        if file.type not in types or file.type in paths or file.href.endswith(".zck"):
            continue
        packed = source.listed(file, aside / source.id)
        if packed is None:
            continue
        paths[file.type] = aside / f"{source.id}-{file.type}.xml"
        if not paths[file.type].exists():
            with packed.open("rb") as stream, paths[file.type].open("wb") as out:
                for piece in unpack(stream, zstd=lambda path: unpack_zstd(path, runner)):
                    out.write(piece)
    if "primary" not in paths:
        raise CommandError("there is no list of OS packages that can be read", context=source.id)
    return libsolv.Unpacked(id=source.id, primary=paths["primary"], filelists=paths.get("filelists"))


def _bring_packages(
    sources: dict[str, Source],
    needed: Sequence[NeededRpm],
    folder: Path,
    aside: Path,
    progress: Callable[[str], None],
) -> None:
    missing = []
    for one in needed:
        rpm_fetch.check_inside(one.location, one.repository)
        if rpm_fetch.digest_of(folder / one.repository / one.location, one.algorithm) != one.digest:
            missing.append(one)
    if missing:
        size = sum(one.size for one in missing) / 1e6
        progress(f"fetching {len(missing)} of {len(needed)} OS packages, {size:.1f} MB")
    for one in missing:
        path = sources[one.repository].package(one, aside / one.repository)
        if rpm_fetch.digest_of(path, one.algorithm) != one.digest:
            raise PolicyError(
                f"the file is not the one that the metadata names: its {one.algorithm} differs", context=str(path)
            )
        _place(path, folder / one.repository / one.location, aside)


def _bring_metadata(source: Source, files: Iterable[MetadataFile], folder: Path, aside: Path) -> None:
    """Copy what repomd.xml lists, and repomd.xml last; of an earlier state the files stay, for whoever reads it."""
    for file in files:
        if file.type.startswith(_LEFT_OUT[0]) or file.type.endswith(_LEFT_OUT[1]):
            continue
        path = source.listed(file, aside / source.id)
        if path is not None:
            _place(path, folder / file.href, aside)
    signature = f"{rpm_fetch.REPOMD}.asc"
    theirs = source.metadata / signature
    if theirs.is_file() and theirs.stat().st_size:
        _place(theirs, folder / signature, aside)
    else:
        (folder / signature).unlink(missing_ok=True)
    _place(source.metadata / rpm_fetch.REPOMD, folder / rpm_fetch.REPOMD, aside)


def _place(path: Path, target: Path, aside: Path) -> None:
    """Have a file's bytes in their place, whole or not at all, and for everybody to read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = aside / "file"
    shutil.copyfile(path, temporary)
    temporary.chmod(0o644)
    temporary.replace(target)
