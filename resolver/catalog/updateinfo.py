"""``updateinfo.xml``, the advisories of an rpm-md repository: those that are about security.

One says which builds bring a fix: whatever is older is affected. It names no vulnerability that has no fix yet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from resolver.catalog.rpm_md import verify
from resolver.catalog.unpacking import unpack
from resolver.errors import UnavailableError
from resolver.model import RpmNotice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from resolver.catalog.rpm_md import MetadataFile
    from resolver.catalog.unpacking import Unpack

_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_AGAIN = "run: distrofirst update"


def read(path: Path, record: MetadataFile, *, zstd: Unpack | None = None) -> tuple[RpmNotice, ...]:
    """Read a file as the package manager keeps it, against the checksum that repomd.xml has of it.

    Raises UnavailableError for what is missing or damaged, PolicyError where the checksum is another.
    """
    try:
        with path.open("rb") as file:
            verify(file, record.checksum)
            return parse(unpack(file, zstd=zstd), str(path))
    except OSError as error:
        raise UnavailableError(f"cannot be read: {error.strerror}", context=str(path), hint=_AGAIN) from error


def parse(pieces: Iterable[bytes], context: str) -> tuple[RpmNotice, ...]:
    """Read the document; ``context`` names it in errors. Notices without a build are left out."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text.append
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003 - pyexpat takes it by position only
        parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise UnavailableError(f"is damaged: {expat.ErrorString(error.code)}", context=context, hint=_AGAIN) from error
    except KeyError as error:
        raise UnavailableError(f"is damaged: something has no {error}", context=context, hint=_AGAIN) from error
    except ValueError as error:
        raise UnavailableError(f"is damaged: {error}", context=context, hint=_AGAIN) from error
    return tuple(reader.notices)


def _refuse_doctype(*_: object) -> None:
    """Entities of a document's own are how a small file becomes a large one."""
    raise ValueError("it has a document type, which rpm-md never has")


class _Reader:
    """Turns ``<update>`` elements into notices."""

    def __init__(self) -> None:
        self.notices: list[RpmNotice] = []
        self.text: list[str] = []
        self._path: list[str] = []
        self._type = self._id = self._severity = ""
        self._cves: set[str] = set()
        self._builds: list[tuple[str, str, str]] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if not self._path and tag != "updates":
            raise ValueError("it is no updateinfo.xml")
        self._path.append(tag)
        self.text.clear()
        match self._path:
            case [_, "update"]:
                self._type, self._id, self._severity = attributes.get("type", ""), "", ""
                self._cves, self._builds = set(), []
            case [_, "update", "references", "reference"]:
                # Fedora's name their CVEs in the titles of bugs.
                said = f"{attributes.get('id', '')} {attributes.get('title', '')}"
                self._cves |= set(_CVE.findall(said))
            case [_, "update", "pkglist", "collection", "package"]:
                epoch = attributes.get("epoch") or "0"
                evr = f"{attributes['version']}-{attributes['release']}"
                self._builds.append((attributes["name"], attributes["arch"], evr if epoch == "0" else f"{epoch}:{evr}"))

    def end(self, _tag: str) -> None:
        text = "".join(self.text).strip()
        match self._path:
            case [_, "update", "id"]:
                self._id = text
            case [_, "update", "severity"]:
                self._severity = text
            case [_, "update"]:
                self._keep()
        self._path.pop()
        self.text.clear()

    def _keep(self) -> None:
        """Keep what is about security, by its type or by the CVEs that it names."""
        if not self._id:
            raise ValueError("an update has no id")
        if self._builds and (self._type == "security" or self._cves):
            self.notices.append(
                RpmNotice(
                    id=self._id,
                    cves=tuple(sorted(self._cves)),
                    severity="" if self._severity.lower() == "none" else self._severity,
                    builds=tuple(dict.fromkeys(self._builds)),
                )
            )
