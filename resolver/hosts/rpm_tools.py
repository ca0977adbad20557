"""Which package manager an RPM host has."""

from __future__ import annotations

import shutil
from enum import StrEnum
from typing import TYPE_CHECKING

from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from resolver.ports import Runner

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class RpmTool(StrEnum):
    """A package manager, by the name of its program."""

    DNF5 = "dnf5"
    DNF4 = "dnf"
    ZYPPER = "zypper"


def _which(program: str) -> str | None:
    return shutil.which(program, path=_PATH)


def manager_of_host(
    runner: Runner, os_release: Mapping[str, str], *, which: Callable[[str], str | None] = _which
) -> RpmTool | None:
    """Tell the host's package manager; None where it has none of the three.

    openSUSE offers dnf and dnf5 too, and Fedora zypper, so the distribution decides what comes first. ``dnf`` is
    dnf5 on Fedora 41 and later, dnf 4 on RHEL 8 and 9: it is asked where there is no ``dnf5``.
    """
    family = f"{os_release.get('ID', '')} {os_release.get('ID_LIKE', '')}".split()
    if any(name.startswith(("suse", "opensuse", "sle")) for name in family) and which("zypper"):
        return RpmTool.ZYPPER
    if which("dnf5"):
        return RpmTool.DNF5
    if which("dnf"):
        said = runner.run(Command(argv=("dnf", "--version"), purpose="tell which dnf this is"))
        return RpmTool.DNF5 if said.stdout.startswith("dnf5") else RpmTool.DNF4
    return RpmTool.ZYPPER if which("zypper") else None
