"""The use case ``diff``: two reports or locks are read and held against each other, target by target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resolver import lock as locks
from resolver.errors import InputError
from resolver.model import Outcome, Reason
from resolver.report import reading
from resolver.report.differences import Comparison, Item, compare
from resolver.report.reasons import words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from resolver.model import Lock

Plans = dict[str, dict[str, Item]]
"""By target, then by project."""


def carry_out(before: Path, after: Path) -> tuple[Comparison, ...]:
    """Compare what two files say of their targets.

    A target is held against its like; where either file has one target alone, against that, so that an upgrade from one
    release to the next can be looked at. Raises InputError for a file that is neither a report nor a lock, or where no
    target of one file has a like in the other.
    """
    old, new = read(before), read(after)
    pairs = [(target, target) for target in old if target in new]
    if not pairs and len(old) == len(new) == 1:
        pairs = [(next(iter(old)), next(iter(new)))]
    if not pairs:
        raise InputError(
            f"the files speak of different targets: {', '.join(old)} and {', '.join(new)}",
            context=f"{before}, {after}",
            hint="compare files of one target each, or of the same ones",
        )
    found = []
    for there, here in pairs:
        differences, unchanged = compare(old[there], new[here])
        found.append(Comparison(before=there, after=here, differences=differences, unchanged=unchanged))
    return tuple(found)


def read(path: Path) -> Plans:
    """Read what a report or a lock says. Raises InputError for a file that is neither."""
    text = reading.read_text(path)
    if not text.lstrip().startswith("{"):
        return _of_lock(locks.loads(text, context=str(path)))
    return {target["target"]: dict(map(_of_report, target["projects"])) for target in reading.targets(text, str(path))}


def _of_report(project: Mapping[str, Any]) -> tuple[str, Item]:
    outcome = Outcome(project["outcome"])
    served = outcome is Outcome.DISTRO
    return str(project["name"]), Item(
        outcome=outcome,
        version=project["version"],
        os_package=f"{project['os_package']} {project['os_version']}" if served else None,
        why=_why(Reason(project["reason"]) if project["reason"] else None, project["detail"]),
    )


def _of_lock(lock: Lock) -> Plans:
    versions = {package.name: package.version for package in lock.os_packages}
    return {
        str(lock.target.release): {
            project.name: Item(
                outcome=project.outcome,
                version=project.version,
                os_package=f"{project.os_package} {versions[project.os_package]}" if project.os_package else None,
                why=_why(project.reason, project.detail),
            )
            for project in lock.projects
        }
    }


def _why(reason: Reason | None, detail: str | None) -> str | None:
    return ": ".join(filter(None, (words(reason), detail))) if reason is not None else None
