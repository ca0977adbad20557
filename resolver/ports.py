"""The seams: what the pure middle asks of the edges. At most five methods each, fakes in ``tests/fakes.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.model import (
        Absence,
        AlteredFile,
        Buildable,
        Command,
        Completed,
        HttpAnswer,
        HttpNotFound,
        HttpPart,
        Listing,
        Lock,
        MetadataSource,
        OsCandidate,
        OsDependency,
        OsPackage,
        RpmOffer,
        RpmRepository,
        Target,
        Transaction,
        Unchecked,
        Wheel,
        WheelMetadata,
    )
    from resolver.model.audit import Fix, Known


class Catalog(Protocol):
    """What one target offers. Answers are cheap (microseconds to milliseconds) and never touch the network,
    ``extras`` excepted.
    """

    @property
    def target(self) -> Target:
        """The target that the answers hold for."""
        ...

    @property
    def metadata(self) -> MetadataSource:
        """What the answers rest on."""
        ...

    def lookup(self, project: NormalizedName) -> OsCandidate | Absence:
        """Find the OS package that carries a project, whatever its version (rules I1 to I7, V1, V2)."""
        ...

    def dependencies(self, package: str) -> tuple[OsDependency, ...]:
        """Give the direct dependencies of an OS package that carry projects, sorted by package name."""
        ...

    def extras(self, candidate: OsCandidate, wanted: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
        """Give extras (normalized) with their requirements (PEP 508), from the package's own metadata (rule R4).

        Of those it has, the wanted ones are all there; of the others, those that cost nothing more. May download the
        OS package through the package manager. Raises UnavailableError where that is forbidden or fails.
        """
        ...


class Index(Protocol):
    """The one package index (rule P1), seen for one target: only wheels that the target can run."""

    def listing(self, project: NormalizedName) -> Listing:
        """Give the project's wheels; one request when not cached. Raises UnavailableError without an answer."""
        ...

    def at(self, project: NormalizedName, url: str, sha256: str) -> Listing:
        """Give the one wheel that a URL names, if it is one for the target; nothing is fetched for it."""
        ...

    def metadata(self, wheel: Wheel) -> WheelMetadata:
        """Read a wheel's metadata: PEP 658, else ranges, else the whole wheel, else an error (rule R6)."""
        ...

    def prefetch(self, projects: Iterable[NormalizedName]) -> None:
        """Start fetching listings, and the newest wheel's metadata, in the background; never raises."""
        ...

    def prefetch_metadata(self, wheels: Iterable[Wheel]) -> None:
        """Start reading wheels' metadata in the background, the first ones first; never raises."""
        ...


class Builder(Protocol):
    """Makes wheels of sdists and commits, on this host and for it (rules P2, R5), where the user named them."""

    def build(self, source: Buildable) -> Wheel:
        """Build in the sandbox, or find what was built before; minutes where it has to compile.

        Raises PolicyError for what a source must not do or be, CommandError where the build fails by itself,
        UnavailableError where what it needs cannot be fetched.
        """
        ...

    def metadata(self, wheel: Wheel) -> WheelMetadata:
        """Read the metadata of a wheel that ``build`` gave."""
        ...


class Runner(Protocol):
    """Runs commands: the only way out to other programs (``resolver.io.process``)."""

    def run(self, command: Command) -> Completed:
        """Run to the end with output captured; a non-zero exit is returned, not raised.

        Raises CommandError where the program cannot be started.
        """
        ...

    def stream(self, command: Command) -> Completed:
        """Like ``run``, with the output also passed on to stderr as it comes, for long work."""
        ...


class RpmMetadata(Protocol):
    """What dnf5, dnf4 or zypper knows of this host's repositories; nothing needs root (``resolver.hosts``)."""

    def repositories(self) -> tuple[RpmRepository, ...]:
        """Give the enabled repositories with their effective settings, and where their metadata lies, sorted by id.

        Metadata that was never fetched, or that only root may read, is fetched into the user's own cache if the tool
        can do that and the network may be used. Raises UnavailableError where there is no repository at all.
        """
        ...

    def offers(self, pythons: Iterable[str]) -> tuple[RpmOffer, ...]:
        """Give every build with metadata of a project for one of these Pythons (``3.14``) that may be installed.

        Excludes, locks and modules are respected; of several builds of one package all are given, installed ones that
        no repository has left out. Raises UnavailableError where the tool cannot answer (rule I6).
        """
        ...

    def refresh(self) -> None:
        """Fetch all repositories' metadata anew, signatures verified by the tool.

        Raises PolicyError for a signature that does not verify, UnavailableError without network.
        """
        ...

    def download(self, package: OsPackage, folder: Path) -> Path:
        """Download one .rpm, verified by its repository's checksum, into ``folder``; gives its path.

        Raises UnavailableError where it is gone or there is no network.
        """
        ...


class PackageManager(Protocol):
    """The distribution's own tool on this host (``resolver.hosts``)."""

    @property
    def interpreter(self) -> str:
        """The interpreter that environments are made of, by its whole path."""
        ...

    @property
    def site_directories(self) -> tuple[str, ...]:
        """Where OS packages put Python modules, in the order of the interpreter's own path; /usr/local is not there."""
        ...

    def installed(self, names: Iterable[str]) -> Mapping[str, str]:
        """Give the exact version of each of the OS packages that is installed, by the name it was asked by."""
        ...

    def plan(self, lock: Lock, *, simulate: bool = True) -> Transaction:
        """Find what is missing and simulate it, without root rights and without changing anything (rule X1).

        Without a simulation it is what is missing alone, and a command for somebody with rights to try.
        Raises CommandError, UnavailableError or PolicyError with the reason where it cannot be done as locked.
        """
        ...

    def perform(self, transaction: Transaction) -> None:
        """Carry out a transaction; raises the error that says what went wrong."""
        ...


