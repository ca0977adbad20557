"""What Fedora, Enterprise Linux and SUSE say of their own OS packages (``resolver.ports.OsAdvisories``).

``dnf advisory list`` and ``zypper list-patches`` compare with what is installed, and answer with nothing as well where
no repository has an advisory: CentOS Stream publishes none. A lock's builds need not be installed, and nothing is not
clean (rule T2). So the updateinfo that the tools have fetched and verified is read itself, rpm compares the EVRs, and
a repository that nobody publishes advisories for is told as not checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resolver.errors import CommandError, UnavailableError
from resolver.hosts import changelogs
from resolver.hosts.rpm_database import installed_builds, rank_evrs, spelled
from resolver.model import Command, Unchecked
from resolver.model.audit import Advisory, Fix, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from resolver.hosts.rpm_tools import RpmTool
    from resolver.model import OsPackage, RpmNotice, RpmRepository
    from resolver.ports import Runner

_OWN = re.compile(
    r"(?:almalinux\d*-)?(?:baseos|appstream|crb|extras|powertools|devel|highavailability)|rhel-.*"
    r"|fedora|updates|(?:opensuse:)?repo-[a-z-]*"
)
"""The ids that the distributions give to their own repositories."""
_MODULAR = re.compile(r"\.module[+_]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Updates:
    """What one repository publishes."""

    repository: RpmRepository
    notices: tuple[RpmNotice, ...] | None
    """None where it publishes no updateinfo."""


class RpmAdvisories:
    """``resolver.ports.OsAdvisories`` on an RPM host."""

    def __init__(
        self,
        runner: Runner,
        tool: RpmTool,
        architecture: str,
        updates: Callable[[], Sequence[Updates]],
        *,
        offline: bool = False,
    ) -> None:
        """Take what reads the repositories' updateinfo; it is called once, and may raise UnavailableError."""
        self._runner = runner
        self._tool = tool
        self._architecture = architecture
        self._read = updates
        self._updates: Sequence[Updates] | None = None
        self._offline = offline

    def known(self, packages: Sequence[OsPackage]) -> Mapping[str, Known | Unchecked]:
        """Compare each build with those that the advisories name."""
        try:
            updates = self._all()
            return {package.name: self._of(package, updates) for package in packages}
        except (UnavailableError, CommandError) as error:
            why = Unchecked(why=f"the repositories' advisories cannot be read: {error}", next_step=error.hint)
            return {package.name: why for package in packages}

    def sources(self, packages: Sequence[OsPackage]) -> Mapping[str, tuple[str, str]]:
        """Give the OS packages themselves, which rpm distributions' advisories name; only the distribution's own."""
        try:
            own = {
                word
                for one in self._all()
                if _OWN.fullmatch(one.repository.id.lower())
                for word in (one.repository.id, one.repository.name)
            }
        except (UnavailableError, CommandError):
            return {}
        return {package.name: (package.name, package.version) for package in packages if package.repository in own}

    def rank(self, groups: Sequence[Sequence[str]]) -> list[list[int]]:
        """Let rpm compare."""
        return rank_evrs(self._runner, groups)

    def fixes(self, package: OsPackage, cves: frozenset[str]) -> tuple[Fix, ...] | Unchecked:
        """Look for an advisory that this build has behind it, then search its changelog."""
        try:
            told = self._published(package, cves)
        except (UnavailableError, CommandError):
            told = {}
        rest = cves - told.keys()
        if rest:
            text = self._changelog(package)
            if text is None and not told:
                return Unchecked(why=f"the changelog of {package.name} {package.version} is not at hand")
            told |= {fix.cve: fix for fix in changelogs.fixes(text or "", rest, package.version)}
        return tuple(told[cve] for cve in sorted(told))

    def _all(self) -> Sequence[Updates]:
        if self._updates is None:
            self._updates = self._read()
        return self._updates

    def _of(self, package: OsPackage, updates: Sequence[Updates]) -> Known | Unchecked:
        affecting = {
            notice.id: Advisory(
                id=notice.id,
                aliases=notice.cves,
                fixed=(evr,),
                note=notice.severity.lower(),
            )
            for notice, evr, newer in self._about(package, updates)
            if newer
        }
        speakers = _speakers(package, updates)
        if not speakers and not affecting:
            return Unchecked(
                why=f"no repository here publishes advisories for {package.repository or package.name}",
                next_step="name a database in OSV's format that has the distribution's advisories: --advisories DIR",
            )
        return Known(
            advisories=tuple(affecting[key] for key in sorted(affecting)),
            source=f"updateinfo of {', '.join(speakers)}" if speakers else "updateinfo",
            complete=False,
        )

    def _about(self, package: OsPackage, updates: Sequence[Updates]) -> list[tuple[RpmNotice, str, bool]]:
        """Give the notices that name a build of this OS package, the build's EVR, and whether it is newer."""
        named = [
            (notice, spelled(evr))
            for one in updates
            for notice in one.notices or ()
            for name, architecture, evr in notice.builds
            if name == package.name
            and architecture in {package.architecture, "noarch", self._architecture}
            # A module's stream counts by itself: its builds are no updates of others of that name.
            and bool(_MODULAR.search(evr)) == bool(_MODULAR.search(package.version))
        ]
        if not named:
            return []
        own, *others = self.rank([[spelled(package.version), *(evr for _, evr in named)]])[0]
        return [(notice, evr, rank > own) for (notice, evr), rank in zip(named, others, strict=True)]

    def _published(self, package: OsPackage, cves: frozenset[str]) -> dict[str, Fix]:
        found: dict[str, Fix] = {}
        for notice, evr, newer in self._about(package, self._all()):
            for cve in cves.intersection(notice.cves):
                if not newer:
                    found.setdefault(cve, Fix(cve=cve, version=evr, source=notice.id))
        return found

    def _changelog(self, package: OsPackage) -> str | None:
        """Read it from rpm's database where exactly this build is installed, else from dnf's metadata."""
        build = f"{package.name}-{package.version}.{package.architecture}"
        try:
            if installed_builds(self._runner, [package.name], self._architecture).get(package.name) == spelled(
                package.version
            ):
                argv: tuple[str, ...] = ("rpm", "--query", "--changelog", package.name)
            elif self._tool == "zypper":
                return None  # has no command for it
            else:
                argv = (self._tool, "-y", *(("--cacheonly",) if self._offline else ()))
                argv = (*argv, "repoquery", "--changelogs", build)
            done = self._runner.run(Command(argv=argv, purpose=f"read the changelog of {package.name}"))
        except (CommandError, UnavailableError):
            return None
        return done.stdout if done.returncode == 0 and done.stdout.strip() else None


def _speakers(package: OsPackage, updates: Iterable[Updates]) -> list[str]:
    """Name the repositories whose advisories speak of an OS package: its own, else where its fixes come from.

    Fedora and openSUSE publish updates of one repository in another. Anybody else's says nothing of its packages.
    """
    listed = list(updates)
    own = {one.repository.id for one in listed if package.repository in {one.repository.id, one.repository.name}}
    return sorted(
        one.repository.id
        for one in listed
        if one.notices is not None
        and (one.repository.id in own or any(_updates_of(name, one.repository.id) for name in own))
    )


def _updates_of(own: str, other: str) -> bool:
    """Tell whether a repository is where the fixes of another come from, by the names that the distributions give."""
    if own == "fedora":
        return other == "updates"
    name, update = own.rpartition(":")[2], other.rpartition(":")[2]
    return name in {"repo-oss", "repo-non-oss"} and update in {
        "repo-backports-update", "repo-sle-update", "repo-update", "repo-update-non-oss",
    }  # fmt: skip
