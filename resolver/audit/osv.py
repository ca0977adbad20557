"""An advisory database on disk, in OSV's format: a folder of JSON files, a zip of them (all.zip), or one file.

Only what a decision rests on is read, and that strictly: an advisory that is passed over because it could not be
understood would make a vulnerable version look clean (rule T2), so everything malformed is an InputError with the file
and the path of the value in it. What the schema does not know is left alone, as it demands.
"""

from __future__ import annotations

import json
import lzma
import struct
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from resolver.audit.affected import Affected, Range, Scope
from resolver.errors import InputError
from resolver.model import Unchecked
from resolver.model.audit import Advisory, Fix, Known
from resolver.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from resolver.model import Release

PYPI = "PyPI"
_HINT = "fetch the database anew, or name another one with --advisories"
_LARGEST = 1 << 26
"""Bytes of one advisory; the largest known is a hundredth of that."""
_EVENTS = ("introduced", "fixed", "last_affected", "limit")
_ECOSYSTEMS = {
    "almalinux": "AlmaLinux:{version}",
    "debian": "Debian:{version}",
    "rocky": "Rocky Linux:{version}",
    "ubuntu": "Ubuntu:{version}",
}
"""What OSV calls a release; Ubuntu's have ``:LTS`` and the like behind that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One advisory, as far as it is about one project or OS package."""

    advisory: Advisory
    scope: Scope


@dataclass(kw_only=True)
class Database:
    """What was read; ``resolver.ports.ProjectAdvisories`` for PyPI's projects."""

    path: Path
    entries: Mapping[tuple[str, str], Sequence[Entry]] = field(default_factory=dict)
    """By ecosystem and name, PyPI's names normalized."""
    ecosystems: frozenset[str] = frozenset()
    """Those that any advisory is about, withdrawn ones included."""

    def of(self, project: NormalizedName, version: Version) -> Known | Unchecked:
        """Tell what affects a version of one of PyPI's projects."""
        if PYPI not in self.ecosystems:
            return Unchecked(
                why=f"{self.path} has no advisory about PyPI",
                next_step="name a database with --advisories that has PyPI's",
            )
        # A local version is the public one, built by somebody else.
        return self._known(self.entries.get((PYPI, project), ()), version.public, order_versions)

    def ecosystem(self, release: Release) -> str | None:
        """Give OSV's word for a release, if the database has any advisory about it."""
        wanted = _ECOSYSTEMS.get(release.distribution, "").format(version=release.version)
        if release.distribution == "opensuse":
            product, _, number = release.version.partition("-")
            wanted = f"openSUSE:{product.capitalize()}{f' {number}' if number else ''}"
        found = (name for name in self.ecosystems if wanted and (name == wanted or name.startswith(f"{wanted}:")))
        return min(found, default=None)

    def of_os_package(
        self,
        ecosystem: str,
        build: tuple[str, str],
        source: tuple[str, str] | None,
        rank: Callable[[Sequence[Sequence[str]]], list[list[int]]],
    ) -> tuple[Known, tuple[Fix, ...]]:
        """Tell what affects a build, by its own name or its source package's, and which fixes it has already."""
        answers: list[Known] = []
        fixes: set[Fix] = set()
        for name, version in dict.fromkeys((build, source or build)):
            entries = self.entries.get((ecosystem, name), ())
            order = _ranked([version, *sorted({one for entry in entries for one in entry.scope.mentioned})], rank)
            answers.append(self._known(entries, version, order))
            for entry in entries:
                if entry.scope.holds(version, order) is Affected.NO:
                    brought = [fixed for fixed in entry.scope.fixed if order(fixed, version) <= 0]
                    fixes |= {
                        Fix(cve=cve, version=fixed, source=entry.advisory.id)
                        for cve in entry.advisory.cves
                        for fixed in brought
                    }
        return replace(
            answers[0],
            advisories=tuple(dict.fromkeys(one for answer in answers for one in answer.advisories)),
            unclear=tuple(dict.fromkeys(one for answer in answers for one in answer.unclear)),
            complete=False,
        ), tuple(sorted(fixes, key=lambda fix: (fix.cve, fix.version)))

    def _known(self, entries: Iterable[Entry], version: str, order: Callable[[str, str], int]) -> Known:
        by_answer: dict[Affected, dict[str, Advisory]] = defaultdict(dict)
        for entry in entries:
            by_answer[entry.scope.holds(version, order)][entry.advisory.id] = entry.advisory
        affecting = by_answer[Affected.YES]
        unclear = {key: value for key, value in by_answer[Affected.UNCLEAR].items() if key not in affecting}
        return Known(
            advisories=tuple(affecting[key] for key in sorted(affecting)),
            unclear=tuple(unclear[key] for key in sorted(unclear)),
            source=str(self.path),
        )


def order_versions(one: str, other: str) -> int:
    """Order PyPI's versions (PEP 440). Raises ValueError for what is none."""
    left, right = _version(one), _version(other)
    return (left > right) - (left < right)


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion as error:
        raise ValueError(str(error)) from error


