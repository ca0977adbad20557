"""Where an installer would put a wheel's files, and what they would do there (rule P4; the binary distribution format).

Everything is judged by where it ends up: ``demo-1.0.data/purelib/x.pth`` is as much a ``.pth`` file as ``x.pth``.
"""

from __future__ import annotations

import configparser
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from resolver.pypi.faults import Fault, WheelFinding, found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.utils import NormalizedName

RESERVED = re.compile(r"(python|pythonw|pip|activate|deactivate)[0-9.]*(\..*)?", re.IGNORECASE)
"""Commands that make a venv what it is, or that would take pip's place in it; as ``resolver.venv.inside`` has it."""

_LONGEST_PATH = 1024
"""Bytes; with the environment's own path it has to stay under 4096 (limits.h)."""
_LONGEST_NAME = 255
_DRIVE = re.compile(r"[A-Za-z]:")
_SITE_HOOKS = frozenset({"sitecustomize", "usercustomize"})
_OWN_MODULE, _OWN_PTH, _OWN_RECORD = "_distrofirst_site", "zz_distrofirst.pth", "distrofirst"
_STARTING = (".pth", ".start")
"""What ``site`` runs: the latter from Python 3.15 on (PEP 829)."""
_HIDING = {name: name for name in sys.stdlib_module_names} | {"pip": "pip"}
_LIBRARIES = frozenset({"purelib", "platlib"})
_SCHEMES = _LIBRARIES | {"data", "headers", "scripts"}
_ROOMS = frozenset({"etc", "include", "man", "share"})
"""Folders of an environment's root that are there for a project's data."""
_ENTRY_POINT = re.compile(r"\w[\w.]*\s*(:\s*\w[\w.]*)?\s*(\[[^\]]*\])?")


MODULES: Final = (".py", ".pyc", ".so")
"""What a file's name ends in that can be imported."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one file goes."""

    scheme: str
    """``lib`` (site-packages), ``scripts``, ``headers`` or ``data`` (the environment's root)."""
    path: str
    """Below that."""

    def __str__(self) -> str:
        """Name it apart from every other place."""
        return f"{self.scheme}:{self.path}"


def path_obstacle(name: str) -> str | None:
    """Say why a path is none that stays in its folder and is the same on every system, if so."""
    parts = name.removesuffix("/").split("/")
    if not name.isprintable():
        return "holds characters that cannot be shown"
    if "\\" in name:
        return "holds a backslash"
    if name.startswith("/") or _DRIVE.match(name):
        return "is absolute"
    if any(part in {"", ".", ".."} for part in parts):
        return "leads up, or nowhere"
    if len(name.encode()) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in parts):
        return "is too long"
    return None


def place_of(name: str) -> Place | None:
    """Find where a file goes; None where an installer knows no place for it."""
    top, _, rest = name.partition("/")
    if not (rest and top.endswith(".data")):
        return Place(scheme="lib", path=name)
    scheme, _, path = rest.partition("/")
    if scheme not in _SCHEMES or not path:
        return None
    return Place(scheme="lib" if scheme in _LIBRARIES else scheme, path=path)


def judge(name: str, place: Place, project: NormalizedName, own: frozenset[str]) -> Iterator[WheelFinding]:
    """Judge one file by its place. ``own`` is the set of all paths that the wheel puts into ``lib``."""
    match place.scheme:
        case "lib":
            yield from _in_library(name, place.path, project, own)
        case "scripts":
            if hides(place.path, project):
                yield found(Fault.SCRIPT, name)
        case "data":
            yield from _in_root(name, place.path, project)
        case _:
            return


def hides(command: str, project: NormalizedName) -> bool:
    """Whether a command's name is one that the environment needs for itself; pip may bring its own."""
    matched = RESERVED.fullmatch(command)
    return matched is not None and not (project == "pip" and matched[1].lower() == "pip")


def _in_library(name: str, path: str, project: NormalizedName, own: frozenset[str]) -> Iterator[WheelFinding]:
    top, _, rest = path.partition("/")
    module = top.partition(".")[0].lower()
    if not rest and top.lower().endswith(_STARTING):
        yield found(Fault.ENVIRONMENT if top.lower() == _OWN_PTH else Fault.PTH, name)
    elif module == _OWN_MODULE:
        yield found(Fault.ENVIRONMENT, name)
    elif module in _SITE_HOOKS:
        yield found(Fault.SITE_HOOK, name)
    elif _is_module(top, rest) and module in _HIDING and canonicalize_name(module) != project:
        yield found(Fault.STDLIB, name)
    folder, _, file = path.rpartition("/")
    if folder == "__pycache__" or folder.endswith("/__pycache__"):
        source = f"{folder.removesuffix('__pycache__')}{file.partition('.')[0]}.py"
        if source not in own:
            yield found(Fault.BYTECODE, f"{name} without {source}")


def _is_module(top: str, rest: str) -> bool:
    """Whether what stands at the top level can be imported by its first name."""
    return "." not in top if rest else top.endswith(MODULES)


def _in_root(name: str, path: str, project: NormalizedName) -> Iterator[WheelFinding]:
    first, *rest = path.lower().split("/")
    if (
        (first == "pyvenv.cfg" or first.partition(".")[0] == _OWN_RECORD)
        or (first in {"lib", "lib64"} and rest and (rest[0].startswith("python") or len(rest) == 1 == len(rest[0])))
        or (first == "bin" and rest and hides(rest[0], project))
        or (not rest and first in {"bin", "lib", "lib64", "include"})
    ):
        yield found(Fault.ENVIRONMENT, name)
    elif first not in _ROOMS:
        yield found(Fault.ROOT, name)


def entry_points(text: str, project: NormalizedName) -> Iterator[tuple[str, str, WheelFinding | None]]:
    """Read the commands of ``entry_points.txt``: name, value, and what is wrong with it, if anything."""
    try:
        listed = list(all_entry_points(text))
    except configparser.Error as error:
        yield "", "", found(Fault.ENTRY_POINT, f"entry_points.txt cannot be read: {error}")
        return
    for section in ("console_scripts", "gui_scripts"):
        for name, value in ((name, value) for group, name, value in listed if group == section):
            shown = f"{name} = {value}"
            if hides(name, project):
                yield name, value, found(Fault.SCRIPT, f"the entry point {shown}")
            elif path_obstacle(name) or "/" in name or not _ENTRY_POINT.fullmatch(value or ""):
                yield name, value, found(Fault.ENTRY_POINT, shown)
            else:
                yield name, value, None


def all_entry_points(text: str) -> Iterator[tuple[str, str, str]]:
    """Read ``entry_points.txt``: group, name and value of each. Raises configparser.Error."""
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case (the specification)
    parser.read_string(text)
    for group in parser.sections():
        for name, value in parser.items(group):
            yield group, name, value


def clashes(places: Iterable[tuple[str, Place]]) -> Iterator[WheelFinding]:
    """Find files that would be one file, or that need a folder where another has a file."""
    seen: dict[str, str] = {}
    folded: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name, place in places:
        key = str(place)
        if key in seen:
            yield found(Fault.DUPLICATE, f"{seen[key]} and {name}")
            continue
        seen[key] = name
        other = folded.setdefault(key.casefold(), name)
        if other != name:
            yield found(Fault.LETTER_CASE, f"{other} and {name}")
        parent = key.rpartition("/")[0]
        while parent and parent not in folders:
            folders[parent] = name
            parent = parent.rpartition("/")[0]
    for key in seen.keys() & folders.keys():
        yield found(Fault.DUPLICATE, f"{seen[key]} is also a folder, in {folders[key]}")
