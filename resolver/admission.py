"""What a lock has to pass on this host before anything is planned with it; nothing is changed, and nothing is fetched.

A plan that was made in this run has passed most of it by being made. A lock that was made before, maybe by somebody
else, knows nothing of this host's kind, its sources, and what its user asks of names and ages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.errors import PolicyError, UnmetError
from resolver.hosts.transaction import check_target
from resolver.indexes import cooldown_for
from resolver.model import assigned_to, with_what_builds
from resolver.report.summary import coverage_of, reaches
from resolver.resolve import of_locked, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from resolver.catalog.indexed import IndexedCatalog
    from resolver.model import Lock
    from resolver.names import Names
    from resolver.options import Options


def admit(
    lock: Lock, host: IndexedCatalog, options: Options, names: Callable[[], Names], warn: Callable[[str], None]
) -> None:
    """Let a lock pass, or raise: InputError for another kind of host, UnmetError below a coverage, PolicyError for a
    repository that nobody vouches for, and for what ``--strict`` refuses.
    """
    if options.lock is not None:
        check_target(lock, host.target, shown=str(options.lock))
    _check_coverage(lock, options.fail_under)
    _check_repositories(lock, host)
    if options.lock is not None:
        _judge(lock, options, names(), warn)


def _check_coverage(lock: Lock, bar: float | None) -> None:
    distro, projects = lock.served, len(lock.projects)
    if bar is not None and not reaches(distro, projects, bar):
        raise UnmetError(
            f"the distribution serves {distro} of {projects} projects, {100 * coverage_of(distro, projects):.1f} %",
            context=f"--fail-under {bar:g}",
            hint="`distrofirst report` tells which it does not, and why; nothing was changed",
        )


def _check_repositories(lock: Lock, host: IndexedCatalog) -> None:
    """Refuse an OS package that this host would take from an unverified repository (rule T1)."""
    for wanted in lock.os_packages:
        offered = host.package(wanted.name)
        if offered is not None and not offered.trusted:
            raise PolicyError(
                f"{wanted.name} would come from {offered.repository}, whose signature the system does not verify",
                context="the host's repositories",
                hint="remove trusted=yes or allow-insecure=yes (apt), gpgcheck=0 (dnf, zypper) from its configuration,"
                " and name its key there",
            )


def _judge(lock: Lock, options: Options, names: Names, warn: Callable[[str], None]) -> None:
    """Judge the wheels, and what builds them, by their names and their age."""
    found = dict.fromkeys(
        concern
        for wheel in with_what_builds(lock.wheels)
        for concern in of_locked(
            wheel,
            names(wheel.project),
            cooldown_for(assigned_to(wheel.project, options.indexes), options.cooldown),
        )
    )
    for concern in found:
        warn(concern.text)
    if options.strict:
        refuse(found)
