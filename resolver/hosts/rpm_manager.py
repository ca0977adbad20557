"""The acting side on RPM systems, as far as dnf5, dnf4 and zypper are alike (rules X1, X3).

What is to be done is worked out in three steps, none of which changes anything:

1. rpm tells what is installed; what is not there at exactly the locked EVR is asked for.
2. The tool solves that and says what it would do. A build that is gone, a downgrade or a removal ends the plan here,
   and so does a repository without signature checks, where no option can force them.
3. pip's EVR becomes exact too, so that what runs is what was solved.

Then the tool runs, once. Since not all of them tell a failure by their exit code, rpm is asked again afterwards.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from resolver.errors import CommandError, DistrofirstError
from resolver.hosts import rpm_leftovers
from resolver.hosts.rpm_database import installed_builds, site_directories, spelled
from resolver.hosts.rpm_failures import failed_script, failure_of
from resolver.hosts.transaction import missing
from resolver.model import Command, PackageChange, Transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from resolver.hosts.rpm_mirror_root import RpmMirrorRoot
    from resolver.model import Completed, Lock, Target
    from resolver.ports import Runner

PIP_PACKAGE = "python3-pip"


class Change(StrEnum):
    """What a tool would do with one build."""

    INSTALL = "install"
    UPGRADE = "upgrade"
    REINSTALL = "reinstall"
    DOWNGRADE = "downgrade"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One build of an OS package that shall be installed."""

    name: str
    evr: str | None
    """As dnf spells it; None for whichever the tool would take."""
    architecture: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of what a tool says that it would do."""

    change: Change
    name: str
    evr: str
    architecture: str
    repository: str = ""
    """The repository's id."""


