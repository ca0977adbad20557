"""What a plan is made for, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A distribution release."""

    distribution: str
    """os-release's ID: ``debian``, ``ubuntu``, ``fedora`` …"""
    version: str
    """os-release's VERSION_ID: ``13``, ``24.04``; ``sid`` for Debian's unstable."""
    codename: str | None = None
    """``trixie``, ``noble``: the suite's name in the archive."""

    def __str__(self) -> str:
        """``debian:13``, as ``--target`` takes it."""
        return f"{self.distribution}:{self.version}"

    @property
    def slug(self) -> str:
        """``debian-13``: the release in a file name."""
        return f"{self.distribution}-{self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedRepository:
    """An apt or rpm-md repository that the user names, for releases whose mirrors the host does not know."""

    url: str
    key: Path | None = None
    """What it is signed with; None: nothing of the user's vouches for it."""
    release: Release | None = None
    """The one release that it is for; None: whichever is asked about."""


MACHINES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "armel": "armv6l",
    "armhf": "armv7l",
    "i386": "i686",
    "ppc64el": "ppc64le",
}
"""What uname calls Debian's architectures, where the two differ."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a plan is made for."""

    release: Release
    architecture: str
    """The distribution's own word: ``amd64``, ``arm64``; ``x86_64`` on RPM systems."""
    python: str
    """``3.13``"""
    python_full_version: str = ""
    """``3.13.5``; empty where only ``python`` is known."""
    glibc: str = ""
    """``2.41``: which manylinux wheels run there (PEP 600)."""
    is_host: bool = False
    """Whether the plan can be carried out on this machine."""

    def __str__(self) -> str:
        """Give the release alone, as reports show it."""
        return str(self.release)

    def environment(self, extra: str = "") -> dict[str, str]:
        """Give the marker variables of the target's interpreter (PEP 508), whatever machine this is (rule R4)."""
        return {
            "extra": extra,
            "implementation_name": "cpython",
            "implementation_version": self.python_full_version or f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": MACHINES.get(self.architecture, self.architecture),
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.python_full_version or f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class MetadataSource:
    """What a catalog's answers rest on."""

    source: str
    """``apt``, ``embedded``, ``rpm-md``."""
    date: str
    """RFC 3339 in UTC: the newest date that the repositories' own metadata carries."""
