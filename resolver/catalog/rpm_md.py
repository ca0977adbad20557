"""rpm-md: which OS packages a repository has, and what they provide and require (createrepo_c, rpm-metadata).

``repomd.xml`` lists the other files with their checksums; ``primary`` describes every OS package. It is large (CentOS
Stream 9's AppStream: 52 MB), and few packages matter to Python: whole ``<package>`` elements are cut out of the stream,
those that cannot matter are dropped unparsed, and one expat parser reads what is left as if nothing had been there.
That is exact, for bytes are only dropped where they have createrepo_c's form: a comment, a CDATA section, another
prefix or encoding, anything else that could hide or fake a package, and the parser is given all of it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from xml.parsers import expat

from resolver.catalog.unpacking import WITHOUT_ZCHUNK, unpack
from resolver.errors import PolicyError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import IO

    from resolver.catalog.unpacking import Unpack

    Attributes = Mapping[str, str]

_AGAIN = "run: distrofirst update"
_SIZES = {"sha256": 64, "sha384": 96, "sha512": 128}
_WEAK = frozenset({"md2", "md5", "sha", "sha1"})
_LAST_TIMESTAMP = 253402300799
"""The year 9999: what RFC 3339 can say."""
_FIRST_TIMESTAMP = 10**9
"""2001: a revision that is a smaller number counts revisions, not seconds."""

_REPO = "http://linux.duke.edu/metadata/repo "
_COMMON = "http://linux.duke.edu/metadata/common "
_RPM = "http://linux.duke.edu/metadata/rpm "
_PACKAGE = f"{_COMMON}package"
_NAME, _ARCH, _CHECKSUM = _TEXTS = (f"{_COMMON}name", f"{_COMMON}arch", f"{_COMMON}checksum")
_VERSION, _LOCATION, _SIZE = (f"{_COMMON}version", f"{_COMMON}location", f"{_COMMON}size")
_FIELDS = frozenset({*_TEXTS, _VERSION, _LOCATION, _SIZE})
_ENTRY = f"{_RPM}entry"
_PROVIDES, _REQUIRES, _OBSOLETES = _SECTIONS = (f"{_RPM}provides", f"{_RPM}requires", f"{_RPM}obsoletes")
_NO_EPOCH = frozenset({"", "0"})

_PYTHON = "python"
_HEADER = re.compile(
    rb'<\?xml version="1\.0" encoding="(?:UTF|utf)-8"\?>\s*<metadata(?:\s+[a-z:]+="[^"<&]*")*\s*>(?=\s*<package )'
)
_HEADER_LIMIT = 1 << 12
_PACKAGE_LIMIT = 1 << 23
"""Bytes that are kept back at most while an OS package's end is looked for."""
_PACKAGE_START = re.compile(rb'\s*<package type="rpm">')
_PACKAGE_END = b"</package"
_SPECIAL = re.compile("[^A-Za-z0-9_.+-]")
"""What XML may spell in several ways."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checksum:
    """What a file's bytes come to."""

    algorithm: str
    """``sha256``"""
    digest: str
    """In hexadecimal, lower case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetadataFile:
    """One file that repomd.xml lists."""

    type: str
    """``primary``"""
    href: str
    """Relative to the repository, never above it: ``repodata/…-primary.xml.gz``."""
    checksum: Checksum
    """Of the file as it is, compressed."""
    open_checksum: Checksum | None
    """Of its content."""
    size: int | None
    """Of the file as it is, in bytes."""
    timestamp: int | None
    """In seconds since 1970."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repomd:
    """What distrofirst wants to know of a repomd.xml."""

    primary: MetadataFile
    revision: str
    """The repository's own word, maybe empty: a time in seconds, or a name."""
    date: str
    """RFC 3339 in UTC: the newest timestamp of any file, else the revision's; empty where there is neither."""
    updateinfo: MetadataFile | None = None
    """The advisories; None where the repository publishes none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Capability:
    """What an OS package provides or obsoletes: a name, and maybe a version."""

    name: str
    """``python3.11dist(requests)``, ``libssl.so.3()(64bit)``, ``/usr/bin/foo``."""
    flags: str = ""
    """``EQ``, ``LT``, ``LE``, ``GT``, ``GE``; empty where no version is named."""
    evr: str = ""
    """``2.32.3``, ``1:2.0-3.fc43``: without an epoch of zero, with a release only if one is named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RpmPackage:
    """One OS package of a repository."""

    name: str
    epoch: int
    version: str
    release: str
    arch: str
    location: str
    """Relative to the repository."""
    checksum: Checksum
    """Of the .rpm."""
    size: int
    """Of the .rpm, in bytes."""
    provides: tuple[Capability, ...]
    requires: tuple[str, ...]
    """Each once: a name without its version, or a rich dependency as it is written (``catalog.rpm_requires``)."""
    obsoletes: tuple[Capability, ...]

    @property
    def evr(self) -> str:
        """The whole version as dnf spells it: ``2.32.3-5.fc43``, ``1:1.0-2``."""
        return _evr(str(self.epoch), self.version, self.release)


