"""A wheel is looked through before it is installed (rule P4): a pure function over its bytes.

What is looked for is certain: a wheel that is not the one that was planned, an archive that can be read in two ways,
a RECORD that does not hold, a file in a place where it acts on more than its own project. What a wheel's code does
when it is used is not judged, nor which names it brings, as long as they hide nothing of the same plan: that PyYAML
brings ``yaml`` is as it should be.

After the binary distribution format (PEP 427), recording installed projects (PEP 376), entry points, and what became of
readers that trusted an archive: CVE-2007-4559 (paths that lead out), CVE-2019-20907 and bombs, CVE-2025-54368 (two
readers, two sets of files).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from resolver.errors import DistrofirstError
from resolver.pypi.archive import Archive, DamagedError, Entry, kind_of, open_archive
from resolver.pypi.faults import Fault, WheelFinding, found
from resolver.pypi.metadata import parse_metadata
from resolver.pypi.placement import MODULES, Place, clashes, entry_points, judge, path_obstacle, place_of

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Mapping

    from packaging.utils import NormalizedName

    from resolver.model import Target, Wheel, WheelMetadata

FORMAT: Final = "1"
"""Of the rules: what was found under other ones is looked for again."""

_UNLISTED = frozenset({"RECORD", "RECORD.jws", "RECORD.p7s"})
"""Files of dist-info that RECORD cannot vouch for (PEP 427, PEP 376)."""
_STRONG: Final = ("sha256", "sha384", "sha512")
"""The hashes that the specification admits and Python always has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What the lock knows of a wheel."""

    wheel: Wheel
    target: Target
    extras: tuple[str, ...] = ()
    """Those that the plan asks for, normalized."""
    depends: tuple[NormalizedName, ...] | None = None
    """The projects that the plan was told it needs; None where nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What was found."""

    findings: tuple[WheelFinding, ...] = ()
    """Sorted; empty where the wheel is fit."""
    placed: Mapping[str, str] = field(default_factory=dict)
    """Each place that is written to, and the hash of what goes there, for ``shared``."""


def inspect(stream: IO[bytes], expected: Expectation) -> Inspection:
    """Look through a wheel, given as a seekable binary stream; every byte of it is read and unpacked once."""
    archive = open_archive(stream)
    findings = [*archive.findings, *_entry_findings(archive.entries)]
    if findings:
        # What follows trusts the archive's own account.
        return Inspection(findings=tuple(sorted(findings)))
    look = _Look(archive, expected)
    return Inspection(findings=tuple(sorted(look.findings())), placed=look.placed)


def shared(inspections: Mapping[NormalizedName, Inspection]) -> dict[NormalizedName, list[WheelFinding]]:
    """Find the places into which two wheels put different files. What is alike in both, as of namespaces, may stay."""
    first: dict[str, NormalizedName] = {}
    findings: dict[NormalizedName, list[WheelFinding]] = {}
    for project in sorted(inspections):
        for place, digest in inspections[project].placed.items():
            owner = first.setdefault(place, project)
            if owner != project and inspections[owner].placed[place] != digest:
                findings.setdefault(project, []).append(
                    found(Fault.SHARED, f"{place.partition(':')[2]} of {owner} as well")
                )
    return findings


def shadows(
    inspections: Mapping[NormalizedName, Inspection], served: Collection[NormalizedName]
) -> dict[NormalizedName, list[WheelFinding]]:
    """Find the modules that have the name of another project, one of those that OS packages serve in the same plan.

    The environment's own modules are found first. A folder without ``__init__`` is a namespace's, and hides nothing.
    """
    findings: dict[NormalizedName, list[WheelFinding]] = {}
    for project in sorted(inspections):
        for place in inspections[project].placed:
            scheme, _, path = place.partition(":")
            top, _, rest = path.partition("/")
            name = canonicalize_name(top.partition(".")[0])
            hides = rest.startswith("__init__.") if rest else top.endswith(MODULES)
            if scheme == "lib" and hides and name != project and name in served:
                findings.setdefault(project, []).append(found(Fault.SHADOW, f"{path}, and {name} is in the plan"))
    return findings


def _entry_findings(entries: Iterable[Entry]) -> Iterator[WheelFinding]:
    names = set()
    for entry in entries:
        if entry.name in names:
            yield found(Fault.DUPLICATE, entry.name)
        names.add(entry.name)
        if obstacle := path_obstacle(entry.name):
            yield found(Fault.OUTSIDE, f"it {obstacle}: {entry.name}")
        if fault := kind_of(entry):
            yield found(*fault)


class _Look:
    """One wheel while it is looked through."""

    def __init__(self, archive: Archive, expected: Expectation) -> None:
        self._archive = archive
        self._expected = expected
        self._project = expected.wheel.project
        self._files = {entry.name: entry for entry in archive.entries if not entry.is_folder}
        self.placed: dict[str, str] = {}

    def findings(self) -> Iterator[WheelFinding]:
        places = []
        for name in self._files:
            place = place_of(name)
            if place is None:
                yield found(Fault.FOREIGN_METADATA, f"{name}: no installer knows where this goes")
            else:
                places.append((name, place))
        yield from clashes(places)
        own = frozenset(place.path for _, place in places if place.scheme == "lib")
        for name, place in places:
            yield from judge(name, place, self._project, own)
        info = yield from self._info(places)
        if info is not None:
            yield from self._described(info)
            yield from self._recorded(info, dict(places))

    # --- which project's it is ---

    def _info(self, places: Iterable[tuple[str, Place]]) -> Generator[WheelFinding, None, str | None]:
        """Find the one dist-info folder."""
        tops = {name.partition("/")[0]: name for name in self._files if "/" in name}
        here = {
            place.path.partition("/")[0]: name
            for name, place in places
            if place.scheme == "lib" and ("/" in place.path or place.path.endswith((".egg-info", ".egg-link")))
        }
        infos = sorted(top for top in here if top.lower().endswith((".dist-info", ".egg-info", ".egg-link")))
        own = [top for top in infos if top in tops and self._is_own(top, "dist-info")]
        for top in infos:
            if top not in own or tops.get(top, "").endswith(".data"):
                yield found(Fault.FOREIGN_METADATA, here[top])
        for top, name in sorted(tops.items()):
            if top.endswith(".data") and not self._is_own(top, "data"):
                yield found(Fault.FOREIGN_METADATA, name)
        if len(own) != 1:
            wheel = self._expected.wheel
            yield found(Fault.IDENTITY, f"{len(own)} dist-info folders of {wheel.project} {wheel.version}")
            return None
        return own[0]

    def _is_own(self, folder: str, suffix: str) -> bool:
        stem = folder.removesuffix(f".{suffix}")
        name, _, version = stem.rpartition("-")
        try:
            return (
                stem != folder
                and canonicalize_name(name) == self._project
                and Version(version.replace("_", "-")) == self._expected.wheel.version
            )
        except InvalidVersion:
            return False

    def _text(self, path: str) -> str | None:
        entry = self._files.get(path)
        if entry is None:
            return None
        try:
            return self._archive.read(entry).decode()
        except (DamagedError, UnicodeDecodeError):
            return None

    def _described(self, info: str) -> Iterator[WheelFinding]:
        """METADATA, WHEEL and entry_points.txt."""
        metadata = self._text(f"{info}/METADATA")
        if metadata is None:
            yield found(Fault.IDENTITY, f"{info}/METADATA is missing, or is no text")
        else:
            try:
                known = parse_metadata(metadata.encode(), self._expected.wheel)
            except DistrofirstError as error:
                yield found(Fault.IDENTITY, error.message)
            else:
                yield from self._needs(known)
        yield from self._wheel_file(self._text(f"{info}/WHEEL"))
        path = f"{info}/entry_points.txt"
        if path not in self._files:
            return
        text = self._text(path)
        if text is None:
            yield found(Fault.ENTRY_POINT, f"{path} is no text")
            return
        for name, value, finding in entry_points(text, self._project):
            if finding is not None:
                yield finding
            else:
                self.placed[f"scripts:{name}"] = value

    def _needs(self, metadata: WheelMetadata) -> Iterator[WheelFinding]:
        """Compare what METADATA asks for with what the plan was made with."""
        python = metadata.requires_python
        version = self._expected.target.environment()["python_full_version"]
        try:
            if python and not SpecifierSet(python).contains(version, prereleases=True):
                yield found(Fault.PYTHON, f"it requires {python}, and the target has {version}")
        except ValueError:
            pass  # says nothing, as for pip
        if self._expected.depends is None:
            return
        try:
            needed = self._needed(metadata)
        except ValueError as error:  # each of packaging's errors is one
            yield found(Fault.DEPENDENCIES, f"Requires-Dist cannot be read: {error}")
            return
        planned = set(self._expected.depends) - {self._project}
        if more := sorted(needed - planned):
            yield found(Fault.DEPENDENCIES, f"{', '.join(more)}, which the plan knows nothing of")
        if fewer := sorted(planned - needed):
            yield found(Fault.DEPENDENCIES, f"not {', '.join(fewer)}, which the plan was told of")

    def _needed(self, metadata: WheelMetadata) -> set[NormalizedName]:
        """Give the projects that it needs on the target; one that asks for itself asks for more of its extras."""
        requirements = [Requirement(line) for line in metadata.requires_dist]
        environment = self._expected.target.environment()
        extras = set(self._expected.extras)
        while True:
            applying = [
                one
                for one in requirements
                if one.marker is None
                or any(one.marker.evaluate({**environment, "extra": extra}) for extra in ("", *sorted(extras)))
            ]
            needed = {canonicalize_name(one.name) for one in applying}
            more = {
                canonicalize_name(extra)
                for one in applying
                if canonicalize_name(one.name) == self._project
                for extra in one.extras
            }
            if more <= extras:
                return needed - {self._project}
            extras |= more

    def _wheel_file(self, text: str | None) -> Iterator[WheelFinding]:
        if text is None:
            yield found(Fault.WHEEL_FILE, "it is missing, or is no text")
            return
        fields: dict[str, list[str]] = {}
        for line in text.splitlines():
            key, colon, value = line.partition(":")
            if colon:
                fields.setdefault(key.strip().lower(), []).append(value.strip())
        version = fields.get("wheel-version", [""])
        if len(version) != 1 or not re.fullmatch(r"1\.\d+", version[0], re.ASCII):
            yield found(Fault.WHEEL_FILE, f"Wheel-Version is {', '.join(version) or 'missing'}, expected 1.0")
        pure = fields.get("root-is-purelib", [])
        if len(pure) != 1 or pure[0].lower() not in {"true", "false"}:
            yield found(Fault.WHEEL_FILE, f"Root-Is-Purelib is {', '.join(pure) or 'missing'}, expected true or false")
        named = parse_tag("-".join(self._expected.wheel.filename.removesuffix(".whl").split("-")[-3:]))
        try:
            told = {tag for value in fields.get("tag", ()) for tag in parse_tag(value)}
        except ValueError:
            told = set()
        if told != named:
            yield found(Fault.TAGS, f"{', '.join(sorted(map(str, told))) or 'none'}")

    # --- RECORD ---

    def _recorded(self, info: str, places: Mapping[str, Place]) -> Iterator[WheelFinding]:
        """Hold every file against RECORD, and every line of RECORD against the files."""
        rows: dict[str, tuple[str, str]] = {}
        text = self._text(f"{info}/RECORD")
        if text is None:
            yield found(Fault.NO_RECORD, f"{info}/RECORD is missing, or is no text")
            return
        try:
            for row in csv.reader(io.StringIO(text, newline="")):
                if not row:
                    continue
                if len(row) != 3 or row[0] in rows:  # noqa: PLR2004 - path, hash, size
                    yield found(Fault.NO_RECORD, f"the line of {row[0]}")
                else:
                    rows[row[0]] = (row[1], row[2])
        except csv.Error as error:
            yield found(Fault.NO_RECORD, str(error))
            return
        for path in sorted(rows.keys() - self._files.keys()):
            yield found(Fault.NOT_THERE, path)
        exempt = {f"{info}/{name}" for name in _UNLISTED}
        for name, entry in self._files.items():
            algorithm, digest, finding = self._compare(name, entry, rows.get(name), exempt=name in exempt)
            if finding is not None:
                yield finding
            if name in places and places[name].scheme != "headers":
                self.placed[str(places[name])] = f"{algorithm}={digest}"

    def _compare(
        self, name: str, entry: Entry, row: tuple[str, str] | None, *, exempt: bool
    ) -> tuple[str, str, WheelFinding | None]:
        """Unpack one file and compare. Gives the hash's name, the hash as RECORD writes it, and what is wrong."""
        algorithm, _, wanted = row[0].partition("=") if row is not None else ("", "", "")
        used = algorithm if algorithm in _STRONG else "sha256"
        digest = hashlib.new(used)
        try:
            for chunk in self._archive.chunks(entry):
                digest.update(chunk)
        except DamagedError as error:
            return used, "", found(Fault.DAMAGED, str(error))
        spelled = base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
        finding = None
        if exempt:
            if row is not None and row[0]:
                finding = found(Fault.NO_RECORD, f"it gives a hash for {name}, which nobody can know")
        elif row is None:
            finding = found(Fault.UNLISTED, name)
        elif algorithm not in _STRONG:
            finding = found(Fault.UNHASHED, f"{name}{f' ({algorithm})' if algorithm else ''}")
        elif wanted.rstrip("=") != spelled:
            finding = found(Fault.CONTENT, f"{name} has {used}={spelled}")
        elif row[1] and row[1] != str(entry.size):
            finding = found(Fault.CONTENT, f"{name} has {entry.size} bytes, not {row[1]}")
        return used, spelled, finding
