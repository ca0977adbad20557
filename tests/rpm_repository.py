"""OS packages of RPM distributions from tables, and small rpm-md repositories of them, without createrepo.

``rpm`` makes one package as ``resolver.catalog.rpm_md`` reads it, ``write`` a repository that it is read from:
repomd.xml and primary.xml.gz in createrepo_c's form, with checksums that are right. A line of ``provides`` or
``obsoletes`` reads as in a spec file: ``python3.14dist(idna) = 3.10``.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from resolver.catalog.rpm_md import Capability, Checksum, RpmPackage
from resolver.errors import CommandError
from resolver.hosts import rpm_database
from resolver.model import Completed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from resolver.model import Command

MADE = 1_793_491_200
"""2026-11-01T00:00:00Z: when the repositories were made, if nobody says otherwise."""

_FLAGS = {"<": "LT", "<=": "LE", "=": "EQ", ">=": "GE", ">": "GT"}
_NO_RPM = Checksum(algorithm="sha256", digest="0" * 64)
"""Of the .rpm itself, which most tests never open."""


def dist(project: str, version: str, *, python: str = "3.14") -> tuple[str, ...]:
    """Give what rpm's generator makes of a project's metadata: ``python3dist()`` too, as every flavour of SUSE's."""
    return tuple(f"python{which}dist({project}) = {version}" for which in ("3", python))


def rpm(
    name: str,
    evr: str = "1-1",
    *,
    arch: str = "noarch",
    provides: Iterable[str] = (),
    requires: Iterable[str] = (),
    obsoletes: Iterable[str] = (),
    location: str = "",
    checksum: Checksum = _NO_RPM,
) -> RpmPackage:
    """Make a package; it provides itself, as every rpm does. ``requires`` are names or rich dependencies."""
    epoch, version, release = _parts(evr)
    return RpmPackage(
        name=name,
        epoch=int(epoch),
        version=version,
        release=release,
        arch=arch,
        location=location or f"Packages/{name}-{version}-{release}.{arch}.rpm",
        checksum=checksum,
        size=1000,
        provides=tuple(map(capability, (f"{name} = {evr}", *provides))),
        requires=tuple(dict.fromkeys(requires)),
        obsoletes=tuple(map(capability, obsoletes)),
    )


def capability(text: str) -> Capability:
    """Read ``name`` or ``name RELATION EVR``."""
    name, *bound = text.split()
    return Capability(name=name, flags=_FLAGS[bound[0]], evr=bound[1]) if bound else Capability(name=name)


def _parts(evr: str) -> tuple[str, str, str]:
    epoch, colon, rest = evr.rpartition(":")
    version, _, release = rest.partition("-")
    return epoch if colon else "0", version, release


def ranks(groups: Sequence[Sequence[str]]) -> list[list[int]]:
    """Rank EVRs of numbers as rpm does; ``tests/contract/test_rpm_ranks.py`` holds it to the real one."""
    return [[sum(_is_older(other, one) for other in {*group}) for one in group] for group in groups]


def _is_older(one: str, other: str) -> bool:
    ours, theirs = _parts(one), _parts(other)
    compared = 3 if ours[2] and theirs[2] else 2  # without a release, any fits
    numbers = [[[int(n) for n in re.findall(r"\d+", part)] for part in evr[:compared]] for evr in (ours, theirs)]
    return numbers[0] < numbers[1]


def write(folder: Path, packages: Iterable[RpmPackage], *, made: int = MADE) -> Path:
    """Write a repository's metadata into ``folder``, instead of any that is there, and give the folder."""
    packages = list(packages)
    primary = gzip.compress(_primary(packages).encode(), mtime=0)
    digest = hashlib.sha256(primary).hexdigest()
    href = f"repodata/{digest}-primary.xml.gz"
    (folder / "repodata").mkdir(parents=True, exist_ok=True)
    (folder / href).write_bytes(primary)
    (folder / "repodata" / "repomd.xml").write_text(
        f"""\
<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>{made}</revision>
  <data type="primary">
    <checksum type="sha256">{digest}</checksum>
    <location href="{href}"/>
    <timestamp>{made}</timestamp>
    <size>{len(primary)}</size>
  </data>
</repomd>
""",
        encoding="utf-8",
    )
    return folder


def _primary(packages: Sequence[RpmPackage]) -> str:
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" \
packages="{len(packages)}">
{"".join(map(_package, packages))}</metadata>
"""


def _package(package: RpmPackage) -> str:
    needs = [Capability(name=name) for name in package.requires]
    sections = (("provides", package.provides), ("requires", needs), ("obsoletes", package.obsoletes))
    return f"""\
<package type="rpm">
  <name>{escape(package.name)}</name>
  <arch>{package.arch}</arch>
  <version epoch="{package.epoch}" ver="{package.version}" rel="{package.release}"/>
  <checksum type="{package.checksum.algorithm}" pkgid="YES">{package.checksum.digest}</checksum>
  <summary>for tests</summary>
  <size package="{package.size}" installed="0" archive="0"/>
  <location href={quoteattr(package.location)}/>
  <format>
{"".join(_section(kind, entries) for kind, entries in sections if entries)}  </format>
</package>
"""


def _section(kind: str, entries: Iterable[Capability]) -> str:
    lines = "".join(f"      <rpm:entry name={quoteattr(one.name)}{_bound(one)}/>\n" for one in entries)
    return f"    <rpm:{kind}>\n{lines}    </rpm:{kind}>\n"


def _bound(one: Capability) -> str:
    if not one.evr:
        return ""
    epoch, version, release = _parts(one.evr)
    return f' flags="{one.flags}" epoch="{epoch}" ver="{version}"' + (f' rel="{release}"' if release else "")


@functools.cache
def has_bindings() -> bool:
    """Tell whether rpm itself can be asked here; where it cannot, what needs it is skipped."""
    argv = [rpm_database.SYSTEM_PYTHON, "-c", "import rpm"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


WITHOUT_BINDINGS = f"{rpm_database.SYSTEM_PYTHON} cannot import rpm"


class FakeBindings:
    """A Runner under which only rpm's bindings run: they rank as ``ranks`` does, and see what a table says."""

    def __init__(self, metadata: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Take what .rpm files hold, by project: ``METADATA`` and the like."""
        self._metadata = metadata or {}
        self.commands: list[Command] = []

    def run(self, command: Command) -> Completed:
        self.commands.append(command)
        match command.argv:
            case (rpm_database.SYSTEM_PYTHON, "-I", program) if program.endswith("/rpm_compare.py"):
                answer: object = {"ranks": ranks(json.loads(command.stdin or "")["groups"])}
            case (rpm_database.SYSTEM_PYTHON, "-I", program, file, project) if program.endswith("/rpm_read.py"):
                assert Path(file).is_file()
                answer = self._metadata.get(project, {})
            case _:
                raise CommandError(f"{command.argv[0]} is not there", context=" ".join(command.argv))
        return Completed(returncode=0, stdout=json.dumps(answer), stderr="")

    def stream(self, command: Command) -> Completed:
        return self.run(command)
