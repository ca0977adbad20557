"""The user's standing choices: ``[tool.distrofirst]`` in pyproject.toml, or ``distrofirst.toml``.

The command line wins over both.

::

    pins = "compatible"                # rule R9
    prefer = "fewest"
    only-distro = false
    exclude = ["setuptools"]           # projects that shall not come from the distribution
    uploaded-before = "7 days"         # cooldown: nothing younger is chosen from the index (rule P3); "3 days" without
    allow-sdist = ["odfpy"]            # projects that may be built of an sdist where no wheel fits (rule P2)
    strict = false                     # lock and install refuse what somebody has to decide
    targets = ["host", "debian:13"]
    venv = "venv"
    mirror = "/srv/mirror"             # what install --lock, and verify, take all from, without a network
    advisories = "osv"                 # a database of known vulnerabilities in OSV's format, for audit

    [tool.distrofirst.pins-for]        # in distrofirst.toml: [pins-for]
    django = "exact"

    [tool.distrofirst.uploaded-before-for]
    urgent-fix = "off"

    [tool.distrofirst.names]
    popular = "popular.txt"            # names that others may be mistaken for, beside those that the distributions know
    reviewed = ["zz-alpha"]            # looks like another one, and is the one that is meant

    [[tool.distrofirst.index]]         # in distrofirst.toml: [[index]]
    url = "https://packages.example/simple"
    projects = ["our-app", "our-lib-*"]

    [[tool.distrofirst.repository]]    # how a release is looked at whose mirrors this host does not know; as --repo
    target = "centos:9"
    url = "https://mirror.example/9-stream/BaseOS/x86_64/os"
    key = "centos.asc"                 # what it is signed with

    [tool.distrofirst.allow]           # what an inspection would refuse, and a review found good (rule P4)
    pth = ["setuptools"]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from packaging.utils import canonicalize_name

from resolver import cooldown
from resolver.errors import InputError
from resolver.hosts import releases
from resolver.model import AssignedIndex, NamedRepository, PinsPolicy, Preference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum
    from pathlib import Path

    from packaging.utils import NormalizedName

    from resolver.cooldown import Limit

    _Choice = TypeVar("_Choice", bound=StrEnum)

FILE = "distrofirst.toml"
_KEYS = (
    "advisories",
    "allow",
    "allow-sdist",
    "exclude",
    "index",
    "mirror",
    "names",
    "only-distro",
    "pins",
    "pins-for",
    "prefer",
    "repository",
    "strict",
    "targets",
    "uploaded-before",
    "uploaded-before-for",
    "venv",
)
_NAMES_KEYS = ("popular", "reviewed")
_INDEX_KEYS = ("projects", "url")
_REPOSITORY_KEYS = ("key", "target", "url")
_KINDS = {bool: "true or false", dict: "a table", list: "a list of strings", str: "a string"}
"""What TOML's readers call the kinds of values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """What the files say; None where they say nothing."""

    pins: PinsPolicy | None = None
    pins_for: tuple[tuple[NormalizedName, PinsPolicy], ...] = ()
    prefer: Preference | None = None
    only_distro: bool = False
    exclude: frozenset[NormalizedName] = frozenset()
    allow_sdist: frozenset[NormalizedName] = frozenset()
    uploaded_before: Limit | None = None
    uploaded_before_for: tuple[tuple[NormalizedName, Limit], ...] = ()
    strict: bool = False
    popular: Path | None = None
    """A file of popular names; from the folder of the file that names it."""
    reviewed: frozenset[NormalizedName] = frozenset()
    indexes: tuple[AssignedIndex, ...] = ()
    repositories: tuple[NamedRepository, ...] = ()
    """Each for one release."""
    targets: tuple[str, ...] = ()
    venv: str | None = None
    mirror: Path | None = None
    """From the folder of the file that names it."""
    advisories: str | None = None
    allow: frozenset[tuple[str, NormalizedName]] = frozenset()
    """The value of a ``resolver.pypi.faults.Fault`` and a project."""


