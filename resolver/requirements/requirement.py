"""One requirement: a PEP 508 line, a URL, a local path, an editable.

What counts as which is pip's rule (``pip install`` of the same words): a known URL scheme makes a URL; a path that
exists as an installable folder or an archive makes a path; the rest is PEP 508. Paths are relative to the current
folder, not to the file. pyproject.toml takes PEP 508 alone, hence ``parse_pep508``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.markers import Marker
from packaging.requirements import Requirement as Pep508
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from resolver.errors import InputError
from resolver.model import Requirement
from resolver.requirements.surroundings import PathKind, Surroundings, on_disk
from resolver.requirements.urls import (
    VCS,
    VCS_SCHEMES,
    absolute_file_url,
    cause_of,
    check_url,
    file_url,
    is_url,
    names_a_place,
    scheme_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName

    from resolver.model import Origin

_ARCHIVE = re.compile(r"\.(?:zip|whl|tar|tgz|tbz|txz|tlz|tar\.(?:gz|bz2|xz|lz|lzma))$", re.IGNORECASE)
# The parts that packaging leaves unchecked: the name's letters, and the three tags.
_WHEEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.]*[A-Za-z0-9])?-[^\s-]+(?:-[^\s-]+)?(?:-[A-Za-z0-9_.]+){3}\.whl")
_EXTRAS_AT_END = re.compile(r"(.+)(\[[^\]]+\])")
_EGG = re.compile(r"[#&]egg=([^&]*)")
_SHAPE = 'a requirement reads like name[extra]>=1.2,<2 ; python_version < "3.9" (PEP 508)'
# PEP 751's marker variables, which newer versions of packaging accept everywhere.
_LOCK_VARIABLE = re.compile(r"\b(?:extras|dependency_groups)\b")
# What packaging raises: ValueError by contract; 23.0 evaluates the quoted strings of a marker as Python, too.
_UNREADABLE = (ValueError, SyntaxError, RecursionError)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def parse_requirement(
    text: str,
    origin: Origin,
    *,
    around: Surroundings | None = None,
    hashes: Iterable[str] = (),
    constraint: bool = False,
    written: str | None = None,
) -> Requirement:
    """Parse one requirement as ``pip install`` would.

    ``around`` is the real file system at the current folder by default; ``written`` is ``text`` before environment
    variables were put in, and is what messages and the value show. Raises InputError.
    """
    text = text.lstrip()  # the right-hand end stays: "URL ; " ends in a marker's separator
    written = (text if written is None else written).strip()
    around = around or on_disk(Path())
    names_url = is_url(text)
    wanted, _, marker_text = text.partition("; " if names_url else ";")
    wanted, marker_text = wanted.strip(), marker_text.strip()
    marker = _marker(marker_text, written, origin) if marker_text else None
    if names_url:
        check_url(wanted, written, origin)
        parts = _from_url(absolute_file_url(wanted, around.cwd), written, origin)
    else:
        parts = _from_path(wanted, written, origin, around) or _from_pep508(wanted, written, origin)
    if constraint:
        _check_constraint(parts, written, origin)
    return Requirement(
        name=parts.name,
        extras=parts.extras,
        specifier=parts.specifier,
        marker=marker,
        url=parts.url,
        constraint=constraint,
        hashes=tuple(sorted(set(hashes))),
        origin=origin,
        text=written,
    )


def parse_editable(
    text: str, origin: Origin, *, around: Surroundings, constraint: bool = False, written: str | None = None
) -> Requirement:
    """Parse what follows ``-e``: a local folder, a ``file:`` or VCS URL, or ``name @ URL``. Raises InputError."""
    text = text.strip()
    written = text if written is None else written.strip()
    if constraint:
        raise InputError(
            f"{written!r} is editable; a constraint is a name and a version",
            context=str(origin),
            hint="move the line to a requirements file",
        )
    parsed = _direct_reference(text)
    if parsed is not None:
        name: NormalizedName | None = canonicalize_name(parsed.name)
        extras, marker, url = _normalized(parsed.extras), parsed.marker, parsed.url or ""
    else:
        marker = None
        place, own_extras = _without_extras(text, written, origin)
        path = os.path.normpath(os.path.join(around.cwd, place))  # noqa: PTH118 - Path would not fold ".."
        if around.kind_of(path) in {PathKind.FOLDER, PathKind.PROJECT}:
            name, extras, url = None, own_extras, file_url(path)
        else:
            is_file_url = place.lower().startswith("file:")
            url = place if is_file_url else text
            system = url.partition(":")[0].lower()
            url = f"{system}+{url}" if system in VCS else url
            name, extras = _egg(url, written, origin)
            extras = own_extras if is_file_url else extras
    scheme = scheme_of(url)
    if scheme != "file" and scheme not in VCS_SCHEMES:
        raise InputError(
            f"{written!r} cannot be editable: expected an existing local folder or a VCS URL",
            context=str(origin),
            hint=f"relative paths start from {around.cwd}; a repository is written name @ git+https://…",
        )
    if name is None and scheme != "file":
        raise InputError(
            f"{written!r} does not say which project it is",
            context=str(origin),
            hint=f"write it as NAME @ {written}",
        )
    check_url(url, written, origin)
    return Requirement(
        name=name,
        extras=extras,
        specifier=SpecifierSet(),
        marker=marker,
        url=url,
        editable=True,
        origin=origin,
        text=written,
    )


def parse_pep508(text: str, origin: Origin) -> Requirement:
    """Parse a requirement that must be PEP 508, as in pyproject.toml. Raises InputError."""
    parsed = _pep508(text, text, origin)
    return Requirement(
        name=canonicalize_name(parsed.name),
        extras=_normalized(parsed.extras),
        specifier=parsed.specifier,
        marker=parsed.marker,
        url=parsed.url,
        origin=origin,
        text=text.strip(),
    )


def parse_marker(text: str, origin: Origin) -> Marker:
    """Parse a marker that stands alone. Raises InputError."""
    return _marker(text, text, origin)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    """What a requirement says of its project."""

    name: NormalizedName | None
    extras: tuple[str, ...]
    specifier: SpecifierSet
    url: str | None


def _from_pep508(wanted: str, written: str, origin: Origin) -> _Parts:
    parsed = _pep508(wanted, written, origin)
    return _Parts(
        name=canonicalize_name(parsed.name),
        extras=_normalized(parsed.extras),
        specifier=parsed.specifier,
        url=parsed.url,
    )


def _from_path(wanted: str, written: str, origin: Origin, around: Surroundings) -> _Parts | None:
    """Read a local path; None where ``wanted`` is none."""
    local = _local(wanted, written, origin, around)
    if local is None:
        return None
    path, extras = local
    parts = _from_url(file_url(path), written, origin)
    return replace(parts, extras=extras)


def _from_url(url: str, written: str, origin: Origin) -> _Parts:
    """Read a checked URL. A wheel's file name tells name and version, ``#egg=`` the name, an sdist's file name
    nothing: pip's rule.
    """
    filename = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    if not filename.endswith(".whl"):
        name, extras = _egg(url, written, origin)
        return _Parts(name=name, extras=extras, specifier=SpecifierSet(), url=url)
    try:
        name, version, _, _ = parse_wheel_filename(filename)
        if not _WHEEL.fullmatch(filename):
            raise ValueError("it holds what no name or tag may hold")  # noqa: TRY301 - as packaging raises
    except ValueError as error:
        raise InputError(
            f"{filename!r} is not a wheel's file name{cause_of(error, filename, written)}",
            context=str(origin),
            hint="a wheel is called NAME-VERSION-PYTHON-ABI-PLATFORM.whl; do not rename it",
        ) from None
    return _Parts(name=name, extras=(), specifier=SpecifierSet(f"=={version}"), url=url)


def _egg(url: str, written: str, origin: Origin) -> tuple[NormalizedName | None, tuple[str, ...]]:
    """Read ``#egg=name`` or ``#egg=name[extra]``. Raises InputError for anything else there."""
    found = _EGG.search(url)
    if not found:
        return None, ()
    try:
        parsed = Pep508(found[1])
    except _UNREADABLE:
        parsed = None
    if parsed is None or not _is_name(parsed.name) or parsed.specifier or parsed.url or parsed.marker:
        raise InputError(
            f"{written!r}: after #egg= expected a project's name, found {found[1]!r}",
            context=str(origin),
            hint="write NAME @ URL, and drop #egg=",
        )
    return canonicalize_name(parsed.name), _normalized(parsed.extras)


