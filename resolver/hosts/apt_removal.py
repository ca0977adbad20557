"""Taking OS packages away again on Debian and Ubuntu: simulated by apt, then one ``apt-get purge`` (rules X3, X4).

Purged rather than removed, for dpkg lists a package whose settings are left behind, and it was not listed before.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.hosts.apt_failures import failure_of
from resolver.hosts.debian import installed_versions
from resolver.model import Command
from resolver.model.acting import HOLD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from resolver.ports import Runner

_PURGE = (
    "apt-get",
    "purge",
    "-y",
    "-q",
    # What apt thinks that nobody needs any more may be older than anything of ours.
    "--no-auto-remove",
    "-o", "APT::Get::allow-remove-essential=false",
    "-o", "APT::Get::allow-change-held-packages=false",
    "-o", "DPkg::Lock::Timeout=60",
    "-o", "Dpkg::Use-Pty=0",
)  # fmt: skip
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}

_UPDATES = Path("/var/lib/dpkg/updates")

_HOLDS = "The following held packages will be changed:"
_GONE = re.compile(r"^(?:Purg|Remv) (?P<name>\S+) ", re.MULTILINE)
"""A line of ``apt-get --simulate``: ``Purg NAME [VERSION]``, apt-get(8)."""


class AptRemover:
    """``resolver.ports.PackageRemover`` on a Debian or Ubuntu host."""

    def __init__(self, runner: Runner, architecture: str, *, updates: Path = _UPDATES) -> None:
        """Take the host's architecture: OS packages of another one are named with it; and dpkg's folder of notes."""
        self._updates = updates
        self._runner = runner
        self._architecture = architecture

    def installed(self, names: Iterable[str]) -> Mapping[str, str]:
        """Give the exact versions of those that are there, be it in part: all that dpkg would list."""
        return installed_versions(self._runner, names, self._architecture, in_part=True)

    def interrupted(self) -> tuple[Command, ...]:
        """Look where dpkg notes what it is at, as apt does, which refuses to work as long as something is there.

        The command does no more than apt itself does after every transaction.
        """
        try:
            noted = any(entry.name.isdecimal() for entry in self._updates.iterdir())
        except OSError:
            return ()
        command = Command(
            argv=("dpkg", "--force-confdef", "--force-confold", "--configure", "--pending"),
            privileged=True,
            environment=_QUIET,
            purpose="finish what was interrupted",
        )
        return (command,) if noted else ()

    def would_go(self, names: Iterable[str]) -> frozenset[str]:
        """Have apt simulate it; what is held (apt-mark(8)) it then names, and the real run would refuse."""
        told = ("-o", "APT::Get::allow-change-held-packages=true")
        command = Command(
            argv=(*_PURGE, *told, "--simulate", *sorted(names)),
            environment=_QUIET,
            purpose="simulate removing OS packages",
        )
        done = self._runner.run(command)
        if done.returncode != 0:
            raise failure_of(command, done)
        gone = frozenset(found["name"] for found in _GONE.finditer(done.stdout))
        return gone | {HOLD} if _HOLDS in done.stdout else gone

    def removal(self, names: Iterable[str]) -> Command:
        """Give the one command."""
        return Command(
            argv=(*_PURGE, *sorted(names)), privileged=True, environment=_QUIET, purpose="remove OS packages"
        )

    def remove(self, command: Command) -> None:
        """Run it, its output passed on."""
        done = self._runner.stream(command)
        if done.returncode != 0:
            raise failure_of(command, done)
