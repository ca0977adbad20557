"""The index: one release's evidence and packages in one sorted text file, searched where it lies.

A file is a magic line, a header line (JSON), record lines sorted by their bytes, and an end line. Fields are
separated by tabs, lists by commas. It is mapped into memory and searched by bisection, so that opening costs the
same for one project as for ten thousand, and a diff of two builds reads like one. The same form serves the
embedded indexes in ``mappings/`` and the cache.

``p  PROJECT  OS-PACKAGE  EVIDENCE  METADATA-NAME  OS-VERSION``: a claim that a package carries a project
``o  OS-PACKAGE  VERSION  ARCHITECTURE  REPOSITORY  FLAGS  DEPENDS  PROJECTS  OTHERS``: a package
"""

from __future__ import annotations

import json
import mmap
import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from resolver import files
from resolver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAGIC = b"distrofirst-index 1\n"
END = b"~end\n"
_PROJECT = re.compile(rb"^p\t([^\t\n]+)\t", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What an index was made for and from."""

    distribution: str
    version: str
    codename: str
    architecture: str
    python: str
    """``3.13``"""
    python_full_version: str
    """``3.13.5``"""
    glibc: str
    """``2.41``"""
    source: str
    """``embedded``, ``apt`` or ``rpm-md``; see MetadataSource."""
    date: str
    """RFC 3339 in UTC: the newest Date of the Release files."""
    repositories: tuple[str, ...]
    """Names that the package records refer to by position."""
    note: str = ""
    """What a reader of any answer has to know: why it is of this Python and not of the release's main one."""
    prefix: str = "python3-"
    """What comes before a project's name where a package is named after it, by convention and without proving anything
    (rule I2): ``python3-``, ``python3.11-`` (a side-by-side stack), ``python313-`` (SUSE)."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Claim:
    """A trace of a project in an OS package."""

    project: str
    package: str
    kind: str
    """What it is evidence of: ``contents``, ``provides``, ``installed`` (see ``model.Evidence``); ``other`` for a trace
    under another interpreter (rule I4); ``extra`` for a package that is one of the project's extras (rule I5)."""
    metadata_name: str
    """The metadata's folder or file without its ending, ``Flask-3.1.1``, or the same made of an rpm's Provides; of an
    ``extra`` its name, ``socks``."""
    os_version: str
    """The package's version that the trace was seen in; empty where unknown (rule V2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageRecord:
    """A package as the package manager would install it, dependencies reduced to packages that carry projects."""

    name: str
    version: str
    architecture: str
    repository: str
    trusted: bool
    installed: bool
    depends: tuple[str, ...]
    projects: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    """Versions that other repositories offer (backports …): version and repository."""


def dump(header: Header, claims: Iterable[Claim], packages: Iterable[PackageRecord]) -> bytes:
    """Write an index into bytes. The same values give the same bytes, in whatever order they come (rule R7)."""
    positions = {name: str(position) for position, name in enumerate(header.repositories)}
    records = {
        f"p\t{claim.project}\t{claim.package}\t{claim.kind}\t{claim.metadata_name}\t{claim.os_version}"
        for claim in claims
    }
    for package in packages:
        others = ",".join(f"{version} {positions[repository]}" for version, repository in package.others)
        flags = ("t" if package.trusted else "") + ("i" if package.installed else "")
        columns = (package.name, package.version, package.architecture, positions[package.repository], flags)
        lists = (",".join(sorted(package.depends)), ",".join(sorted(package.projects)), others)
        records.add("\t".join(("o", *columns, *lists)))
    body = b"\n".join(sorted(record.encode() for record in records))
    # What is as usual is left out, so that an index does not change because others have something to say.
    usual = {field.name: field.default for field in fields(header)}
    said = {name: value for name, value in asdict(header).items() if value != usual[name]}
    head = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return b"".join((MAGIC, head, b"\n", body, b"\n" if body else b"", END))


class IndexFile:
    """An opened index. Look-ups take some ten microseconds; the file may be replaced meanwhile."""

    def __init__(self, path: Path) -> None:
        """Open and check. Raises UnavailableError for a file that is missing, cut short, or of another format."""
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise UnavailableError(
                f"cannot open the index: {error}", context=str(path), hint="run: distrofirst update"
            ) from error
        self.path = path
        if self._map[: len(MAGIC)] != MAGIC or self._map[-len(END) :] != END:
            raise self._damaged()
        end = self._map.find(b"\n", len(MAGIC))
        self._start = end + 1
        try:
            header = json.loads(self._map[len(MAGIC) : end])
            self.header = Header(**{**header, "repositories": tuple(header["repositories"])})
        except (ValueError, TypeError, KeyError) as error:
            raise self._damaged() from error

    def _damaged(self) -> UnavailableError:
        return UnavailableError(
            "the index is damaged or of another format", context=str(self.path), hint="run: distrofirst update"
        )

    def claims(self, project: str) -> tuple[Claim, ...]:
        """Give every claim to a project, sorted."""
        return tuple(map(self._claim, self._lines(f"p\t{project}\t")))

    def package(self, name: str) -> PackageRecord | None:
        """Give a package's record, or None where the release has no such package that matters to Python."""
        line = next(self._lines(f"o\t{name}\t"), None)
        return self._package(line) if line is not None else None

    def all_claims(self) -> Iterator[Claim]:
        """Give every claim, sorted by project."""
        return map(self._claim, self._lines("p\t"))

    def projects(self) -> frozenset[str]:
        """Give the name of every project that something claims; a few milliseconds."""
        start = self._find(b"p\t")
        return frozenset(name.decode() for name in _PROJECT.findall(self._map, start))

    def all_packages(self) -> Iterator[PackageRecord]:
        """Give every package, sorted by name."""
        return map(self._package, self._lines("o\t"))

    def _claim(self, line: str) -> Claim:
        try:
            _, project, package, kind, metadata_name, os_version = line.split("\t")
        except ValueError as error:
            raise self._damaged() from error
        return Claim(project=project, package=package, kind=kind, metadata_name=metadata_name, os_version=os_version)

    def _package(self, line: str) -> PackageRecord:
        names = self.header.repositories
        try:
            _, name, version, architecture, repository, flags, depends, projects, others = line.split("\t")
            pairs = [other.split(" ") for other in others.split(",") if other]
            return PackageRecord(
                name=name,
                version=version,
                architecture=architecture,
                repository=names[int(repository)],
                trusted="t" in flags,
                installed="i" in flags,
                depends=tuple(filter(None, depends.split(","))),
                projects=tuple(filter(None, projects.split(","))),
                others=tuple((other, names[int(position)]) for other, position in pairs),
            )
        except (ValueError, IndexError) as error:
            raise self._damaged() from error

    def _lines(self, prefix: str) -> Iterator[str]:
        """Give the lines that start with a prefix, found by bisection over byte positions."""
        wanted = prefix.encode()
        data = self._map
        low = self._find(wanted)
        while data[low : low + len(wanted)] == wanted:
            end = data.find(b"\n", low)
            yield data[low:end].decode()
            low = end + 1

    def _find(self, wanted: bytes) -> int:
        """Give the position of the first line that is not less than ``wanted``."""
        data = self._map
        low, high = self._start, len(data)
        while low < high:
            middle = data.rfind(b"\n", self._start - 1, (low + high) // 2) + 1
            end = data.find(b"\n", middle)
            if data[middle:end] < wanted:
                low = end + 1
            else:
                high = middle
        return low


def write(path: Path, content: bytes) -> None:
    """Put an index in place at once: readers see the old one or the new one, a killed writer leaves the old.

    Raises UnavailableError where the folder cannot be written or the disk is full; the temporary file is removed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, content, sync=True)
    except OSError as error:
        raise UnavailableError(
            f"cannot write the index: {error.strerror}",
            context=str(path),
            hint="free some space, or set XDG_CACHE_HOME to a folder that can be written",
        ) from error
