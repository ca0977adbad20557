"""The extras of an OS package, read from the metadata that it ships (rule R4).

Debian's egg-info keeps extras in ``requires.txt`` after dh_python3 took out what it translated into Depends; dist-info
keeps all in METADATA (core metadata specification).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUOTED = re.compile(r"\"([^\"]*)\"")
_SECTION = re.compile(r"\[([^:\]]*)(?::([^\]]*))?\]")


def parse(files: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Give each extra with the requirements that it adds for a target.

    ``files`` maps ``METADATA``, ``PKG-INFO`` or ``requires.txt`` to its text; ``environment`` is the target's marker
    environment. Requirements that hold without the extra are left out: Depends has them. What cannot be read is left
    out too, as pip does with an installed project's metadata.
    """
    extras: dict[str, set[str]] = {}
    for name in ("METADATA", "PKG-INFO"):
        for key, value in _headers(files.get(name, "")):
            if key == "provides-extra":
                extras.setdefault(canonicalize_name(value), set())
            elif key == "requires-dist":
                for extra, requirement in _conditional(value, environment):
                    extras.setdefault(extra, set()).add(requirement)
    for extra, requirement in _requires_txt(files.get("requires.txt", ""), environment):
        wanted = extras.setdefault(extra, set())
        if requirement:
            wanted.add(requirement)
    return {extra: tuple(sorted(extras[extra])) for extra in sorted(extras)}


def _headers(text: str) -> list[tuple[str, str]]:
    """Give the fields before the description; continuation lines belong to fields that nobody asks for here."""
    fields = []
    for line in text.splitlines():
        if not line.strip():
            break
        key, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            fields.append((key.strip().lower(), value.strip()))
    return fields


def _conditional(text: str, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give the extras under which a Requires-Dist holds, with the requirement freed of its marker."""
    try:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or marker.evaluate({**environment, "extra": ""}):
            return []
        # An extra's name stands in the marker between quotes, whatever it is compared by; what else does is none.
        named = dict.fromkeys(word for words in _QUOTED.findall(str(marker)) for word in words.split())
        extras = [extra for extra in named if marker.evaluate({**environment, "extra": extra})]
    except ValueError:
        return []
    requirement.marker = None
    return [(canonicalize_name(extra), str(requirement)) for extra in extras]


def _requires_txt(text: str, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Read setuptools' ``requires.txt``: sections ``[extra]`` or ``[extra:marker]`` of requirements.

    An empty string as requirement makes an extra known, whatever it asks for here.
    """
    found: list[tuple[str, str]] = []
    extra, applies = "", False
    for raw in text.splitlines():
        line = raw.strip()
        if section := _SECTION.fullmatch(line):
            extra = canonicalize_name(section[1]) if section[1] else ""
            applies = _holds(section[2], environment)
            if extra:
                found.append((extra, ""))
        elif line and extra and applies and _is_readable(line):
            found.append((extra, line))
    return found


def _holds(marker: str | None, environment: Mapping[str, str]) -> bool:
    if not marker:
        return True
    try:
        return Marker(marker).evaluate(dict(environment))
    except ValueError:
        return False


def _is_readable(line: str) -> bool:
    try:
        Requirement(line)
    except InvalidRequirement:
        return False
    return True
