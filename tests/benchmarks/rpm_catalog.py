"""How long distrofirst takes over rpm-md, beside libsolv and its own way on Debian: one table, nothing is asserted.

    python3 -m tests.benchmarks.rpm_catalog [--only read cold warm] [--runs 7] [--python /usr/bin/python3]

The repositories are those of ``shared/data`` beside the checkout. libsolv is the module ``solv`` of the interpreter
that runs this (tests/benchmarks/requirements.txt, or the OS package python3-solv).
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.speed import CHECKOUT, COVERED, Contender, Race, Setting, environment, print_table

DATA: Final = CHECKOUT.parent / "shared" / "data"
GOAL: Final = 1.5
EXCESS: Final = 0.02
"""Seconds that a warm report may take longer than one for Debian."""
READING: Final = 80
"""MB, for reading one repository."""
MEMORY_GOAL: Final = 200
"""MB, for everything else."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository, and the options by which a command is told of it."""

    name: str
    options: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return DATA / self.name

    @property
    def arguments(self) -> tuple[str, ...]:
        return (*self.options, "--repo", self.folder.resolve().as_uri())


REPOSITORIES: Final = (
    Repository(
        name="centos-stream-9-appstream",
        options=("--target", "centos:9", "--arch", "x86_64", "--python", "3.11"),
    ),
    Repository(
        name="opensuse-tumbleweed-20230910",
        options=("--target", "opensuse:tumbleweed", "--arch", "aarch64", "--python", "3.11"),
    ),
)

_READ = """\
import sys
from pathlib import Path
from resolver.catalog import rpm_md
folder = Path(sys.argv[1])
repomd = folder / "repodata" / "repomd.xml"
record = rpm_md.parse_repomd(repomd.read_bytes(), str(repomd)).primary
packages = list(rpm_md.read_primary(folder / record.href, record, wanted=("glibc", "python3")))
print(len(packages))
"""
_PRIMARY = """\
import sys
from pathlib import Path
from resolver.catalog import rpm_md
folder = Path(sys.argv[1])
repomd = folder / "repodata" / "repomd.xml"
print(folder / rpm_md.parse_repomd(repomd.read_bytes(), str(repomd)).primary.href)
"""
_SOLV = """\
import sys
import solv
pool = solv.Pool()  # the repository does not keep it
repository = pool.add_repo("repository")
file = solv.xfopen(sys.argv[1])
if file is None or not repository.add_rpmmd(file, None):
    raise SystemExit("libsolv cannot read it")
repository.internalize()
print(repository.nsolvables)
"""


def libsolv(setting: Setting, repository: Repository) -> Contender:
    """All of a repository's OS packages in a pool."""
    return Contender(
        name="libsolv add_rpmmd, internalize",
        argv=(sys.executable, "-c", _SOLV, setting.ask(_PRIMARY, str(repository.folder))),
        environment=setting.environment,
    )


def read(setting: Setting, repository: Repository) -> Race:
    """All of a repository's OS packages, from the compressed file to values that the catalog is built from."""
    kept = setting.ask(_READ, str(repository.folder))
    return Race(
        title=f"{repository.name}: rpm-md, {kept} kept",
        contenders=(
            setting.script("read_primary", _READ, str(repository.folder)),
            libsolv(setting, repository),
        ),
        goal=GOAL,
        memory=READING,
    )


def cold(setting: Setting, repository: Repository) -> list[Race]:
    """Everything that has to be done once: the index alone, and a report that has to make it first."""
    update = setting.ours("update", "update", *repository.arguments, cold=True)
    report = setting.ours("report --direct", "report", "--direct", *repository.arguments, str(COVERED), cold=True)
    return [
        Race(
            title=f"{repository.name}: {what}",
            contenders=(ours, libsolv(setting, repository)),
            goal=GOAL,
            memory=MEMORY_GOAL,
        )
        for what, ours in (("index", update), ("report, cold", report))
    ]


def warm(setting: Setting, repository: Repository) -> Race:
    """The same report a second time, beside the same lines on Debian's embedded index."""
    debian = ("report", "--direct", "--target", "debian:13", str(COVERED))
    return Race(
        title=f"{repository.name}: report, warm",
        contenders=(
            setting.ours("report --direct", "report", "--direct", *repository.arguments, str(COVERED)),
            setting.ours("report --direct --target debian:13", *debian),
        ),
        goal=None,
        excess=EXCESS,
        memory=MEMORY_GOAL,
    )


def main() -> None:
    """Run the races that are asked for and print their table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=("read", "cold", "warm"), default=("read", "cold", "warm"))
    parser.add_argument("--runs", type=int, default=7, help="measured runs of each command (at least 5 mean something)")
    parser.add_argument("--python", default="/usr/bin/python3", help="the interpreter that runs distrofirst")
    arguments = parser.parse_args()
    if importlib.util.find_spec("solv") is None:
        raise SystemExit("solv is not there: pip install -r tests/benchmarks/requirements.txt")
    with tempfile.TemporaryDirectory(prefix="distrofirst-benchmark-") as folder:
        scratch = Path(folder)
        setting = Setting(python=arguments.python, cache=scratch / "cache", scratch=scratch, environment=environment())
        races: list[Race] = []
        for repository in REPOSITORIES:
            if "read" in arguments.only:
                races.append(read(setting, repository))
            if "cold" in arguments.only:
                races += cold(setting, repository)
            if "warm" in arguments.only:
                races.append(warm(setting, repository))
        for race in races:
            race.run(arguments.runs, scratch)
    print_table(races, python=arguments.python, runs=arguments.runs)


if __name__ == "__main__":
    main()
