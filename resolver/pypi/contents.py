"""What is in a wheel, as values that two wheels can be compared by: read with the strict reader, nothing is judged.

``inspection`` says whether a wheel may be installed; this says what somebody who reviews it will find.
"""

from __future__ import annotations

import configparser
import hashlib
from email.utils import getaddresses
from typing import IO, TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from resolver.model.review import WheelContents
from resolver.pypi.archive import Archive, DamagedError, open_archive
from resolver.pypi.metadata import header_fields
from resolver.pypi.placement import all_entry_points, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.utils import NormalizedName

    from resolver.pypi.archive import Entry

_ELF = b"\x7fELF"
_TOLD_OTHERWISE = frozenset({"METADATA", "RECORD", "WHEEL", "entry_points.txt"})
"""Files of dist-info that describe the others, or that ``WheelContents`` tells of in other words."""


def read_contents(
    stream: IO[bytes], project: NormalizedName, environment: Mapping[str, str], extras: Iterable[str]
) -> WheelContents | None:
    """Read a seekable binary stream to its end, as wheel of a project.

    ``environment`` (the target's) and ``extras`` decide which dependencies apply. None for what is no archive that can
    be read safely: a bomb, one that is damaged, one that two readers see differently.
    """
    archive = open_archive(stream)
    if archive.findings:
        return None
    entries = {entry.name: entry for entry in archive.entries if not entry.is_folder}
    info = next((top for top in _tops(entries) if _is_info_of(top, project)), "")
    files: dict[str, str] = {}
    native = set()
    try:
        for name, entry in entries.items():
            place = _place(name, info)
            if place is None:
                continue
            files[place], is_native = _digest(archive, entry)
            if is_native:
                native.add(place)
        fields = header_fields(_read(archive, entries, f"{info}/METADATA"))
        entry_points = _entry_points(_read(archive, entries, f"{info}/entry_points.txt"))
    except DamagedError:
        return None
    return WheelContents(
        files=files,
        native=tuple(sorted(native)),
        names=tuple(sorted(set(_names(files)))),
        entry_points=entry_points,
        requires=_applying(fields.get("requires-dist", ()), environment, extras),
        people=tuple(sorted(set(_people(fields)))),
        size=stream.seek(0, 2),
    )


def _tops(names: Iterable[str]) -> list[str]:
    return sorted({top for top, slash, _ in (name.partition("/") for name in names) if slash})


def _is_info_of(top: str, project: NormalizedName) -> bool:
    stem = top.removesuffix(".dist-info")
    return stem != top and canonicalize_name(stem.rpartition("-")[0]) == project


def _place(name: str, info: str) -> str | None:
    """Give where a file goes, without the version that dist-info has in its name; None for what is told otherwise."""
    top, _, rest = name.partition("/")
    if info and top == info:
        return None if rest in _TOLD_OTHERWISE else f"dist-info/{rest}"
    place = place_of(name)
    if place is None:
        return name
    return place.path if place.scheme == "lib" else str(place)


def _digest(archive: Archive, entry: Entry) -> tuple[str, bool]:
    digest, start = hashlib.sha256(), b""
    for chunk in archive.chunks(entry):
        start = start or chunk[: len(_ELF)]
        digest.update(chunk)
    return digest.hexdigest(), start == _ELF


def _read(archive: Archive, entries: Mapping[str, Entry], name: str) -> bytes:
    return archive.read(entries[name]) if name in entries else b""


def _names(files: Iterable[str]) -> Iterator[str]:
    """Give what can be imported: folders, and modules of one file."""
    for path in files:
        top, slash, _ = path.partition("/")
        if ":" in top or top.endswith((".dist-info", ".data", ".libs")) or top == "dist-info":
            continue
        if slash or top.endswith((".py", ".so")):
            yield top.partition(".")[0]


def _entry_points(data: bytes) -> tuple[str, ...]:
    text = data.decode("utf-8", "replace")
    try:
        return tuple(sorted(f"{group}: {name} = {value}" for group, name, value in all_entry_points(text)))
    except configparser.Error:
        return ("entry_points.txt cannot be read",)


def _applying(lines: Iterable[str], environment: Mapping[str, str], extras: Iterable[str]) -> tuple[str, ...]:
    """Give the requirements that apply on the target; what cannot be read may apply."""
    wanted = ("", *extras)
    found = set()
    for line in (" ".join(line.split()) for line in lines):
        try:
            marker = Requirement(line).marker
            applies = marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in wanted)
        except ValueError:  # each of packaging's errors is one
            found.add(line)
            continue
        if applies:
            found.add(line.partition(";")[0].strip())
    return tuple(sorted(found))


def _people(fields: Mapping[str, list[str]]) -> Iterator[str]:
    """Give ``Name <address>``, or what there is of it, for authors and maintainers.

    A field with a name and one with an address are one person's.
    """
    for role in ("author", "maintainer"):
        names = [" ".join(value.split()) for value in fields.get(role, ()) if value.strip()]
        addresses = getaddresses([" ".join(value.split()) for value in fields.get(f"{role}-email", ())])
        addresses = [(name, address) for name, address in addresses if name or address]
        if len(names) == len(addresses) == 1 and not addresses[0][0]:
            addresses, names = [(names[0], addresses[0][1])], []
        yield from (_person(name, address) for name, address in addresses)
        yield from (_person(name, "") for name in names)


def _person(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address else name or address
