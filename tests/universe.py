"""Small worlds from tables: a distribution, an index and requirements, through the same code as the real ones.

The distribution's side is a real index file under a real IndexedCatalog; only what would be fetched (extras, wheels)
comes from the table. ``tests/cases/README.md`` gives the form of the tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from resolver import requirements as reading
from resolver.catalog import build, overrides, store
from resolver.catalog.indexed import IndexedCatalog
from resolver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from resolver.model import OsPackage, RequirementSet

REPOSITORY = "Debian trixie/main"


def catalog(
    folder: Path,
    distro: Mapping[str, Any],
    entries: list[dict[str, str]] | None = None,
    *,
    prefix: str = "python3-",
) -> IndexedCatalog:
    """Make a catalog of debian:13 out of a table of OS packages.

    Each maps a name to ``version``, ``projects`` (project to metadata version, or to a list of them), ``depends``, and
    where they are not the usual ones ``seen-in``, ``trusted``, ``installed``, ``others``, ``python``, ``extras``;
    one that is a project's extra has ``extra-of`` and ``extra``. ``prefix`` is as in ``store.Header``.
    """
    claims = [
        store.Claim(
            project=canonicalize_name(project),
            package=package,
            kind="other" if "python" in record else record.get("evidence", "contents"),
            metadata_name=f"{project.replace('-', '_')}-{version}" if version else project,
            os_version=record.get("seen-in", record["version"]),
        )
        for package, record in distro.items()
        for project, versions in record.get("projects", {}).items()
        for version in (versions if isinstance(versions, list) else [versions])
    ]
    extras = {package: record for package, record in distro.items() if "extra-of" in record}
    claims += [
        store.Claim(
            project=canonicalize_name(record["extra-of"]),
            package=package,
            kind="extra",
            metadata_name=record["extra"],
            os_version=record["version"],
        )
        for package, record in extras.items()
    ]
    state = {
        package: {
            "version": record["version"],
            "architecture": "all",
            "repository": REPOSITORY,
            "trusted": record.get("trusted", True),
            "installed": record["version"] if record.get("installed") else None,
            "depends": record.get("depends", []),
            "others": record.get("others", []),
        }
        for package, record in distro.items()
    }
    named = [entry["package"] for entry in entries or [] if "package" in entry]
    built = build.build(claims, state, [*named, *extras], prefix=prefix)
    header = store.Header(
        distribution="debian",
        version="13",
        codename="trixie",
        architecture="amd64",
        python="3.13",
        python_full_version="3.13.5",
        glibc="2.41",
        source="apt",
        date="2026-11-01T00:00:00Z",
        repositories=build.repositories(built.packages),
        prefix=prefix,
    )
    path = folder / "debian-13.idx"
    store.write(path, store.dump(header, built.claims, built.packages))
    return IndexedCatalog(store.IndexFile(path), _overrides(folder, entries or []), _extras(distro))


def _overrides(folder: Path, entries: list[dict[str, str]]) -> Mapping[Any, overrides.Override]:
    path = folder / "debian.toml"
    lines = []
    for entry in entries:
        lines.append("[[override]]")
        lines.extend(f"{key} = {value!r}" for key, value in entry.items())
    path.write_text("\n".join(lines), encoding="utf-8")
    return overrides.load(path, "debian:13")


def _extras(distro: Mapping[str, Any]) -> Callable[[OsPackage, str, Mapping[str, str]], Mapping[str, tuple[str, ...]]]:
    def read(package: OsPackage, metadata_name: str, environment: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
        assert metadata_name
        assert environment["python_version"] == "3.13"
        extras = distro[package.name].get("extras", {})
        if extras == "unknown":
            raise UnavailableError("the package cannot be downloaded")
        return {name: tuple(lines) for name, lines in extras.items()}

    return read


def requirements(folder: Path, lines: list[str], constraints: list[str] | None = None) -> RequirementSet:
    """Write requirement files and read them: ``app.txt``, which names ``limits.txt`` where there are constraints."""
    text = list(lines)
    if constraints:
        (folder / "limits.txt").write_text("\n".join(constraints) + "\n", encoding="utf-8")
        text.append("-c limits.txt")
    (folder / "app.txt").write_text("\n".join(text) + "\n", encoding="utf-8")
    return reading.read_inputs(["app.txt"], stdin=bytes, environ={}, cwd=folder)
