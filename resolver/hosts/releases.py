"""Distribution releases by the names that people use for them, and which one this host runs."""

from __future__ import annotations

import platform
import re
from enum import StrEnum
from typing import TYPE_CHECKING

from resolver.errors import InputError
from resolver.model import Release

if TYPE_CHECKING:
    from collections.abc import Mapping


class Family(StrEnum):
    """The distributions that share a metadata format and a way to install."""

    DEBIAN = "debian"
    """apt and Contents indexes."""
    FEDORA = "fedora"
    """rpm-md and dnf: one main Python, others side by side as ``python3.11-NAME``."""
    SUSE = "suse"
    """rpm-md and zypper: flavours of every package, ``python311-NAME``, ``python313-NAME``."""


_CODENAMES = {
    "debian": {"11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky", "sid": "sid"},
    "ubuntu": {"22.04": "jammy", "24.04": "noble", "25.10": "questing", "26.04": "resolute"},
}
_ALIASES = {"unstable": "sid"}

_RPM = {
    "fedora": (Family.FEDORA, re.compile(r"\d{2}|rawhide"), ("42", "43", "44")),
    "centos": (Family.FEDORA, re.compile(r"\d{1,2}"), ("9", "10")),
    "rhel": (Family.FEDORA, re.compile(r"\d{1,2}"), ("9", "10")),
    "almalinux": (Family.FEDORA, re.compile(r"\d{1,2}"), ("9", "10")),
    "rocky": (Family.FEDORA, re.compile(r"\d{1,2}"), ("9", "10")),
    "opensuse": (
        Family.SUSE,
        re.compile(r"tumbleweed|slowroll|leap-\d\d\.\d"),
        ("tumbleweed", "leap-15.6", "leap-16.0"),
    ),
    "sles": (Family.SUSE, re.compile(r"\d\d\.\d"), ("15.7", "16.0")),
}
"""By os-release's ID: the family, what a version looks like (new ones come twice a year), and those to show."""

_MAIN_PYTHON = {
    **dict.fromkeys(("fedora:41", "fedora:42"), "3.13"),
    **dict.fromkeys(("fedora:43", "fedora:44"), "3.14"),
    "fedora:45": "3.15",
    **dict.fromkeys(("centos:9", "rhel:9", "almalinux:9", "rocky:9"), "3.9"),
    **dict.fromkeys(("centos:10", "rhel:10", "almalinux:10", "rocky:10"), "3.12"),
    **dict.fromkeys(("opensuse:leap-15.6", "sles:15.6", "sles:15.7"), "3.6"),
    **dict.fromkeys(("opensuse:leap-16.0", "sles:16.0"), "3.13"),
}
"""What /usr/bin/python3 is, where the metadata at hand does not hold the package python3 (CentOS has it in BaseOS)."""

_GLIBC = {
    "fedora:41": "2.40",
    "fedora:42": "2.41",
    "fedora:43": "2.42",
    **dict.fromkeys(("centos:9", "rhel:9", "almalinux:9", "rocky:9"), "2.34"),
    **dict.fromkeys(("centos:10", "rhel:10", "almalinux:10", "rocky:10"), "2.39"),
    **dict.fromkeys(("opensuse:leap-15.6", "sles:15.6", "sles:15.7"), "2.38"),
    **dict.fromkeys(("opensuse:leap-16.0", "sles:16.0"), "2.40"),
}
"""The C library's version, for the same case: which manylinux wheels run there."""


def parse(text: str) -> Release:
    """Read ``debian:12``, ``debian:bookworm``, ``fedora:43``, ``opensuse:leap-16.0``.

    Raises InputError for what is not a release.
    """
    distribution, colon, version = text.lower().partition(":")
    version = _ALIASES.get(version, version)
    if not colon or not version or (distribution not in _CODENAMES and distribution not in _RPM):
        raise _unknown(text)
    if distribution in _RPM:
        _, form, examples = _RPM[distribution]
        if not form.fullmatch(version):
            raise _no_such_version(distribution, version, examples)
        return Release(distribution=distribution, version=version)
    known = _CODENAMES[distribution]
    by_codename = {codename: number for number, codename in known.items()}
    number = by_codename.get(version, version)
    if number not in known:
        raise _no_such_version(distribution, version, known)
    return Release(distribution=distribution, version=number, codename=known[number])


