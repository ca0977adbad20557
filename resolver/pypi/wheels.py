"""Which wheel of each version a target would install (PEP 425, 427, 600; rules P2 and P3). Pure.

A page may list thousands of files, so the work goes the cheap way round: file names are split by hand, a tag triple is
looked up once however many files carry it, and a version is parsed once however often it is spelled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from resolver.cooldown import Cooldown, spell, upload_moment
from resolver.errors import InputError
from resolver.model import MACHINES, Listing, Rejection, Sdist, Wheel
from resolver.pypi.simple import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from packaging.tags import Tag
    from packaging.utils import NormalizedName

    from resolver.model import Target
    from resolver.pypi.simple import IndexFile, Page


_ALIASES = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_MANYLINUX = frozenset({"x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x", "riscv64", "loongarch64"})
_OLDEST = {"x86_64": 5, "i686": 5}
"""The glibc 2.N of the first manylinux for a machine; 2.17 for all others (PEP 599)."""
_SDISTS = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.Z", ".tar")
_BUILDABLE = (".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz")
"""The sdists that can be unpacked, the best first (PEP 625 has the first alone)."""
_BUILD = re.compile(r"(\d+)(.*)")


def wheel_tags(python: str, architecture: str, glibc: str) -> list[Tag]:
    """List the tags that CPython ``python`` (``3.13``) accepts, the best first.

    ``architecture`` is the distribution's word (``amd64``) or uname's, ``glibc`` the C library's version (``2.41``);
    without one no manylinux wheel is accepted. The same list, on the host, as ``packaging.tags.sys_tags``.
    """
    from packaging.tags import compatible_tags, cpython_tags  # noqa: PLC0415 -- loads subprocess; a warm run needs none

    version = _numbers(python, "the Python version")
    platforms = list(_platforms(MACHINES.get(architecture, architecture), glibc))
    nodot = "".join(map(str, version))
    return [
        *cpython_tags(version, [f"cp{nodot}"], platforms),
        *compatible_tags(version, f"cp{nodot}", platforms),
    ]


def _platforms(machine: str, glibc: str) -> Iterator[str]:
    if glibc and machine in _MANYLINUX:
        major, newest = _numbers(glibc, "the glibc version")
        for minor in range(newest, _OLDEST.get(machine, 17) - 1, -1):
            yield f"manylinux_{major}_{minor}_{machine}"
            if (major, minor) in _ALIASES:
                yield f"{_ALIASES[major, minor]}_{machine}"
    yield f"linux_{machine}"


def _numbers(text: str, what: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)(?:\.\d+)*", text)
    if found is None:
        raise InputError(f"{what} is {text!r}; expected two numbers such as 3.13", hint="check the target")
    return int(found[1]), int(found[2])


@dataclass(slots=True)
class _Best:
    """The best file of one version so far, or else what came closest to be one."""

    rank: tuple[bool, int, int, str, str] | None = None
    """Yanked last, then by tag, then the highest build number, then by name."""
    file: IndexFile | None = None
    closeness: int = -1
    why: str = ""
    is_young: bool = False
    sdists: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    """As the page has them; read only where no wheel fits."""

    def reject(self, closeness: int, why: str, *, is_young: bool = False) -> None:
        if closeness > self.closeness:
            self.closeness, self.why, self.is_young = closeness, why, is_young


class WheelChooser:
    """Chooses for one target. Remembers what it learnt of tags and specifiers; safe for many threads."""

    def __init__(self, target: Target, *, cooldown: Cooldown | None = None) -> None:
        """Take files for ``target`` that the ``cooldown`` lets pass (rule P3)."""
        self._priority = {
            str(tag): place for place, tag in enumerate(wheel_tags(target.python, target.architecture, target.glibc))
        }
        self._triples: dict[str, int | None] = {}
        self._python = target.python_full_version or target.python
        self._pythons: dict[str, bool] = {}
        unknown = "" if target.glibc else ", whose glibc is not known"
        self._no_wheel = f"no wheel for CPython {target.python} on {target.architecture}{unknown}"
        self._cooldown = cooldown or Cooldown()

    def choose(self, project: NormalizedName, page: Page) -> Listing:
        """Give one wheel a version, newest version first, and why the other versions have none."""
        limit = self._cooldown.of(project)
        names: dict[str, bool] = {}
        spellings: dict[str, _Best | None] = {}
        best: dict[Version, _Best] = {}
        for filename, entry in page.entries:
            if filename.endswith(".whl"):
                name, _, rest = filename[:-4].partition("-")
                spelled, _, rest = rest.partition("-")
                if not _belongs(name, project, names):
                    continue
            else:
                spelled, rest = _sdist_version(filename, project, names), ""
            if spelled not in spellings:
                version = _version(spelled)
                spellings[spelled] = None if version is None else best.setdefault(version, _Best())
            candidate = spellings[spelled]
            if candidate is None:
                continue
            if not rest:
                candidate.reject(0, "only an sdist")
                candidate.sdists.append((filename, entry))
            elif (place := self._place(rest)) is None:
                candidate.reject(1, self._no_wheel)
            else:
                self._consider(page.read(filename, entry), place, candidate, limit)
        lenient = limit is not None and not self._cooldown.strict
        return replace(self._listing(project, page, best, limit), age_unknown=lenient)

    def _place(self, rest: str) -> tuple[int, int, str] | None:
        """Give priority and build of ``[build-]python-abi-platform``, the best first; None where it does not fit."""
        build_number, build_name = 0, ""
        if rest.count("-") == 3:  # noqa: PLR2004 -- with a build tag
            build, _, rest = rest.partition("-")
            found = _BUILD.fullmatch(build)
            if found is None:
                return None
            build_number, build_name = int(found[1][:18]), found[2]
        priority = self._triples.get(rest, -1)
        if priority == -1:
            priority = self._triples[rest] = self._look_up(rest)
        return None if priority is None else (priority, -build_number, build_name)

    def _consider(self, file: IndexFile, place: tuple[int, int, str], candidate: _Best, limit: datetime | None) -> None:
        """Take the file if it fits better than what the version has."""
        if file.requires_python and not self._runs_here(file.requires_python):
            candidate.reject(2, f"requires Python {file.requires_python}")
        elif file.sha256 is None:
            candidate.reject(3, "the index gives no sha256")
        elif limit is not None and (why := held_back(file.upload_time, limit, strict=self._cooldown.strict)):
            candidate.reject(4, why, is_young=file.yanked is None)
        else:
            rank = (file.yanked is not None, *place, file.filename)
            if candidate.rank is None or rank < candidate.rank:
                candidate.rank, candidate.file = rank, file

    def _look_up(self, triple: str) -> int | None:
        """Give the place of the best tag in a compressed set (``py2.py3-none-any``), None where none fits."""
        fields = triple.lower().split("-")
        if len(fields) != 3:  # noqa: PLR2004 -- python, ABI, platform
            return None
        places = [
            place
            for python in fields[0].split(".")
            for abi in fields[1].split(".")
            for platform in fields[2].split(".")
            if (place := self._priority.get(f"{python}-{abi}-{platform}")) is not None
        ]
        return min(places, default=None)

    def _runs_here(self, requires_python: str) -> bool:
        """Judge Requires-Python; one that is no specifier says nothing, as for pip."""
        answer = self._pythons.get(requires_python)
        if answer is None:
            try:
                answer = SpecifierSet(requires_python).contains(self._python, prereleases=True)
            except InvalidSpecifier:
                answer = True
            self._pythons[requires_python] = answer
        return answer

    def _sdist(self, page: Page, entry: _Best) -> IndexFile | None:
        """Give the file that a version could be built of: hashed, for this Python; yanked ones last."""
        files = [page.read(filename, raw) for filename, raw in entry.sdists if filename.endswith(_BUILDABLE)]
        usable = [
            file
            for file in files
            if file.sha256 is not None and (not file.requires_python or self._runs_here(file.requires_python))
        ]
        return min(usable, key=_sdist_rank, default=None)

    def _listing(
        self, project: NormalizedName, page: Page, best: dict[Version, _Best], limit: datetime | None
    ) -> Listing:
        wheels: list[Wheel] = []
        rejected: list[Rejection] = []
        sdists: list[Sdist] = []
        for version in sorted(best, reverse=True):
            entry = best[version]
            url = absolute(page.base, entry.file.href) if entry.file else ""
            provenance = entry.file.provenance if entry.file else None
            if entry.file is not None and entry.file.sha256 is not None and url:
                wheels.append(
                    Wheel(
                        project=project,
                        version=version,
                        filename=entry.file.filename,
                        url=url,
                        sha256=entry.file.sha256,
                        size=entry.file.size,
                        requires_python=entry.file.requires_python,
                        upload_time=entry.file.upload_time,
                        yanked=entry.file.yanked,
                        core_metadata=entry.file.core_metadata,
                        provenance=None if provenance is None else absolute(page.base, provenance),
                    )
                )
                continue
            rejection = Rejection(
                version=version, why=entry.why or "its address cannot be used", is_young=entry.is_young
            )
            file = self._sdist(page, entry)
            url = absolute(page.base, file.href) if file else ""
            if file is not None and file.sha256 is not None and url:
                young = held_back(file.upload_time, limit, strict=self._cooldown.strict) if limit is not None else ""
                if young:
                    why = f"{rejection.why}, {young}" if not rejection.is_young else rejection.why
                    rejection = replace(rejection, why=why, is_young_sdist=file.yanked is None)
                else:
                    sdists.append(
                        Sdist(
                            project=project,
                            version=version,
                            filename=file.filename,
                            url=url,
                            sha256=file.sha256,
                            size=file.size,
                            requires_python=file.requires_python,
                            upload_time=file.upload_time,
                            yanked=file.yanked,
                        )
                    )
            rejected.append(rejection)
        return Listing(
            project=project,
            wheels=tuple(wheels),
            rejected=tuple(rejected),
            sdists=tuple(sdists),
            status=page.status,
            status_reason=page.status_reason,
        )


def _sdist_rank(file: IndexFile) -> tuple[bool, int, str]:
    form = next(place for place, suffix in enumerate(_BUILDABLE) if file.filename.endswith(suffix))
    return file.yanked is not None, form, file.filename


def _version(spelled: str) -> Version | None:
    try:
        # An underscore stands for a hyphen, as in 1.0_1 (PEP 427, Escaping and Unicode).
        return Version(spelled.replace("_", "-"))
    except InvalidVersion:
        return None


def _belongs(name: str, project: NormalizedName, known: dict[str, bool]) -> bool:
    if name not in known:
        known[name] = canonicalize_name(name) == project
    return known[name]


def _sdist_version(filename: str, project: NormalizedName, names: dict[str, bool]) -> str:
    """Give the version in an sdist's name, empty where the file is no sdist of the project (PEP 625)."""
    for suffix in _SDISTS:
        if filename.endswith(suffix):
            name, _, spelled = filename[: -len(suffix)].rpartition("-")
            return spelled if _belongs(name, project, names) else ""
    return ""


def held_back(upload_time: str | None, limit: datetime, *, strict: bool) -> str:
    """Say why the cooldown holds a file back; empty where it does not.

    Without a time that can be read nothing can be known: ``strict`` holds it back, else it passes, to be told of.
    """
    uploaded = upload_moment(upload_time)
    if uploaded is None:
        return "the index gives no upload time, which the cooldown needs" if strict else ""
    return f"uploaded {uploaded:%Y-%m-%d}, after {spell(limit)} (cooldown)" if uploaded > limit else ""
