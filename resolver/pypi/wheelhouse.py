"""The remainder's wheels on this machine: fetched once, held to their hashes, looked through (rules P2, P4, X1).

All of a lock's wheels are here, and fit, before anything is changed; pip gets them as files, so that it downloads
nothing and installs what was looked at. It compares the hashes once more: what changes in between, it refuses.
"""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.model import HttpNotFound, Outcome
from resolver.pypi import inspection
from resolver.pypi.faults import Fault, WheelFinding, in_words
from resolver.pypi.inspection import Expectation, Inspection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging.utils import NormalizedName

    from resolver.model import Lock, Wheel
    from resolver.ports import Cache, Http

_KIND = "inspection"
_AT_A_TIME = 4
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}\.whl", re.ASCII)


class Wheelhouse:
    """The WheelSource port over a folder. Remembers, for one run, what it has looked through."""

    def __init__(
        self,
        folder: Callable[[], Path],
        http: Callable[[], Http],
        cache: Cache,
        *,
        allow: frozenset[tuple[str, NormalizedName]] = frozenset(),
        offline: bool = False,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Keep wheels in a folder, by their sha256. ``folder`` and ``http`` are called when they are needed.

        ``allow`` holds what a review lets pass: the fault's value and the project.
        """
        self._folder = folder
        self._http = http
        self._cache = cache
        self._allow = allow
        self._offline = offline
        self._progress = progress
        self._ready: tuple[Lock, Mapping[NormalizedName, Path]] | None = None

    def obtain(self, lock: Lock) -> Mapping[NormalizedName, Path]:
        """Give the file of each wheel (see the port)."""
        if self._ready is None or self._ready[0] != lock:
            files = self._fetch(lock)
            self._look_through(lock, files)
            self._ready = (lock, files)
        return self._ready[1]

    # --- fetching ---

    def _fetch(self, lock: Lock) -> dict[NormalizedName, Path]:
        folder = self._folder()
        files = {wheel.project: _path(wheel, folder) for wheel in lock.wheels}
        missing = [wheel for wheel in lock.wheels if not _is_whole(files[wheel.project], wheel)]
        local = [wheel for wheel in missing if wheel.url.startswith("file:")]
        if local:
            raise _not_that_file(local[0], files[local[0].project])
        if missing and self._offline:
            names = ", ".join(wheel.filename for wheel in missing)
            raise UnavailableError(
                f"{len(missing)} of {len(lock.wheels)} wheels are not in the cache: {names}",
                context="--offline",
                hint="run once without --offline; install --dry-run fetches them, too",
            )
        if missing:
            self._progress(f"fetching {len(missing)} wheel{'s' if len(missing) > 1 else ''}")
            http = self._http()
            with ThreadPoolExecutor(_AT_A_TIME) as pool:
                jobs = [pool.submit(_download, http, wheel, files[wheel.project]) for wheel in missing]
                try:
                    for job in jobs:
                        job.result()
                finally:
                    pool.shutdown(cancel_futures=True)
        return files

    # --- looking through ---

    def _look_through(self, lock: Lock, files: Mapping[NormalizedName, Path]) -> None:
        """Raise PolicyError, naming every finding of every wheel, unless all are fit or allowed."""
        projects = {project.name: project for project in lock.projects}
        expectations = [
            Expectation(
                wheel=wheel,
                target=lock.target,
                extras=projects[wheel.project].extras if wheel.project in projects else (),
                depends=projects[wheel.project].depends if wheel.project in projects else None,
            )
            for wheel in lock.wheels
        ]
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            seen = dict(
                zip(
                    files,
                    pool.map(lambda expected: self._inspect(files[expected.wheel.project], expected), expectations),
                    strict=True,
                )
            )
        refused: dict[NormalizedName, list[WheelFinding]] = {}
        common = inspection.shared(seen)
        hiding = inspection.shadows(seen, {one.name for one in lock.projects if one.outcome is Outcome.DISTRO})
        for project, seen_there in seen.items():
            findings = [*seen_there.findings, *common.get(project, ()), *hiding.get(project, ())]
            if left := [one for one in findings if (one.fault.value, project) not in self._allow]:
                refused[project] = left
        if refused:
            raise _refusal(lock, refused)

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
    if wheel.url.startswith("file:"):
        return Path(unquote(urlsplit(wheel.url).path))
    return folder / wheel.sha256 / wheel.filename


def _download(http: Http, wheel: Wheel, path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot be made: {error.strerror or error}", context=str(path.parent)) from error
    if isinstance(http.download(wheel.url, path, sha256=wheel.sha256, size=wheel.size), HttpNotFound):
        raise UnavailableError(
            "the lock names this wheel, and the server does not have it",
            context=_without_login(wheel.url),
            hint="make the lock anew with `distrofirst lock`: the file may have been removed",
        )


def _is_whole(path: Path, wheel: Wheel) -> bool:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == wheel.sha256
    except OSError:
        return False


def _not_that_file(wheel: Wheel, path: Path) -> PolicyError | UnavailableError:
    if not path.is_file():
        return UnavailableError(f"{wheel.filename} is not there", context=wheel.url, hint="bring the file back")
    return PolicyError(
        f"its sha256 is not {wheel.sha256}, which the lock gives",
        context=wheel.url,
        hint="find out who changed the file; if it was you, make the lock anew",
    )


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def _refusal(lock: Lock, refused: Mapping[NormalizedName, list[WheelFinding]]) -> PolicyError:
    names = {wheel.project: wheel.filename for wheel in lock.wheels}
    lines = [f"{len(refused)} of {len(names)} wheels must not be installed:"]
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
