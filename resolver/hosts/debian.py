"""The acting side on Debian and Ubuntu: one apt transaction with exact versions (rules X1, X3).

What is to be done is worked out in three steps, none of which changes anything or needs root:

1. dpkg tells what is installed; what is not there at exactly the locked version is asked for.
2. apt simulates that. A version that is gone, a hold, a downgrade or a removal ends the plan here.
3. The space that the packages take is compared with what is free.

Then apt-get runs, once. It downloads everything and checks every signature before dpkg unpacks the first file.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from resolver.errors import CommandError
from resolver.hosts.apt_failures import failure_of
from resolver.hosts.transaction import check_space, free_space, missing
from resolver.model import Command, Lock, PackageChange, Target, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from resolver.hosts.apt_mirror_root import MirrorRoot
    from resolver.ports import Runner

PIP_PACKAGE = "python3-pip"
"""What installs the remainder. Debian's python3 alone can make a venv (``--without-pip``), but has no pip."""

_INSTALL = (
    "apt-get",
    "install",
    "-y",
    "-q",
    "--no-install-recommends",
    # Nothing that is there goes away or back, whatever apt.conf says: apt stops instead.
    "--no-remove",
    "-o", "APT::Get::allow-downgrades=false",
    "-o", "APT::Get::allow-change-held-packages=false",
    "-o", "APT::Get::AllowUnauthenticated=false",
    # A configuration file that the administrator has changed stays as it is, and nobody is asked.
    "-o", "Dpkg::Options::=--force-confdef",
    "-o", "Dpkg::Options::=--force-confold",
    # Unattended upgrades take the lock for seconds; a minute is enough for those and short enough for a person.
    "-o", "DPkg::Lock::Timeout=60",
    # Without a pseudo-terminal dpkg does not count per cent into the log.
    "-o", "Dpkg::Use-Pty=0",
)  # fmt: skip
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}

_ARCHIVES = "/var/cache/apt/archives"
_SYSTEM = "/usr"

_INST = re.compile(r"^Inst (?P<name>\S+) (?:\[(?P<old>[^\]]+)\] )?\((?P<new>\S+) ", re.MULTILINE)
"""A line of ``apt-get --simulate``: ``Inst NAME [OLD VERSION] (NEW VERSION ORIGIN… [ARCHITECTURE])``, apt-get(8)."""


def installed_versions(
    runner: Runner, names: Iterable[str], architecture: str, *, in_part: bool = False
) -> dict[str, str]:
    """Ask dpkg for the exact versions of those OS packages that are installed, by the name they were asked by.

    ``in_part`` counts those, too, of which something is there: unpacked, half removed, their settings left behind.
    ``architecture`` is the host's; a package of another one is asked for, and answered, as ``name:i386``.
    """
    wanted = sorted(set(names))
    if not wanted:
        return {}
    command = Command(
        argv=(
            "dpkg-query",
            "--show",
            "--showformat=${Package}\\t${Architecture}\\t${db:Status-Status}\\t${Version}\\n",
            "--",
            *wanted,
        ),
        purpose="see what is installed",
    )
    done = runner.run(command)
    # 1 means that dpkg has never heard of some of them (dpkg-query(1)): an answer. 2 is a failure.
    if done.returncode not in {0, 1}:
        raise CommandError(f"dpkg does not tell what is installed: {done.stderr.strip()}", context="dpkg-query")
    found: dict[str, str] = {}
    for line in done.stdout.splitlines():
        name, its_architecture, status, version = line.split("\t")
        key = name if its_architecture in {"all", architecture} else f"{name}:{its_architecture}"
        if (status == "installed" or (in_part and status != "not-installed")) and key in wanted:
            found[key] = version
    return found


def _wanted(lock: Lock, installed: Mapping[str, str]) -> tuple[str, ...]:
    """Give what apt is asked for: each OS package that is not there at its locked version, and pip, where there is a
    remainder and no pip.
    """
    exact = {name: version for name, version in lock.os_versions.items() if installed.get(name) != version}
    arguments = tuple(f"{name}={version}" for name, version in sorted(exact.items()))
    if lock.wheels and PIP_PACKAGE not in installed and PIP_PACKAGE not in exact:
        arguments += (PIP_PACKAGE,)
    return arguments


def _torn(runner: Runner) -> dict[str, str]:
    """Give the exact versions of all OS packages that dpkg was killed in the middle of unpacking.

    dpkg says that they have to be installed again, and apt takes them for installed and goes on to set them up.
    """
    command = Command(
        argv=("dpkg-query", "--show", "--showformat=${db:Status-Eflag} ${binary:Package} ${Version}\\n"),
        purpose="see what was left half installed",
    )
    rows = (line.split(" ") for line in runner.run(command).stdout.splitlines())
    return {row[1]: row[2] for row in rows if row[0] == "reinstreq"}


def _install(arguments: tuple[str, ...], torn: Collection[str] = ()) -> Command:
    again = ("--reinstall",) if torn else ()
    return Command(
        argv=(*_INSTALL, *again, *arguments), privileged=True, environment=_QUIET, purpose="install OS packages"
    )


