"""Reviewed facts that no metadata tells: ``mappings/*.toml`` (rules I1, I3, I7).

The format is in ``mappings/README.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from resolver.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName

_KEYS = {"project", "package", "serves", "version", "releases", "reason"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """One reviewed statement about a project."""

    project: NormalizedName
    package: str | None = None
    """The OS package that carries it, whatever other packages claim."""
    serves: NormalizedName | None = None
    """Another project that does the same job, import names included (psycopg2 for psycopg2-binary)."""
    distrust_version: bool = False
    """The metadata's version means nothing: take the OS package's."""
    releases: tuple[str, ...] = ()
    """``debian:12`` …; empty: all of the file's distributions."""
    reason: str
    where: str
    """``mappings/debian.toml``: shown as evidence."""


def load(path: Path, release: str) -> Mapping[NormalizedName, Override]:
    """Read one file's overrides that hold for a release. Raises InputError naming the entry that is wrong."""
    import tomllib  # noqa: PLC0415 - some milliseconds that a command without a catalog need not pay

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read the overrides: {error}", context=str(path)) from error
    found: dict[NormalizedName, Override] = {}
    for position, entry in enumerate(table.get("override", ())):
        where = f"{path.parent.name}/{path.name}: override[{position}]"
        override = _parse(entry, where, f"{path.parent.name}/{path.name}")
        if override.releases and release not in override.releases:
            continue
        if override.project in found:
            raise InputError(f"{override.project} stands twice for {release}", context=where)
        found[override.project] = override
    return found


def _parse(entry: Mapping[str, object], where: str, file: str) -> Override:
    unknown = sorted(entry.keys() - _KEYS)
    strings = {key: value for key, value in entry.items() if isinstance(value, str)}
    releases = entry.get("releases", [])
    version = strings.get("version", "metadata")
    if unknown or "project" not in strings or not strings.get("reason"):
        raise InputError(
            "expected a project, a reason and one of package, serves, version"
            + (f"; unknown: {', '.join(unknown)}" if unknown else ""),
            context=where,
        )
    if version not in {"metadata", "package"} or not isinstance(releases, list):
        raise InputError('expected version = "metadata" or "package", and a list of releases', context=where)
    serves = strings.get("serves")
    return Override(
        project=canonicalize_name(strings["project"]),
        package=strings.get("package"),
        serves=canonicalize_name(serves) if serves else None,
        distrust_version=version == "package",
        releases=tuple(map(str, releases)),
        reason=strings["reason"],
        where=file,
    )
