"""What an rpm-md repository itself says of projects and OS packages, found without any code of distrofirst.

The whole of primary is read as XML, in the simplest way; rpm says which of two builds is the newer one. So a fault in
distrofirst's own reading, which passes over most of the file, cannot hide itself. ``dnf_answers`` is a second witness.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_COMMON = "{http://linux.duke.edu/metadata/common}"
_RPM = "{http://linux.duke.edu/metadata/rpm}"
_PROJECT = re.compile(r"python([0-9]+\.[0-9]+)dist\(([^()\[\]]+)\)")
_NEVER = re.compile(r"\.module[+_]")
"""In the release of a build that is offered only where its module stream is enabled."""

_NEWEST = """\
import json, sys
from functools import cmp_to_key
import rpm
by_rpm = cmp_to_key(rpm.labelCompare)
json.dump([max(map(tuple, group), key=by_rpm) for group in json.load(sys.stdin)], sys.stdout)
"""

Evr = tuple[str, str, str]
"""Epoch, version, release."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """What an OS package says of a project."""

    package: str
    evr: str
    """As dnf spells it, without an epoch of zero."""
    provided: str
    """The Provides: ``python3.11dist(zope.interface)``."""
    version: str
    """Of the Provides, as rpm spells it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """One repository, seen from one architecture."""

    carriers: Mapping[str, Mapping[str, frozenset[Carrier]]]
    """By Python (``3.11``) and PEP 503 name: the newest builds alone, without those that another one obsoletes."""
    once: Mapping[str, Mapping[str, frozenset[Carrier]]]
    """The same of all builds, the outdated and the obsolete too."""
    packages: frozenset[str]
    """Every OS package that is offered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Build:
    name: str
    evr: Evr
    provides: tuple[tuple[str, str], ...]
    """Names and versions."""
    obsoletes: tuple[tuple[str, str, Evr], ...]
    """Names, relations and versions."""


def read(folder: Path, architecture: str) -> Truth:
    """Read a repository."""
    builds: dict[str, list[_Build]] = {}
    for build in _builds(folder, architecture):
        builds.setdefault(build.name, []).append(build)
    newest = dict(zip(builds, _newest([[build.evr for build in found] for found in builds.values()]), strict=True))
    current = {name: next(build for build in found if build.evr == newest[name]) for name, found in builds.items()}
    for name in _obsolete(current):
        del current[name]
    return Truth(
        carriers=_carriers(current.values()),
        once=_carriers(build for found in builds.values() for build in found),
        packages=frozenset(current),
    )


def stands_for(spelled: str) -> Version | None:
    """Give the version that rpm's spelling of one stands for; None for what is none by PEP 440."""
    text = re.sub(r"^(\d+):", r"\1!", spelled)
    text = text.replace("~~dev", ".dev").replace("^post", ".post")
    try:
        return Version(re.sub(r"~(a|b|rc)(\d+)$", r"\1\2", text))
    except InvalidVersion:
        return None


def means_nothing(version: Version, carrier: Carrier) -> bool:
    """Tell a placeholder: zero, 999, or a development release where the OS package is of the release itself."""
    return not any(version.release) or version.release == (999,) or (version.is_devrelease and "dev" not in carrier.evr)


def dnf_answers(
    folder: Path, architecture: str, capabilities: Iterable[str], scratch: Path
) -> dict[str, set[tuple[str, str]]]:
    """Ask dnf who provides each capability: names, and the EVR of the newest build that provides any of them.

    dnf is given the one repository, and nothing of this host.
    """
    settings = scratch / "dnf.conf"
    settings.write_text(
        f"[main]\ngpgcheck=0\nplugins=0\nreposdir={scratch}/none\ncachedir={scratch}/cache\n"
        f"persistdir={scratch}/state\nlogdir={scratch}\n"
        f"[truth]\nname=truth\nbaseurl=file://{folder}\ngpgcheck=0\n"
    )
    listed = _run(
        [
            *("dnf", "--quiet", f"--config={settings}", f"--installroot={scratch}/root", "--releasever=0"),
            *(f"--forcearch={architecture}", "repoquery", f"--arch={architecture},noarch", "--latest-limit=1"),
            *("--queryformat", "@\t%{name}\t%{evr}\n%{provides}", "--whatprovides", ",".join(capabilities)),
        ]
    )
    found: dict[str, set[tuple[str, str]]] = {}
    build = ("", "")
    for line in listed.splitlines():
        if line.startswith("@\t"):
            _, name, evr = line.split("\t")
            build = (name, evr)
        else:
            found.setdefault(line.partition(" ")[0], set()).add(build)
    return found