def _simulate(arguments: tuple[str, ...], torn: Collection[str]) -> Command:
    argv = (*_INSTALL, "--simulate", *(("--reinstall",) if torn else ()), *arguments)
    return Command(argv=argv, environment=_QUIET, purpose="simulate installing OS packages")


class Apt:
    """``resolver.ports.PackageManager`` on a Debian or Ubuntu host."""

    def __init__(
        self,
        runner: Runner,
        host: Target,
        *,
        free_space: Callable[[str], tuple[int, int]] = free_space,
        mirror: MirrorRoot | None = None,
    ) -> None:
        """Take the host's own target, and what tells a path's file system and the bytes free on it.

        ``mirror`` is where all comes from, instead of the host's sources.
        """
        self._runner = runner
        self._host = host
        self._free_space = free_space
        self._mirror = mirror

    @property
    def interpreter(self) -> str:
        """Debian has one."""
        return "/usr/bin/python3"

    @property
    def site_directories(self) -> tuple[str, ...]:
        """Where Debian's packages put modules; the second is deprecated, and rarely there."""
        return "/usr/lib/python3/dist-packages", f"/usr/lib/python{self._host.python}/dist-packages"

    def installed(self, names: Iterable[str]) -> Mapping[str, str]:
        """Give the exact versions of those that are installed."""
        return installed_versions(self._runner, names, self._host.architecture)

    def plan(self, lock: Lock, *, simulate: bool = True) -> Transaction:
        """Find what is missing, and have apt simulate it."""
        installed = self.installed((*lock.os_versions, PIP_PACKAGE))
        wanted = _wanted(lock, installed)
        if not wanted:
            return Transaction()
        if torn := _torn(self._runner):
            locked = {word.partition("=")[0] for word in wanted}
            others = (f"{name}={version}" for name, version in sorted(torn.items()) if name not in locked)
            wanted = (*wanted, *others)
        if not simulate:
            named = {name: version or None for name, _, version in (word.partition("=") for word in wanted)}
            return missing(named, installed, self._through(_install(wanted, torn)))
        simulation = self._through(_simulate(wanted, torn))
        done = self._runner.run(simulation)
        if done.returncode != 0:
            raise failure_of(simulation, done)
        steps = [(step["name"], step["old"], step["new"]) for step in _INST.finditer(done.stdout)]
        self._check_described({name: new for name, _, new in steps})
        # pip's own version becomes exact too, so that what runs is what was simulated.
        versions = {name: new for name, _, new in steps}
        # Where there is none, another transaction has just installed pip.
        exact = tuple(
            f"{name}={versions[name]}" if name == PIP_PACKAGE else name
            for name in wanted
            if name != PIP_PACKAGE or name in versions
        )
        return Transaction(
            commands=(self._through(_install(exact, torn)),) if exact else (),
            changes=tuple(
                PackageChange(name=name, before=None if name in torn else old, after=new)
                for name, old, new in sorted(steps)
            ),
        )

    def perform(self, transaction: Transaction) -> None:
        """Run the transaction's command, its output passed on."""
        for command in transaction.commands:
            done = self._runner.stream(command)
            if done.returncode != 0:
                raise failure_of(command, done)

    def _through(self, command: Command) -> Command:
        """Have a command of apt's see the mirror's archives and no others."""
        if self._mirror is None:
            return command
        return replace(command, environment={**command.environment, **self._mirror.environment})

    def _check_described(self, versions: Mapping[str, str]) -> None:
        """Look at what apt's lists say of the packages: whether the mirror has them, and whether there is room."""
        arguments = (f"{name}={version}" for name, version in sorted(versions.items()))
        show = Command(argv=("apt-cache", "show", "--", *arguments), purpose="see how large the OS packages are")
        described = self._runner.run(self._through(show)).stdout
        if self._mirror is not None:
            self._mirror.check(_files(described))
        self._check_space(described)

    def _check_space(self, described: str) -> None:
        """Compare what the packages take with what is free: apt checks its download folder only, dpkg nothing.

        The sizes are the packages' own (Size in bytes, Installed-Size in KiB: deb-control(5)). What an upgrade gives
        back is not counted, for dpkg unpacks the new files before it removes the old.
        """
        check_space(
            (
                (path, sum(map(int, re.findall(rf"^{field}: (\d+)$", described, re.MULTILINE))) * unit)
                for path, field, unit in ((_ARCHIVES, "Size", 1), (_SYSTEM, "Installed-Size", 1024))
            ),
            self._free_space,
            context="apt-get install",
            hint="free some space; `apt-get clean` empties apt's download folder",
        )


def _files(described: str) -> Iterator[tuple[str, str | None]]:
    """Give the file that each paragraph of ``apt-cache show`` names, and its SHA256 where there is one."""
    for paragraph in described.split("\n\n"):
        fields = dict(re.findall(r"^(Filename|SHA256): (\S+)$", paragraph, re.MULTILINE))
        if "Filename" in fields:
            yield fields["Filename"], fields.get("SHA256")