def parse_repomd(data: bytes, context: str) -> Repomd:
    """Read a repomd.xml; ``context`` names it in errors.

    Of several records of primary the first that is not a zchunk file counts. Raises UnavailableError for anything that
    is no repomd.xml with a primary that can be read; PolicyError where only a weak hash (MD5, SHA-1) vouches for that,
    which proves nothing, or where it lies outside of the repository.
    """
    reader = _RepomdReader()
    for _ in _feed(reader, [data], context):
        pass
    primaries = [record for record in reader.records if record["type"] == "primary"]
    readable = [record for record in primaries if not record.get("location", "").endswith(".zck")]
    if not readable:
        if primaries or any(record["type"] == "primary_zck" for record in reader.records):
            raise UnavailableError(
                "its list of OS packages comes as a zchunk file alone, and those cannot be read",
                context=context,
                hint=WITHOUT_ZCHUNK,
            )
        raise UnavailableError("it lists no primary", context=context, hint=_AGAIN)
    try:
        primary = _metadata_file(readable[0], context)
    except (KeyError, ValueError) as error:
        raise UnavailableError(f"its record of primary is damaged: {error}", context=context, hint=_AGAIN) from error
    notices = [record for record in reader.records if record["type"] == "updateinfo"]
    notices = [record for record in notices if not record.get("location", "").endswith(".zck")] or notices
    try:
        updateinfo = _metadata_file(notices[0], context) if notices else None
    except (KeyError, ValueError) as error:
        raise UnavailableError(f"its record of updateinfo is damaged: {error}", context=context, hint=_AGAIN) from error
    stamps = [stamp for record in reader.records if (stamp := _timestamp(record.get("timestamp", ""))) is not None]
    newest = max(stamps, default=_timestamp(reader.revision))
    return Repomd(
        primary=primary,
        revision=reader.revision,
        date="" if newest is None else datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        updateinfo=updateinfo,
    )


def parse_files(data: bytes, context: str) -> tuple[MetadataFile, ...]:
    """Read what files a repomd.xml lists, in its order; raises what ``parse_repomd`` raises."""
    reader = _RepomdReader()
    for _ in _feed(reader, [data], context):
        pass
    try:
        return tuple(_metadata_file(record, context) for record in reader.records)
    except (KeyError, ValueError) as error:
        raise UnavailableError(f"one of its records is damaged: {error}", context=context, hint=_AGAIN) from error