def _ranked(
    versions: Sequence[str], rank: Callable[[Sequence[Sequence[str]]], list[list[int]]]
) -> Callable[[str, str], int]:
    ranks = dict(zip(versions, rank([versions])[0], strict=True)) if len(versions) > 1 else {}

    def order(one: str, other: str) -> int:
        return 0 if one == other else ranks[one] - ranks[other]

    return order


def read(path: Path) -> Database:
    """Read a whole database. Raises InputError where there is none, where it is empty, and for anything malformed."""
    entries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    ecosystems: set[str] = set()
    documents = 0
    for context, data in _documents(path):
        for table in _tables(data, context):
            documents += 1
            for ecosystem, name, entry in _parse(table):
                ecosystems.add(ecosystem)
                if entry is not None:
                    entries[ecosystem, name].append(entry)
    if not documents:
        _refuse(path, "there is no advisory in it; expected JSON files in OSV's format, or a zip of them")
    return Database(path=path, entries=dict(entries), ecosystems=frozenset(ecosystems))


def _documents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give each JSON file with its name, in a fixed order."""
    try:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.suffix in {".json", ".zip"} and file.is_file():
                    yield from _documents(file)
        elif path.suffix == ".zip":
            yield from _members(path)
        else:
            yield str(path), path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the advisory database cannot be read: {error.strerror or error}",
            context=str(error.filename or path),
            hint="--advisories names a folder, a zip or a file in OSV's format",
        ) from error


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.infolist(), key=lambda member: member.filename):
                if not member.filename.endswith(".json"):
                    continue
                if member.file_size > _LARGEST:
                    _refuse(path, f"{member.filename} would take {member.file_size} bytes, and no advisory is as large")
                yield f"{path}/{member.filename}", archive.read(member)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        NotImplementedError,  # an unknown compression
        RuntimeError,  # encrypted
        ValueError,
    ) as error:
        raise InputError(f"the zip cannot be read: {error}", context=str(path), hint=_HINT) from error


def _refuse(path: Path, why: str) -> NoReturn:
    raise InputError(why, context=str(path), hint=_HINT)


def _tables(data: bytes, context: str) -> Iterator[Table]:
    """Parse one file: an advisory, or an array of them."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", context=context, hint=_HINT) from error
    listed = document if isinstance(document, list) else [document]
    for position, values in enumerate(listed):
        path = f"[{position}]" if isinstance(document, list) else ""
        if not isinstance(values, dict):
            raise InputError(f"{path or 'the document'}: expected an object", context=context, hint=_HINT)
        yield Table(values=values, path=path, context=context, hint=_HINT)


def _parse(table: Table) -> Iterator[tuple[str, str, Entry | None]]:
    """Give ecosystem, name and entry for everything that an advisory is about; no entry where it is withdrawn."""
    names = {table.text("id")}
    withdrawn = table.optional("withdrawn") is not None
    # Distributions name the vulnerability of which theirs is the fix as upstream or related, not as an alias.
    aliases = (*table.texts("aliases"), *table.texts("upstream"))
    about = Advisory(id=table.text("id"), aliases=tuple(sorted({*aliases} - names)))
    for affected in table.tables("affected") if table.get("affected", list) is not None else ():
        if affected.get("package", dict) is None:
            continue  # commits of a repository alone: about nothing that is installed by name
        package = affected.table("package")
        ecosystem, name = package.text("ecosystem"), package.text("name")
        if ecosystem.partition(":")[0] == PYPI:
            ecosystem, name = PYPI, canonicalize_name(name)
        scope = Scope(versions=frozenset(affected.texts("versions")), ranges=tuple(_ranges(affected)))
        entry = Entry(advisory=replace(about, fixed=_sorted(scope.fixed, ecosystem)), scope=scope)
        yield ecosystem, name, None if withdrawn else entry


def _ranges(affected: Table) -> Iterator[Range]:
    for one in affected.tables("ranges") if affected.get("ranges", list) is not None else ():
        comparable = one.text("type") == "ECOSYSTEM"
        events = []
        for event in one.tables("events"):
            kinds = [kind for kind in _EVENTS if event.has(kind)]
            if not kinds:
                event.fail("introduced", f"expected one of {', '.join(_EVENTS)}, found none of them")
            events += [(kind, event.text(kind)) for kind in kinds]
        yield Range(comparable=comparable, events=tuple(events))


def _sorted(versions: Iterable[str], ecosystem: str) -> tuple[str, ...]:
    """Put fixed versions in order, PyPI's by what they mean."""
    texts = sorted(versions)
    if ecosystem != PYPI:
        return tuple(texts)

    def key(text: str) -> tuple[bool, Version]:
        try:
            return False, Version(text)
        except InvalidVersion:
            return True, Version("0")

    return tuple(sorted(texts, key=key))