def read(path: Path | None, folder: Path) -> Configuration:
    """Read the file that ``--config`` names, else distrofirst.toml or pyproject.toml in a folder, if one is there.

    Raises InputError naming the key that is unknown or of the wrong kind.
    """
    if path is not None:
        return _parse(_load(path), path)
    own, project = folder / FILE, folder / "pyproject.toml"
    if own.is_file():
        return _parse(_load(own), own)
    # A pyproject.toml without our table costs a search in its text, not a parser's start.
    if project.is_file() and b"distrofirst" in _bytes(project):
        return _parse(_load(project), project)
    return Configuration()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the configuration cannot be read: {error.strerror}",
            context=str(path),
            hint="name another file with --config",
        ) from error


def _load(path: Path) -> Mapping[str, Any]:
    import tomllib  # noqa: PLC0415 - most runs have no configuration

    try:
        document = tomllib.loads(_bytes(path).decode())
    except ValueError as error:
        raise InputError(f"the configuration is not TOML: {error}", context=str(path)) from error
    if path.name != "pyproject.toml":
        return document
    # Where [tool] itself is something else, the file is broken for every tool and names us no settings.
    tool = document.get("tool")
    return _of(tool, "distrofirst", dict, path) or {} if isinstance(tool, dict) else {}


def _parse(table: Mapping[str, Any], path: Path) -> Configuration:
    _check_keys(table, _KEYS, "", path)
    names = _of(table, "names", dict, path) or {}
    _check_keys(names, _NAMES_KEYS, "names.", path)
    popular = _of(names, "popular", str, path, within="names.")
    mirror = _of(table, "mirror", str, path)
    limits = _of(table, "uploaded-before-for", dict, path) or {}
    pins_for = _of(table, "pins-for", dict, path) or {}
    pins, prefer = _of(table, "pins", str, path), _of(table, "prefer", str, path)
    return Configuration(
        pins=_choice(PinsPolicy, pins, "pins", path) if pins is not None else None,
        pins_for=tuple(
            sorted(
                (canonicalize_name(name), _choice(PinsPolicy, value, f"pins-for.{name}", path))
                for name, value in pins_for.items()
            )
        ),
        prefer=_choice(Preference, prefer, "prefer", path) if prefer is not None else None,
        only_distro=_of(table, "only-distro", bool, path) or False,
        exclude=frozenset(map(canonicalize_name, _texts(table, "exclude", path))),
        allow_sdist=frozenset(map(canonicalize_name, _texts(table, "allow-sdist", path))),
        uploaded_before=_limit(table.get("uploaded-before"), "uploaded-before", path),
        uploaded_before_for=tuple(
            sorted(
                (canonicalize_name(name), limit)
                for name, value in limits.items()
                if (limit := _limit(value, f"uploaded-before-for.{name}", path)) is not None
            )
        ),
        strict=_of(table, "strict", bool, path) or False,
        popular=path.parent / popular if popular is not None else None,
        reviewed=frozenset(map(canonicalize_name, _texts(names, "reviewed", path, within="names."))),
        indexes=_indexes(table, path),
        repositories=_repositories(table, path),
        targets=_texts(table, "targets", path),
        venv=_of(table, "venv", str, path),
        mirror=path.parent / mirror if mirror is not None else None,
        advisories=_of(table, "advisories", str, path),
        allow=_allowed(table, path),
    )


def _allowed(table: Mapping[str, Any], path: Path) -> frozenset[tuple[str, NormalizedName]]:
    """Read which faults of which projects' wheels were reviewed; only some can be."""
    allow = _of(table, "allow", dict, path)
    if not allow:
        return frozenset()
    from resolver.pypi.faults import REVIEWABLE  # noqa: PLC0415 - rarely asked for

    unknown = sorted(allow.keys() - set(REVIEWABLE))
    if unknown:
        raise InputError(
            f"allow.{unknown[0]} is nothing that can be allowed",
            context=str(path),
            hint=f"the keys are {', '.join(REVIEWABLE)}",
        )
    return frozenset((key, canonicalize_name(name)) for key in allow for name in _texts(allow, key, path))


_T = TypeVar("_T")


def _check_keys(table: Mapping[str, Any], known: tuple[str, ...], within: str, path: Path) -> None:
    unknown = sorted(table.keys() - set(known))
    if unknown:
        raise InputError(
            f"unknown key {within + unknown[0]!r}", context=str(path), hint=f"the keys are {', '.join(known)}"
        )


