"""Files where others may write, too: read to a size and never waited for, written whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path
    from typing import BinaryIO


def read(path: Path, *, most: int) -> bytes:
    """Read a file of at most ``most`` bytes. Raises OSError for a larger one, and for what is no file."""
    with _open(path) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
    return data


def sha256_of(path: Path) -> str | None:
    """Give a file's SHA256 in hexadecimal; None where it cannot be read, or is no file."""
    try:
        with _open(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def _open(path: Path) -> BufferedReader:
    """Open a file to read. Raises OSError for what is none: a pipe that nobody writes to, a device without an end."""
    # NONBLOCK, or opening a pipe waits for its writer.
    stream = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: PTH123, SIM115 - a descriptor; the caller closes it
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return stream
    stream.close()
    raise OSError(errno.EINVAL, "it is no regular file", str(path))


def write(path: Path, data: bytes, *, mode: int = 0o666, sync: bool = False) -> None:
    """Put a file in place at once: readers see the old one or the new one, a killed writer leaves the old.

    ``mode`` is what the umask leaves of it. ``sync``: it outlives a loss of power, too. Raises OSError.
    """
    temporary = beside(path)
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as stream:  # noqa: PTH123 - a descriptor
            stream.write(data)
            if sync:
                stream.flush()
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def open_locked(path: Path) -> BinaryIO:
    """Open a file that whoever has the folder to themselves holds (flock(2)), once they have let go; it is made.

    Its content stays as it is, and no link is followed. Raises OSError.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    stream = open(os.open(path, flags, 0o666), "rb+", buffering=0)  # noqa: PTH123, SIM115 - a descriptor; the caller closes it
    fcntl.flock(stream, fcntl.LOCK_EX)
    return stream


def beside(path: Path) -> Path:
    """Name a file that becomes another when it is whole. To be opened with ``x``.

    A name that could be foreseen may be there already in a folder that others write to: as a link to another file.
    """
    return path.with_name(f".distrofirst-{os.urandom(8).hex()}.tmp")
