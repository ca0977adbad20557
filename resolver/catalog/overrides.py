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

PREFIX = "{prefix}"
"""In the name of an OS package: what the target puts before a project's name (``store.Header.prefix``)."""
_KEYS = {"project", "package", "serves", "version", "releases", "reason"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """One reviewed statement about a project."""

    project: NormalizedName
    package: str | None = None
    """The OS package that carries it, whatever other packages claim; see ``package_of``."""
    serves: NormalizedName | None = None
    """Another project that does the same job, import names included (psycopg2 for psycopg2-binary)."""
    distrust_version: bool = False
    """The metadata's version means nothing: take the OS package's."""
    releases: tuple[str, ...] = ()
    """``debian:12`` …; empty: all of the file's distributions."""
    reason: str
    where: str
    """``mappings/debian.toml``: shown as evidence."""

    def package_of(self, prefix: str) -> str | None:
        """Name the OS package of one interpreter: ``{prefix}opencv`` is another one for each (rule I4)."""
        return None if self.package is None else self.package.replace(PREFIX, prefix)


def load(path: Path, release: str) -> Mapping[NormalizedName, Override]:
    """Read one file's overrides that hold for a release. Raises InputError naming the entry that is wrong."""
    import tomllib  # noqa: PLC0415 - some milliseconds that a command without a catalog need not pay

    file = f"{path.parent.name}/{path.name}"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read the overrides: {error}", context=str(path)) from error
    entries = document.pop("override", [])
    if document or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError("expected [[override]] tables and nothing else", context=file)
    found: dict[NormalizedName, Override] = {}
    for position, entry in enumerate(entries):
        where = f"{file}: override[{position}]"
        override = _parse(entry, where, file)
        if override.releases and release not in override.releases:
            continue
        if override.project in found:
            raise InputError(f"{override.project} stands twice for {release}", context=where)
        found[override.project] = override
    for override in found.values():
        if override.serves is not None and (end := found.get(override.serves)) is not None and end.serves is not None:
            raise InputError(
                f"{override.project} is served by {end.project}, which is itself served by {end.serves}",
                context=file,
                hint="name the project that has an OS package of its own",
            )
    return found


def _parse(entry: Mapping[str, object], where: str, file: str) -> Override:
    unknown = sorted(entry.keys() - _KEYS)
    strings = {key: value for key, value in entry.items() if isinstance(value, str) and value}
    given = strings.keys() & {"package", "serves", "version"}
    if unknown or "project" not in strings or "reason" not in strings or not given:
        raise InputError(
            "expected a project, a reason and one of package, serves, version"
            + (f"; unknown: {', '.join(unknown)}" if unknown else ""),
            context=where,
        )
    if "serves" in given and len(given) > 1:
        raise InputError("serves says it all: expected no package or version beside it", context=where)
    releases = entry.get("releases", [])
    listed = isinstance(releases, list) and all(isinstance(one, str) for one in releases)
    if strings.get("version", "package") != "package" or not isinstance(releases, list) or not listed:
        raise InputError('expected version = "package" if any, and releases as a list of strings', context=where)
    return Override(
        project=canonicalize_name(strings["project"]),
        package=strings.get("package"),
        serves=canonicalize_name(strings["serves"]) if "serves" in given else None,
        distrust_version="version" in given,
        releases=tuple(releases),
        reason=strings["reason"],
        where=file,
    )
