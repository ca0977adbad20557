"""A ZIP archive read strictly: either every reader sees the same files in it, or it is refused (APPNOTE 6.3.10).

The format says things twice: in the central directory at the end, which zipfile and pip go by, and before each
file's data, which streaming readers go by. Both are read here and must agree, and nothing may lie between, before or
behind what they describe. So this reader has no choice to make, and what it reports is what pip will unpack.
"""

from __future__ import annotations

import io
import stat
import struct
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from resolver.pypi.faults import Fault, WheelFinding, found

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST: Final = 16 << 30
"""Bytes that a wheel may unpack to: twice the largest with a GPU's libraries."""
SUSPICIOUS: Final = 64 << 20
"""Bytes below which the ratio does not matter."""
RATIO: Final = 50
"""How many times its own size a wheel may unpack to. Python code reaches 5, tables of text 20."""
MOST_ENTRIES: Final = 200_000
LONGEST_READ: Final = 64 << 20
"""Bytes of one file that is read into memory: RECORD, METADATA."""

_STORED, _DEFLATED = 0, 8
_NEWEST = 63
"""The version of the format, times ten, that zipfile and so pip can extract (APPNOTE.TXT, 4.4.3)."""
_ENCRYPTED, _DESCRIPTOR, _STRONG, _UTF8, _MASKED = 1, 1 << 3, 1 << 6, 1 << 11, 1 << 13
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_CHUNK = 1 << 18


