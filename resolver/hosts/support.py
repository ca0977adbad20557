"""Who looks after the OS packages of this host, as far as the host knows: origin, component, security support (T2).

Debian's team supports main; which of its source packages it supports in part or no longer is told by the lists of the
OS package debian-security-support (its check-support-status reads the same), and until when a release is supported by
distro-info-data. Ubuntu's team supports main and restricted; universe and multiverse are Ubuntu Pro's (esm-apps), which
``pro security-status`` knows of. RPM hosts know their release's end, where os-release(5) has SUPPORT_END. Whatever
else is asked is not checked, and says why.
"""

from __future__ import annotations

import csv
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from resolver.errors import CommandError
from resolver.model import Backing, Command, Support

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from resolver.model import OsPackage, Release
    from resolver.ports import Runner

LISTS: Final = Path("/usr/share/debian-security-support")
CALENDAR: Final = Path("/usr/share/distro-info")

_REPOSITORY = re.compile(r"(?P<origin>.+) (?P<suite>[^ /]+)/(?P<component>[^ ]+)")
"""``Debian trixie-security/main``, as ``apt_dump`` names a repository."""
_OF_UBUNTU = frozenset({"main", "restricted"})
_LISTED = re.compile(r"(?P<pattern>\S+)\s*(?P<rest>.*)")
_ENDED = re.compile(r"\S+\s+(?P<date>\d{4}-\d\d-\d\d)\s*(?P<why>.*)")

