"""What Debian says of its own OS packages: debsecan's data, changelogs (``resolver.ports.OsAdvisories``).

debsecan looks at a dpkg status file. It is given one of our own, which has the builds of the lock, installed or not.
It tells of vulnerabilities without a fix as well. Its administrator's whitelist is left out: what somebody has decided
to live with is still a vulnerability. Ubuntu has no such data; an advisory database on disk may.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import CommandError, UnavailableError
from resolver.hosts import changelogs
from resolver.model import Command, Unchecked
from resolver.model.audit import Advisory, Known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from resolver.model import OsPackage, Release
    from resolver.model.audit import Fix
    from resolver.ports import Runner

_SYSTEM_PYTHON = "/usr/bin/python3"
_DOCUMENTATION = Path("/usr/share/doc")
_LARGEST = 1 << 25
"""Bytes of a changelog, unpacked; the linux package's are a tenth of that."""
_FOUND = re.compile(r"^(?P<bug>\S+) (?P<package>\S+)(?: \((?P<note>[^()]*)\))?$")
"""A line of debsecan's summary: ``CVE-2023-32681 python3-requests (fixed, remotely exploitable, medium urgency)``."""
_RANK = """\
import apt_pkg, functools, json, sys
apt_pkg.init_system()
key = functools.cmp_to_key(apt_pkg.version_compare)
answer = []
for group in json.load(sys.stdin):
    ranks, rank, last = {}, -1, None
    for version in sorted(set(group), key=key):
        if last is None or apt_pkg.version_compare(last, version):
            rank += 1
        ranks[version], last = rank, version
    answer.append([ranks[version] for version in group])
json.dump(answer, sys.stdout)
"""


