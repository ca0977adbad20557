"""The use case ``audit`` in its steps: what is to be audited, who is asked, what follows (rule T2)."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from resolver.audit import judge, osv
from resolver.errors import DistrofirstError, InputError
from resolver.hosts import releases
from resolver.indexes import open_client
from resolver.model import AssignedIndex, OsPackage, Outcome, Reason, Unchecked, assigned_to
from resolver.model.audit import Audit, Known, Served, Verdict
from resolver.targets.advisories import advisories_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.model import Lock, Release, Sources
    from resolver.ports import Cache, OsAdvisories, ProjectAdvisories, Runner
    from resolver.venv.record import Contract

_VERDICTS = list(Verdict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What is to be audited."""

    release: Release
    architecture: str
    remainder: tuple[tuple[NormalizedName, str, Unchecked | None], ...]
    """Name, version, and why nothing that is known of these would settle it."""
    served: tuple[Served, ...]
    sources: Sources
    """Where the remainder came from, as whoever chose it has recorded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What an audit asks with."""

    runner: Runner
    cache: Cache
    warn: Callable[[str], None]
    advisories: Path | None
    indexes: tuple[AssignedIndex, ...] = ()
    """Those that single projects come from."""
    offline: bool = False


def of_lock(lock: Lock) -> Subject:
    """Take what a lock would install."""
    carried: dict[str, list[tuple[NormalizedName, str]]] = {package.name: [] for package in lock.os_packages}
    for project in lock.projects:
        if project.outcome is Outcome.DISTRO:
            for name in (project.os_package, *project.extra_packages):
                carried[str(name)].append((project.name, project.version))
    return Subject(
        release=lock.target.release,
        architecture=lock.target.architecture,
        remainder=tuple(
            (project.name, project.version, _own_file(project.name) if project.reason is Reason.DIRECT_URL else None)
            for project in lock.projects
            if project.outcome is Outcome.PYPI
        ),
        served=tuple(
            Served(package=package, projects=tuple(sorted(carried[package.name]))) for package in lock.os_packages
        ),
        sources=lock.sources,
    )


def _own_file(name: str) -> Unchecked:
    return Unchecked(why=f"it comes from a URL, and what is known of {name} is known of the index's files")


def of_environment(
    contract: Contract, installed: Mapping[str, str], offered: Callable[[str], OsPackage | None]
) -> Subject:
    """Take what an environment holds: of OS packages the installed versions, for these are what runs."""
    release, architecture, _ = contract.target.rsplit(" ", 2)
    carried: dict[str, list[tuple[NormalizedName, str]]] = {name: [] for name, _ in contract.os_packages}
    for project in contract.projects:
        if project.os_package in carried:
            carried[str(project.os_package)].append((canonicalize_name(project.name), project.version or ""))
    return Subject(
        release=releases.parse(release),
        architecture=architecture,
        remainder=tuple(
            (canonicalize_name(project.name), project.version or "", None)
            for project in contract.projects
            if project.outcome is Outcome.PYPI
        ),
        served=tuple(
            _installed(name, recorded, installed, offered(name), tuple(sorted(carried[name])), architecture)
            for name, recorded in contract.os_packages
        ),
        sources=contract.sources,
    )


def _installed(  # noqa: PLR0917 - one OS package, from each of its sources
    name: str,
    recorded: str,
    installed: Mapping[str, str],
    offered: OsPackage | None,
    projects: tuple[tuple[NormalizedName, str], ...],
    architecture: str,
) -> Served:
    version = installed.get(name)
    package = OsPackage(
        name=name,
        version=version or recorded,
        architecture=offered.architecture if offered else architecture,
        repository=offered.repository if offered else "",
    )
    missing = None
    if version is None:
        missing = Unchecked(why="it is not installed", next_step="repeat distrofirst install")
    # The record has the projects' versions as of its own OS version.
    same = version == recorded
    return Served(
        package=package, projects=projects if same else tuple((one, "") for one, _ in projects), unchecked=missing
    )