def read_primary(
    path: Path, record: MetadataFile, *, wanted: Iterable[str] = (), zstd: Unpack | None = None
) -> Iterator[RpmPackage]:
    """Read the OS packages that may matter to Python from the file that ``record`` describes, in the file's order.

    What may matter, and ``wanted``, is as in ``parse_primary``; ``zstd`` as in ``unpacking.unpack``. The checksum is
    verified before anything is unpacked: that costs some milliseconds, no stranger's byte ever reaches a decompressor
    or the parser, and no OS package that was given has to be taken back. Raises PolicyError where it differs,
    UnavailableError for a file that is missing or damaged: what came before such an error is no catalog (rule I6).
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnavailableError(f"cannot be read: {error.strerror}", context=str(path), hint=_AGAIN) from error
    with file:
        verify(file, record.checksum)
        yield from parse_primary(unpack(file, zstd=zstd), context=str(path), wanted=wanted)


def parse_primary(pieces: Iterable[bytes], context: str, *, wanted: Iterable[str] = ()) -> Iterator[RpmPackage]:
    """Give the OS packages that may matter to Python, from the XML of primary in pieces of any size.

    Those are the ones that name Python anywhere (their own name, provides, requires, obsoletes), for dependencies are
    looked through packages without Python metadata, and those that provide or are called one of ``wanted`` (``glibc``).
    A chain that leads through an OS package which names nothing of Python's is not seen: on CentOS Stream 9 that hides
    something below five programs (ipa-healthcheck, pki-server …) and below no module.

    Takes some 10 ms for each of ``wanted``, and memory for one OS package at a time. Raises UnavailableError, maybe
    after many OS packages, for what is no whole primary, and where their number is not the one that it states.
    What was dropped is counted and not parsed, so a fault in its XML alone goes unnoticed: the checksum vouches for it.
    """
    wanted = frozenset(wanted)
    sieve = _Sieve(wanted)
    reader = _PrimaryReader()
    for _ in _feed(reader, sieve.sifted(pieces), context):
        for package in reader.packages:
            if _matters(package, wanted):
                yield package
        reader.packages.clear()
    found = sieve.dropped + reader.count
    if reader.stated is not None and reader.stated != str(found):
        raise UnavailableError(f"it states {reader.stated} OS packages and has {found}", context=context, hint=_AGAIN)


def _matters(package: RpmPackage, wanted: frozenset[str]) -> bool:
    return (
        _PYTHON in package.name
        or package.name in wanted
        or any(_PYTHON in provided.name or provided.name in wanted for provided in package.provides)
        or any(_PYTHON in required for required in package.requires)
        or any(_PYTHON in obsoleted.name for obsoleted in package.obsoletes)
    )


class _Sieve:
    """Drops whole ``<package>`` elements that cannot matter, while all is in createrepo_c's form."""

    def __init__(self, wanted: Iterable[str]) -> None:
        # A name may be spelled with references to characters, so what has any stays.
        parts = (max(_SPECIAL.split(name), key=len) for name in wanted)
        self._needles = (_PYTHON.encode(), b"&#", *(part.encode() for part in parts))
        self.dropped = 0

    def sifted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Give the bytes that have to be parsed."""
        pieces = iter(pieces)
        rest = b""
        in_form = False
        for piece in pieces:
            rest += piece
            if not in_form:
                header = _HEADER.match(rest)
                if header is None:
                    if len(rest) < _HEADER_LIMIT:
                        continue
                    break
                yield header[0]
                rest = rest[header.end() :]
                in_form = True
            if b"<!" in rest or b"<?" in rest or len(rest) > _PACKAGE_LIMIT:
                break  # from here on the parser sees everything
            wanted = done = 0  # what the parser has yet to be given begins and ends there
            for begin, end in _packages(rest):
                if not any(rest.find(needle, begin, end) >= 0 for needle in self._needles):
                    if wanted < done:
                        yield rest[wanted:done]
                    self.dropped += 1
                    wanted = end
                done = end
            if wanted < done:
                yield rest[wanted:done]
            rest = rest[done:]
        yield rest
        yield from pieces


def _packages(data: bytes) -> Iterator[tuple[int, int]]:
    """Give the places of the whole ``<package>`` elements at the start of ``data``, each right after the one before."""
    end = 0
    while begun := _PACKAGE_START.match(data, end):
        end = begun.end()
        while (end := data.find(_PACKAGE_END, end)) >= 0:
            end += len(_PACKAGE_END)
            if data.startswith(b">", end):
                end += 1
                break
            if not data.startswith(b"r>", end):  # </packager>
                return
        else:
            return
        yield begun.start(), end


class _RepomdReader:
    """Collects what repomd.xml says of each file."""

    def __init__(self) -> None:
        self.records: list[dict[str, str]] = []
        self.revision = ""
        self._path: list[str] = []
        self._text: list[str] = []

    def attach(self, parser: expat.XMLParserType) -> None:
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append

    def _start(self, tag: str, attributes: Attributes) -> None:
        if not self._path and tag != f"{_REPO}repomd":
            raise ValueError("it is no repomd.xml")
        self._path.append(tag.removeprefix(_REPO))
        self._text.clear()
        match self._path:
            case [_, "data"]:
                self.records.append({"type": attributes.get("type", "")})
            case [_, "data", "location"]:
                self.records[-1]["location"] = attributes["href"]
            case [_, "data", "checksum" | "open-checksum" as name]:
                self.records[-1][f"{name} type"] = attributes["type"]

    def _end(self, _tag: str) -> None:
        text = "".join(self._text).strip()
        match self._path:
            case [_, "revision"]:
                self.revision = text
            case [_, "data", "checksum" | "open-checksum" | "size" | "timestamp" as name]:
                self.records[-1][name] = text
        self._path.pop()
        self._text.clear()


class _PrimaryReader:
    """Turns the elements of primary into OS packages."""

    def __init__(self) -> None:
        self.packages: list[RpmPackage] = []
        """What came in since they were last taken away."""
        self.count = 0
        self.stated: str | None = None
        """How many OS packages the document says that it has."""
        self._started = False
        self._fields: dict[str, Attributes] = {}
        self._texts: dict[str, str] = {}
        self._entries: dict[str, list[Attributes]] = {}
        self._section: list[Attributes] | None = None
        self._text: list[str] = []

    def attach(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, tag: str, attributes: Attributes) -> None:
        if tag == _ENTRY:
            if self._section is not None:
                self._section.append(attributes)
        elif tag in _SECTIONS:
            self._section = self._entries.setdefault(tag, [])
        elif tag in _FIELDS:
            self._fields[tag] = attributes
            if tag in _TEXTS:
                self._parser.CharacterDataHandler = self._text.append
        elif tag == _PACKAGE:
            self._fields, self._texts, self._entries = {}, {}, {}
        elif not self._started:
            if tag != f"{_COMMON}metadata":
                raise ValueError("it is no primary.xml")
            self._started = True
            self.stated = attributes.get("packages")

    def _end(self, tag: str) -> None:
        if tag == _ENTRY:
            return
        if tag in _SECTIONS:
            self._section = None
        elif tag in _TEXTS:
            self._parser.CharacterDataHandler = None
            self._texts[tag] = "".join(self._text)
            self._text.clear()
        elif tag == _PACKAGE:
            self.count += 1
            self.packages.append(self._package())

    def _package(self) -> RpmPackage:
        version = self._fields[_VERSION]
        return RpmPackage(
            name=self._texts[_NAME],
            epoch=int(version.get("epoch") or 0),
            version=version["ver"],
            release=version["rel"],
            arch=self._texts[_ARCH],
            location=self._fields[_LOCATION]["href"],
            checksum=Checksum(algorithm=self._fields[_CHECKSUM]["type"], digest=self._texts[_CHECKSUM]),
            size=int(self._fields[_SIZE]["package"]),
            provides=tuple(map(_capability, self._entries.get(_PROVIDES, ()))),
            requires=tuple(dict.fromkeys([entry["name"] for entry in self._entries.get(_REQUIRES, ())])),
            obsoletes=tuple(map(_capability, self._entries.get(_OBSOLETES, ()))),
        )


def _capability(entry: Attributes) -> Capability:
    version = entry.get("ver")
    return Capability(
        name=entry["name"],
        flags=entry.get("flags", ""),
        evr=_evr(entry.get("epoch", ""), version, entry.get("rel", "")) if version else "",
    )


def _evr(epoch: str, version: str, release: str) -> str:
    return f"{f'{epoch}:' if epoch not in _NO_EPOCH else ''}{version}{f'-{release}' if release else ''}"


def _feed(reader: _RepomdReader | _PrimaryReader, pieces: Iterable[bytes], context: str) -> Iterator[None]:
    """Let a reader see XML piece by piece, and give the caller a turn after each. Raises UnavailableError."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    reader.attach(parser)
    try:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003 - pyexpat takes it by position only
            yield
        parser.Parse(b"", True)  # noqa: FBT003
        yield
    except expat.ExpatError as error:
        raise UnavailableError(f"is damaged: {expat.ErrorString(error.code)}", context=context, hint=_AGAIN) from error
    except KeyError as error:
        raise UnavailableError(f"is damaged: something has no {error}", context=context, hint=_AGAIN) from error
    except (LookupError, ValueError) as error:
        raise UnavailableError(f"is damaged: {error}", context=context, hint=_AGAIN) from error