class DebianAdvisories:
    """``resolver.ports.OsAdvisories`` on a Debian or Ubuntu host."""

    def __init__(
        self, runner: Runner, release: Release, *, offline: bool = False, documentation: Path = _DOCUMENTATION
    ) -> None:
        """Take the host's release; ``offline`` keeps debsecan and apt from downloading."""
        self._runner = runner
        self._release = release
        self._offline = offline
        self._documentation = documentation
        self._stanzas: dict[tuple[str, str], Mapping[str, str]] = {}

    def known(self, packages: Sequence[OsPackage]) -> Mapping[str, Known | Unchecked]:
        """Ask debsecan, once for all."""
        ours = [package for package in packages if self._is_distributions(package)]
        foreign = {
            package.name: Unchecked(
                why=f"{package.repository} is not {self._release.distribution}'s own archive"
                if package.repository
                else f"no source of apt's has {package.name}, so whose it is is not known"
            )
            for package in packages
            if package not in ours
        }
        sources = self.sources(ours)
        unknown = {
            package.name: Unchecked(
                why=f"neither dpkg nor apt knows the source of {package.name} {package.version}",
                next_step="run apt-get update, or make the lock anew",
            )
            for package in ours
            if package.name not in sources
        }
        asked = [package for package in ours if package.name in sources]
        answer = self._debsecan(asked, sources) if asked else {}
        if isinstance(answer, Unchecked):
            return {**foreign, **unknown, **{package.name: answer for package in asked}}
        return {
            **foreign,
            **unknown,
            **{
                package.name: Known(advisories=tuple(answer.get(package.name, ())), source="debsecan")
                for package in asked
            },
        }

    def sources(self, packages: Sequence[OsPackage]) -> Mapping[str, tuple[str, str]]:
        """Read them from apt's records, which hold what is installed as well; only the distribution's own packages."""
        ours = [package for package in packages if self._is_distributions(package)]
        self._read_records(ours)
        found = {}
        for package in ours:
            record = self._stanzas.get((package.name, package.version))
            if record is not None:
                name, _, rest = record.get("Source", package.name).partition(" ")
                found[package.name] = name, rest.strip("()") or package.version
        return found

    def rank(self, groups: Sequence[Sequence[str]]) -> list[list[int]]:
        """Let python-apt compare, in one process."""
        done = self._runner.run(
            Command(
                argv=(_SYSTEM_PYTHON, "-I", "-c", _RANK),
                stdin=json.dumps([list(group) for group in groups]),
                purpose="let apt compare versions",
            )
        )
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise UnavailableError(f"apt cannot compare versions: {said}", hint="install the OS package python3-apt")
        ranks: list[list[int]] = json.loads(done.stdout)
        return ranks

    def fixes(self, package: OsPackage, cves: frozenset[str]) -> tuple[Fix, ...] | Unchecked:
        """Search the installed changelog, else the one that the archive's server has."""
        text = self._installed_changelog(package)
        if text is None and not self._offline:
            argv = ("apt-get", "changelog", "-qq", f"{package.name}={package.version}")
            # apt refuses to be a pager's source without an environment for one.
            done = self._run(argv, f"read the changelog of {package.name}", PAGER="cat")
            text = done or None
        if text is None:
            return Unchecked(why=f"the changelog of {package.name} {package.version} is not at hand")
        return changelogs.fixes(text, cves, package.version)

    def _is_distributions(self, package: OsPackage) -> bool:
        """Tell whether Debian speaks for a package: its data says nothing of anybody else's, not even that."""
        return package.repository.lower().startswith(self._release.distribution)

    def _debsecan(
        self, packages: Sequence[OsPackage], sources: Mapping[str, tuple[str, str]]
    ) -> dict[str, list[Advisory]] | Unchecked:
        if self._release.distribution != "debian":
            return Unchecked(
                why=f"{self._release.distribution} has no data that debsecan reads",
                next_step="name a database in OSV's format that has its advisories: --advisories DIR",
            )
        if self._offline:
            return Unchecked(why="debsecan downloads what it knows", next_step="run once without --offline")
        with tempfile.TemporaryDirectory() as scratch:
            status = Path(scratch, "status")
            status.write_text("".join(_stanza(package, sources[package.name]) for package in packages))
            argv = (
                *("debsecan", "--suite", self._release.codename or self._release.version),
                *("--status", str(status), "--whitelist", str(Path(scratch, "none"))),
                *("--format", "summary"),
            )
            try:
                done = self._runner.run(Command(argv=argv, purpose="look for known vulnerabilities"))
            except CommandError:
                return Unchecked(why="debsecan is not installed", next_step="install it: apt-get install debsecan")
        if done.returncode != 0:
            said = "; ".join(line.removeprefix("error: ") for line in done.stderr.strip().splitlines())
            return Unchecked(
                why=f"debsecan fails: {said or 'it said nothing'}",
                next_step="see that its data can be fetched, from where SOURCE in /etc/default/debsecan says",
            )
        return read_summary(done.stdout)

    def _read_records(self, packages: Sequence[OsPackage]) -> None:
        wanted = sorted({f"{package.name}={package.version}" for package in packages})
        if not wanted or all((package.name, package.version) in self._stanzas for package in packages):
            return
        for stanza in self._run(("apt-cache", "show", "--", *wanted), "find source packages").split("\n\n"):
            record = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
            self._stanzas[record.get("Package", ""), record.get("Version", "")] = record

    def _installed_changelog(self, package: OsPackage) -> str | None:
        """Read the changelog on disk, if it is the one of this very build."""
        folder = self._documentation / package.name
        for name in ("changelog.Debian.gz", "changelog.gz", f"changelog.Debian.{package.architecture}.gz"):
            try:
                with gzip.open(folder / name) as file:
                    text = file.read(_LARGEST).decode(errors="replace")
            except (OSError, EOFError):
                continue
            # The first entry is of the source's version, which a binary rebuild (+b1) leaves alone.
            first = text.partition("\n")[0]
            if f"({re.sub(r'[+]b[0-9]+$', '', package.version)})" in first:
                return text
        return None

    def _run(self, argv: tuple[str, ...], purpose: str, **environment: str) -> str:
        try:
            return self._runner.run(Command(argv=argv, purpose=purpose, environment=environment)).stdout
        except CommandError:
            return ""


def read_summary(output: str) -> dict[str, list[Advisory]] | Unchecked:
    """Read debsecan's summary, by OS package; Unchecked where a line is none of its own."""
    found: dict[str, list[Advisory]] = {}
    for line in filter(str.strip, output.splitlines()):
        match = _FOUND.match(line)
        if match is None:
            return Unchecked(why=f"debsecan says what is not understood: {line!r}")
        note = (match["note"] or "").replace("fixed", "fixed by an update", 1)
        found.setdefault(match["package"], []).append(Advisory(id=match["bug"], note=note))
    return {name: sorted(advisories, key=lambda advisory: advisory.id) for name, advisories in found.items()}


def _stanza(package: OsPackage, source: tuple[str, str]) -> str:
    name, version = source
    return (
        f"Package: {package.name}\nStatus: install ok installed\nArchitecture: {package.architecture}\n"
        f"Source: {name} ({version})\nVersion: {package.version}\n\n"
    )