def carry_out(subject: Subject, means: Means) -> Audit:
    """Ask everybody who may know, and judge."""
    database = osv.read(means.advisories) if means.advisories is not None else None
    remainder, indexes = subject.remainder, _indexes(subject.sources, means)
    with ExitStack() as stack:
        advisories: ProjectAdvisories
        if database is not None:
            # What is known of PyPI's projects is not known of another index's namesakes.
            remainder = tuple(
                (name, version, why or (_own_index(name) if assigned_to(name, indexes) else None))
                for name, version, why in remainder
            )
            advisories = database
        else:
            advisories = _OfIndexes(means, stack, indexes, subject.sources.index)
        items = judge.judge_remainder(remainder, advisories)
    items += judge.judge_os_packages(subject.served, subject.release, _of_distribution(subject, means), database)
    return Audit(
        target=str(subject.release),
        items=tuple(
            sorted(items, key=lambda item: (_VERDICTS.index(item.verdict), item.is_os_package, item.name, item.version))
        ),
    )


def _indexes(sources: Sources, means: Means) -> tuple[AssignedIndex, ...]:
    """Give the indexes that projects are assigned to: here, which may bring a login, and where the lock was made.

    What a lock says of an index is believed: nothing comes from there but advice, and only the names that it assigns
    to it are asked of it.
    """
    return (*means.indexes, *sources.indexes)


def _own_index(name: str) -> Unchecked:
    return Unchecked(why=f"it comes from an index of its own, and what is known of {name} is known of PyPI's")


def _of_distribution(subject: Subject, means: Means) -> OsAdvisories | Unchecked:
    try:
        return advisories_of(subject.release, subject.architecture, means.runner, offline=means.offline)
    except DistrofirstError as error:
        return Unchecked(why=str(error), next_step=error.hint)


class _OfIndexes:
    """``resolver.ports.ProjectAdvisories`` by the JSON API of the index that a project comes from, and no other's.

    Each is opened when the first project is asked of it; what keeps it from being asked becomes the answer for all of
    its projects, with one warning (rules P1, T2).
    """

    def __init__(self, means: Means, stack: ExitStack, indexes: tuple[AssignedIndex, ...], default: str | None) -> None:
        self._means = means
        self._stack = stack
        self._indexes = indexes
        self._default = default
        """The URL of the index that all other projects come from; None where nobody has recorded it."""
        self._opened: dict[AssignedIndex | None, ProjectAdvisories] = {}

    def of(self, project: NormalizedName, version: Version) -> Known | Unchecked:
        """See the port."""
        index = assigned_to(project, self._indexes)
        if index not in self._opened:
            self._opened[index] = self._open(index)
        return self._opened[index].of(project, version)

    def _open(self, index: AssignedIndex | None) -> ProjectAdvisories:
        # A database on disk needs no network.
        from resolver.pypi.configuration import assigned_settings, read_settings, read_way  # noqa: PLC0415 - as above
        from resolver.pypi.vulnerabilities import IndexAdvisories  # noqa: PLC0415 - the same

        means = self._means
        try:
            if index is None:
                settings = read_settings(means.runner, means.cache)
                if self._default is not None and self._default != settings.index_url:
                    # The one that a requirements file named, or that another host has.
                    recorded = AssignedIndex(url=self._default, projects=(), where="the lock's sources.index")
                    settings = assigned_settings(settings, recorded)
            else:
                settings = assigned_settings(read_way(), index)
            if settings.index_url is None:
                return _Nobody(f"no index may be asked: {settings.where}")
            http = open_client(self._stack, means.cache, settings, offline=means.offline)
        except InputError:
            raise
        except DistrofirstError as error:
            means.warn(f"the index cannot be asked for vulnerabilities: {error}")
            return _Nobody(str(error))
        return IndexAdvisories(http, settings.index_url, warn=means.warn)


class _Nobody:
    """``resolver.ports.ProjectAdvisories`` where nobody can be asked."""

    def __init__(self, why: str) -> None:
        self._why = why

    def of(self, project: NormalizedName, version: Version) -> Known | Unchecked:  # noqa: ARG002 - the port's
        """See the port."""
        return Unchecked(why=self._why, next_step="name an advisory database in OSV's format: --advisories DIR")
