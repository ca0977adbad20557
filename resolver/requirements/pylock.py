"""pylock.toml (PEP 751) → requirements: each locked package as an exact pin with its hashes, or as a URL."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from resolver.errors import InputError
from resolver.model import Requirement
from resolver.requirements.lockmarker import decide
from resolver.requirements.pyproject import Declared
from resolver.requirements.requirement import parse_marker
from resolver.requirements.urls import file_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from packaging.markers import Marker

    from resolver.model import Origin
    from resolver.requirements.toml import TomlDocument

_SUPPORTED_MAJOR = "1"


def pylock_requirements(
    document: TomlDocument, folder: str, *, extras: Sequence[str], groups: Sequence[str]
) -> Declared:
    """Give one requirement a package, without those whose marker asks for an extra or group that nobody wanted.

    ``folder`` is the lock's own, absolute: paths in it start there. The default groups hold unless a group is named.
    Raises InputError for another lock version, malformed packages, and a lock that distrofirst wrote itself.
    """
    data = document.data
    if "distrofirst" in _table(data, "tool", document, "tool"):
        raise InputError(
            "this is a lock that distrofirst wrote: a plan, not requirements",
            context=document.shown,
            hint=f"carry it out with `distrofirst install --lock {document.shown}`, or give the inputs behind it",
        )
    version = data.get("lock-version")
    if not isinstance(version, str):
        raise InputError("expected lock-version, as PEP 751 demands", context=document.shown)
    if version.partition(".")[0] != _SUPPORTED_MAJOR:
        raise InputError(
            f"lock-version is {version!r}; expected 1.x",
            context=str(document.origin("lock-version")),
            hint="export the lock again with lock-version 1.0",
        )
    packages = data.get("packages")
    if not isinstance(packages, list):
        raise InputError("expected [[packages]], as PEP 751 demands", context=document.shown)
    offered = {key: _names(document, key) for key in ("extras", "dependency-groups")}
    asked = {
        "extras": {canonicalize_name(extra) for extra in extras},
        "dependency_groups": {canonicalize_name(group) for group in groups} or _names(document, "default-groups"),
    }
    requirements: list[Requirement] = []
    for index, package in enumerate(packages):
        origin = document.origin("packages", index, "name")
        if not isinstance(package, dict):
            raise InputError(f"expected a table of a package, found {package!r}", context=str(origin))
        marker = package.get("marker")
        verdict = decide(_string(marker, "marker", origin), asked, origin) if marker is not None else True
        if verdict is not False:
            kept = parse_marker(verdict, origin) if isinstance(verdict, str) else None
            requirements.append(_requirement(package, kept, origin, folder, document))
    return Declared(
        requirements=tuple(requirements),
        extras=frozenset(offered["extras"]),
        groups=frozenset(offered["dependency-groups"]),
    )


def _requirement(
    package: dict[str, Any], marker: Marker | None, origin: Origin, folder: str, document: TomlDocument
) -> Requirement:
    name = _string(package.get("name"), "name", origin)
    kinds = [kind for kind in ("vcs", "directory", "archive") if kind in package]
    has_files = "wheels" in package or "sdist" in package
    if len(kinds) + has_files != 1:
        raise InputError(
            f"{name}: expected exactly one of vcs, directory, archive, or wheels and sdist",
            context=str(origin),
            hint="PEP 751 names one source a package; export the lock again",
        )
    if has_files:
        version = _version(package, name, origin)
        hashes = [digest for item in _files(package, name, origin) for digest in _hashes(item, name, origin)]
        return Requirement(
            name=canonicalize_name(name),
            specifier=SpecifierSet(f"=={version}"),
            marker=marker,
            hashes=tuple(sorted(set(hashes))),
            origin=origin,
            text=f"{name}=={version}",
        )
    source = _table(package, kinds[0], document, *("packages", kinds[0]))
    url = _url(source, kinds[0], name, origin, folder)
    return Requirement(
        name=canonicalize_name(name),
        specifier=SpecifierSet(),
        marker=marker,
        url=url,
        editable=kinds[0] == "directory" and source.get("editable") is True,
        hashes=tuple(sorted(set(_hashes(source, name, origin)))) if kinds[0] == "archive" else (),
        origin=origin,
        text=f"{name} @ {url}",
    )


def _url(source: dict[str, Any], kind: str, name: str, origin: Origin, folder: str) -> str:
    """Give the URL of a source that is no file of an index, as pip spells it."""
    if source.get("url") is not None and kind != "directory":
        url = _string(source["url"], f"{name}: url", origin)
    else:
        path = _string(source.get("path"), f"{name}: path", origin)
        url = file_url(os.path.normpath(os.path.join(folder, path)))  # noqa: PTH118 - Path would not fold ".."
    if kind == "vcs":
        system = _string(source.get("type"), f"{name}: type", origin)
        commit = _string(source.get("commit-id"), f"{name}: commit-id", origin)
        url = f"{system}+{url}@{commit}"
    if subdirectory := source.get("subdirectory"):
        url = f"{url}#subdirectory={_string(subdirectory, f'{name}: subdirectory', origin)}"
    return url


def _version(package: dict[str, Any], name: str, origin: Origin) -> Version:
    """Give the package's version, else that of its first file's name."""
    try:
        if package.get("version") is not None:
            return Version(_string(package["version"], f"{name}: version", origin))
        for item in _files(package, name, origin):
            filename = _filename(item)
            parsed = parse_wheel_filename(filename) if filename.endswith(".whl") else parse_sdist_filename(filename)
            return parsed[1]
    except ValueError as error:
        raise InputError(f"{name}: {error}", context=str(origin)) from None
    raise InputError(f"{name}: neither a version nor a file tells the version", context=str(origin))


def _files(package: dict[str, Any], name: str, origin: Origin) -> list[dict[str, Any]]:
    wheels = package.get("wheels", [])
    sdist = [package["sdist"]] if "sdist" in package else []
    files = [*wheels, *sdist] if isinstance(wheels, list) else [wheels]
    for item in files:
        if not isinstance(item, dict):
            raise InputError(f"{name}: expected tables in wheels and sdist, found {item!r}", context=str(origin))
    return files


def _filename(item: dict[str, Any]) -> str:
    """Give a file's name: ``name``, else the end of its path or URL (PEP 751)."""
    if name := item.get("name"):
        return str(name)
    place = item.get("path") or unquote(urlsplit(str(item.get("url", ""))).path)
    return str(place).rpartition("/")[2]


def _hashes(item: dict[str, Any], name: str, origin: Origin) -> list[str]:
    hashes = item.get("hashes")
    if not isinstance(hashes, dict) or not hashes:
        raise InputError(
            f"{name}: a file has no hashes; expected at least one, as PEP 751 demands", context=str(origin)
        )
    return [f"{algorithm}:{_string(digest, f'{name}: hashes', origin)}" for algorithm, digest in hashes.items()]


def _string(value: object, what: str, origin: Origin) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"expected {what} to be a string, found {value!r}", context=str(origin))
    return value


def _names(document: TomlDocument, key: str) -> set[str]:
    value = document.data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise InputError(f"expected {key} to be an array of names", context=str(document.origin(key)))
    return {canonicalize_name(name) for name in value}


def _table(data: Mapping[str, Any], key: str, document: TomlDocument, *path: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"expected {key} to be a table, found {value!r}", context=str(document.origin(*path)))
    return value
