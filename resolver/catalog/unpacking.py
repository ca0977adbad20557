"""Compressed files as streams of bytes: gzip, xz, bzip2, Zstandard, or none of them, told by their first bytes.

Zstandard is read by Python 3.14's own module, else by the module ``zstandard``, else by a function of the caller's,
which may start the program ``zstd``: nothing here starts programs.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from resolver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Unpack = Callable[[Path], Iterator[bytes]]
    """From a .zst file to its content; it raises errors of its own."""

_PACKED = 1 << 14
_PIECE = 1 << 18
_GZIP, _BZIP2, _XZ, _ZSTANDARD, _ZCHUNK = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\0ZCK1"

WITHOUT_ZCHUNK = "set zchunk=0 in /etc/dnf/dnf.conf and run: dnf makecache --refresh"


def unpack(file: IO[bytes], *, zstd: Unpack | None = None) -> Iterator[bytes]:
    """Give what a file holds from its start, in pieces of some 256 KB; what is not compressed is given as it is.

    ``zstd`` is asked where Python has no module for .zst. Raises UnavailableError with the file's name where it is
    damaged, cut short, or compressed in a way that cannot be read here.
    """
    try:
        file.seek(0)
        first = file.read(len(_XZ))
        file.seek(0)
        if first.startswith(_ZCHUNK):
            raise UnavailableError("zchunk files cannot be read", context=file.name, hint=WITHOUT_ZCHUNK)
        if first.startswith(_GZIP):
            yield from gunzip(file.read)
        elif first.startswith(_XZ):
            with lzma.open(file) as unpacked:
                yield from _pieces(unpacked)
        elif first.startswith(_BZIP2):
            with bz2.open(file) as unpacked:
                yield from _pieces(unpacked)
        elif first.startswith(_ZSTANDARD):
            yield from _unpack_zstandard(file, zstd)
        else:
            yield from _pieces(file)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(file, error) from error


def gunzip(read: Callable[[int], bytes], chunk: int = _PACKED) -> Iterator[bytes]:
    """Unpack gzip ``chunk`` bytes at a time; a file may be several members one after the other (RFC 1952).

    Raises zlib.error for damage, EOFError for a file that ends in the middle.
    """
    unpacker = zlib.decompressobj(wbits=31)
    while packed := read(chunk):
        while packed:
            yield unpacker.decompress(packed, _PIECE)
            packed = unpacker.unconsumed_tail or unpacker.unused_data
            if unpacker.eof and packed:
                unpacker = zlib.decompressobj(wbits=31)
    if not unpacker.eof:
        raise EOFError("it ends in the middle")


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _unpack_zstandard(file: IO[bytes], zstd: Unpack | None) -> Iterator[bytes]:
    """Take what there is: the standard library, the module, the caller's way, in this order."""
    if (module := _module("compression.zstd")) is not None:
        opened, failure = module.open(file), module.ZstdError
    elif (module := _module("zstandard")) is not None:
        opened = module.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        failure = module.ZstdError
    elif zstd is not None:
        yield from zstd(Path(file.name))
        return
    else:
        raise UnavailableError(
            "nothing here can unpack Zstandard",
            context=file.name,
            hint="install the OS package python3-zstandard or zstd",
        )
    try:
        yield from _pieces(opened)
    except failure as error:
        raise _damaged(file, error) from error


def _module(name: str) -> Any:  # noqa: ANN401 - neither module has types that hold for Python 3.11
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _damaged(file: IO[bytes], error: Exception) -> UnavailableError:
    return UnavailableError(f"cannot be unpacked: {error}", context=file.name, hint="run: distrofirst update")
