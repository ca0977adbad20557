"""From traces and the package manager's state to an index: the pure part of building a catalog."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resolver.catalog import contents
from resolver.catalog.store import Claim, PackageRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """What goes into an index besides its header."""

    claims: tuple[Claim, ...]
    packages: tuple[PackageRecord, ...]


def claims_from_contents(
    traces: Iterable[contents.Trace], packages: Mapping[str, Any], suite: str, python: str
) -> tuple[Claim, ...]:
    """Turn a release's traces into claims; ``packages`` is apt_dump's answer, ``suite`` the Contents' own.

    The build that a trace was seen in is the one in that suite, not a security update (rule V2). A trace under
    another interpreter than ``python`` (``3.13``) is kept as such (rule I4).
    """
    found = set()
    for trace in traces:
        state = packages.get(trace.package)
        if state is None:
            continue  # in the archive's Contents but not offered for this architecture
        found.add(
            Claim(
                project=trace.project,
                package=trace.package,
                kind="contents" if trace.python in {"3", python} else "other",
                metadata_name=trace.metadata_name,
                os_version=state["suites"].get(suite, state["version"]),
            )
        )
    return tuple(sorted(found))


def claims_from_owners(
    owners: Mapping[str, str], packages: Mapping[str, Any], known: Iterable[Claim]
) -> tuple[Claim, ...]:
    """Give claims for installed metadata that no Contents index knows (rule I1, the installed package database)."""
    seen = {(claim.project, claim.package) for claim in known}
    found = []
    for path, package in owners.items():
        name = posixpath.basename(path).rpartition(".")[0]
        project = contents.project_of(name)
        state = packages.get(package)
        if project and (project, package) not in seen and state is not None and state["installed"]:
            found.append(
                Claim(
                    project=project,
                    package=package,
                    kind="installed",
                    metadata_name=name,
                    os_version=state["installed"],
                )
            )
    return tuple(sorted(found))


def build(
    claims: Iterable[Claim],
    packages: Mapping[str, Any],
    extra_packages: Iterable[str] = (),
    *,
    prefix: str = "python3-",
) -> Built:
    """Reduce a package manager's state to what matters to Python.

    ``packages`` maps a name to apt_dump's record. Packages that carry a project stay, with their dependencies
    looked through to such packages (python3-pandas-lib has no metadata, numpy stands behind it), and those that are
    named like a project's but carry none, for suggestions (rule I2): ``prefix``. ``extra_packages`` stay whatever they
    carry: those that overrides name, and those that are a project's extras.
    """
    kept = tuple(claim for claim in claims if claim.package in packages)
    projects: dict[str, set[str]] = {name: set() for name in extra_packages}
    for claim in kept:
        if claim.kind not in {"extra", "other"}:
            projects.setdefault(claim.package, set()).add(claim.project)
    records = []
    for name, state in packages.items():
        if name not in projects and not name.startswith(prefix):
            continue
        installed = state["installed"] == state["version"]
        records.append(
            PackageRecord(
                name=name,
                version=state["version"],
                architecture=state["architecture"],
                repository=state["repository"],
                trusted=state["trusted"],
                installed=installed,
                depends=_carriers(name, packages, projects) if name in projects else (),
                projects=tuple(sorted(projects.get(name, ()))),
                others=tuple((version, repository) for version, repository in state["others"]),
            )
        )
    return Built(claims=kept, packages=tuple(records))


def _carriers(name: str, packages: Mapping[str, Any], projects: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Give the nearest packages below ``name`` that carry projects, through those that carry none."""
    found: set[str] = set()
    seen = {name}
    queue = list(packages[name]["depends"])
    while queue:
        need = queue.pop()
        if need in seen:
            continue
        seen.add(need)
        if projects.get(need):
            found.add(need)
        elif need in packages:
            queue.extend(packages[need]["depends"])
    return tuple(sorted(found))


def repositories(packages: Iterable[PackageRecord]) -> tuple[str, ...]:
    """Give every repository that the records name, sorted."""
    return tuple(sorted({r for p in packages for r in (p.repository, *(name for _, name in p.others))}))
