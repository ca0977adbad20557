"""The user's standing choices: ``[tool.distrofirst]`` in pyproject.toml, or ``distrofirst.toml``.

The command line wins over both.

::

    pins = "compatible"                # rule R9
    prefer = "fewest"
    only-distro = false
    exclude = ["setuptools"]           # projects that shall not come from the distribution
    uploaded-before = 2026-11-01       # cooldown: nothing younger is chosen from the index (rule P3)
    targets = ["host", "debian:13"]
    venv = "venv"

    [tool.distrofirst.pins-for]        # in distrofirst.toml: [pins-for]
    django = "exact"
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from packaging.utils import canonicalize_name

from resolver.errors import InputError
from resolver.model import PinsPolicy, Preference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from enum import StrEnum
    from pathlib import Path

    from packaging.utils import NormalizedName

    _Choice = TypeVar("_Choice", bound=StrEnum)

FILE = "distrofirst.toml"
_KEYS = ("exclude", "only-distro", "pins", "pins-for", "prefer", "targets", "uploaded-before", "venv")
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
    uploaded_before: datetime | None = None
    targets: tuple[str, ...] = ()
    venv: str | None = None


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


def moment(text: str, *, context: str) -> datetime:
    """Read a date or a time of ISO 8601, in UTC unless it says otherwise. Raises InputError for anything else."""
    from datetime import UTC, datetime  # noqa: PLC0415 - rarely asked for

    try:
        limit = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is no date", context=context, hint="write it as 2026-11-01 or 2026-11-01T12:00:00Z"
        ) from error
    return limit if limit.tzinfo is not None else limit.replace(tzinfo=UTC)


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
    unknown = sorted(table.keys() - set(_KEYS))
    if unknown:
        raise InputError(f"unknown key {unknown[0]!r}", context=str(path), hint=f"the keys are {', '.join(_KEYS)}")
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
        uploaded_before=_moment(table, "uploaded-before", path),
        targets=_texts(table, "targets", path),
        venv=_of(table, "venv", str, path),
    )


_T = TypeVar("_T")


def _of(table: Mapping[str, Any], key: str, kind: type[_T], path: Path) -> _T | None:
    value = table.get(key)
    if value is not None and not isinstance(value, kind):
        raise InputError(f"{key} has to be {_KINDS[kind]}, not {value!r}", context=str(path))
    return value


def _moment(table: Mapping[str, Any], key: str, path: Path) -> datetime | None:
    """Read a time that is written as TOML's own date or as a string."""
    value = table.get(key)
    if value is None:
        return None
    from datetime import date  # noqa: PLC0415 - rarely asked for

    if not isinstance(value, str | date):  # a datetime is a date too
        raise InputError(f"{key} has to be a date, not {value!r}", context=str(path))
    return moment(str(value), context=f"{path}: {key}")


def _texts(table: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    values = _of(table, key, list, path) or []
    if not all(isinstance(value, str) for value in values):
        raise InputError(f"{key} has to be {_KINDS[list]}, not {values!r}", context=str(path))
    return tuple(values)


def _choice(kind: type[_Choice], value: object, key: str, path: Path) -> _Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        raise InputError(
            f"{key} = {value!r} is not known", context=str(path), hint=f"one of {', '.join(kind)}"
        ) from error
