"""A wheel's METADATA: how it is found on the index and what resolution needs of it (rule R6, PEP 566, 658, 427).

Missing metadata never means "no dependencies": each way that does not lead to a METADATA file of this very wheel leads
to the next one, and the last one to an error.
"""

from __future__ import annotations

import io
import re
from typing import IO, TYPE_CHECKING, cast

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from resolver.errors import PolicyError, UnavailableError
from resolver.model import HttpNotFound, HttpPart, WheelMetadata

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import WriteableBuffer

    from resolver.model import Wheel
    from resolver.ports import Http

_SHORTEST_TAIL = 64 << 10
_LONGEST_TAIL = 256 << 10
"""How much of a wheel's end is asked for first: METADATA stands there by convention (PEP 427), before the directory."""
_STEP = 32 << 10
"""What is fetched before and after a place that the tail did not reach: directory and METADATA are neighbours."""
_LONGEST_READ = 64 << 20
_LONGEST_METADATA = 32 << 20


def read_metadata(http: Http, wheel: Wheel) -> WheelMetadata:
    """Find and read the wheel's METADATA.

    Raises PolicyError where a hash, a name or a version is not what the index promised, UnavailableError where there
    is no way to the metadata.
    """
    data = _separate_file(http, wheel)
    if data is None:
        data = _through_ranges(http, wheel)
    if data is None:
        data = _from_whole_wheel(http, wheel)
    return parse_metadata(data, wheel)


def read_file(path: Path, wheel: Wheel) -> WheelMetadata:
    """Read the METADATA of a wheel on disk.

    Raises UnavailableError where it has none that can be read, PolicyError where it is another wheel's.
    """
    return parse_metadata(_from_file(path, wheel), wheel)


# Three ways, in order -----------------------------------------------------------------------------------------


def _separate_file(http: Http, wheel: Wheel) -> bytes | None:
    """PEP 658: the file beside the wheel. None where the index has none, or promised one that is not there."""
    if wheel.core_metadata is None:
        return None
    address, mark, query = wheel.url.partition("?")
    answer = http.get(f"{address}.metadata{mark}{query}")
    if isinstance(answer, HttpNotFound):
        return None
    if wheel.core_metadata and answer.sha256 != wheel.core_metadata:
        raise PolicyError(
            f"the metadata's sha256 is {answer.sha256}, the index promises {wheel.core_metadata}",
            context=answer.url,
            hint="do not install this project; ask the index's operator what happened to it",
        )
    return answer.body


