"""The acting side with dnf5 (Fedora) and dnf4 (RHEL 8 and 9 and their kin): one transaction with exact EVRs.

Both are driven alike; they differ in how a transaction is solved without being carried out:

- dnf5 does it for everybody (``--assumeno``). It has no machine-readable form short of ``--store``, which downloads
  every package a second time, so its table is read: strictly, and held against the counts that dnf5 itself prints.
- dnf4's command refuses whoever is not root, so its Python interface is asked (``dnf4_ask.py``).

Neither needs root rights, and both ask rpm for the room on the disks before anything is changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from resolver.errors import CommandError
from resolver.hosts.dnf4 import ask, complaint
from resolver.hosts.rpm_database import spelled
from resolver.hosts.rpm_failures import failure_of
from resolver.hosts.rpm_manager import Build, Change, RpmManager, Step
from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from resolver.model import Completed

_OPTIONS = (
    "--setopt=install_weak_deps=False",
    # For every repository, whatever its file says; plain gpgcheck=1 would be its default alone (measured).
    "--setopt=*.gpgcheck=1",
)
_KEEP = "--setopt=clean_requirements_on_remove=False"
"""What only seems unneeded stays when something is removed; both take it, and each has another option besides."""
_SECTIONS = {
    "Installing:": Change.INSTALL,
    "Installing dependencies:": Change.INSTALL,
    "Installing weak dependencies:": Change.INSTALL,
    "Installing groups:": None,
    "Upgrading:": Change.UPGRADE,
    "Reinstalling:": Change.REINSTALL,
    "Downgrading:": Change.DOWNGRADE,
    "Removing:": Change.REMOVE,
    "Removing dependent packages:": Change.REMOVE,
    "Removing unused dependencies:": Change.REMOVE,
    "Changing reason:": None,
}
_ROW = re.compile(r"^ (?P<name>\S+) +(?P<arch>\S+) +(?P<evr>\d+:\S+) +(?P<repository>\S+) +\S")
_REPLACED = re.compile(r"^ +replacing (?P<name>\S+) +(?P<arch>\S+) +(?P<evr>\d+:\S+) ")
_COUNT = re.compile(r"^ (?P<what>[A-Z][a-z]+): +(?P<count>\d+) packages?$", re.MULTILINE)
_REFUSED = "Operation aborted by the user."
_KEY_UNKNOWN = "Signing key not found"
NO_LOCK_FILE = "Failed to open lock file"
"""dnf5 5.4 to a user where root has not installed anything yet, so that the file that everybody locks is not there."""
SKIP_LOCKS = ("--skip-file-locks",)
"""Is an error to an older dnf5, which does not lock; so it is not given before it is needed."""


class _Dnf(RpmManager):
    @property
    def _sources(self) -> tuple[str, ...]:
        """The options that have dnf see the mirror and nothing else, where there is one."""
        return self._mirror.dnf if self._mirror is not None else ()

    def _install(self, builds: Iterable[Build]) -> Command:
        return Command(
            argv=(self._tool, "install", "-y", *self._sources, *_OPTIONS, *map(_spec, builds)),
            privileged=True,
            purpose="install OS packages",
        )

    @property
    def _removing(self) -> tuple[str, ...]:
        return (self._tool, "remove", "-y", _KEEP)

    def _builds_of(self, command: Command) -> tuple[Build, ...]:
        return tuple(_build(word) for word in command.argv[2:] if not word.startswith("-"))


class Dnf5(_Dnf):
    """``resolver.ports.PackageManager`` with dnf5."""

    @property
    def _tool(self) -> str:
        return "dnf5"

    def _simulate(self, wanted: Sequence[Build]) -> tuple[Step, ...]:
        options: tuple[str, ...] = ()
        simulation, done = self._ask_for(wanted, options)
        if NO_LOCK_FILE in done.stderr:
            options = SKIP_LOCKS
            simulation, done = self._ask_for(wanted, options)
        if _KEY_UNKNOWN in _text(done):
            # A repository with repo_gpgcheck=1 is left out until the key that its file names is in this user's cache.
            fetch = Command(
                argv=("dnf5", "-y", *options, *self._sources, "makecache"), purpose="fetch the repositories' metadata"
            )
            self._runner.run(fetch)
            simulation, done = self._ask_for(wanted, options)
        if _REFUSED not in _text(done):
            raise failure_of(simulation, done)
        return read_table(done.stdout)

    def _simulate_removal(self, names: Sequence[str]) -> tuple[Step, ...]:
        simulation, done = self._ask_to_remove(names, ())
        if NO_LOCK_FILE in done.stderr:
            simulation, done = self._ask_to_remove(names, SKIP_LOCKS)
        if _REFUSED not in _text(done):
            raise failure_of(simulation, done)
        return read_table(done.stdout)

    def _ask_to_remove(self, names: Iterable[str], options: tuple[str, ...]) -> tuple[Command, Completed]:
        command = Command(
            argv=("dnf5", "remove", "--assumeno", *options, _KEEP, *names), purpose="simulate removing OS packages"
        )
        return command, self._runner.run(command)

    def _ask_for(self, wanted: Iterable[Build], options: tuple[str, ...]) -> tuple[Command, Completed]:
        command = Command(
            argv=("dnf5", "install", "--assumeno", *options, *self._sources, *_OPTIONS, *map(_spec, wanted)),
            purpose="simulate installing OS packages",
        )
        return command, self._runner.run(command)


class Dnf4(_Dnf):
    """``resolver.ports.PackageManager`` with dnf 4."""

    @property
    def _tool(self) -> str:
        return "dnf"

    def _simulate(self, wanted: Sequence[Build]) -> tuple[Step, ...]:
        request = {"do": "solve", "specs": [_spec(build) for build in wanted], "options": list(self._sources)}
        return self._solved("install", request)

    def _simulate_removal(self, names: Sequence[str]) -> tuple[Step, ...]:
        return self._solved("remove", {"do": "solve-removal", "names": list(names)})

    def _solved(self, verb: str, request: Mapping[str, object]) -> tuple[Step, ...]:
        answer: dict[str, Any] = ask(self._runner, request, purpose=f"simulate what dnf {verb} does")
        if "failure" in answer:
            raise complaint(verb, answer)
        return tuple(
            Step(change=Change(change), name=name, evr=spelled(evr), architecture=architecture, repository=repository)
            for change, name, evr, architecture, repository in answer["steps"]
        )


def read_table(output: str) -> tuple[Step, ...]:
    """Read what dnf5 would do. Raises CommandError for anything in the table that is not understood.

    ``replacing`` below a build of another name is an installed one that it obsoletes, which is a removal.
    """
    steps: list[Step] = []
    change: Change | None = None
    replaced = 0
    in_table = False
    for line in output.splitlines():
        if line.startswith("Package ") and "Repository" in line:
            in_table = True
        elif in_table and not line.strip():
            break
        elif in_table and (found := _REPLACED.match(line)):
            replaced += 1
            if found["name"] != steps[-1].name:
                steps.insert(0, _step(Change.REMOVE, found))
        elif in_table and (found := _ROW.match(line)) and change is not None:
            steps.append(_step(change, found))
        elif in_table and _SECTIONS.get(line.strip()) is not None:
            change = _SECTIONS[line.strip()]
        elif in_table:
            raise _not_understood(line)
    counts = {found["what"]: int(found["count"]) for found in _COUNT.finditer(output)}
    obsoleted = replaced - sum(step.change in {Change.UPGRADE, Change.DOWNGRADE, Change.REINSTALL} for step in steps)
    if sum(counts.values()) != len(steps) - max(obsoleted, 0) + replaced:
        raise _not_understood(", ".join(f"{what}: {count}" for what, count in counts.items()))
    return tuple(steps)


def _step(change: Change, row: re.Match[str]) -> Step:
    groups = row.groupdict()
    return Step(
        change=change,
        name=groups["name"],
        evr=spelled(groups["evr"]),
        architecture=groups["arch"],
        repository=groups.get("repository") or "",
    )


def _not_understood(what: str) -> CommandError:
    return CommandError(
        f"dnf5 describes the transaction in a way that distrofirst does not understand: {what.strip()!r}",
        context="dnf5 install",
        hint="this version of dnf5 is too new; take the projects from PyPI, or report it",
    )


def _spec(build: Build) -> str:
    """Name a build for dnf; without an EVR the name alone."""
    return build.name if build.evr is None else f"{build.name}-{build.evr}.{build.architecture}"


def _build(spec: str) -> Build:
    nevr, _, architecture = spec.rpartition(".")
    name_version, _, release = nevr.rpartition("-")
    name, _, version = name_version.rpartition("-")
    return Build(name=name, evr=f"{version}-{release}", architecture=architecture)


def _text(done: Completed) -> str:
    return f"{done.stdout}\n{done.stderr}"