class PackageRemover(Protocol):
    """The distribution's own tool on this host, taking OS packages away again (``resolver.hosts``)."""

    def installed(self, names: Iterable[str]) -> Mapping[str, str]:
        """Like ``PackageManager.installed``, with those of which a part is there."""
        ...

    def interrupted(self) -> tuple[Command, ...]:
        """Give what finishes a transaction that was killed; empty where none was. For whoever knows it as theirs."""
        ...

    def would_go(self, names: Iterable[str]) -> frozenset[str]:
        """Simulate removing installed OS packages; give the names of all that would go, whoever needs them included.

        ``HOLD`` is among them where somebody has told the tool that one of those is to stay.
        Changes nothing. Raises CommandError where the tool refuses.
        """
        ...

    def removal(self, names: Iterable[str]) -> Command:
        """Give the command that removes them and nothing that has only become unneeded."""
        ...

    def remove(self, command: Command) -> None:
        """Carry out what ``removal`` gave; raises the error that says what went wrong."""
        ...


class PackageFiles(Protocol):
    """What this host's package database knows of OS packages' files and of their past (``resolver.hosts``)."""

    def altered(self, names: Iterable[str]) -> tuple[AlteredFile, ...]:
        """Give the files that are gone or changed, sorted by path; settings and documentation apart.

        Reads every file of the installed ones. Raises CommandError where the database cannot be read.
        """
        ...

    def changed_at(self, names: Iterable[str]) -> Mapping[str, str]:
        """Tell when OS packages were last installed, updated or removed, as far as that is on record."""
        ...

    def repair(self, name: str) -> Command:
        """Give the command that brings an OS package's files back."""
        ...


class ProjectAdvisories(Protocol):
    """Who knows the vulnerabilities of PyPI's projects: a database on disk, or the index."""

    def of(self, project: NormalizedName, version: Version) -> Known | Unchecked:
        """Tell what affects one version. What cannot be looked up is Unchecked, never an empty answer (rule T2)."""
        ...


class OsAdvisories(Protocol):
    """What a distribution says of its own OS packages, on a host that runs it (``resolver.hosts``).

    Nothing raises for what cannot be had: that is Unchecked, or left out (rule T2).
    """

    def known(self, packages: Sequence[OsPackage]) -> Mapping[str, Known | Unchecked]:
        """Tell what affects exactly these builds, installed or not, by name; there is an entry for each."""
        ...

    def sources(self, packages: Sequence[OsPackage]) -> Mapping[str, tuple[str, str]]:
        """Give the source package and its version, by the OS package's name, as far as they are known."""
        ...

    def rank(self, groups: Sequence[Sequence[str]]) -> list[list[int]]:
        """Rank each group's versions, 0 for the oldest, by the distribution's own comparison (rule V3).

        Raises UnavailableError where what compares them is not there.
        """
        ...

    def fixes(self, package: OsPackage, cves: frozenset[str]) -> tuple[Fix, ...] | Unchecked:
        """Search the build's changelog for CVE ids: those that it says are fixed, sorted."""
        ...


class WheelSource(Protocol):
    """Where the remainder's wheels come from (``resolver.pypi.wheelhouse``)."""

    def obtain(self, lock: Lock) -> Mapping[NormalizedName, Path]:
        """Give the file of each of a lock's wheels: fetched or built, with the locked hash, inspected (rules P2, P4).

        All or none. Asked twice for one lock, it does the work once. Raises PolicyError for a file that is not the
        locked one or must not be installed, UnavailableError for one that cannot be had.
        """
        ...


class Http(Protocol):
    """Asks servers (``resolver.io.http``). Safe for many threads.

    Every method retries what may pass (a lost connection, 429, 5xx) and raises UnavailableError with its own
    message for a missing network, an unknown host, a TLS failure, a refused login and a server error, or where
    it would have to ask although the run is offline.
    """

    def get(self, url: str, *, accept: str = "*/*", max_age: float = 0.0) -> HttpAnswer | HttpNotFound:
        """Fetch a document into memory.

        A cached copy younger than ``max_age`` seconds is the answer; an older one is revalidated where the server
        gave a validator. Zero neither reads nor writes the cache. Offline, a cached copy of any age will do.
        """
        ...

    def part(self, url: str, *, start: int, length: int) -> HttpPart | HttpNotFound | None:
        """Fetch at most ``length`` bytes from ``start``, or the last ``length`` bytes where ``start`` is negative.

        None where the server does not do ranges. One request; never cached.
        """
        ...

    def download(self, url: str, path: Path, *, sha256: str, size: int | None = None) -> Path | HttpNotFound:
        """Stream a document to ``path``, which exists afterwards only whole and with that hash.

        A file that is there already and has the hash is not fetched again. Raises PolicyError where hash or size
        differ, CommandError where the file cannot be written.
        """
        ...


class Cache(Protocol):
    """Keeps bytes between runs (``resolver.io.cache``). A cache that cannot work is an empty one; nothing raises."""

    def read(self, kind: str, key: str) -> bytes | None:
        """Give what was written under ``kind`` and ``key``, whole and unharmed, or None."""
        ...

    def write(self, kind: str, key: str, data: bytes) -> None:
        """Keep ``data``; readers see the old entry or the new one, never a mixture."""
        ...

    def age(self, kind: str, key: str) -> float | None:
        """Give the seconds since the entry was written, without reading it; None where there is none."""
        ...

    def read_json(self, kind: str, key: str) -> object:
        """Like ``read`` for a JSON value; None also where the entry is not JSON."""
        ...

    def write_json(self, kind: str, key: str, value: object) -> None:
        """Like ``write`` for a JSON value."""
        ...