def _builds(folder: Path, architecture: str) -> Iterator[_Build]:
    [path] = folder.glob("repodata/*primary.xml.gz")
    with gzip.open(path) as file:
        for _, element in ET.iterparse(file):  # noqa: S314 - no stranger's data
            if element.tag != f"{_COMMON}package":
                continue
            evr = _evr(element.find(f"{_COMMON}version"))
            if element.findtext(f"{_COMMON}arch") in {architecture, "noarch"} and not _NEVER.search(evr[2]):
                yield _Build(
                    name=str(element.findtext(f"{_COMMON}name")),
                    evr=evr,
                    provides=tuple((entry.attrib["name"], _spelled(entry)) for entry in _entries(element, "provides")),
                    obsoletes=tuple(
                        (entry.attrib["name"], entry.get("flags", ""), _evr(entry))
                        for entry in _entries(element, "obsoletes")
                    ),
                )
            element.clear()


def _entries(element: ET.Element, section: str) -> Iterator[ET.Element]:
    return element.iterfind(f"{_COMMON}format/{_RPM}{section}/{_RPM}entry")


def _evr(element: ET.Element | None) -> Evr:
    assert element is not None
    return element.get("epoch") or "0", element.get("ver", ""), element.get("rel", "")


def _spelled(entry: ET.Element) -> str:
    """Spell a provided version as rpm does: what stands after a hyphen counts as a release (``4.0.0-unsupported``)."""
    return _joined(_evr(entry))


def _joined(evr: Evr) -> str:
    epoch, version, release = evr
    return f"{f'{epoch}:' if epoch != '0' else ''}{version}{f'-{release}' if release else ''}"


def _newest(groups: list[list[Evr]]) -> list[Evr]:
    """Let rpm choose the newest of each group."""
    return [(epoch, version, release) for epoch, version, release in json.loads(_rpm(_NEWEST, groups))]


def _obsolete(current: Mapping[str, _Build]) -> set[str]:
    """Name the packages that give way to another one: dnf installs that one where they are asked for."""
    found = set()
    for build in current.values():
        for name, relation, bound in build.obsoletes:
            if name != build.name and name in current and _is_met(current[name].evr, relation, bound):
                found.add(name)
    return found


def _is_met(evr: Evr, relation: str, bound: Evr) -> bool:
    ours = evr if bound[2] else (*evr[:2], "")
    if not relation:
        return True
    if ours == bound:
        return relation in {"LE", "EQ", "GE"}
    [newer] = _newest([[ours, bound]])
    return relation in ({"LT", "LE"} if newer == bound else {"GT", "GE"})


def _carriers(builds: Iterable[_Build]) -> dict[str, dict[str, frozenset[Carrier]]]:
    found: dict[str, dict[str, set[Carrier]]] = {}
    for build in builds:
        for provided, spelled in build.provides:
            if match := _PROJECT.fullmatch(provided):
                name = re.sub(r"[-_.]+", "-", match[2]).lower()
                carrier = Carrier(package=build.name, evr=_joined(build.evr), provided=provided, version=spelled)
                found.setdefault(match[1], {}).setdefault(name, set()).add(carrier)
    return {python: {name: frozenset(all_) for name, all_ in names.items()} for python, names in found.items()}


def _rpm(program: str, question: object) -> str:
    return _run(["/usr/bin/python3", "-I", "-c", program], json.dumps(question))


def _run(argv: Sequence[str], text: str | None = None) -> str:
    done = subprocess.run(argv, input=text, capture_output=True, check=False, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {done.stderr}")
    return done.stdout