_Answer = tuple[Support, str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class DebianSupport:
    """What a Debian or Ubuntu host knows of its OS packages."""

    release: Release
    sources: Callable[[Sequence[OsPackage]], Mapping[str, str]]
    """Gives the source package of each, by the OS package's name, as far as it is known."""
    runner: Runner
    today: date
    lists: Path = LISTS
    calendar: Path = CALENDAR

    def of(self, packages: Sequence[OsPackage]) -> Mapping[str, Backing]:
        """Tell who stands behind each of the OS packages, by its name. Nothing raises: what is missing is a reason."""
        parts = {package.name: parted(package.repository) for package in packages}
        own = self.release.distribution
        ours = [one for one in packages if parts[one.name][0].lower() == own]
        answers = self._debian(ours, parts) if own == "debian" else self._ubuntu(ours, parts)
        found = {}
        for package in packages:
            origin, _, component = parts[package.name]
            support, detail = answers.get(package.name) or (
                Support.NOT_CHECKED,
                f"{origin} is not {own.capitalize()}, and nobody tells here what it supports",
            )
            found[package.name] = Backing(origin=origin, component=component, support=support, detail=detail)
        return found

    def _debian(
        self, packages: Sequence[OsPackage], parts: Mapping[str, tuple[str, str, str | None]]
    ) -> dict[str, _Answer]:
        answers: dict[str, _Answer] = {}
        of_main = []
        for package in packages:
            _, suite, component = parts[package.name]
            if component != "main":
                answers[package.name] = (Support.ENDED, f"Debian's security team supports main alone, not {component}")
            elif suite.endswith("-backports"):
                answers[package.name] = (Support.LIMITED, "backports are looked after by whoever uploads them")
            else:
                of_main.append(package)
        general = self._of_release()
        try:
            limited = list(_listed(self.lists / "security-support-limited"))
            ended = list(_listed(self.lists / f"security-support-ended.deb{self.release.version}"))
        except OSError:
            also = f"; the release: {general[1]}" if general[0] is Support.LIMITED else ""
            missing = (Support.NOT_CHECKED, f"debian-security-support is not installed{also}")
            # Lists of exceptions say nothing of a release that nobody supports.
            return answers | dict.fromkeys(
                (one.name for one in of_main), general if general[0] is Support.ENDED else missing
            )
        sources = self.sources(of_main) if of_main and general[0] is not Support.ENDED else {}
        for package in of_main:
            source = sources.get(package.name)
            if general[0] is Support.ENDED:
                answers[package.name] = general
            elif source is None:
                answers[package.name] = (Support.NOT_CHECKED, "its source package is not known")
            else:
                answers[package.name] = self._of_source(source, ended, limited) or general
        return answers

    def _of_source(
        self, source: str, ended: Sequence[tuple[str, str]], limited: Sequence[tuple[str, str]]
    ) -> _Answer | None:
        """Look a source package up in the lists of exceptions."""
        for pattern, rest in ended:
            match = _ENDED.match(rest)
            if _fits(pattern, source) and match is not None and match["date"] <= self.today.isoformat():
                return Support.ENDED, f"ended on {match['date']}: {match['why']}".rstrip(": ")
        for pattern, rest in limited:
            if _fits(pattern, source):
                return Support.LIMITED, rest or None
        return None

    def _ubuntu(
        self, packages: Sequence[OsPackage], parts: Mapping[str, tuple[str, str, str | None]]
    ) -> dict[str, _Answer]:
        general = self._of_release()
        others = [one for one in packages if parts[one.name][2] not in _OF_UBUNTU]
        by_pro = self._pro() if others and general[0] is not Support.ENDED else general
        return {one.name: by_pro if one in others else general for one in packages}

    def _pro(self) -> _Answer:
        try:
            done = self.runner.run(
                Command(argv=("pro", "security-status", "--format", "json"), purpose="ask Ubuntu Pro what it covers")
            )
            services = json.loads(done.stdout)["summary"]["ua"]["enabled_services"]
        except CommandError:
            return Support.NOT_CHECKED, "pro is not installed"
        except (ValueError, KeyError, TypeError):
            return Support.NOT_CHECKED, "pro security-status does not say what is enabled"
        if "esm-apps" in services:
            return Support.SUPPORTED, "Ubuntu Pro (esm-apps)"
        return Support.LIMITED, "universe has security fixes for all with Ubuntu Pro alone (pro enable esm-apps)"

    def _of_release(self) -> _Answer:
        """Tell what holds for a whole release today."""
        path = self.calendar / f"{self.release.distribution}.csv"
        row: dict[str, str] | None = None
        with suppress(OSError, csv.Error, UnicodeDecodeError), path.open(encoding="utf-8", newline="") as stream:
            row = next((one for one in csv.DictReader(stream) if one.get("series") == self.release.codename), None)
        if row is None:
            return Support.NOT_CHECKED, "until when the release is supported is not known (distro-info-data)"
        today = self.today.isoformat()
        if not row.get("release") or row["release"] > today:
            return Support.NOT_CHECKED, f"{self.release} is not released, and has no security support of its own"
        end, longer = row.get("eol") or "", row.get("eol-lts") or ""
        if today <= end:
            return Support.SUPPORTED, None
        if today <= longer:
            return Support.LIMITED, f"since {end} by the LTS team, until {longer}"
        return Support.ENDED, f"{self.release} is not supported any more, since {longer or end or 'long ago'}"


def of_rpm(
    packages: Sequence[OsPackage], release: Release, os_release: Mapping[str, str], today: date
) -> Mapping[str, Backing]:
    """Tell of an RPM host's OS packages what os-release(5) tells of them all."""
    end = os_release.get("SUPPORT_END", "")
    if end and end < today.isoformat():
        answer: _Answer = (Support.ENDED, f"{release} is not supported any more, since {end}")
    elif end:
        answer = (
            Support.NOT_CHECKED,
            f"{release} is supported until {end}; what of its repositories belongs to that is not told",
        )
    else:
        answer = (Support.NOT_CHECKED, f"{release} does not tell until when it is supported")
    return {
        one.name: Backing(origin=one.repository, component=None, support=answer[0], detail=answer[1])
        for one in packages
    }


def unasked(packages: Sequence[OsPackage], release: Release, *, is_debian: bool) -> Mapping[str, Backing]:
    """Say of the OS packages of another release than this host's what their repositories' names tell."""
    why = f"a host of {release} would know"
    found = {}
    for package in packages:
        origin, _, component = parted(package.repository) if is_debian else (package.repository, "", None)
        found[package.name] = Backing(origin=origin, component=component, support=Support.NOT_CHECKED, detail=why)
    return found


def parted(repository: str) -> tuple[str, str, str | None]:
    """Part the name of an apt repository into origin, suite and component."""
    match = _REPOSITORY.fullmatch(repository)
    return (match["origin"], match["suite"], match["component"]) if match else (repository, "", None)


def _listed(path: Path) -> Iterator[tuple[str, str]]:
    """Give the pattern of each line, and what follows. Raises OSError where there is no such list."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _LISTED.match(line)
        if match is not None and not line.startswith("#"):
            yield match["pattern"], match["rest"].strip()


def _fits(pattern: str, source: str) -> bool:
    """Match as check-support-status does: a pattern for the whole name."""
    try:
        return re.fullmatch(pattern, source) is not None
    except re.error:
        return pattern == source
