"""The acting side with zypper (openSUSE, SLE): one transaction with exact EVRs.

zypper solves a transaction for root alone, ``--dry-run`` included (measured with 1.14.89), so the simulation is the
one command before the transaction itself that goes through sudo; it changes nothing.

zypper verifies either a repository's signed metadata, and every package by its checksum there, or each package's own
signature. No option can ask for more; so a build from a repository that verifies neither is refused here (rule T1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.errors import PolicyError, RightsError
from resolver.hosts.rpm_database import spelled
from resolver.hosts.rpm_failures import failure_of
from resolver.hosts.rpm_manager import PIP_PACKAGE, Build, Change, RpmManager, Step
from resolver.hosts.transaction import check_space, free_space
from resolver.hosts.zypp_xml import repositories_of, root_of, words_of
from resolver.model import Command, Completed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from resolver.hosts.rpm_mirror_root import RpmMirrorRoot
    from resolver.model import Target
    from resolver.ports import Runner

_GLOBAL = ("--non-interactive", "--no-refresh")
_OPTIONS = (
    # By name alone: what merely provides the name is another OS package.
    "--name",
    "--no-recommends",
    # A conflict ends the run, with the reason, rather than being solved in some way.
    "--no-force-resolution",
    "--no-allow-downgrade",
    "--no-allow-vendor-change",
    # Nothing is installed before everything is there, verified, and free of file conflicts.
    "--download",
    "in-advance",
)
_REMOVE = ("--name", "--no-clean-deps")
"""By name alone, and nothing that has only become unneeded, whatever zypper.conf says."""
_PATIENT = {"ZYPP_LOCK_TIMEOUT": "60"}
"""PackageKit holds zypp's lock for seconds; a minute is enough for that and short enough for a person."""

_DONE = frozenset({0, 102, 103, 106, 107})
"""zypper(8): done; done, and a reboot or a restart of zypper is wanted; done without some repositories; done, and a
%post script failed, which is told apart by its own words."""

_CHANGES = {
    "to-install": Change.INSTALL,
    "to-upgrade": Change.UPGRADE,
    "to-upgrade-change-arch": Change.UPGRADE,
    "to-reinstall": Change.REINSTALL,
    "to-downgrade": Change.DOWNGRADE,
    "to-downgrade-change-arch": Change.DOWNGRADE,
    "to-change-arch": Change.REINSTALL,
    "to-change-vendor": Change.REINSTALL,
    "to-remove": Change.REMOVE,
}
_PACKAGES = "/var/cache/zypp"
_SYSTEM = "/usr"


class Zypper(RpmManager):
    """``resolver.ports.PackageManager`` with zypper; its ``plan`` needs root rights where something is missing."""

    def __init__(
        self,
        runner: Runner,
        host: Target,
        *,
        pip_package: str = PIP_PACKAGE,
        free_space: Callable[[str], tuple[int, int]] = free_space,
        mirror: RpmMirrorRoot | None = None,
    ) -> None:
        """Take what ``RpmManager`` takes, and what tells a path's file system and the bytes free on it."""
        super().__init__(runner, host, pip_package=pip_package, mirror=mirror)
        self._free_space = free_space

    @property
    def _tool(self) -> str:
        return "zypper"

    def _simulate(self, wanted: Sequence[Build]) -> tuple[Step, ...]:
        command = Command(
            argv=(
                "zypper",
                *self._sources,
                "--xmlout",
                *_GLOBAL,
                "install",
                "--dry-run",
                *_OPTIONS,
                *map(_spec, wanted),
            ),
            privileged=True,
            environment=_PATIENT,
            purpose="simulate installing OS packages",
        )
        try:
            done = self._runner.run(command)
        except RightsError as error:
            # Without rights: what helps is the installation itself, whose plan an administrator sees as well.
            hint = f"let an administrator run: {self._install(wanted).shell_line()}"
            raise RightsError(error.message, context=error.context, hint=hint) from error
        root = root_of(done, command)
        said = Completed(returncode=done.returncode, stdout=words_of(root), stderr=done.stderr)
        summary = root.find("install-summary")
        if done.returncode not in _DONE or summary is None or "has lower version than" in said.stdout:
            raise failure_of(command, said)
        steps = _steps(summary)
        self._refuse_unverified(steps)
        check_space(
            (
                (_PACKAGES, int(summary.get("download-size", "0"))),
                (_SYSTEM, int(summary.get("space-usage-installed", "0"))),
            ),
            self._free_space,
            context=self._context,
            hint="free some space; `zypper clean` empties zypper's download folder",
        )
        return steps

    @property
    def _sources(self) -> tuple[str, ...]:
        """The options that have zypper see the mirror and nothing else, where there is one."""
        return self._mirror.zypper if self._mirror is not None else ()

    @property
    def _removing(self) -> tuple[str, ...]:
        return ("zypper", *_GLOBAL, "remove", *_REMOVE)

    @property
    def _patience(self) -> Mapping[str, str]:
        return _PATIENT

    def _simulate_removal(self, names: Sequence[str]) -> tuple[Step, ...]:
        command = Command(
            argv=("zypper", "--xmlout", *_GLOBAL, "remove", "--dry-run", *_REMOVE, *names),
            privileged=True,
            environment=_PATIENT,
            purpose="simulate removing OS packages",
        )
        done = self._runner.run(command)
        root = root_of(done, command)
        summary = root.find("install-summary")
        if done.returncode not in _DONE or summary is None:
            said = Completed(returncode=done.returncode, stdout=words_of(root), stderr=done.stderr)
            raise failure_of(command, said)
        return _steps(summary)

    def _install(self, builds: Iterable[Build]) -> Command:
        return Command(
            argv=("zypper", *self._sources, *_GLOBAL, "install", *_OPTIONS, *map(_spec, builds)),
            privileged=True,
            environment=_PATIENT,
            purpose="install OS packages",
        )

    def _builds_of(self, command: Command) -> tuple[Build, ...]:
        return tuple(_build(word) for word in command.argv[command.argv.index("install") :] if "=" in word)

    def _succeeded(self, done: Completed) -> bool:
        return done.returncode in _DONE

    def _refuse_unverified(self, steps: Iterable[Step]) -> None:
        distrust = {item.id: item.distrust for item in repositories_of(self._runner, self._sources) if not item.trusted}
        for step in steps:
            if step.change is not Change.REMOVE and step.repository in distrust:
                raise PolicyError(
                    f"no signature vouches for {step.name}: the repository {step.repository} has"
                    f" {distrust[step.repository]}",
                    context=self._context,
                    hint=f"turn it on: zypper modifyrepo --gpgcheck {step.repository}",
                )


def _steps(summary: Element) -> tuple[Step, ...]:
    """Read zypper's summary; what is listed under a heading of another kind (patches, products) is no package."""
    return tuple(
        Step(
            change=change,
            name=item.get("name", ""),
            evr=spelled(item.get("edition", "")),
            architecture=item.get("arch", ""),
            repository=item.get("repository", ""),
        )
        for heading, change in _CHANGES.items()
        for item in summary.iterfind(f"{heading}/solvable")
        if item.get("type") == "package"
    )


def _spec(build: Build) -> str:
    """Name a build for zypper (capabilities are ``NAME[.ARCH][OP<VERSION>]``); without an EVR the name alone."""
    return build.name if build.evr is None else f"{build.name}.{build.architecture}={build.evr}"


def _build(spec: str) -> Build:
    full_name, _, evr = spec.partition("=")
    name, _, architecture = full_name.rpartition(".")
    return Build(name=name, evr=evr, architecture=architecture)