def _local(wanted: str, written: str, origin: Origin, around: Surroundings) -> tuple[str, tuple[str, ...]] | None:
    """Give the absolute path and extras where ``wanted`` names one; None where it is PEP 508.

    Raises InputError where it can only be meant as a path, and nothing usable is there.
    """
    place, extras = _without_extras(wanted, written, origin)
    path = os.path.normpath(os.path.join(around.cwd, place))  # noqa: PTH118 - Path would not fold ".."
    looks_like_path = _looks_like_path(wanted)
    kind = around.kind_of(path) if looks_like_path or _ARCHIVE.search(place) else None
    if kind is PathKind.PROJECT and looks_like_path:
        return path, extras
    if kind is PathKind.FOLDER and looks_like_path:
        raise InputError(
            f"the folder {written!r} is no Python project: it has neither pyproject.toml nor setup.py",
            context=str(origin),
            hint=f"relative paths start from {around.cwd}",
        )
    is_archive = _ARCHIVE.search(path) is not None
    if kind is PathKind.FILE and is_archive:
        return path, extras
    before_at, at, _ = wanted.partition("@")
    if at and not _looks_like_path(before_at):
        return None
    if is_archive or (looks_like_path and not _is_pep508(wanted)):
        what = "is neither a wheel nor an sdist" if kind is PathKind.FILE else "does not exist"
        raise InputError(
            # The path may hold a password from the environment where a URL's scheme was misspelt.
            f"{written!r} reads like a local path, and {path if wanted in written else 'it'} {what}",
            context=str(origin),
            hint=_hint_for_path(wanted, kind, around),
        )
    return None


