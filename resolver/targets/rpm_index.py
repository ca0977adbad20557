"""One index of rpm-md repositories: read all metadata, choose the interpreter, ask what may be installed, join them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.catalog import rpm, rpm_md, store
from resolver.catalog.build import repositories as repositories_of
from resolver.errors import CommandError, InputError, UnavailableError
from resolver.hosts import releases, rpm_database, rpm_fetch
from resolver.hosts.releases import Family
from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from resolver.model import Release, RpmOffer, RpmRepository
    from resolver.ports import Runner

_OLDEST = (3, 9)
"""A main interpreter below this is passed over where the release has a newer stack (Leap 15's and SLE 15's 3.6)."""
_PIECE = 1 << 18
_WANTED = ("glibc", "python3")
"""What is looked for in the metadata besides what concerns Python: the C library decides which wheels run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Everything that an index is made from."""

    release: Release
    architecture: str
    repositories: Sequence[RpmRepository]
    named: Callable[[str], tuple[str, ...]]
    """Gives the OS packages that overrides name, by what the interpreter's packages are prefixed with."""
    offers: Callable[[Iterable[str], tuple[str, ...]], Sequence[RpmOffer]] | None = None
    """Asks the package manager for these Pythons' packages and those of these names (``ports.RpmMetadata.offers``);
    None where there is none to ask."""
    glibc: str = ""
    """Where it is known better than from the metadata."""


def build(world: World, python: str | None, runner: Runner) -> bytes:
    """Make the index of a release for a Python (None: choose one).

    Raises UnavailableError without metadata (rule I6), InputError for a Python that the release does not have.
    """
    builds, date = read(world.repositories, runner)
    chosen, note = choose_interpreter(world.release, builds, python)
    prefix = _prefix(world.release, chosen)
    named = world.named(prefix)
    # All Pythons' packages, for what only another one has is told as such (rule I4).
    offers = world.offers(sorted(rpm.pythons(builds)), named) if world.offers is not None else None
    offered = rpm.offered(builds, world.architecture, lambda groups: rpm_database.rank_evrs(runner, groups), offers)
    built = rpm.make(offered, chosen, prefix, named)
    libc = offered.get("glibc")
    header = store.Header(
        distribution=world.release.distribution,
        version=world.release.version,
        codename="",
        architecture=world.architecture,
        python=chosen.python,
        python_full_version=rpm.full_version(offered, chosen.python),
        glibc=world.glibc or (libc[0].package.version if libc else releases.glibc(world.release) or ""),
        source="rpm-md",
        date=date,
        repositories=repositories_of(built.packages),
        note=note,
        prefix=prefix,
    )
    return store.dump(header, built.claims, built.packages)


def read(repositories: Sequence[RpmRepository], runner: Runner) -> tuple[list[rpm.Build], str]:
    """Read what matters of every repository, and the newest date of all. Raises UnavailableError (rule I6)."""
    builds: list[rpm.Build] = []
    dates = [""]
    for repository in repositories:
        if repository.metadata is None:
            raise UnavailableError(
                "there is no metadata of this repository, so what it has is unknown",
                context=repository.id,
                hint="fetch it with `dnf makecache` or `zypper refresh`, or disable the repository",
            )
        path = repository.metadata / rpm_fetch.REPOMD
        try:
            repomd = rpm_md.parse_repomd(path.read_bytes(), str(path))
        except OSError as error:
            raise UnavailableError(
                f"the metadata cannot be read: {error.strerror}", context=str(path), hint="run: distrofirst update"
            ) from error
        dates.append(repomd.date)
        primary = repository.metadata / repomd.primary.href
        found = rpm_md.read_primary(
            primary, repomd.primary, wanted=_WANTED, zstd=lambda packed: unpack_zstd(packed, runner)
        )
        builds.extend(rpm.Build(package=package, repository=repository) for package in found)
    return builds, max(dates)


def unpack_zstd(path: Path, runner: Runner) -> Iterator[bytes]:
    """Unpack a .zst file by the program zstd: for a Python that has no module for it."""
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = Path(scratch, "unpacked")
        argv = ("zstd", "--decompress", "--quiet", "-o", str(unpacked), "--", str(path))
        try:
            done = runner.run(Command(argv=argv, purpose="unpack metadata"))
        except CommandError as error:
            raise UnavailableError(
                "nothing here can unpack Zstandard",
                context=str(path),
                hint="install the OS package zstd or python3-zstandard",
            ) from error
        if done.returncode != 0:
            raise UnavailableError(f"cannot be unpacked: {done.stderr.strip()}", context=str(path))
        with unpacked.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


def choose_interpreter(
    release: Release, builds: Sequence[rpm.Build], wanted: str | None
) -> tuple[rpm.Interpreter, str]:
    """Choose the Python to plan for, and say why where it is not the release's main one."""
    counted = rpm.pythons(builds)
    if not counted:
        raise UnavailableError(
            f"the metadata of {release} shows no Python project: no package provides pythonX.Ydist(name)",
            hint="is this a repository of the distribution?",
        )
    if wanted is not None and wanted not in counted:
        raise InputError(
            f"{release} has no packages for Python {wanted}",
            context="--python",
            hint=f"it has: {', '.join(sorted(counted, key=rpm.number))}",
        )
    found = rpm.interpreter(builds, wanted, releases.main_python(release))
    if found is None:
        most = _most(counted)
        note = f"the metadata does not tell the main Python of {release}; planned for {most}, which has most packages"
        return rpm.Interpreter(python=most, is_main=True), note
    newer = {python: count for python, count in counted.items() if rpm.number(python) >= _OLDEST}
    if wanted is None and newer and found.python not in newer:
        best = _most(newer)
        note = (
            f"planned for Python {best}: the main Python of {release} is {found.python}, for which there are"
            f" {counted.get(found.python, 0)} packages here, and {counted[best]} for {best}; --python chooses another"
        )
        return rpm.interpreter(builds, best, found.python) or found, note
    return found, ""


def _most(counted: Mapping[str, int]) -> str:
    return max(counted, key=lambda python: (counted[python], rpm.number(python)))


def _prefix(release: Release, interpreter: rpm.Interpreter) -> str:
    """Give what comes before a project's name where a package is named after it."""
    if releases.family_of(release) is Family.SUSE:
        # SLE's own 3.6 is the one that bears no number.
        return "python3-" if interpreter.python == "3.6" else f"python{interpreter.python.replace('.', '')}-"
    return "python3-" if interpreter.is_main else f"python{interpreter.python}-"