def _unknown(text: str) -> InputError:
    from difflib import get_close_matches  # noqa: PLC0415 - only for typing errors

    names = ["host", *map(str, known_releases())]
    by_codename = {release.codename: str(release) for release in known_releases() if release.codename}
    close = get_close_matches(text.lower(), [*names, *by_codename], n=1)
    return InputError(
        f"{text!r} is no release that distrofirst knows",
        context="--target",
        hint=f"did you mean {by_codename.get(close[0], close[0])}?" if close else f"one of: {', '.join(names)}",
    )


def _no_such_version(distribution: str, version: str, known: Mapping[str, str] | tuple[str, ...]) -> InputError:
    return InputError(
        f"{distribution} {version} is no release that distrofirst knows",
        context="--target",
        hint=f"one of: {', '.join(f'{distribution}:{v}' for v in known)}",
    )


def known_releases() -> tuple[Release, ...]:
    """Give the releases to show to people, in the order of the tables; of rpm's families others can be named too."""
    return (
        *(
            Release(distribution=distribution, version=version, codename=codename)
            for distribution, versions in _CODENAMES.items()
            for version, codename in versions.items()
        ),
        *(
            Release(distribution=distribution, version=version)
            for distribution, (_, _, examples) in _RPM.items()
            for version in examples
        ),
    )


def family_of(release: Release) -> Family:
    """Tell which family a release belongs to."""
    return _RPM[release.distribution][0] if release.distribution in _RPM else Family.DEBIAN


def has_several_pythons(release: Release) -> bool:
    """Tell whether a release's OS packages are built for several Pythons side by side."""
    return family_of(release) is not Family.DEBIAN


def main_python(release: Release) -> str | None:
    """Tell what a release's /usr/bin/python3 is (``3.14``), as far as it is known without metadata."""
    return _MAIN_PYTHON.get(str(release))


def glibc(release: Release) -> str | None:
    """Tell a release's C library (``2.42``), as far as it is known without metadata."""
    return _GLIBC.get(str(release))


def codename_of_host(distribution: str) -> str | None:
    """Tell this host's codename if it runs a distribution; None where its mirrors are of no use for that one."""
    try:
        here = of_host()
    except InputError:
        return None
    return here.codename if here.distribution == distribution else None


def of_host(os_release: Mapping[str, str] | None = None) -> Release:
    """Tell this host's release from os-release(5).

    Debian's testing and unstable have no VERSION_ID, and both call themselves by the next release's codename: both
    are looked at as sid, whose names hold for them; what apt would install is asked of apt. A derivative (ID_LIKE) is
    taken for what it says it is, not for its parent: its archive is its own. Of an Enterprise Linux the first
    component counts (9.4 is 9), for its repositories follow the minor releases by themselves.
    """
    try:
        facts = os_release if os_release is not None else platform.freedesktop_os_release()
    except OSError as error:
        raise InputError(
            "this host has no os-release file, so its distribution is unknown", hint="name one with --target"
        ) from error
    distribution = facts.get("ID", "linux")
    codename = facts.get("VERSION_CODENAME") or facts.get("DEBIAN_CODENAME")
    version = facts.get("VERSION_ID")
    if distribution.startswith("opensuse-"):
        distribution, _, product = distribution.partition("-")
        version = f"{product}-{version}" if product == "leap" else product
    elif distribution in {"centos", "rhel", "almalinux", "rocky"}:
        version = (version or "").partition(".")[0]
    if distribution in _RPM:
        return parse(f"{distribution}:{version}")
    if distribution not in _CODENAMES:
        raise InputError(
            f"this host runs {facts.get('PRETTY_NAME', distribution)}, which distrofirst cannot serve yet",
            hint="to look at another release, name it with --target, for example --target debian:13",
        )
    if version is None:
        version = codename = "sid"
    return Release(
        distribution=distribution, version=version, codename=codename or _CODENAMES[distribution].get(version)
    )