class RpmManager(ABC):
    """``resolver.ports.PackageManager``, without what differs from tool to tool."""

    def __init__(
        self, runner: Runner, host: Target, *, pip_package: str = PIP_PACKAGE, mirror: RpmMirrorRoot | None = None
    ) -> None:
        """Take the host's own target, and the OS package that brings pip for the target's Python.

        It is ``python3.11-pip`` beside RHEL's own Python, ``python313-pip`` on openSUSE: what provides
        ``pythonX.Ydist(pip)``. ``mirror`` is where all comes from, instead of the host's repositories.
        """
        self._runner = runner
        self._host = host
        self._pip_package = pip_package
        self._mirror = mirror

    @property
    def site_directories(self) -> tuple[str, ...]:
        """Where RPMs put modules for the target's Python."""
        return site_directories(self._host.python)

    @property
    def interpreter(self) -> str:
        """The target's Python, which is not ``python3`` where several stand side by side."""
        return f"/usr/bin/python{self._host.python}"

    def installed(self, names: Iterable[str]) -> Mapping[str, str]:
        """Give the exact EVRs of those that are installed."""
        return installed_builds(self._runner, names, self._host.architecture)

    def plan(self, lock: Lock, *, simulate: bool = True) -> Transaction:
        """Find what is missing, and have the tool solve it."""
        names = (*lock.os_versions, self._pip_package)
        there = self.installed(names)
        wanted = self._wanted(lock, there)
        if wanted and not simulate:
            return missing({self._key(build): build.evr for build in wanted}, there, self._install(wanted))
        while wanted:
            try:
                return self._transaction(wanted, there)
            except DistrofirstError:
                # The tool may have waited for another transaction, which has installed what was missing before.
                before, there = there, self.installed(names)
                if there == before:
                    raise
                wanted = self._wanted(lock, there)
        return Transaction()

    def _transaction(self, wanted: Sequence[Build], there: Mapping[str, str]) -> Transaction:
        steps = self._simulate(wanted)
        self._refuse_losses(steps)
        if self._mirror is not None:
            self._mirror.check((step.name, step.evr, step.architecture) for step in steps if step.repository)
        exact = self._found(wanted, steps)
        return Transaction(commands=(self._install(exact),), changes=self._changes(steps, there))

    def perform(self, transaction: Transaction) -> None:
        """Run the transaction's command, its output passed on, and have rpm confirm the result."""
        for command in transaction.commands:
            done = self._runner.stream(command)
            if not self._succeeded(done):
                raise failure_of(command, done)
            self._confirm(command)
            if error := failed_script(command, done):
                raise error

    def interrupted(self) -> tuple[Command, ...]:
        """Give what clears away half-written files: what rpm itself had not finished is done anew."""
        return rpm_leftovers.clearing(self._runner)

    def would_go(self, names: Iterable[str]) -> frozenset[str]:
        """Have the tool solve it (``resolver.ports.PackageRemover``, as the following)."""
        return frozenset(step.name for step in self._simulate_removal(sorted(names)) if step.change is Change.REMOVE)

    def removal(self, names: Iterable[str]) -> Command:
        """Give the one command."""
        return Command(
            argv=(*self._removing, *sorted(names)), privileged=True, environment=self._patience,
            purpose="remove OS packages",
        )  # fmt: skip

    def remove(self, command: Command) -> None:
        """Run it, its output passed on, and have rpm confirm that they are gone."""
        done = self._runner.stream(command)
        if not self._succeeded(done):
            raise failure_of(command, done)
        words = command.argv[len(self._removing) :]
        if left := sorted(self.installed(words)):
            raise CommandError(
                f"{self._tool} reports success, but rpm still has {', '.join(left)}",
                context=f"{self._tool} remove",
                hint="see the messages above, then repeat the command",
            )

    def _wanted(self, lock: Lock, there: Mapping[str, str]) -> tuple[Build, ...]:
        builds = [
            Build(name=package.name, evr=spelled(package.version), architecture=package.architecture)
            for package in lock.os_packages
        ]
        builds = [build for build in builds if there.get(self._key(build)) != build.evr]
        locked = {package.name for package in lock.os_packages}
        if lock.wheels and self._pip_package not in there and self._pip_package not in locked:
            builds.append(Build(name=self._pip_package, evr=None, architecture="noarch"))
        return tuple(sorted(builds, key=lambda build: build.name))

    def _changes(self, steps: Iterable[Step], there: Mapping[str, str]) -> tuple[PackageChange, ...]:
        news = {step.name: step.evr for step in steps if step.change is Change.INSTALL}
        upgrades = {step.name: step.evr for step in steps if step.change is Change.UPGRADE}
        # Not every tool tells which version it replaces, and others may have to go along with what is locked.
        others = upgrades.keys() - there.keys()
        old = {**there, **(self.installed(others) if others else {})}
        return tuple(
            PackageChange(name=name, before=None if name in news else old.get(name, ""), after=evr)
            for name, evr in sorted((upgrades | news).items())
        )

    def _refuse_losses(self, steps: Iterable[Step]) -> None:
        """Nothing that is there goes away or back: no option of these tools says so as apt's do."""
        back = [f"{step.name} to {step.evr}" for step in steps if step.change is Change.DOWNGRADE]
        if back:
            raise CommandError(
                f"newer versions than the locked ones are installed, and nothing is ever downgraded: {', '.join(back)}",
                context=self._context,
                hint="make the lock anew: the installed versions may do as well",
            )
        gone = [step.name for step in steps if step.change is Change.REMOVE]
        if gone:
            raise CommandError(
                f"these installed OS packages would have to go, and nothing is ever removed: {', '.join(gone)}",
                context=self._context,
                hint="remove them yourself if they are not needed, or take the project that conflicts from PyPI",
            )

    def _found(self, wanted: Sequence[Build], steps: Iterable[Step]) -> tuple[Build, ...]:
        """Check that the tool would install every build that was asked for, and name pip's exactly."""
        planned = {(step.name, step.evr, step.architecture) for step in steps}
        exact: list[Build] = []
        for build in wanted:
            fits = sorted(key for key in planned if key[0] == build.name and build.evr in {None, key[1]})
            if not fits:
                raise CommandError(
                    f"{self._tool} would not install {build.name} {build.evr or ''}".rstrip()
                    + ", and does not say why",
                    context=self._context,
                    hint=f"see what it says to: {self._install((build,)).shell_line()}",
                )
            exact.append(replace(build, evr=fits[0][1], architecture=fits[0][2]) if build.evr is None else build)
        return tuple(exact)

    def _confirm(self, command: Command) -> None:
        wanted = self._builds_of(command)
        there = self.installed(map(self._key, wanted))
        missing = [f"{build.name} {build.evr}" for build in wanted if there.get(self._key(build)) != build.evr]
        if missing:
            raise CommandError(
                f"{self._tool} reports success, but rpm does not have {', '.join(missing)}",
                context=self._context,
                hint="see the messages above, then repeat the command",
            )

    def _key(self, build: Build) -> str:
        native = ("noarch", self._host.architecture)
        return build.name if build.architecture in native else f"{build.name}:{build.architecture}"

    @property
    def _context(self) -> str:
        return f"{self._tool} install"

    @property
    @abstractmethod
    def _tool(self) -> str:
        """The program."""

    @abstractmethod
    def _simulate(self, wanted: Sequence[Build]) -> tuple[Step, ...]:
        """Let the tool solve the transaction; raises its reason where it cannot be done."""

    @abstractmethod
    def _install(self, builds: Iterable[Build]) -> Command:
        """Give the command that does it."""

    @abstractmethod
    def _builds_of(self, command: Command) -> tuple[Build, ...]:
        """Read back what ``_install`` asks for."""

    @property
    @abstractmethod
    def _removing(self) -> tuple[str, ...]:
        """How the tool is told to remove what follows, and nothing that has only become unneeded."""

    @abstractmethod
    def _simulate_removal(self, names: Sequence[str]) -> tuple[Step, ...]:
        """Let the tool solve a removal; raises its reason where it cannot be done."""

    @property
    def _patience(self) -> Mapping[str, str]:
        """What has the tool wait for another one."""
        return {}

    def _succeeded(self, done: Completed) -> bool:
        return done.returncode == 0