def _hint_for_path(wanted: str, kind: PathKind | None, around: Surroundings) -> str:
    from resolver.requirements.mistakes import hint_for  # noqa: PLC0415 - 4 ms that good input need not pay

    if hint := re.match(r"[\w.-]+@[\w.-]+:|git://", wanted) and hint_for(wanted):
        return hint
    if kind is PathKind.FILE and wanted.endswith((".txt", ".in")):
        return f"to include a requirements file write -r {wanted}"
    return f"relative paths start from {around.cwd}, as in pip, not from the file's folder"


def _is_pep508(text: str) -> bool:
    """Tell whether packaging takes it: ``name===1/2`` has a slash and is no path."""
    try:
        Pep508(text)
    except _UNREADABLE:
        return False
    return True


def _looks_like_path(text: str) -> bool:
    return "/" in text or text.startswith(".")


def _without_extras(text: str, written: str, origin: Origin) -> tuple[str, tuple[str, ...]]:
    """Split ``./folder[extra]``."""
    found = _EXTRAS_AT_END.fullmatch(text)
    if not found:
        return text, ()
    return found[1].rstrip(), _normalized(_pep508(f"placeholder{found[2]}", written, origin).extras)


def _direct_reference(text: str) -> Pep508 | None:
    """Read ``name @ URL``; None where it is something else."""
    try:
        parsed = Pep508(text)
    except _UNREADABLE:
        return None
    return parsed if parsed.url else None


def _pep508(text: str, written: str, origin: Origin) -> Pep508:
    """Parse with packaging; the message names the line as written. Raises InputError."""
    try:
        parsed = Pep508(text)
    except _UNREADABLE as error:
        from resolver.requirements.mistakes import hint_for, hint_for_marker  # noqa: PLC0415 - see _hint_for_path

        before, semicolon, marker = (text if text in written else written).partition(";")
        hint = hint_for(before.strip()) or (hint_for_marker(marker) if semicolon else _SHAPE)
        raise InputError(
            f"{written!r} is not a requirement{cause_of(error, text, written)}", context=str(origin), hint=hint
        ) from None
    for name in (parsed.name, *parsed.extras):
        if not _is_name(name):
            raise InputError(
                f"{written!r}: expected a name that ends in a letter or digit (PEP 508), found {name!r}",
                context=str(origin),
            )
    check_url(parsed.url, written, origin)
    if parsed.url and not names_a_place(parsed.url):
        from resolver.requirements.mistakes import hint_for  # noqa: PLC0415 - see _hint_for_path

        raise InputError(
            f"{written!r}: after @ expected a URL of a kind that pip can fetch",
            context=str(origin),
            hint=hint_for(text if text in written else written)
            or "write https://…, git+https://…, or file:///absolute/path for a local file",
        )
    if parsed.marker:
        _check_variables(parsed.marker, written, origin)
    return parsed


def _marker(text: str, written: str, origin: Origin) -> Marker:
    try:
        Pep508(f"name ; {text}")  # because Marker of packaging 23.0 leaves unread what follows a complete marker
        marker = Marker(text)
    except _UNREADABLE as error:
        from resolver.requirements.mistakes import hint_for_marker  # noqa: PLC0415 - see _hint_for_path

        raise InputError(
            f"{written!r} has a marker that cannot be read{cause_of(error, text, written)}",
            context=str(origin),
            hint=hint_for_marker(text),
        ) from None
    _check_variables(marker, written, origin)
    return marker


def _check_variables(marker: Marker, written: str, origin: Origin) -> None:
    """Refuse what PEP 508 does not have, whatever the version of packaging (rule R7)."""
    if found := _LOCK_VARIABLE.search(_QUOTED.sub("", str(marker))):
        raise InputError(
            f"{written!r}: the marker asks for {found[0]!r}, which exists in lock files only (PEP 751)",
            context=str(origin),
        )


def _check_constraint(parts: _Parts, written: str, origin: Origin) -> None:
    """Refuse the constraints that pip's resolver refuses. Raises InputError."""
    if parts.name is None:
        problem, hint = "does not name a project", "write NAME @ URL"
    elif parts.extras:
        problem, hint = "has extras", "drop the extras; the requirement itself may have them"
    else:
        return
    raise InputError(f"{written!r} {problem}; a constraint is a name and a version", context=str(origin), hint=hint)


def _normalized(extras: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({canonicalize_name(extra) for extra in extras}))


def _is_name(name: str) -> bool:
    """Check the end of a name, which packaging 23.0 leaves unchecked: ``name_`` is none (PEP 508)."""
    return name[-1:].isalnum()
