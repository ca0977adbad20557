"""What ``install`` and ``undo`` did, or would do: ``distrofirst/install/1`` and ``distrofirst/undo/1``.

A dry run's document is the run's: it says what the host has before and after, and never whether that is done already.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from resolver.report.summary import coverage_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from resolver.model import Command, LockedProject, OsPackage, PackageChange
    from resolver.model.acting import HostState, InstallResult, UndoResult

INSTALL = "distrofirst/install/1"
"""Changes only when a key changes its meaning or goes."""
UNDO = "distrofirst/undo/1"
"""The same."""

_PLACES = 4


def install(result: InstallResult) -> str:
    """Give one document, keys sorted; ``projects`` has the keys of the report's as far as a lock knows them.

    ``left`` is what an administrator must run before anything can be done, in the words of what is done; nothing has
    simulated it, so that ``after`` is empty where any version will do.
    """
    lock = result.lock
    distro, projects = lock.served, len(lock.projects)
    packages = {package.name: package for package in lock.os_packages}
    return _document(
        result,
        schema=INSTALL,
        target=str(lock.target),
        python=lock.target.python,
        architecture=lock.target.architecture,
        drift=list(result.drift),
        summary={
            "projects": projects,
            "distro": distro,
            "pypi": projects - distro,
            "coverage": round(coverage_of(distro, projects), _PLACES),
        },
        projects=[_project(one, packages.get(one.os_package or "")) for one in lock.projects],
        left={"commands": _lines(result.left.commands), "os_packages": _changes(result.left.changes)},
    )


def undo(result: UndoResult) -> str:
    """Give one document, keys sorted; ``untouched`` counts the OS packages that were there before."""
    return _document(
        result,
        schema=UNDO,
        staying=[{"name": name, "why": why} for name, why in result.staying],
        untouched=result.untouched,
        unseen=list(map(str, result.unseen)),
    )


def _document(result: InstallResult | UndoResult, **more: object) -> str:
    document = {
        "changed": result.changed,
        "venv": str(result.venv),
        "commands": _lines(result.commands),
        "os_packages": _changes(result.changes),
        "before": _state(result.before),
        "after": _state(result.after),
        **more,
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _lines(commands: Iterable[Command]) -> list[str]:
    return [command.shell_line() for command in commands]


def _changes(changes: Iterable[PackageChange]) -> list[dict[str, str | None]]:
    return [{"name": one.name, "before": one.before, "after": one.after} for one in changes]


def _state(state: HostState) -> dict[str, object]:
    return {
        "environment": state.environment,
        "os_packages": [{"name": name, "version": version} for name, version in state.os_packages],
        "remainder": [
            {"name": name, "version": version, "sha256": sha256} for name, version, sha256 in state.remainder
        ],
    }


def _project(project: LockedProject, package: OsPackage | None) -> dict[str, object]:
    return {
        "name": project.name,
        "outcome": project.outcome.value,
        "version": project.version,
        "metadata_version": project.metadata_version,
        "requested_by": list(project.requested_by),
        "os_package": project.os_package,
        "os_version": package.version if package else None,
        "repository": package.repository if package else None,
        "evidence": project.evidence.value if project.evidence else None,
        "loosened": project.loosened,
        "reason": project.reason.value if project.reason else None,
        "detail": project.detail,
    }
