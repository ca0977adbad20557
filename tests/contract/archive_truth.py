"""What the archive itself says of projects and OS packages, found without any code of distrofirst.

apt downloads and verifies Contents and Packages in a private root that is set up here; zcat and grep read them. So a
fault in distrofirst's own reading cannot hide itself. A truth is what *may* be answered: choosing is another matter.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]")
"""PEP 508's names."""
_METADATA = (
    r"^usr/lib/python3(\.[0-9]+)?/dist-packages/[^/]+\.(dist-info/METADATA|egg-info/PKG-INFO|egg-info)[[:space:]]"
)

_CONFIGURATION = """\
Dir "{root}";
Dir::State "{root}/state";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Etc::sourcelist "{root}/truth.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::IndexTargets::deb::Contents-deb {{
  MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)";
  ShortDescription "Contents-$(ARCHITECTURE)";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents";
  KeepCompressed "true";
  KeepCompressedAs "gz";
}};
"""
_SOURCE = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


class TornMirrorError(Exception):
    """The mirror serves other files than its own signed Release file names: there is no truth to be had now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """A trace of a project in an OS package."""

    package: str
    version: str
    """As the folder's name spells it; empty where it has none."""
    python: str
    """``3``, or ``3.12`` where it is that interpreter's alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """One release."""

    carriers: Mapping[str, frozenset[Carrier]]
    """By PEP 503 name; names that no requirement can have are in ``impossible``."""
    impossible: Mapping[str, frozenset[Carrier]]
    packages: frozenset[str]
    """Every OS package that is offered for the architecture."""
    date: dt.datetime
    """When the suite was last changed."""

    @property
    def versioned(self) -> int:
        """How many names there are if only folders with a version count, and impossible names do."""
        everything = {**self.carriers, **self.impossible}
        return sum(any(one.version for one in carriers) for carriers in everything.values())


def mirror() -> str | None:
    """Give the address that this host takes Debian from, or None where it has no such source."""
    listed = _run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages"])
    return next((line.split()[2] for line in listed.splitlines() if line.startswith("Debian Debian ")), None)


def fetch(root: Path, address: str, suite: str, architecture: str = "amd64") -> Truth:
    """Download a suite's indexes to ``root``, or what has changed of them since the last time; read them.

    Raises TornMirrorError for a mirror in the middle of its own update.
    """
    for folder in ("state/lists/partial", "cache/archives/partial", "etc/apt/apt.conf.d", "etc/apt/preferences.d"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "status").touch()
    (root / "apt.conf").write_text(_CONFIGURATION.format(root=root, architecture=architecture))
    (root / "truth.sources").write_text(_SOURCE.format(mirror=address, suite=suite))
    apt = {"APT_CONFIG": str(root / "apt.conf")}
    try:
        _run(["apt-get", "-qq", "--error-on=any", "update"], apt)
    except subprocess.CalledProcessError as error:
        if "Mirror sync in progress" in error.stderr:
            raise TornMirrorError(f"the mirror of {suite} is in the middle of its own update") from error
        raise RuntimeError(f"apt-get update for {suite}: {error.stderr}") from error
    lists = root / "state" / "lists"
    carriers: dict[str, set[Carrier]] = {}
    impossible: dict[str, set[Carrier]] = {}
    for path in sorted(lists.glob("*Contents-*.gz")):
        for line in _run(["sh", "-c", 'zcat "$1" | grep -aE "$2"', "sh", str(path), _METADATA]).splitlines():
            place, packages = line.rsplit(None, 1)
            _, _, python, _, folder, *_ = place.split("/")
            spelled, _, version = re.sub(r"-py3(\.[0-9]+)?$", "", folder.rpartition(".")[0]).partition("-")
            name = re.sub(r"[-_.]+", "-", spelled).lower()
            where = carriers if _NAME.fullmatch(spelled) else impossible
            where.setdefault(name, set()).update(
                Carrier(package=one.rpartition("/")[2], version=version, python=python.removeprefix("python"))
                for one in packages.split(",")
            )
    [release] = lists.glob("*_InRelease")
    date = re.search(r"^Date: (.+)$", release.read_text(errors="replace"), re.MULTILINE)
    assert date is not None
    return Truth(
        carriers={name: frozenset(found) for name, found in carriers.items()},
        impossible={name: frozenset(found) for name, found in impossible.items()},
        packages=frozenset(_run(["apt-cache", "pkgnames"], apt).split()),
        date=parsedate_to_datetime(date[1].replace("UTC", "+0000")),
    )


def _run(argv: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        argv,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(more or {})},
        capture_output=True,
        check=True,
        text=True,
        errors="replace",
    )
    return done.stdout