def _through_ranges(http: Http, wheel: Wheel) -> bytes | None:
    """The end of the wheel, mostly one request. None where the server does not do ranges, or not well."""
    if wheel.size is None:
        tail = http.part(wheel.url, start=-1, length=_SHORTEST_TAIL)
    else:
        # Large wheels hold many files, and with them a large directory.
        wanted = min(max(wheel.size // 100, _SHORTEST_TAIL), _LONGEST_TAIL)
        start = 0 if wheel.size <= 2 * wanted else wheel.size - wanted  # a second request costs more than some KB
        tail = http.part(wheel.url, start=start, length=max(1, wheel.size - start))
    if isinstance(tail, HttpNotFound):
        raise _gone(wheel)
    if tail is None or (wheel.size is not None and tail.total != wheel.size):
        return None
    try:
        return _member(cast("IO[bytes]", _RangeFile(http, wheel, tail)), wheel)
    except _NotAsPromisedError:
        return None


def _from_whole_wheel(http: Http, wheel: Wheel) -> bytes:
    """The wheel itself, whose hash is checked on the way."""
    from pathlib import Path  # noqa: PLC0415 -- the rare way
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    with TemporaryDirectory(prefix="distrofirst-") as folder:
        path = http.download(wheel.url, Path(folder) / "wheel", sha256=wheel.sha256, size=wheel.size)
        if isinstance(path, HttpNotFound):
            raise _gone(wheel)
        return _from_file(path, wheel)


def _from_file(path: Path, wheel: Wheel) -> bytes:
    try:
        with path.open("rb") as stream:
            return _member(stream, wheel)
    except _NotAsPromisedError as error:
        raise UnavailableError(
            f"no metadata: {error}", context=wheel.url, hint=f"exclude {wheel.project} {wheel.version}"
        ) from error


def _gone(wheel: Wheel) -> UnavailableError:
    return UnavailableError(
        "the index lists this wheel but does not have it",
        context=wheel.url,
        hint="run `distrofirst update` or try again later: the listing may be older than the file's removal",
    )


class _NotAsPromisedError(Exception):
    """The bytes are no wheel with one METADATA; says why. Never leaves this module."""


class _RangeFile(io.RawIOBase):
    """A wheel on a server as a file: what is read and not there yet is fetched, a step at a time."""

    def __init__(self, http: Http, wheel: Wheel, tail: HttpPart) -> None:
        super().__init__()
        self._http = http
        self._wheel = wheel
        self._total = tail.total
        self._parts = [tail]
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._total}[whence]
        if base + offset < 0:
            raise _NotAsPromisedError("it points before its own beginning")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill as much of the buffer as one part holds."""
        view = memoryview(buffer).cast("B")
        if not view or self._position >= self._total:
            return 0
        part = self._part(len(view))
        offset = self._position - part.start
        data = part.data[offset : offset + len(view)]
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _part(self, wanted: int) -> HttpPart:
        for part in self._parts:
            if part.start <= self._position < part.start + len(part.data):
                return part
        if wanted > _LONGEST_READ:
            raise _NotAsPromisedError("its directory is too large")
        start, end = max(0, self._position - _STEP), min(self._position + max(wanted, _STEP), self._total)
        fetched = self._http.part(self._wheel.url, start=start, length=end - start)
        if not isinstance(fetched, HttpPart) or fetched.total != self._total or start + len(fetched.data) < end:
            raise _NotAsPromisedError("it changed while it was read")
        self._parts.append(fetched)
        return fetched


def _member(stream: IO[bytes], wheel: Wheel) -> bytes:
    """Read ``NAME-VERSION.dist-info/METADATA`` out of a wheel."""
    import lzma  # noqa: PLC0415 -- the rare way
    import struct  # noqa: PLC0415
    import zipfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    try:
        with zipfile.ZipFile(stream) as archive:
            found = [
                info
                for info in archive.infolist()
                if (match := re.fullmatch(r"([^/]+)-[^/-]+\.dist-info/METADATA", info.filename))
                and canonicalize_name(match[1]) == wheel.project
            ]
            if len(found) != 1:
                raise _NotAsPromisedError(f"it holds {len(found)} METADATA files of {wheel.project}, expected one")
            if found[0].file_size > _LONGEST_METADATA:
                raise _NotAsPromisedError(f"its METADATA is larger than {_LONGEST_METADATA} bytes")
            with archive.open(found[0]) as member:
                return member.read()
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        LookupError,
        NotImplementedError,  # an unknown compression
        OSError,
        RuntimeError,  # encrypted
        ValueError,
    ) as error:
        raise _NotAsPromisedError("it is no readable zip file") from error


# Reading ------------------------------------------------------------------------------------------------------


def parse_metadata(data: bytes, wheel: Wheel) -> WheelMetadata:
    """Read what resolution needs of METADATA.

    Raises UnavailableError for what is no METADATA, PolicyError where it is another wheel's.
    """
    fields = header_fields(data)
    _check_identity(fields, wheel)
    requires_python = _one(fields, "requires-python")
    return WheelMetadata(
        requires_dist=tuple(" ".join(value.split()) for value in fields.get("requires-dist", ()) if value.strip()),
        provides_extra=tuple(
            sorted({canonicalize_name(value.strip()) for value in fields.get("provides-extra", ()) if value.strip()})
        ),
        requires_python=requires_python or None,
    )


def header_fields(data: bytes) -> dict[str, list[str]]:
    """Read METADATA's header (PEP 566: an RFC 822 header; what follows the first empty line is prose).

    Gives each field's values in their order by its name in lower case.
    """
    fields: dict[str, list[str]] = {}
    values: list[str] | None = None
    for line in data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        if not line:
            break
        if line[0] in " \t":
            if values:
                values[-1] += f"\n{line}"
            continue
        name, colon, value = line.partition(":")
        if not colon:
            break  # the header ends where a line is no field, as in email.parser
        values = fields.setdefault(name.strip().lower(), [])
        values.append(value)
    return fields


def _one(fields: dict[str, list[str]], name: str) -> str:
    return " ".join(fields.get(name, [""])[0].split())


def _check_identity(fields: dict[str, list[str]], wheel: Wheel) -> None:
    name, version = _one(fields, "name"), _one(fields, "version")
    if not name or not version or "metadata-version" not in fields:
        raise UnavailableError(
            "the metadata is no METADATA file: it lacks Metadata-Version, Name or Version",
            context=wheel.url,
            hint="check index-url; a captive portal or a login page may have answered in its place",
        )
    try:
        same = canonicalize_name(name) == wheel.project and Version(version) == wheel.version
    except InvalidVersion:
        same = False
    if not same:
        raise PolicyError(
            f"the metadata is that of {name} {version}, expected {wheel.project} {wheel.version}",
            context=wheel.url,
            hint="do not install it; ask the project or the index's operator what happened to it",
        )
