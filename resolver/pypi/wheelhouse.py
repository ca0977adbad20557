"""Wheels on this machine: fetched or built once, held to their hashes, looked through (rules P2, P4, X1).

All of a lock's wheels are here, and fit, before anything is changed; pip gets them as files, so that it downloads
nothing and installs what was looked at. It compares the hashes once more: what changes in between, it refuses.
"""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.files import beside, sha256_of
from resolver.model import HttpNotFound, Outcome
from resolver.pypi import inspection
from resolver.pypi.faults import Fault, WheelFinding, in_words
from resolver.pypi.inspection import Expectation, Inspection

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.model import Lock, Target, Wheel
    from resolver.ports import Cache, Http

_KIND = "inspection"
_AT_A_TIME = 4
_OF_A_BUILD = frozenset({Fault.PTH})
"""What a wheel may have that is there for one build alone. That environment is only ever started to build with it, in
the sandbox; and setuptools has such a file."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}\.whl", re.ASCII)


class GoneError(UnavailableError):
    """The server's word that it does not have a wheel that a lock names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One wheel of a lock that is looked at, and need not be fit."""

    path: Path | None
    """None where the server no longer has it."""
    refused: tuple[WheelFinding, ...] = ()
    """Why it must not be installed."""
    allowed: tuple[WheelFinding, ...] = ()
    """What was found, and what the user lets pass."""