class _BrokenError(Exception):
    """Stops the reading; holds the finding. Never leaves this module."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.finding = found(fault, detail)


class DamagedError(Exception):
    """An entry's data is not what the archive says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file or folder of an archive."""

    name: str
    """As it stands there, a folder's final slash included."""
    method: int
    crc: int
    compressed: int
    size: int
    mode: int
    """Unix permissions and kind (stat(2)); zero where the archive has none."""
    header: int
    """Where its local header begins."""
    data: int
    """Where its data begins."""

    @property
    def is_folder(self) -> bool:
        """Whether it only makes a folder."""
        return self.name.endswith("/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """What a strict look at a ZIP archive gives."""

    stream: IO[bytes]
    entries: tuple[Entry, ...] = ()
    """In the directory's order; none where ``findings`` keep the archive from being read."""
    findings: tuple[WheelFinding, ...] = ()

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """Unpack an entry. Raises DamagedError where size or checksum differ, at the end or before."""
        self.stream.seek(entry.data)
        inflate = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == _DEFLATED else None
        left, written, crc = entry.compressed, 0, 0
        pending = b""
        while written <= entry.size:
            if inflate is None:
                data = self.stream.read(min(_CHUNK, left))
                left -= len(data)
                over = not data
            else:
                if not pending and left:
                    pending = self.stream.read(min(_CHUNK, left))
                    left -= len(pending)
                try:
                    data = inflate.decompress(pending, _CHUNK)
                except zlib.error as error:
                    raise DamagedError(entry.name) from error
                pending = inflate.unconsumed_tail
                over = inflate.eof or not (data or pending or left)
            written += len(data)
            crc = zlib.crc32(data, crc)
            if data:
                yield data
            if over:
                break
        leftover = inflate is not None and (not inflate.eof or inflate.unused_data)
        if written != entry.size or crc != entry.crc or left or leftover:
            raise DamagedError(entry.name)

    def read(self, entry: Entry) -> bytes:
        """Unpack a small entry into memory. Raises DamagedError also where it is not small."""
        if entry.size > LONGEST_READ:
            raise DamagedError(f"{entry.name} has {entry.size} bytes")
        return b"".join(self.chunks(entry))


def open_archive(stream: IO[bytes]) -> Archive:
    """Read the directory and every local header of a seekable stream."""
    try:
        size = stream.seek(0, io.SEEK_END)
        entries = _entries(stream, size)
    except _BrokenError as error:
        return Archive(stream=stream, findings=(error.finding,))
    except (struct.error, UnicodeDecodeError, OSError, ValueError, OverflowError) as error:
        return Archive(stream=stream, findings=(found(Fault.UNREADABLE, str(error)),))
    total = sum(entry.size for entry in entries)
    findings: tuple[WheelFinding, ...] = ()
    if total > LARGEST or (total > SUSPICIOUS and total > RATIO * size):
        detail = f"{total} bytes out of {size}; the limits are {LARGEST}, and {RATIO} times its own size"
        findings = (found(Fault.BOMB, detail),)
    return Archive(stream=stream, entries=entries, findings=findings)


def _at(stream: IO[bytes], offset: int, length: int) -> bytes:
    stream.seek(offset)
    data = stream.read(length)
    if len(data) != length:
        raise _BrokenError(Fault.UNREADABLE, f"it ends before byte {offset + length}")
    return data


def _entries(stream: IO[bytes], size: int) -> tuple[Entry, ...]:
    start, end, count = _find_directory(stream, size)
    if count > MOST_ENTRIES:
        raise _BrokenError(Fault.BOMB, f"{count} entries; the limit is {MOST_ENTRIES}")
    directory = _at(stream, start, end - start)
    entries: list[Entry] = []
    place = 0
    for _ in range(count):
        entry, place = _central(stream, directory, place)
        entries.append(entry)
    if place != len(directory):
        raise _BrokenError(Fault.AMBIGUOUS, f"{len(directory) - place} bytes of the directory belong to no entry")
    _check_no_gaps(stream, entries, start)
    return tuple(entries)


def _find_directory(stream: IO[bytes], size: int) -> tuple[int, int, int]:
    """Give where the central directory begins and ends, and how many entries it has."""
    if size < _END.size:
        raise _BrokenError(Fault.UNREADABLE, f"{size} bytes are too few")
    tail = _at(stream, max(0, size - _END.size - _FULL16), min(size, _END.size + _FULL16))
    where = tail.rfind(b"PK\5\6")
    if where < 0 or len(tail) - where < _END.size:
        raise _BrokenError(Fault.UNREADABLE, "there is no directory at its end")
    end = size - len(tail) + where
    _, disk, first_disk, here, count, length, start, comment = _END.unpack_from(tail, where)
    if end + _END.size + comment != size:
        raise _BrokenError(Fault.AMBIGUOUS, f"{size - end - _END.size - comment} bytes follow its end")
    if b"PK" in tail[where + _END.size :]:
        raise _BrokenError(Fault.AMBIGUOUS, "its comment looks like a part of an archive")
    directory_end = end
    if end >= _LOCATOR.size and _at(stream, end - _LOCATOR.size, 4) == b"PK\6\7":
        _, locator_disk, at, disks = _LOCATOR.unpack(_at(stream, end - _LOCATOR.size, _LOCATOR.size))
        signature, record, _, _, disk64, first64, here64, count64, length64, start64 = _END64.unpack(
            _at(stream, at, _END64.size)
        )
        short = (disk, first_disk, here, count, length, start)
        long = (disk64, first64, here64, count64, length64, start64)
        full = (_FULL16, _FULL16, _FULL16, _FULL16, _FULL32, _FULL32)
        if (
            signature != b"PK\6\6"
            or at + _END64.size + _LOCATOR.size != end
            or record != _END64.size - 12
            or locator_disk
            or disks not in {0, 1}
            or any(a not in (b, limit) for a, b, limit in zip(short, long, full, strict=True))
        ):
            raise _BrokenError(Fault.AMBIGUOUS, "its two ends contradict each other")
        disk, first_disk, here, count, length, start = long
        directory_end = at
    if disk or first_disk or here != count:
        raise _BrokenError(Fault.AMBIGUOUS, "it is one of several parts")
    if start + length != directory_end:
        raise _BrokenError(
            Fault.AMBIGUOUS, f"its directory should end at {start + length}, and does at {directory_end}"
        )
    return start, directory_end, count


def _central(stream: IO[bytes], directory: bytes, place: int) -> tuple[Entry, int]:
    """Read one entry of the directory and the local header that it points to; give it and where the next begins."""
    (
        signature,
        _,
        needed,
        flags,
        method,
        _,
        _,
        crc,
        compressed,
        size,
        n_name,
        n_extra,
        n_comment,
        disk,
        _,
        attributes,
        at,
    ) = _CENTRAL.unpack_from(directory, place)
    place += _CENTRAL.size
    raw, extra = directory[place : place + n_name], directory[place + n_name : place + n_name + n_extra]
    place += n_name + n_extra + n_comment
    if signature != b"PK\1\2" or place > len(directory):
        raise _BrokenError(Fault.AMBIGUOUS, "its directory has fewer entries than it says")
    name = _name(raw, flags)
    (size, compressed, at), disk = _wide(extra, name, (size, compressed, at), disk)
    if flags & (_ENCRYPTED | _STRONG | _MASKED):
        raise _BrokenError(Fault.ENCRYPTED, name)
    if method not in {_STORED, _DEFLATED}:
        raise _BrokenError(Fault.COMPRESSION, f"{name} has method {method}")
    if needed & 0xFF > _NEWEST:
        raise _BrokenError(Fault.COMPRESSION, f"{name} wants version {(needed & 0xFF) / 10} of the format")
    if disk or (method == _STORED and size != compressed) or (name.endswith("/") and size):
        raise _BrokenError(Fault.AMBIGUOUS, name)
    data = _check_local(stream, at, raw=raw, name=name, flags=flags, method=method, sizes=(crc, compressed, size))
    entry = Entry(
        name=name,
        method=method,
        crc=crc,
        compressed=compressed,
        size=size,
        mode=attributes >> 16,
        header=at,
        data=data,
    )
    return entry, place


def _name(raw: bytes, flags: int) -> str:
    """Read a name. Without the flag for UTF-8, what is not ASCII has as many readings as readers."""
    if not raw.isascii() and not flags & _UTF8:
        raise _BrokenError(Fault.AMBIGUOUS, f"the name {raw!r} is in no known encoding")
    return raw.decode()


def _wide(
    extra: bytes, name: str, values: tuple[int, int, int], disk: int, *, local: bool = False
) -> tuple[tuple[int, int, int], int]:
    """Replace size, compressed size and offset by their 64-bit forms where the extra field has them."""
    place, seen = 0, set()
    widened = list(values)
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        body = extra[place + 4 : place + 4 + length]
        if len(body) != length or kind in seen or kind == _UNICODE_PATH:
            raise _BrokenError(Fault.AMBIGUOUS, f"the extra fields of {name}")
        seen.add(kind)
        place += 4 + length
        if kind == _ZIP64:
            numbers = [position for position in range(3) if values[position] == _FULL32]
            if local and length == 16:  # noqa: PLR2004 - both sizes stand there even where one would do
                numbers = [0, 1]
            if len(body) < 8 * len(numbers):
                raise _BrokenError(Fault.AMBIGUOUS, f"the sizes of {name}")
            for index, position in enumerate(numbers):
                wide = int.from_bytes(body[8 * index : 8 * index + 8], "little")
                if values[position] not in {_FULL32, wide}:
                    raise _BrokenError(Fault.AMBIGUOUS, f"the sizes of {name}")
                widened[position] = wide
            if disk == _FULL16:
                disk = int.from_bytes(body[8 * len(numbers) :][:4], "little")
    return (widened[0], widened[1], widened[2]), disk


def _check_local(
    stream: IO[bytes], at: int, *, raw: bytes, name: str, flags: int, method: int, sizes: tuple[int, int, int]
) -> int:
    """Hold a local header against the directory; give where the entry's data begins."""
    signature, _, own_flags, own_method, _, _, crc, compressed, size, n_name, n_extra = _LOCAL.unpack(
        _at(stream, at, _LOCAL.size)
    )
    rest = _at(stream, at + _LOCAL.size, n_name + n_extra)
    (size, compressed, _), _ = _wide(rest[n_name:], name, (size, compressed, 0), 0, local=True)
    own = (crc, compressed, size)
    same = own == sizes or (flags & _DESCRIPTOR and all(a in (0, b) for a, b in zip(own, sizes, strict=True)))
    relevant = _ENCRYPTED | _DESCRIPTOR | _STRONG | _MASKED | _UTF8
    if (
        signature != b"PK\3\4"
        or rest[:n_name] != raw
        or own_method != method
        or (own_flags ^ flags) & relevant
        or not same
    ):
        raise _BrokenError(Fault.AMBIGUOUS, f"{name} is another file, or none, to who reads from the front")
    if flags & _DESCRIPTOR and method == _STORED and sizes not in ((0, 0, 0), own):
        raise _BrokenError(Fault.AMBIGUOUS, f"the end of {name} cannot be known to who reads from the front")
    return at + _LOCAL.size + len(rest)


def _check_no_gaps(stream: IO[bytes], entries: list[Entry], directory: int) -> None:
    """See that the entries lie one behind the other, from the first byte to the directory."""
    place = 0
    for entry in sorted(entries, key=lambda entry: entry.header):
        if entry.header != place:
            what = "overlap" if entry.header < place else f"leave out {entry.header - place} bytes"
            raise _BrokenError(Fault.AMBIGUOUS, f"its entries {what} before {entry.name}")
        place = entry.data + entry.compressed + _descriptor(stream, entry)
    if place != directory:
        what = "overlap" if directory < place else f"leave out {directory - place} bytes before"
        raise _BrokenError(Fault.AMBIGUOUS, f"its entries {what} the directory")


def _descriptor(stream: IO[bytes], entry: Entry) -> int:
    """Give the length of what repeats an entry's sizes behind its data, where its header says that it is there."""
    (flags,) = struct.unpack("<H", _at(stream, entry.header + 6, 2))
    if not flags & _DESCRIPTOR:
        return 0
    stream.seek(entry.data + entry.compressed)
    found_there = stream.read(24)
    for form in ("<3L", "<L2Q"):
        if struct.calcsize(form) == 12 and max(entry.compressed, entry.size) > _FULL32:  # noqa: PLR2004
            continue
        plain = struct.pack(form, entry.crc, entry.compressed, entry.size)
        for whole in (b"PK\7\x08" + plain, plain):
            if found_there.startswith(whole):
                return len(whole)
    raise _BrokenError(Fault.AMBIGUOUS, f"what follows {entry.name} contradicts the directory")


def kind_of(entry: Entry) -> tuple[Fault, str] | None:
    """Tell what an entry's mode makes of it, if that is not a plain file or folder."""
    kind = stat.S_IFMT(entry.mode)
    if kind not in {0, stat.S_IFDIR if entry.is_folder else stat.S_IFREG}:
        return Fault.SPECIAL, f"{entry.name} ({stat.filemode(entry.mode)})"
    if entry.mode & (stat.S_ISUID | stat.S_ISGID) and not entry.is_folder:
        return Fault.SETUID, f"{entry.name} ({stat.filemode(entry.mode)})"
    return None
