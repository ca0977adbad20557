"""What is done to a host, and what is found there."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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
class Transaction:
    """What the package manager is about to do for a lock, checked by its own simulation (rule X1)."""

    commands: tuple[Command, ...] = ()
    """Empty where every OS package is there already; else one command."""
    added: tuple[str, ...] = ()
    """The OS packages that were not installed before, those that only others need included; sorted."""
    changed: tuple[str, ...] = ()
    """The installed OS packages that get another version, sorted."""


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
    """A file of the remainder is gone, or is not the one that was in the wheel."""
    ORIGIN = "origin"
    """Installed from another file than the locked wheel."""
    EXTRA = "extra"
    """In the venv, and not in the lock: a project, or a module of none."""
    STARTUP = "startup"
    """In the venv, no project's, and run whenever its interpreter starts."""
    INTERPRETER = "interpreter"
    """The environment's interpreter is another Python, or gone: the release was upgraded."""
    LEAK = "leak"
    """The interpreter sees user site or /usr/local."""


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
