"""Who stands behind a plan's OS packages: a family's own data, put together from its parts (rule T2)."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.hosts import apt_sources, releases, support
from resolver.hosts.releases import Family

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from resolver.model import Backing, OsPackage, Target
    from resolver.ports import Cache, Runner


def backing_of(packages: Sequence[OsPackage], target: Target, runner: Runner, cache: Cache) -> Mapping[str, Backing]:
    """Tell who stands behind each OS package, by its name. What only a host of that release knows is not checked."""
    is_debian = releases.family_of(target.release) is Family.DEBIAN
    if not target.is_host:
        return support.unasked(packages, target.release, is_debian=is_debian)
    today = datetime.now(UTC).date()
    if not is_debian:
        return support.of_rpm(packages, target.release, platform.freedesktop_os_release(), today)
    sources = partial(_sources, target=target, runner=runner, cache=cache)
    return support.DebianSupport(release=target.release, sources=sources, runner=runner, today=today).of(packages)


def remarks(target: Target, folder: Path = Path("/etc/apt")) -> tuple[str, ...]:
    """Say who else than it seems may vouch for OS packages of this host (rule T1)."""
    if not target.is_host or releases.family_of(target.release) is not Family.DEBIAN:
        return ()
    keys = apt_sources.shared_keys(folder)
    unbound = sorted({uri for source in apt_sources.read(folder) if source.signed_by is None for uri in source.uris})
    if not keys or not unbound:
        return ()
    told = f"whoever has {', '.join(keys)} may sign for every apt source without Signed-By ({', '.join(unbound)})"
    return (f"{told}: give each source the key that is its own",)


def _sources(packages: Sequence[OsPackage], *, target: Target, runner: Runner, cache: Cache) -> Mapping[str, str]:
    """Ask apt for source packages; what a build's is does not change, so it is asked once."""
    from resolver.hosts.debian_advisories import DebianAdvisories  # noqa: PLC0415 - only where Debian's lists are

    found: dict[str, str] = {}
    for package in packages:
        known = cache.read_json("source", f"{package.name} {package.version}")
        if isinstance(known, str):
            found[package.name] = known
    unknown = [package for package in packages if package.name not in found]
    if unknown:
        told = DebianAdvisories(runner, target.release, offline=True).sources(unknown)
        for package in unknown:
            if package.name in told:
                found[package.name] = told[package.name][0]
                cache.write_json("source", f"{package.name} {package.version}", found[package.name])
    return found
