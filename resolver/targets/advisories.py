"""Who on this host knows the vulnerabilities of OS packages: a family's own data, put together from its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.errors import InputError, UnavailableError
from resolver.hosts import releases
from resolver.hosts.releases import Family
from resolver.model import Unchecked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resolver.hosts.rpm_advisories import Updates
    from resolver.model import Release, RpmRepository
    from resolver.ports import OsAdvisories, RpmMetadata, Runner


def advisories_of(
    release: Release, architecture: str, runner: Runner, *, offline: bool = False
) -> OsAdvisories | Unchecked:
    """Give what speaks for a release's OS packages; Unchecked where this host runs another one.

    What a host's tools know is of the host's own release. Raises UnavailableError without a package manager.
    """
    try:
        here: Release | None = releases.of_host()
    except InputError:
        here = None
    if here is None or str(here) != str(release):
        return Unchecked(
            why=f"this host runs {here or 'something else'}, and a host of {release} has the data of its packages",
            next_step=f"run distrofirst audit on a host of {release}",
        )
    if releases.family_of(release) is Family.DEBIAN:
        from resolver.hosts.debian_advisories import DebianAdvisories  # noqa: PLC0415 - one family a run

        return DebianAdvisories(runner, here, offline=offline)
    from resolver.hosts import rpm_tools  # noqa: PLC0415 - the same
    from resolver.hosts.rpm_advisories import RpmAdvisories  # noqa: PLC0415 - the same

    metadata = rpm_tools.metadata_of_host(runner, offline=offline)
    return RpmAdvisories(
        runner,
        rpm_tools.tool_of_host(runner),
        architecture,
        lambda: read_updates(metadata, runner),
        offline=offline,
    )


def read_updates(metadata: RpmMetadata, runner: Runner) -> Sequence[Updates]:
    """Read what each of the host's repositories publishes. Raises UnavailableError where one cannot be read."""
    return [_updates(repository, runner) for repository in metadata.repositories()]


def _updates(repository: RpmRepository, runner: Runner) -> Updates:
    from resolver.catalog import rpm_md, updateinfo  # noqa: PLC0415 - one family a run
    from resolver.hosts import rpm_fetch  # noqa: PLC0415 - the same
    from resolver.hosts.rpm_advisories import Updates  # noqa: PLC0415 - the same
    from resolver.targets.rpm_index import unpack_zstd  # noqa: PLC0415 - the same

    if repository.metadata is None:
        raise UnavailableError(
            "there is no metadata of this repository",
            context=repository.id,
            hint="fetch it with `dnf makecache` or `zypper refresh`, or disable the repository",
        )
    path = repository.metadata / rpm_fetch.REPOMD
    try:
        repomd = rpm_md.parse_repomd(path.read_bytes(), str(path))
    except OSError as error:
        raise UnavailableError(f"cannot be read: {error.strerror}", context=str(path)) from error
    if repomd.updateinfo is None:
        return Updates(repository=repository, notices=None)
    notices = updateinfo.read(
        repository.metadata / repomd.updateinfo.href,
        repomd.updateinfo,
        zstd=lambda packed: unpack_zstd(packed, runner),
    )
    return Updates(repository=repository, notices=notices)
