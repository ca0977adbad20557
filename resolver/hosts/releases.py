"""Distribution releases by the names that people use for them, and which one this host runs."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from resolver.errors import InputError
from resolver.model import Release

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODENAMES = {
    "debian": {"11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky", "sid": "sid"},
    "ubuntu": {"22.04": "jammy", "24.04": "noble", "25.10": "questing", "26.04": "resolute"},
}
_ALIASES = {"unstable": "sid"}


def parse(text: str) -> Release:
    """Read ``debian:12``, ``debian:bookworm``, ``ubuntu:24.04``. Raises InputError for what is not a release."""
    distribution, colon, version = text.lower().partition(":")
    version = _ALIASES.get(version, version)
    known = _CODENAMES.get(distribution)
    if not colon or not version or known is None:
        from difflib import get_close_matches  # noqa: PLC0415 - only for typing errors

        names = ["host", *map(str, known_releases())]
        by_codename = {str(release.codename): str(release) for release in known_releases()}
        close = get_close_matches(text.lower(), [*names, *by_codename], n=1)
        raise InputError(
            f"{text!r} is no release that distrofirst knows",
            context="--target",
            hint=f"did you mean {by_codename.get(close[0], close[0])}?" if close else f"one of: {', '.join(names)}",
        )
    by_codename = {codename: number for number, codename in known.items()}
    number = by_codename.get(version, version)
    if number not in known:
        raise InputError(
            f"{distribution} {version} is no release that distrofirst knows",
            context="--target",
            hint=f"one of: {', '.join(f'{distribution}:{v}' for v in known)}",
        )
    return Release(distribution=distribution, version=number, codename=known[number])


def known_releases() -> tuple[Release, ...]:
    """Give every release that can be named, in the order of the table."""
    return tuple(
        Release(distribution=distribution, version=version, codename=codename)
        for distribution, versions in _CODENAMES.items()
        for version, codename in versions.items()
    )


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
    taken for what it says it is, not for its parent: its archive is its own.
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
