"""The folder that ``mirror`` makes and ``install --mirror`` reads, as far as apt's part and rpm's are alike.

::

    wheels/SHA256/NAME.whl
    debian-13-amd64/mirror.json     what apt's part has (``apt_mirror``), written last
    fedora-43-x86_64/mirror.json    what rpm's part has (``rpm_mirror_root``), likewise
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from resolver import files
from resolver.errors import CommandError, PolicyError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from resolver.model import Release

SCHEMA = "distrofirst/mirror/1"
MANIFEST = "mirror.json"
_LONGEST = 1 << 24
"""Bytes of it."""
AGAIN = "make the mirror anew where there is a network: distrofirst mirror --lock … -o …"
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]*(?:/[A-Za-z0-9][A-Za-z0-9._+~-]*)*", re.ASCII)
"""What may be put into a package manager's configuration: nobody has signed what a manifest says."""


def folder_of(mirror: Path, release: Release, architecture: str) -> Path:
    """Give the part of a mirror that is for one kind of host."""
    return mirror / f"{release.slug}-{architecture}"


def read_manifest(part: Path, host: str) -> Mapping[str, Any]:
    """Read what a part of a mirror has; ``host`` says of what kind of host it is, as in ``debian:13 on amd64``.

    Raises UnavailableError where there is no such part, PolicyError for a file that is not what we write there.
    """
    path = part / MANIFEST
    try:
        document = json.loads(files.read(path, most=_LONGEST))
    except OSError as error:
        raise UnavailableError(
            f"the mirror has no OS packages for {host}, or is not finished", context=str(path), hint=AGAIN
        ) from error
    except (ValueError, RecursionError) as error:
        raise no_manifest(part) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise no_manifest(part)
    return document


def write_manifest(part: Path, **content: object) -> None:
    """Say what a part of a mirror has: last of all, for without it the part is not finished."""
    put((json.dumps({"schema": SCHEMA, **content}, indent=1) + "\n").encode(), part / MANIFEST)


def no_manifest(part: Path) -> PolicyError:
    """Say that a manifest is not ours."""
    return PolicyError("this is not what distrofirst writes into a mirror", context=str(part / MANIFEST), hint=AGAIN)


def does_not_have(names: list[str]) -> UnavailableError:
    """Say that a host would need more than there is."""
    return UnavailableError(
        f"the mirror does not have {', '.join(names)}",
        context="--mirror",
        hint="make it anew with this lock: distrofirst mirror --lock … -o …; a host whose own OS packages are"
        " older, or others, may need more than the lock's: bring it up to date first",
    )


def put(data: bytes, path: Path) -> None:
    """Write a file, whole or not at all; one that is the same stays as it is."""
    try:
        if path.is_file() and path.read_bytes() == data:
            return
        files.write(path, data)
    except OSError as error:
        raise cannot_write(error, path) from error


def cannot_write(error: OSError, path: Path) -> CommandError:
    """Say that there is no place for a file."""
    return CommandError(
        f"cannot be written: {error.strerror or error}",
        context=str(error.filename or path),
        hint="make room there, or check who owns it; what is there already is not fetched again",
    )
