"""What dpkg and rpm know of installed OS packages' files: changed, gone, since when (``resolver.ports.PackageFiles``).

``dpkg --verify`` and ``rpm --verify`` print alike: nine or so letters a file, of which 5 says that its content is
another; neither names the OS package, so they are asked whose the files are, where there are any.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import CommandError
from resolver.hosts.debian import installed_versions
from resolver.hosts.rpm_database import installed_builds
from resolver.model import AlteredFile, Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from resolver.ports import Runner

_LINE = re.compile(r"^(?P<state>[.?A-Z0-9]{8,}|missing) +(?:(?P<kind>[a-z]) )?(?P<path>/.*)$", re.MULTILINE)
_UNREADABLE = re.compile(r" \([A-Z][a-z ]+\)$")
"""What follows the path of a file that could not be looked at."""
_LEFT_OUT = re.compile(r"/usr/share/(?:doc|info|lintian|locale|man)(?:/|$)")
"""What small installations leave out on purpose (dpkg's path-exclude, dnf's tsflags=nodocs)."""
_LOGGED = re.compile(
    r"^(?P<when>\S+ \d\d:\d\d):\d\d (?:install|upgrade|remove|purge) (?P<name>[^ :]+)(?::(?P<architecture>\S+))? ",
    re.MULTILINE,
)
"""A line of dpkg's log: ``2026-11-24 11:16:33 upgrade python3-flask:all 2.2.2-3 2.2.2-4``."""
DPKG_LOGS = (Path("/var/log/dpkg.log.1"), Path("/var/log/dpkg.log"))


class DpkgFiles:
    """On a Debian or Ubuntu host."""

    def __init__(self, runner: Runner, architecture: str, *, logs: Iterable[Path] = DPKG_LOGS) -> None:
        """Take the host's architecture, and dpkg's logs, the older ones first."""
        self._runner = runner
        self._architecture = architecture
        self._logs = logs

    def altered(self, names: Iterable[str]) -> tuple[AlteredFile, ...]:
        """Ask dpkg."""
        there = sorted(installed_versions(self._runner, names, self._architecture))
        if not there:
            return ()
        command = Command(argv=("dpkg", "--verify", "--", *there), purpose="compare files with what dpkg knows of them")
        done = self._runner.run(command)
        # 1 says that there are differences, from dpkg 1.22.11 on.
        if done.returncode not in {0, 1}:
            raise CommandError(f"dpkg cannot compare files: {done.stderr.strip()}", context="dpkg --verify")
        files = read_differences(done.stdout)
        if not files:
            return ()
        owners = self._runner.run(Command(argv=("dpkg", "--search", *files), purpose="see whose files those are"))
        owner = dict(reversed(line.partition(": ")[::2]) for line in owners.stdout.splitlines())
        return _named(files, {path: names.partition(",")[0] for path, names in owner.items()})

    def changed_at(self, names: Iterable[str]) -> Mapping[str, str]:
        """Read dpkg's log."""
        wanted = set(names)
        found = {}
        for log in self._logs:
            try:
                text = log.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            for line in _LOGGED.finditer(text):
                native = line["architecture"] in {None, "all", self._architecture}
                key = line["name"] if native else f"{line['name']}:{line['architecture']}"
                if key in wanted:
                    found[key] = line["when"]
        return found

    def repair(self, name: str) -> Command:
        """Give the command."""
        return Command(argv=("apt-get", "install", "--reinstall", name), privileged=True)


class RpmFiles:
    """On a host with dnf5, dnf4 or zypper."""

    def __init__(self, runner: Runner, architecture: str, *, reinstall: tuple[str, ...]) -> None:
        """Take the host's architecture, and how its tool is told to install something again."""
        self._runner = runner
        self._architecture = architecture
        self._reinstall = reinstall

    def altered(self, names: Iterable[str]) -> tuple[AlteredFile, ...]:
        """Ask rpm; what it needs besides is the tool's business."""
        there = sorted(installed_builds(self._runner, names, self._architecture))
        if not there:
            return ()
        argv = ("rpm", "--verify", "--nodeps", "--noscripts", *(name.partition(":")[0] for name in there))
        files = read_differences(
            self._runner.run(Command(argv=argv, purpose="compare files with what rpm knows of them")).stdout
        )
        owner = {}
        for path in files:
            argv = ("rpm", "--query", "--file", "--queryformat", "%{NAME}\\n", path)
            done = self._runner.run(Command(argv=argv, purpose="see whose file that is"))
            owner[path] = done.stdout.partition("\n")[0]
        return _named(files, owner)

    def changed_at(self, names: Iterable[str]) -> Mapping[str, str]:
        """Ask rpm, which forgets what was removed."""
        wanted = sorted(set(names))
        if not wanted:
            return {}
        argv = ("rpm", "--query", "--queryformat", "%{NAME}\\t%{INSTALLTIME}\\n", *wanted)
        lines = self._runner.run(Command(argv=argv, purpose="see when those were installed")).stdout.splitlines()
        rows = (line.split("\t") for line in lines if "\t" in line)
        return {name: f"{datetime.fromtimestamp(int(when), UTC):%Y-%m-%d %H:%M} UTC" for name, when in rows}

    def repair(self, name: str) -> Command:
        """Give the command."""
        return Command(argv=(*self._reinstall, name), privileged=True)


def read_differences(output: str) -> dict[str, bool]:
    """Read what either prints: the paths of files of another content, and of those that are gone (True)."""
    found = {}
    for line in _LINE.finditer(output):
        path, missing = line["path"], line["state"] == "missing"
        is_code = path.endswith(".py")
        if _LEFT_OUT.match(path) or (line["kind"] and not is_code) or (missing and _UNREADABLE.search(path)):
            continue
        if missing or "5" in line["state"] or "L" in line["state"]:
            found[path] = missing
    return found


def _named(files: Mapping[str, bool], owner: Mapping[str, str]) -> tuple[AlteredFile, ...]:
    return tuple(
        AlteredFile(package=owner.get(path, ""), path=path, missing=missing) for path, missing in sorted(files.items())
    )