class Wheelhouse:
    """The WheelSource port over a folder. Remembers, for one run, what it has looked through."""

    def __init__(
        self,
        folder: Callable[[], Path],
        http: Callable[[], Http],
        cache: Cache,
        *,
        rebuild: Callable[[Wheel], None],
        others: Sequence[Path] = (),
        allow: frozenset[tuple[str, NormalizedName]] = frozenset(),
        offline: bool = False,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Keep wheels in a folder, by their sha256. ``folder`` and ``http`` are called when they are needed.

        ``rebuild`` builds a wheel anew that a lock has, and gives it to ``keep``; it raises where it is not the same.
        ``others`` are folders of the same kind, from which wheels are copied rather than fetched or built.
        ``allow`` holds what a review lets pass: the fault's value and the project.
        """
        self._folder = folder
        self._http = http
        self._cache = cache
        self._rebuild = rebuild
        self._others = tuple(others)
        self._allow = allow
        self._offline = offline
        self._progress = progress
        self._ready: tuple[Lock, Mapping[NormalizedName, Path]] | None = None

    def obtain(self, lock: Lock) -> Mapping[NormalizedName, Path]:
        """Give the file of each wheel (see the port)."""
        if self._ready is None or self._ready[0] != lock:
            files = self._fetch(lock.wheels, _raise, may_build=True)
            findings = self._look_through(_expected(lock), files, _served(lock))
            refused = {project: left for project in files if (left := self._split(project, findings[project])[0])}
            if refused:
                raise _refusal(lock.wheels, refused, "installed")
            self._ready = (lock, files)
        return self._ready[1]

    def gather(self, lock: Lock, *, may_build: bool) -> None:
        """Have a lock's wheels like ``obtain``, each of them in the folder: one that lies elsewhere is copied to it.

        ``may_build``: the lock is for this host, which can build anew what is not in the cache any more.
        """
        files = self._fetch(lock.wheels, _raise, may_build=may_build)
        for wheel in lock.wheels:
            if files[wheel.project] != self._kept(wheel):
                self._copy(files[wheel.project], wheel)
        self.obtain(lock)

    def for_build(self, wheels: Sequence[Wheel], target: Target) -> Mapping[NormalizedName, Path]:
        """Give the file of each wheel that builds another one, fetched and looked through alike; see ``obtain``."""
        files = self._fetch(wheels, _raise)
        findings = self._look_through([Expectation(wheel=wheel, target=target) for wheel in wheels], files)
        refused = {
            project: left
            for project in files
            if (left := [one for one in self._split(project, findings[project])[0] if one.fault not in _OF_A_BUILD])
        }
        if refused:
            raise _refusal(wheels, refused, "built with")
        return files

    def place(self, wheel: Wheel) -> Path:
        """Say where a wheel is looked for, whether it is there or not."""
        return _path(wheel, self._folder())

    def find(self, wheel: Wheel) -> Path | None:
        """Give the file of a wheel that is here and whole; fetches and builds nothing."""
        path = self.place(wheel)
        return path if _is_whole(path, wheel) else None

    def keep(self, wheel: Wheel, made: Path) -> Path:
        """Copy a wheel that was built to where it is looked for; give that place."""
        return self._copy(made, wheel)

    def look(self, lock: Lock) -> Mapping[NormalizedName, Seen]:
        """Fetch and inspect like ``obtain``, and tell of what that would refuse or what the server no longer has.

        Raises PolicyError for a file that is not the locked one, UnavailableError for one that may still be there.
        """
        gone: dict[NormalizedName, UnavailableError] = {}
        files = self._fetch(lock.wheels, gone.__setitem__)
        for error in gone.values():
            if not isinstance(error, GoneError):
                raise error
        here = [one for one in _expected(lock) if one.wheel.project in files]
        findings = self._look_through(here, files, _served(lock))
        seen = {project: Seen(path=None) for project in gone}
        for project, path in files.items():
            refused, allowed = self._split(project, findings[project])
            seen[project] = Seen(path=path, refused=tuple(refused), allowed=tuple(allowed))
        return seen

    def former(self, wheels: Iterable[Wheel]) -> Mapping[NormalizedName, Path | UnavailableError]:
        """Give the files of wheels that are only compared with, or why they cannot be had. Nothing is inspected.

        Raises PolicyError for a file that is not the locked one.
        """
        missing: dict[NormalizedName, UnavailableError] = {}
        files = self._fetch(tuple(wheels), missing.__setitem__)
        return {**files, **missing}

    # --- fetching ---

    def _fetch(
        self,
        wheels: Sequence[Wheel],
        fail: Callable[[NormalizedName, UnavailableError], None],
        *,
        may_build: bool = False,
    ) -> dict[NormalizedName, Path]:
        """Have the wheels here, and give those that are; ``fail`` is told of the others, and may raise.

        ``may_build``: those that were built elsewhere are built here, too.
        """
        folder = self._folder()
        files = {wheel.project: _path(wheel, folder) for wheel in wheels}
        missing = [wheel for wheel in wheels if not self._is_here(wheel, files)]
        built = [wheel for wheel in missing if wheel.built is not None]
        local = [wheel for wheel in missing if _is_local(wheel)]
        remote = [wheel for wheel in missing if wheel not in built and wheel not in local]
        for wheel in local:
            fail(wheel.project, _not_that_file(wheel, files.pop(wheel.project)))
        if built and not may_build:
            for wheel in built:
                del files[wheel.project]
                fail(wheel.project, _not_built(wheel))
            built = []
        if self._offline:
            remote, built = [*remote, *built], []
        if remote and self._offline:
            names = ", ".join(wheel.filename for wheel in remote)
            error = UnavailableError(
                f"{len(remote)} of {len(wheels)} wheels are not in the cache{self._nor_in_others()}: {names}",
                context="--offline",
                hint="run once without --offline; install --dry-run fetches them, too"
                if not self._others
                else "make the mirror anew where there is a network: distrofirst mirror --lock … -o …",
            )
            for wheel in remote:
                del files[wheel.project]
                fail(wheel.project, error)
        elif remote:
            self._download(remote, files, fail)
        for wheel in built:
            self._rebuild(wheel)
        return files

    def _download(
        self,
        wheels: Sequence[Wheel],
        files: dict[NormalizedName, Path],
        fail: Callable[[NormalizedName, UnavailableError], None],
    ) -> None:
        self._progress(f"fetching {len(wheels)} wheel{'s' if len(wheels) > 1 else ''}")
        http = self._http()
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            jobs = {wheel.project: pool.submit(_download, http, wheel, files[wheel.project]) for wheel in wheels}
            try:
                for project, job in jobs.items():
                    if (lost := job.result()) is not None:
                        del files[project]
                        fail(project, lost)
            finally:
                pool.shutdown(cancel_futures=True)

    def _kept(self, wheel: Wheel) -> Path:
        return self._folder() / wheel.sha256 / wheel.filename

    def _nor_in_others(self) -> str:
        return "".join(f", nor in {folder}" for folder in self._others)

    def _is_here(self, wheel: Wheel, files: dict[NormalizedName, Path]) -> bool:
        """Whether a wheel is where it is looked for, or in another folder, whose copy then is its file."""
        if _is_whole(files[wheel.project], wheel):
            return True
        if (copied := self._from_others(wheel)) is not None:
            files[wheel.project] = copied
        return copied is not None

    def _from_others(self, wheel: Wheel) -> Path | None:
        """Copy a wheel from another folder that has it.

        Raises PolicyError for another file in its place, unless the right one can be fetched.
        """
        for folder in self._others:
            there = folder / wheel.sha256 / wheel.filename
            if _is_whole(there, wheel):
                return self._copy(there, wheel)
            if there.exists() and self._offline:
                raise _changed(there, wheel)
        return None

    def _copy(self, source: Path, wheel: Wheel) -> Path:
        """Copy a wheel into the folder; give its place there. Raises PolicyError where the copy is another file."""
        path = self._kept(wheel)
        _make_folder(path.parent)
        temporary = beside(path)
        try:
            shutil.copyfile(source, temporary)
            if not _is_whole(temporary, wheel):
                # Whoever may write to where it lay could have put another file there since it was looked at.
                raise _changed(source, wheel)
            temporary.replace(path)
        except OSError as error:
            raise CommandError(f"cannot be kept: {error.strerror or error}", context=str(path)) from error
        finally:
            temporary.unlink(missing_ok=True)
        return path

    # --- looking through ---

    def _look_through(
        self,
        expectations: Sequence[Expectation],
        files: Mapping[NormalizedName, Path],
        served: Collection[NormalizedName] = (),
    ) -> dict[NormalizedName, list[WheelFinding]]:
        """Inspect files, each by itself and all together; what the user allows is found as well.

        ``served`` are the projects that the plan takes from the distribution.
        """
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            seen = dict(
                zip(
                    files,
                    pool.map(lambda expected: self._inspect(files[expected.wheel.project], expected), expectations),
                    strict=True,
                )
            )
        common = inspection.shared(seen)
        hiding = inspection.shadows(seen, set(served))
        return {
            project: [*found.findings, *common.get(project, ()), *hiding.get(project, ())]
            for project, found in seen.items()
        }

    def _split(
        self, project: NormalizedName, findings: Iterable[WheelFinding]
    ) -> tuple[list[WheelFinding], list[WheelFinding]]:
        """Part what refuses a wheel from what a review lets pass of it."""
        parts: tuple[list[WheelFinding], list[WheelFinding]] = ([], [])
        for one in findings:
            parts[(one.fault.value, project) in self._allow].append(one)
        return parts

    def _inspect(self, path: Path, expected: Expectation) -> Inspection:
        key = _key(expected)
        known = _load(self._cache.read_json(_KIND, key))
        if known is not None:
            return known
        try:
            with path.open("rb") as stream:
                result = inspection.inspect(stream, expected)
        except OSError as error:
            raise CommandError(f"cannot be read: {error.strerror or error}", context=str(path)) from error
        if not result.findings or all(finding.fault.can_be_allowed for finding in result.findings):
            self._cache.write_json(_KIND, key, _dump(result))
        return result


def _path(wheel: Wheel, folder: Path) -> Path:
    """Give where a wheel lies: pip wants its whole name, and its name may stand for several files."""
    if not _PLAIN_NAME.fullmatch(wheel.filename):
        raise PolicyError(
            f"{wheel.filename!r} is no file name for a wheel",
            context=_without_login(wheel.url),
            hint="do not install it; ask the index's operator what happened to it",
        )
    if _is_local(wheel):
        return Path(unquote(urlsplit(wheel.url).path))
    return folder / wheel.sha256 / wheel.filename


def _expected(lock: Lock) -> list[Expectation]:
    """Give what a lock knows of each of its wheels."""
    projects = {project.name: project for project in lock.projects}
    return [
        Expectation(
            wheel=wheel,
            target=lock.target,
            extras=projects[wheel.project].extras if wheel.project in projects else (),
            depends=projects[wheel.project].depends if wheel.project in projects else None,
        )
        for wheel in lock.wheels
    ]


def _served(lock: Lock) -> set[NormalizedName]:
    return {one.name for one in lock.projects if one.outcome is Outcome.DISTRO}


def _is_local(wheel: Wheel) -> bool:
    """Whether a wheel lies where its URL says; that of one that was built is its source's."""
    return wheel.built is None and wheel.url.startswith("file:")


def _make_folder(folder: Path) -> None:
    try:
        # The cache itself is closed to others; a mirror is there for them.
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot be made: {error.strerror or error}", context=str(folder)) from error


def _not_built(wheel: Wheel) -> UnavailableError:
    return UnavailableError(
        "it was built, and is not in the cache",
        context=wheel.filename,
        hint="install --lock FILE --dry-run builds it, on a host of the lock's release",
    )


def _raise(_: NormalizedName, error: UnavailableError) -> None:
    raise error


def _download(http: Http, wheel: Wheel, path: Path) -> UnavailableError | None:
    """Fetch a wheel; gives why it cannot be had."""
    _make_folder(path.parent)
    try:
        answer = http.download(wheel.url, path, sha256=wheel.sha256, size=wheel.size)
    except UnavailableError as error:
        return error
    if not isinstance(answer, HttpNotFound):
        return None
    return GoneError(
        "the lock names this wheel, and the server does not have it",
        context=_without_login(wheel.url),
        hint="make the lock anew with `distrofirst lock`: the file may have been removed",
    )


def _is_whole(path: Path, wheel: Wheel) -> bool:
    return sha256_of(path) == wheel.sha256


def _changed(path: Path, wheel: Wheel) -> PolicyError:
    return PolicyError(
        f"its sha256 is not {wheel.sha256}, which the lock gives",
        context=str(path),
        hint="find out who changed the file, then make the mirror anew: distrofirst mirror --lock … -o …",
    )


def _not_that_file(wheel: Wheel, path: Path) -> UnavailableError:
    """Say that a file is not there; raises PolicyError where it is, and is another one."""
    if not path.is_file():
        return UnavailableError(f"{wheel.filename} is not there", context=wheel.url, hint="bring the file back")
    raise PolicyError(
        f"its sha256 is not {wheel.sha256}, which the lock gives",
        context=wheel.url,
        hint="find out who changed the file; if it was you, make the lock anew",
    )


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def _refusal(wheels: Sequence[Wheel], refused: Mapping[NormalizedName, list[WheelFinding]], what: str) -> PolicyError:
    names = {wheel.project: wheel.filename for wheel in wheels}
    lines = [f"{len(refused)} of {len(names)} wheels must not be {what}:"]
    for project, findings in refused.items():
        lines.append(f"  {names[project]}")
        lines += [f"    {line}" for line in in_words(findings)]
    reviewable: dict[Fault, list[str]] = {}
    for project, findings in refused.items():
        if all(finding.fault.can_be_allowed for finding in findings):
            for fault in sorted({finding.fault for finding in findings}):
                reviewable.setdefault(fault, []).append(project)
    hint = "nothing was installed; take another release, or ask the project what this is for"
    if reviewable:
        allowed = ", ".join(f"{fault.value} = {json.dumps(projects)}" for fault, projects in reviewable.items())
        hint += f"; what you have read and want all the same: [tool.distrofirst.allow] {allowed}"
    return PolicyError("\n".join(lines), context="inspection", hint=hint)


# What an inspection found, kept under everything that it went by


def _key(expected: Expectation) -> str:
    wheel = expected.wheel
    return json.dumps(
        [
            inspection.FORMAT,
            wheel.sha256,
            wheel.filename,
            wheel.project,
            str(wheel.version),
            sorted(expected.target.environment().items()),
            expected.extras,
            expected.depends,
        ]
    )


def _dump(result: Inspection) -> object:
    return {
        "findings": [[finding.fault.value, finding.detail] for finding in result.findings],
        "placed": dict(result.placed),
    }


def _load(value: object) -> Inspection | None:
    match value:
        case {"findings": list(findings), "placed": dict(placed)}:
            try:
                return Inspection(
                    findings=tuple(WheelFinding(fault=Fault(fault), detail=str(detail)) for fault, detail in findings),
                    placed={str(place): str(digest) for place, digest in placed.items()},
                )
            except (ValueError, TypeError):
                return None
        case _:
            return None
