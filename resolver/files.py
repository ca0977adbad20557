"""Files of which nobody knows who wrote them: read up to a size, and never waited for."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path, *, most: int) -> bytes:
    """Read a file of at most ``most`` bytes.

    Raises OSError for a larger one, and for what is no file: whoever may write to the folder could have put a pipe
    there, which nobody ever writes to, or a device without an end.
    """
    # NONBLOCK, or opening a pipe waits for its writer.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
    return data