def _refuse_doctype(*_: object) -> None:
    """Entities of a document's own are how a small file becomes a large one; rpm-md has none."""
    raise ValueError("it has a document type, which rpm-md never has")


def _metadata_file(record: Mapping[str, str], context: str) -> MetadataFile:
    """Raise KeyError or ValueError for what is missing or nonsense, PolicyError for what proves nothing."""
    href = record["location"]
    if not href or PurePosixPath(href).is_absolute() or ".." in PurePosixPath(href).parts or "://" in href:
        raise PolicyError(f"its {record['type']} lies outside of the repository: {href!r}", context=context)
    has_open = "open-checksum" in record and record["open-checksum type"].lower() in _SIZES
    return MetadataFile(
        type=record["type"],
        href=href,
        checksum=_checksum(record, "checksum", context),
        open_checksum=_checksum(record, "open-checksum", context) if has_open else None,
        size=int(record["size"]) if "size" in record else None,
        timestamp=_timestamp(record.get("timestamp", "")),
    )


def _checksum(record: Mapping[str, str], name: str, context: str) -> Checksum:
    algorithm, digest = record[f"{name} type"].lower(), record[name].lower()
    if algorithm in _WEAK:
        raise PolicyError(
            f"only {algorithm} vouches for its list of OS packages, and whoever wants to can forge that",
            context=context,
            hint="the repository has to be made anew with sha256",
        )
    if algorithm not in _SIZES:
        raise ValueError(f"the checksum's type {algorithm!r} is unknown")
    if not re.fullmatch(f"[0-9a-f]{{{_SIZES[algorithm]}}}", digest):
        raise ValueError(f"{digest!r} is no {algorithm}")
    return Checksum(algorithm=algorithm, digest=digest)


def _timestamp(text: str) -> int | None:
    """Read seconds since 1970, as yum's createrepo wrote them with a fraction, too; None for what is no such time."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return int(seconds) if _FIRST_TIMESTAMP <= seconds <= _LAST_TIMESTAMP else None


def verify(file: IO[bytes], checksum: Checksum) -> None:
    """Compare a file with its checksum; leaves it at its end. Raises PolicyError where they differ."""
    try:
        found = hashlib.file_digest(file, checksum.algorithm).hexdigest()  # type: ignore[arg-type]
    except OSError as error:
        raise UnavailableError(f"cannot be read: {error.strerror}", context=file.name, hint=_AGAIN) from error
    if found != checksum.digest:
        raise PolicyError(
            f"its {checksum.algorithm} is {found}, and repomd.xml says {checksum.digest}",
            context=file.name,
            hint=_AGAIN,
        )
