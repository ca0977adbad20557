"""Which package manager an RPM host has, and the parts that drive it."""

from __future__ import annotations

import os
import platform
import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import UnavailableError
from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from resolver.hosts.rpm_manager import RpmManager
    from resolver.hosts.rpm_mirror_root import RpmMirrorRoot
    from resolver.model import Target
    from resolver.ports import RpmMetadata, Runner

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_CONFIGURATION = (
    "/etc/dnf",
    "/etc/dnf/modules.d",
    "/etc/dnf/vars",
    "/etc/distro.repos.d",
    "/etc/yum.repos.d",
    "/usr/share/dnf5/repos.d",
    "/etc/zypp",
    "/etc/zypp/repos.d",
    "/etc/zypp/services.d",
    "/etc/zypp/vars.d",
)
_CACHES = ("/var/cache/libdnf5", "/var/cache/dnf", "/var/cache/zypp/raw")


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


def metadata_of_host(
    runner: Runner, extra_names: Iterable[str] = (), *, offline: bool = False, mirror: RpmMirrorRoot | None = None
) -> RpmMetadata:
    """Give what reads this host's repositories; ``extra_names``, ``offline`` and ``mirror`` as the classes take them.

    Raises UnavailableError where there is no package manager to ask.
    """
    match tool_of_host(runner):
        case RpmTool.DNF5:
            from resolver.hosts.dnf_metadata import Dnf5Metadata  # noqa: PLC0415 - one tool a host

            return Dnf5Metadata(runner, extra_names=extra_names, offline=offline, mirror=mirror)
        case RpmTool.DNF4:
            from resolver.hosts.dnf_metadata import Dnf4Metadata  # noqa: PLC0415 - the same

            return Dnf4Metadata(runner, extra_names=extra_names, offline=offline, mirror=mirror)
        case RpmTool.ZYPPER:
            from resolver.hosts.zypp_metadata import ZyppMetadata  # noqa: PLC0415 - the same

            return ZyppMetadata(runner, extra_names=extra_names, mirror=mirror)


def keys_of_host(runner: Runner) -> tuple[str, ...]:
    """Give the URLs of the keys that this host's enabled repositories name; no network is needed."""
    match tool_of_host(runner):
        case RpmTool.DNF5:
            from resolver.hosts.dnf_metadata import dnf5_keys  # noqa: PLC0415 - one tool a host

            return dnf5_keys(runner)
        case RpmTool.DNF4:
            from resolver.hosts.dnf4 import keys  # noqa: PLC0415 - the same

            return keys(runner)
        case RpmTool.ZYPPER:
            from resolver.hosts.zypp_xml import keys_of  # noqa: PLC0415 - the same

            return keys_of(runner)


def package_manager_of_host(
    runner: Runner, host: Target, pip_package: str | None = None, *, mirror: RpmMirrorRoot | None = None
) -> RpmManager:
    """Give what installs and removes on this host.

    ``pip_package`` is what carries pip for the target's Python, as far as known; ``mirror`` as ``RpmManager`` takes it.
    """
    from resolver.hosts.rpm_manager import PIP_PACKAGE  # noqa: PLC0415 - what only looks needs no acting side

    pip = pip_package or PIP_PACKAGE
    match tool_of_host(runner):
        case RpmTool.DNF5:
            from resolver.hosts.dnf import Dnf5  # noqa: PLC0415 - one tool a host

            return Dnf5(runner, host, pip_package=pip, mirror=mirror)
        case RpmTool.DNF4:
            from resolver.hosts.dnf import Dnf4  # noqa: PLC0415 - the same

            return Dnf4(runner, host, pip_package=pip, mirror=mirror)
        case RpmTool.ZYPPER:
            from resolver.hosts.zypper import Zypper  # noqa: PLC0415 - the same

            return Zypper(runner, host, pip_package=pip, mirror=mirror)


def reinstalling(runner: Runner) -> tuple[str, ...]:
    """Give how this host's tool is told to install something again."""
    tool = tool_of_host(runner)
    if tool is RpmTool.ZYPPER:
        return ("zypper", "install", "--force")
    return ("dnf5" if tool is RpmTool.DNF5 else "dnf", "reinstall")


def tool_of_host(runner: Runner) -> RpmTool:
    """Tell the host's package manager. Raises UnavailableError where it has none of the three."""
    tool = manager_of_host(runner, platform.freedesktop_os_release())
    if tool is None:
        raise UnavailableError("this host has neither dnf nor zypper", hint=f"looked in {_PATH}")
    return tool


def watched() -> tuple[Path, ...]:
    """Give what the answers of any of the tools depend on: their configuration, and the metadata in their caches.

    No tool is asked for it, so that a warm run starts no program.
    """
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "libdnf5"
    folders = [Path(folder) for folder in _CACHES] + [user, *sorted(Path("/var/tmp").glob("dnf-*"))]  # noqa: S108 - dnf 4's place
    return (
        *map(Path, _CONFIGURATION),
        *(repomd for folder in folders for repomd in _repomds(folder)),
    )


def _repomds(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*/repodata/repomd.xml"))
    except OSError:
        return []
