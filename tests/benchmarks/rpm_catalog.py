"""How long distrofirst takes to read rpm-md, beside libsolv: one table, printed; nothing is asserted.

    python3 -m tests.benchmarks.rpm_catalog [FOLDER…] [--runs 7] [--python /usr/bin/python3]

FOLDER holds a repository's ``repodata/``; by default those of ``shared/data`` beside the checkout. libsolv is the
module ``solv`` of the interpreter that runs this (tests/benchmarks/requirements.txt).
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.benchmarks.speed import CHECKOUT, Contender, Race, Setting, environment, print_table

DATA: Final = CHECKOUT.parent / "shared" / "data"
FOLDERS: Final = tuple(DATA / name for name in ("centos-stream-9-appstream", "opensuse-tumbleweed-20230910"))
GOAL: Final = 1.5
MEMORY_GOAL: Final = 80
"""MB, for reading one repository."""

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


def read(setting: Setting, folder: Path) -> Race:
    """All of a repository's OS packages, from the compressed file to values that the catalog is built from."""
    kept = setting.ask(_READ, str(folder))
    libsolv = Contender(
        name="libsolv add_rpmmd, internalize",
        argv=(sys.executable, "-c", _SOLV, setting.ask(_PRIMARY, str(folder))),
        environment=setting.environment,
    )
    return Race(
        title=f"{folder.name}: rpm-md, {kept} kept",
        contenders=(setting.script("read_primary", _READ, str(folder)), libsolv),
        goal=GOAL,
        memory=MEMORY_GOAL,
    )


def main() -> None:
    """Read what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, default=FOLDERS, metavar="FOLDER")
    parser.add_argument("--runs", type=int, default=7, help="measured runs of each command (at least 5 mean something)")
    parser.add_argument("--python", default="/usr/bin/python3", help="the interpreter that runs distrofirst")
    arguments = parser.parse_args()
    if importlib.util.find_spec("solv") is None:
        raise SystemExit("solv is not there: pip install -r tests/benchmarks/requirements.txt")
    with tempfile.TemporaryDirectory(prefix="distrofirst-benchmark-") as folder:
        scratch = Path(folder)
        setting = Setting(python=arguments.python, cache=scratch / "cache", scratch=scratch, environment=environment())
        races = [read(setting, one.resolve()) for one in arguments.folders]
        for race in races:
            race.run(arguments.runs, scratch)
    print_table(races, python=arguments.python, runs=arguments.runs)


if __name__ == "__main__":
    main()
