"""Contents indexes: which OS package ships which project's metadata (Debian Wiki, DebianRepository/Format).

A line is a path, blanks, and the packages that ship it, ``section/name`` separated by commas. Evidence is a
top-level ``NAME-VERSION.dist-info`` or ``.egg-info`` of dist-packages with its METADATA or PKG-INFO, or the
``.egg-info`` file itself: what lies deeper was vendored, and folders without it are leftovers (rule I1).
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from resolver.catalog.unpacking import gunzip
from resolver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_CHUNK = 1 << 16
_AREA = b"usr/lib/python3"
_LINE = re.compile(
    rb"^usr/lib/python(3(?:\.\d+)?)/dist-packages/([^/\t\n]+?)"
    rb"\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg-info)[ \t]+(\S+)\s*?$",
    re.MULTILINE,
)
_PROJECT = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """One path of a Contents index that shows a project."""

    project: str
    """Normalized."""
    package: str
    metadata_name: str
    """``Flask-3.1.1``"""
    python: str
    """``3`` for the folder that all of the release's interpreters share, or ``3.12``."""


def split_metadata_name(name: str) -> tuple[str, str]:
    """Part ``Flask-3.1.1`` or ``qutebrowser-2.5.3-py3.11`` into project and version; the version may be empty."""
    project, _, version = re.sub(r"-py3(\.\d+)?$", "", name).partition("-")
    return project, version


def project_of(metadata_name: str) -> str | None:
    """Give the normalized name of the project, None where it cannot be one (``-pycbf``)."""
    project = canonicalize_name(split_metadata_name(metadata_name)[0])
    return project if _PROJECT.fullmatch(project) else None


def parse(data: bytes) -> Iterator[Trace]:
    """Give the traces in whole lines of a Contents index. Names that cannot be a project's are passed over."""
    for match in _LINE.finditer(data):
        python, name, packages = (group.decode("utf-8", "replace") for group in match.groups())
        project = project_of(name)
        if project is not None:
            for package in packages.split(","):
                yield Trace(project=project, package=package.rpartition("/")[2], metadata_name=name, python=python)


def read(path: Path) -> Iterator[Trace]:
    """Read a gzipped Contents index as a stream: some MB of memory, and the time of unpacking it.

    Raises UnavailableError for a file that is not gzip or is cut short.
    """
    try:
        with path.open("rb") as file:
            for area in _areas(gunzip(file.read, _CHUNK)):
                yield from parse(area)
    except (OSError, zlib.error, EOFError) as error:
        raise UnavailableError(
            f"the Contents index cannot be read: {error}", context=str(path), hint="run: distrofirst update"
        ) from error


def _areas(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give stretches of whole lines around Python's folders; all else is dropped as soon as it is unpacked."""
    rest = b""
    for piece in pieces:
        text = rest + piece
        whole = text.rfind(b"\n") + 1
        rest = text[whole:]
        first = 0 if text.startswith(_AREA) else text.find(b"\n" + _AREA, 0, whole) + 1
        if first or text.startswith(_AREA):
            last = text.find(b"\n", text.rfind(b"\n" + _AREA, 0, whole) + 1) + 1
            yield text[first:last]
    if rest:
        yield rest