def _of(table: Mapping[str, Any], key: str, kind: type[_T], path: Path, *, within: str = "") -> _T | None:
    value = table.get(key)
    if value is not None and not isinstance(value, kind):
        raise InputError(f"{within}{key} has to be {_KINDS[kind]}, not {value!r}", context=str(path))
    return value


def _limit(value: object, key: str, path: Path) -> Limit | None:
    """Read a limit that is written as TOML's own date or as a string."""
    if value is None:
        return None
    from datetime import date  # noqa: PLC0415 - rarely asked for

    if not isinstance(value, str | date):  # a datetime is a date too
        raise InputError(f"{key} has to be a date or an age, not {value!r}", context=str(path))
    return cooldown.parse(str(value), context=f"{path}: {key}")


def _indexes(table: Mapping[str, Any], path: Path) -> tuple[AssignedIndex, ...]:
    """Read the indexes that projects are assigned to (rule P1), and see that no project is assigned twice."""
    entries = _of(table, "index", list, path) or []
    found: list[AssignedIndex] = []
    taken: dict[str, str] = {}
    for position, entry in enumerate(entries):
        within = f"index[{position}]."
        where = f"{path}: index[{position}]"
        if not isinstance(entry, dict):
            raise InputError(f"expected a table [[index]], not {entry!r}", context=where)
        _check_keys(entry, _INDEX_KEYS, within, path)
        url = _of(entry, "url", str, path, within=within)
        patterns = tuple(_pattern(text, where) for text in _texts(entry, "projects", path, within=within))
        if not url or not patterns:
            raise InputError("expected a url, and projects that come from it", context=where, hint=_INDEX_HINT)
        for pattern in patterns:
            for other, place in taken.items():
                if pattern == other or (pattern.endswith("*") and other.endswith("*") and _overlap(pattern, other)):
                    raise InputError(
                        f"{pattern} is assigned to a second index; {place} has {other}",
                        context=where,
                        hint="a project comes from one index only; an exact name may leave another's prefix*",
                    )
        taken |= dict.fromkeys(patterns, where)
        found.append(AssignedIndex(url=url, projects=patterns, where=where))
    return tuple(found)


def _repositories(table: Mapping[str, Any], path: Path) -> tuple[NamedRepository, ...]:
    """Read the repositories that releases are looked at through; a key lies relative to the file that names it."""
    found: list[NamedRepository] = []
    for position, entry in enumerate(_of(table, "repository", list, path) or []):
        within = f"repository[{position}]."
        where = f"{path}: repository[{position}]"
        if not isinstance(entry, dict):
            raise InputError(f"expected a table [[repository]], not {entry!r}", context=where)
        _check_keys(entry, _REPOSITORY_KEYS, within, path)
        target, url, key = (_of(entry, name, str, path, within=within) for name in ("target", "url", "key"))
        if not target or not url:
            raise InputError("expected a target, and the url of a repository of it", context=where)
        try:
            release = releases.parse(target)
        except InputError as error:
            raise InputError(error.message, context=where, hint=error.hint) from error
        found.append(NamedRepository(url=url, key=path.parent / key if key else None, release=release))
    return tuple(found)


_INDEX_HINT = 'url = "https://packages.example/simple", projects = ["our-app", "our-lib-*"]'


def _pattern(text: str, where: str) -> str:
    """Read a name, or the beginning of names with ``*`` at its end; normalized (PEP 503)."""
    start = text.removesuffix("*")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*)", start) or (start == text and start[-1] in "._-"):
        raise InputError(f"{text!r} is no project's name, and no beginning of one with * at its end", context=where)
    return canonicalize_name(start) + text[len(start) :]


def _overlap(one: str, other: str) -> bool:
    return one[:-1].startswith(other[:-1]) or other[:-1].startswith(one[:-1])


def _texts(table: Mapping[str, Any], key: str, path: Path, *, within: str = "") -> tuple[str, ...]:
    values = _of(table, key, list, path, within=within) or []
    if not all(isinstance(value, str) for value in values):
        raise InputError(f"{within}{key} has to be {_KINDS[list]}, not {values!r}", context=str(path))
    return tuple(values)


def _choice(kind: type[_Choice], value: object, key: str, path: Path) -> _Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        raise InputError(
            f"{key} = {value!r} is not known", context=str(path), hint=f"one of {', '.join(kind)}"
        ) from error
