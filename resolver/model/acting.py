"""What is done to a host, and what is found there."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from resolver.model.plan import Lock


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command to run, exactly as ``--dry-run`` prints it."""

    argv: tuple[str, ...]
    privileged: bool = False
    """Needs root: run as it is by root, else through sudo (rule X3)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Set on top of a clean environment."""
    stdin: str | None = None
    purpose: str = ""
    """In words that follow "to": ``make the environment``; for progress and errors."""

    def shell_line(self) -> str:
        """Give the command as one line for a POSIX shell, to be run by whoever has the rights that it needs."""
        settings = (f"{name}={value}" for name, value in sorted(self.environment.items()))
        line = shlex.join([*(("env", *settings) if self.environment else ()), *self.argv])
        return line if self.stdin is None else f"printf %s {shlex.quote(self.stdin)} | {line}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """What a command did."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageChange:
    """An OS package that comes, goes, or gets another version."""

    name: str
    before: str | None
    """The installed version; None where there is none."""
    after: str | None
    """The same, afterwards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """What the package manager is about to do for a lock, checked by its own simulation (rule X1)."""

    commands: tuple[Command, ...] = ()
    """Empty where every OS package is there already; else one command."""
    changes: tuple[PackageChange, ...] = ()
    """Those of OS packages that only others need included; sorted by name."""

    @property
    def added(self) -> tuple[str, ...]:
        """The OS packages that were not installed before, sorted."""
        return tuple(change.name for change in self.changes if change.before is None)

    @property
    def changed(self) -> tuple[str, ...]:
        """The installed OS packages that get another version, sorted."""
        return tuple(change.name for change in self.changes if change.before is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class HostState:
    """What a host has of an environment, before or after it is made or taken away."""

    environment: str | None = None
    """What it was made for, ``debian:13 amd64 python3.13``; None where there is none, or none that is whole."""
    os_packages: tuple[tuple[str, str], ...] = ()
    """Name and version of those that are installed, as far as the environment has to do with them; sorted."""
    remainder: tuple[tuple[str, str, str], ...] = ()
    """Name, version and the wheel's sha256 of the projects in the environment itself, sorted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallResult:
    """What was done to carry out a lock, or would be done by a dry run: the two are the same value."""

    lock: Lock
    venv: Path
    """Absolute."""
    commands: tuple[Command, ...] = ()
    """In their order; empty where everything was there already, and nothing was run."""
    changes: tuple[PackageChange, ...] = ()
    """Of the system, sorted by name."""
    before: HostState
    after: HostState
    drift: tuple[str, ...] = ()
    """Why an environment that was made from this lock already is made anew, a line each."""
    left: Transaction = field(default_factory=Transaction)
    """What an administrator has to run first, where OS packages are somebody else's to install (``--user-only``).

    As long as there is anything, nothing is done.
    """

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.commands)

    @property
    def added(self) -> tuple[str, ...]:
        """The OS packages that this run adds to the system, sorted."""
        return tuple(change.name for change in self.changes if change.before is None)


HOLD = "an administrator's hold"
"""Who needs an OS package of which somebody has told the package manager that it is to stay."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoResult:
    """What was done to take an environment away, or would be done by a dry run."""

    venv: Path
    """Absolute."""
    commands: tuple[Command, ...] = ()
    """In their order; empty where there is nothing to undo."""
    changes: tuple[PackageChange, ...] = ()
    """The OS packages that go, sorted by name."""
    staying: tuple[tuple[str, str], ...] = ()
    """The OS packages that came with the environment and stay, with who needs them; sorted."""
    unseen: tuple[Path, ...] = ()
    """Homes that could not be looked into: an environment there may need what goes. Empty where nothing goes."""
    untouched: int = 0
    """How many OS packages the environment uses that did not come with it: they were there before."""
    before: HostState
    after: HostState

    @property
    def changed(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self.commands)

    @property
    def removed(self) -> tuple[str, ...]:
        """The names of the OS packages that go, sorted."""
        return tuple(change.name for change in self.changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class AlteredFile:
    """A file of an installed OS package that is not what it came with."""

    package: str
    path: str
    missing: bool
    """Gone; else changed."""


class Drift(StrEnum):
    """In which way an environment is not what its lock says."""

    OS_PACKAGE = "os-package"
    """An OS package has another version."""
    OS_MISSING = "os-missing"
    """An OS package was removed."""
    OS_FILE = "os-file"
    """A file of an OS package is gone, or is not the one that it came with."""
    MISSING = "missing"
    VERSION = "version"
    PLACE = "place"
    """Another copy comes first on the interpreter's path, or the project comes from the wrong source."""
    FILE = "file"
    """A file of the remainder, or a script for an OS package, is gone, or is not the one that was put there."""
    MOVED = "moved"
    """The environment lies elsewhere than it was made, and its scripts name their interpreter by its place."""
    ORIGIN = "origin"
    """Installed from another file than the locked wheel."""
    EXTRA = "extra"
    """In the venv, and not in the lock: a project, or a module of none."""
    STARTUP = "startup"
    """In the venv, no project's, and run whenever its interpreter starts."""
    INTERPRETER = "interpreter"
    """The environment's interpreter is another Python, or gone: the release was upgraded."""
    LEAK = "leak"
    """The interpreter sees user site, /usr/local, or another folder that is nobody's here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One difference between an environment and its lock."""

    project: str
    """The project, or the OS package or folder that the finding is about."""
    kind: Drift
    found: str
    expected: str
    remedy: str
    since: str | None = None
    """When it became so, as far as that is known: a time of day, in words."""

    def __str__(self) -> str:
        """Give one line."""
        return f"{self.project}: found {self.found}, expected {self.expected}"
